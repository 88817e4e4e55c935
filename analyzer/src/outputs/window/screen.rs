//! What the window shows: kept by the thread that takes events, read by the one that draws.

use std::sync::mpsc::Receiver;
use std::sync::{Mutex, MutexGuard, PoisonError};

use echometer_meters::Record;
use eframe::egui::{Context, ViewportCommand};

use crate::analysis::{Event, Part};
use crate::control::Control;
use crate::failure::Failure;
use crate::outputs::process::CpuShare;
use crate::outputs::{next, shortcomings};

/// How far the input is.
#[derive(Debug)]
pub(super) enum Phase {
    /// Not there yet, or gone for a while.
    Waiting,
    /// It comes in.
    Running,
    /// It ended.
    Done,
    /// It cannot go on, and why.
    Failed(String),
}

/// Everything there is to draw.
pub(super) struct Screen {
    pub(super) record: Record,
    pub(super) part: Option<Part>,
    pub(super) phase: Phase,
    pub(super) cpu: CpuShare,
    peak: f32,
    said: Option<String>,
    /// What readings are short of, once it was read.
    excused: Option<String>,
    failure: Option<Failure>,
}

impl Screen {
    /// The largest sample since the last picture.
    pub(super) fn take_peak(&mut self) -> f32 {
        std::mem::take(&mut self.peak)
    }

    /// What should be known now, if anything.
    pub(super) fn notice(&self) -> Option<String> {
        let short = self.record.latest().and_then(shortcomings);
        self.said
            .clone()
            .or(short.filter(|text| self.excused.as_ref() != Some(text)))
    }

    /// The notice was read.
    pub(super) fn dismiss_notice(&mut self) {
        if self.said.take().is_none() {
            self.excused = self.record.latest().and_then(shortcomings);
        }
    }

    /// How it ended, for the program's exit code.
    pub(super) fn result(&mut self) -> Result<(), Failure> {
        self.failure.take().map_or(Ok(()), Err)
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Begins(part) => {
                self.record.clear();
                self.part = Some(part);
                self.phase = Phase::Running;
            }
            Event::Reading(reading) => self.record.reading(&reading),
            Event::Frames(frames) => self.record.frames(&frames),
            Event::Peak(peak) => self.peak = self.peak.max(peak),
            Event::Whole(_) | Event::Heard(_) => {}
            Event::Notice(text) => self.said = Some(text),
            Event::Lost(text) => {
                self.phase = Phase::Waiting;
                self.said = Some(text);
            }
            Event::Ended(Ok(())) => {
                self.phase = Phase::Done;
                if let Some(part) = &self.part {
                    self.said = Some(format!("{} ended; these are its last readings", part.title));
                }
            }
            Event::Ended(Err(failure)) => {
                self.phase = Phase::Failed(failure.message().into());
                self.failure = Some(failure);
            }
        }
    }
}

/// The screen, for both threads.
pub(super) struct Shared(Mutex<Screen>);

impl Shared {
    pub(super) fn new(record: Record) -> Self {
        Self(Mutex::new(Screen {
            record,
            part: None,
            phase: Phase::Waiting,
            cpu: CpuShare::default(),
            peak: 0.0,
            said: None,
            excused: None,
            failure: None,
        }))
    }

    /// Never held while anything waits.
    pub(super) fn lock(&self) -> MutexGuard<'_, Screen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes events until there are no more, then closes `window` if the user asked for the end.
    pub(super) fn follow(&self, events: &Receiver<Event>, control: &Control, window: Option<&Context>) {
        loop {
            let event = next(events, control);
            let ended = matches!(event, Event::Ended(_));
            let mut screen = self.lock();
            // Not where it ended because it was asked to: then there is nobody to tell.
            if !(ended && control.is_stopped()) {
                screen.take(event);
            }
            drop(screen);
            if ended {
                break;
            }
        }
        let Some(window) = window else { return };
        while !control.is_stopped() {
            control.sleep_until(std::time::Instant::now() + std::time::Duration::from_secs(3_600));
        }
        window.send_viewport_cmd(ViewportCommand::Close);
        window.request_repaint();
    }
}
