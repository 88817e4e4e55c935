//! What the meters show now.

use std::time::{Duration, Instant};

use echometer_engine::{Feature, PerFeature, Reading};
use echometer_meters::History;

use super::notices::Notices;
use crate::analysis::{Event, Part};
use crate::outputs::process::CpuShare;
use crate::outputs::{About, shortcomings};

/// How long a notice stays.
const NOTICE: Duration = Duration::from_secs(8);
/// How fast the level falls, in dB a second: fast enough to follow, slow enough to read.
const FALL_DB_S: f32 = 24.0;
/// What counts as clipping.
const CLIP_DB: f32 = -0.1;
/// How long a clip stays visible.
const CLIP: Duration = Duration::from_secs(2);
/// Bottom of the level meter.
pub(super) const LEVEL_FLOOR_DB: f32 = -60.0;

pub(super) struct State<'a> {
    pub(super) about: &'a About,
    pub(super) part: Option<Part>,
    pub(super) reading: Option<Reading>,
    pub(super) histories: PerFeature<History>,
    /// Input level in dBFS, falling.
    pub(super) level_db: f32,
    /// Why the device is waited for, if it is.
    pub(super) lost: Option<String>,
    pub(super) cpu: CpuShare,
    /// Parts that ended, with their one reading.
    pub(super) done: Vec<(Part, Reading)>,
    /// What was said so far.
    pub(super) said: Notices,
    started: Instant,
    notice: Option<Instant>,
    clipped: Option<Instant>,
    passed: Instant,
}

impl<'a> State<'a> {
    pub(super) fn new(about: &'a About) -> Self {
        Self {
            about,
            part: None,
            reading: None,
            histories: PerFeature::from_fn(|_| History::default()),
            level_db: LEVEL_FLOOR_DB,
            lost: None,
            cpu: CpuShare::default(),
            done: Vec::new(),
            said: Notices::default(),
            started: Instant::now(),
            notice: None,
            clipped: None,
            passed: Instant::now(),
        }
    }

    /// Takes an event of the analysis.
    pub(super) fn take(&mut self, event: Event) {
        match event {
            Event::Begins(part) => {
                self.reset();
                self.part = Some(part);
                self.lost = None;
            }
            Event::Reading(reading) => {
                for feature in Feature::ALL {
                    if let Some(value) = reading.values[feature] {
                        self.histories[feature].push(reading.time, value);
                    }
                }
                self.reading = Some(reading);
            }
            Event::Peak(peak) => {
                let db = 20.0 * peak.log10();
                if db >= CLIP_DB {
                    self.clipped = Some(Instant::now());
                }
                self.level_db = self.level_db.max(db);
            }
            Event::Whole(reading) => self.done.extend(self.part.clone().map(|part| (part, reading))),
            Event::Notice(text) => {
                self.said.push(text);
                self.notice = Some(Instant::now());
            }
            Event::Lost(text) => {
                self.level_db = LEVEL_FLOOR_DB;
                self.said.push(text.clone());
                self.lost = Some(text);
            }
            Event::Frames(_) | Event::Heard(_) | Event::Ended(_) => {}
        }
    }

    /// Forgets what was heard.
    pub(super) fn reset(&mut self) {
        self.reading = None;
        self.histories = PerFeature::from_fn(|_| History::default());
        self.clipped = None;
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self) {
        let elapsed = self.passed.elapsed().as_secs_f32();
        self.passed = Instant::now();
        self.level_db = (self.level_db - FALL_DB_S * elapsed).max(LEVEL_FLOOR_DB);
        self.notice = self.notice.filter(|since| since.elapsed() < NOTICE);
        self.clipped = self.clipped.filter(|since| since.elapsed() < CLIP);
        self.cpu.update();
    }

    /// Whether the input clipped a moment ago.
    pub(super) fn is_clipped(&self) -> bool {
        self.clipped.is_some()
    }

    /// What should be said now, if anything, and whether it is bad.
    pub(super) fn message(&self) -> Option<(String, bool)> {
        if let Some(lost) = &self.lost {
            return Some((lost.clone(), true));
        }
        let short = self.reading.as_ref().and_then(shortcomings);
        if short.is_some() {
            return short.map(|text| (text, true));
        }
        let notice = self.notice.and_then(|_| self.said.last().cloned());
        // At first, what inference runs on and why; later on, the footer's name for it is enough.
        let at_first = self.started.elapsed() < NOTICE;
        let text = notice.or_else(|| self.about.news().filter(|_| at_first))?;
        Some((text, false))
    }
}
