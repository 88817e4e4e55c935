//! A device: captured, scored by the engine's live thread, watched, and waited for when it goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use echometer_engine::tap::TapCounters;
use echometer_engine::{Listener, Live, Model, Reading};

use super::{Event, Events, Hears, Options, Part, Stop};
use crate::control::Control;
use crate::failure::Failure;
use crate::sources::capture::Capture;
use crate::sources::channels::Channels;
use crate::sources::devices::Selector;

/// How often the capture is looked after: as often as a screen shows its level.
const LOOK: Duration = Duration::from_millis(50);
/// A device that delivers nothing for so long is gone, whatever its driver says.
const SILENT_DRIVER: Duration = Duration::from_secs(3);
/// How long a stream that broke off is opened again before its device counts as gone: a shorter gap costs no window.
const AGAIN: Duration = Duration::from_secs(1);
/// Waits before trying to reconnect: the first, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// How a connection ended.
enum End {
    /// As wished.
    Done,
    /// The device is gone, and why.
    Lost(String),
}

pub(super) fn run(
    model: &Model,
    selector: &Selector,
    channels: &Channels,
    options: &Options,
    control: &Control,
    events: &Events<'_>,
) -> Result<(), Stop> {
    crate::sources::devices::quieten();
    let mut session = Session {
        model,
        selector,
        channels,
        options,
        control,
        events,
        connections: 0,
        losses: Losses::default(),
        told: Arc::default(),
    };
    let mut capture = Capture::open(selector, channels)?;
    let mut before = None;
    loop {
        let format = (capture.rate, capture.channels);
        if before.is_some_and(|before| before != format) {
            let notice = format!(
                "{} now delivers {} Hz, {} channels",
                capture.name, format.0, format.1
            );
            events.send(Event::Notice(notice))?;
        }
        before = Some(format);
        let name = capture.name.clone();
        let lost = match session.connected(capture)? {
            End::Done if options.once && !session.is_told() => return Err(Stop::Quiet),
            End::Done => return Ok(()),
            End::Lost(reason) => reason,
        };
        events.send(Event::Lost(format!("{name} is gone ({lost}); waiting for it")))?;
        let Some(found) = reconnect(selector, channels, control) else {
            return Err(Stop::Quiet);
        };
        capture = found;
        events.send(Event::Notice(format!("{} is back", capture.name)))?;
    }
}

/// Listening to one device, through all its connections.
struct Session<'a> {
    model: &'a Model,
    selector: &'a Selector,
    channels: &'a Channels,
    options: &'a Options,
    control: &'a Control,
    events: &'a Events<'a>,
    /// Connections so far, with the one that is open.
    connections: u32,
    /// Of the connections that ended.
    losses: Losses,
    /// Whether the one reading of `--once` was told.
    told: Arc<AtomicBool>,
}

/// What the tap counts: over all connections, since a reading tells what the listening as a whole is short of.
#[derive(Debug, Clone, Copy, Default)]
struct Losses {
    dropped: u64,
    replaced: u64,
}

