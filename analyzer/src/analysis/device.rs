//! A device: captured, scored by the engine's live thread, watched, and waited for when it goes away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use echometer_engine::{Live, Model};

use super::{Event, Events, Options, Part, Stop};
use crate::control::Control;
use crate::failure::Failure;
use crate::sources::capture::Capture;
use crate::sources::devices::Selector;

/// How often the capture is looked after: as often as a screen shows its level.
const LOOK: Duration = Duration::from_millis(50);
/// A device that delivers nothing for so long is gone, whatever its driver says.
const SILENT_DRIVER: Duration = Duration::from_secs(3);
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
    options: &Options,
    control: &Control,
    events: &Events<'_>,
) -> Result<(), Stop> {
    crate::sources::devices::quieten();
    let mut capture = Capture::open(selector)?;
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
        let lost = match connected(model, capture, options, control, events)? {
            End::Done => return Ok(()),
            End::Lost(reason) => reason,
        };
        events.send(Event::Lost(format!("{name} is gone ({lost}); waiting for it")))?;
        let Some(found) = reconnect(selector, control) else {
            return Ok(());
        };
        capture = found;
        events.send(Event::Notice(format!("{} is back", capture.name)))?;
    }
}

/// Scores one connection until it ends.
fn connected(
    model: &Model,
    mut capture: Capture,
    options: &Options,
    control: &Control,
    events: &Events<'_>,
) -> Result<End, Stop> {
    let Some(tap) = capture.tap.take() else {
        return Ok(End::Lost("it was opened twice".into()));
    };
    let counters = Arc::clone(tap.counters());
    events.send(Event::Begins(Part {
        title: capture.name.clone(),
        rate: capture.rate,
        channels: capture.channels,
        duration_s: None,
        live: true,
        one_of_many: false,
    }))?;
    let (sender, once) = (events.0.clone(), options.once);
    let named = |error| Failure::input(format!("{}: {error}", capture.name));
    let live = Live::start(model, tap, capture.rate, options.reading_hz, move |reading| {
        // The receiver ends first only when the whole program ends.
        if !once {
            let _ = sender.send(Event::Reading(reading.clone()));
        } else if reading.coverage >= 1.0 {
            let _ = sender.send(Event::Whole(reading.clone()));
        }
    })
    .map_err(named)?;

    let mut heard = (capture.blocks(), Instant::now());
    loop {
        control.sleep_until(Instant::now() + LOOK);
        if control.is_stopped() || (once && live.latest().is_some_and(|reading| reading.coverage >= 1.0)) {
            return Ok(End::Done);
        }
        if control.take_reset() {
            live.reset();
        }
        events.send(Event::Peak(counters.take_peak()))?;
        if let Some(reason) = capture.lost() {
            return Ok(End::Lost(reason));
        }
        if capture.blocks() != heard.0 {
            heard = (capture.blocks(), Instant::now());
        } else if heard.1.elapsed() >= SILENT_DRIVER {
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

/// Tries to open the device again, ever more patiently; `None` if the user would rather leave.
fn reconnect(selector: &Selector, control: &Control) -> Option<Capture> {
    let mut wait = WAITS.0;
    loop {
        control.sleep_until(Instant::now() + wait);
        if control.is_stopped() {
            return None;
        }
        match Capture::open(selector) {
            Ok(capture) => return Some(capture),
            Err(failure) => tracing::debug!(%failure, "not back yet"),
        }
        wait = WAITS.1.min(wait * 2);
    }
}