impl Session<'_> {
    /// Scores one connection until it ends.
    fn connected(&mut self, mut capture: Capture) -> Result<End, Stop> {
        let Some(tap) = capture.tap.take() else {
            return Ok(End::Lost("it was opened twice".into()));
        };
        self.connections += 1;
        let counters = Arc::clone(tap.counters());
        self.events.send(Event::Begins(Part {
            title: capture.name.clone(),
            rate: capture.rate,
            channels: capture.channels,
            duration_s: None,
            live: true,
            one_of_many: false,
            connection: self.connections,
        }))?;
        let named = |error| Failure::input(format!("{}: {error}", capture.name));
        let (rate, hz) = (capture.rate, self.options.reading_hz);
        let live = Live::start(self.model, tap, rate, hz, self.teller()).map_err(named)?;
        let end = self.watch(live, &mut capture, &counters)?;
        self.losses.dropped += counters.dropped_blocks();
        self.losses.replaced += counters.replaced_samples();
        // The one reading may have come just before the device went.
        Ok(if self.is_told() { End::Done } else { end })
    }

    fn teller(&self) -> Teller {
        Teller {
            sender: self.events.0.clone(),
            told: Arc::clone(&self.told),
            once: self.options.once,
            frames: self.options.frames,
            losses: self.losses,
        }
    }

    fn is_told(&self) -> bool {
        self.told.load(Ordering::Acquire)
    }

    /// Looks after a connection until it ends. The engine's thread ends with it.
    fn watch(&self, live: Live, capture: &mut Capture, counters: &TapCounters) -> Result<End, Stop> {
        let mut blocks = capture.blocks();
        let mut heard = Instant::now();
        // Time without a block in which this thread ran: only then has the driver been waited for.
        let mut waited = Duration::ZERO;
        loop {
            let looked = Instant::now();
            self.control.sleep_until(looked + LOOK);
            if self.control.is_stopped() || self.is_told() {
                return Ok(End::Done);
            }
            if self.control.take_reset() {
                live.reset();
            }
            self.events.send(Event::Peak(counters.take_peak()))?;
            if let Some(reason) = capture.lost() {
                if heard.elapsed() >= SILENT_DRIVER || !self.is_open_again(capture, heard) {
                    return Ok(End::Lost(reason.into()));
                }
                let gap = heard.elapsed().as_secs_f64();
                let notice = format!("{} was interrupted for {gap:.1} s, and goes on", capture.name);
                self.events.send(Event::Notice(notice))?;
                (blocks, heard, waited) = (capture.blocks(), Instant::now(), Duration::ZERO);
                continue;
            }
            if looked.elapsed() >= SILENT_DRIVER {
                // What was heard before is no part of the same half minute.
                let stopped = looked.elapsed().as_secs();
                return Ok(End::Lost(format!("this program was stopped for {stopped} s")));
            }
            if capture.blocks() != blocks {
                (blocks, heard, waited) = (capture.blocks(), Instant::now(), Duration::ZERO);
            } else {
                waited += looked.elapsed().min(2 * LOOK);
            }
            if waited >= SILENT_DRIVER {
                return Ok(End::Lost(format!(
                    "nothing came for {} s",
                    SILENT_DRIVER.as_secs()
                )));
            }
            if live.is_finished() {
                live.join()?;
                return Ok(End::Lost("its stream ended".into()));
            }
        }
    }

    /// Opens a stream again that broke off a moment ago, as PulseAudio's does when the process was stopped and goes on.
    fn is_open_again(&self, capture: &mut Capture, heard: Instant) -> bool {
        loop {
            match capture.reopen(self.selector, self.channels) {
                Ok(same) => return same,
                Err(failure) => tracing::debug!(%failure, "not open again yet"),
            }
            if heard.elapsed() >= AGAIN || self.control.is_stopped() {
                return false;
            }
            self.control.sleep_until(Instant::now() + LOOK);
        }
    }
}

/// What becomes of each reading, on the engine's thread. The receiver ends first only when the whole program ends.
struct Teller {
    sender: SyncSender<Event>,
    told: Arc<AtomicBool>,
    once: bool,
    frames: bool,
    /// Of the connections before this one.
    losses: Losses,
}

impl Listener for Teller {
    fn reading(&mut self, reading: &Reading) {
        // Readings go on until the watch looks again, but only one is wanted.
        if self.once && reading.coverage < 1.0 {
            let _ = self.sender.send(Event::Heard(reading.time));
            return;
        }
        if self.once && self.told.swap(true, Ordering::AcqRel) {
            return;
        }
        let reading = Reading {
            dropped: self.losses.dropped + reading.dropped,
            replaced: self.losses.replaced + reading.replaced,
            ..reading.clone()
        };
        let _ = self.sender.send(if self.once {
            Event::Whole(reading)
        } else {
            Event::Reading(reading)
        });
    }

    fn frames(&mut self, frames: &[f32]) {
        if self.frames {
            let _ = self.sender.send(Event::Frames(frames.to_vec()));
        }
    }
}

/// Tries to open the device again, ever more patiently; `None` if the user would rather leave.
fn reconnect(selector: &Selector, channels: &Channels, control: &Control) -> Option<Capture> {
    let mut wait = WAITS.0;
    loop {
        control.sleep_until(Instant::now() + wait);
        if control.is_stopped() {
            return None;
        }
        match Capture::open(selector, channels) {
            Ok(capture) => return Some(capture),
            Err(failure) => tracing::debug!(%failure, "not back yet"),
        }
        wait = WAITS.1.min(wait * 2);
    }
}
