//! What becomes of readings: meters in a terminal, JSON lines, or a table.

pub(crate) mod jsonl;
pub(crate) mod table;
pub(crate) mod terminal;

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use echometer_engine::{Device, Feature, Model, PerFeature, Reading};
use echometer_meters::{self as meters, Rgb};

use crate::analysis::Event;
use crate::cli::Format;
use crate::control::Control;
use crate::failure::Failure;

/// What a face tells about the analysis besides its readings.
#[derive(Debug, Clone)]
pub(crate) struct About {
    /// `NAME VERSION` of the model.
    pub(crate) model: String,
    /// What inference runs on.
    pub(crate) backend: String,
    /// Why it runs on that, where the choice was left to the engine.
    pub(crate) choice: Option<String>,
    /// The model's window in seconds.
    pub(crate) window_s: f64,
    /// Seconds of input until the first reading with values.
    pub(crate) first_reading_s: f64,
    /// Features that the model hardly knows, by its own card: they are shown in grey.
    pub(crate) guesses: PerFeature<bool>,
    /// What is listened to, until its first part begins.
    pub(crate) input: String,
}

impl About {
    /// The feature's colour; grey where the model guesses.
    pub(crate) fn colour(&self, feature: Feature) -> Rgb {
        if self.guesses[feature] {
            meters::GREY
        } else {
            meters::colour(feature)
        }
    }

    /// Collects it; `device` is what was asked for.
    pub(crate) fn new(model: &Model, device: Device, input: String) -> Self {
        let runtime = model.runtime();
        Self {
            model: model.title(),
            backend: runtime.name(),
            choice: (device == Device::Auto)
                .then(|| format!("inference on {} ({})", runtime.name(), runtime.note())),
            window_s: model.card().window_s,
            first_reading_s: model.card().first_reading_s(),
            guesses: PerFeature::from_fn(|feature| model.card().is_guess(feature)),
            input,
        }
    }

    /// Tells on standard error what inference runs on and why, where the choice was left to the engine.
    pub(crate) fn tell_choice(&self) {
        if let Some(choice) = &self.choice {
            notice(choice);
        }
    }
}

/// What a reading is short of, in words.
fn shortcomings(reading: &Reading) -> Option<String> {
    let (dropped, replaced) = (reading.dropped, reading.replaced);
    match (dropped > 0, replaced > 0) {
        (false, false) => None,
        (true, false) => Some(format!(
            "{dropped} blocks dropped: this machine is too busy, so readings miss a part"
        )),
        (false, true) => Some(format!(
            "{replaced} samples were no usable numbers and count as silence"
        )),
        (true, true) => Some(format!(
            "{dropped} blocks dropped (machine too busy), {replaced} unusable samples count as silence"
        )),
    }
}

/// Whether the output is for eyes; an error where a terminal is asked for and there is none.
pub(crate) fn is_terminal(format: Format) -> Result<bool, Failure> {
    match (format, io::stdout().is_terminal()) {
        (Format::Jsonl, _) => Ok(false),
        (Format::Auto, terminal) => Ok(terminal),
        (Format::Terminal, true) => Ok(true),
        (Format::Terminal, false) => Err(Failure::usage(
            "--format terminal needs a terminal as standard output",
        )
        .hint("leave --format out, or take --format jsonl")),
    }
}

/// How long the analysis may take to end once it was asked to; it may be waiting for a silent standard input.
const GRACE: Duration = Duration::from_millis(500);
/// How often a wish to stop is looked for while no event comes.
const LOOK: Duration = Duration::from_millis(50);

/// The next event; the end of all where the analysis is gone, or was asked to stop and does not hear it.
fn next(events: &Receiver<Event>, control: &Control) -> Event {
    let mut asked: Option<Instant> = None;
    loop {
        match events.recv_timeout(LOOK) {
            Ok(event) => return event,
            Err(RecvTimeoutError::Disconnected) => {
                return Event::Ended(Err(Failure::failed("the analysis ended without a word")));
            }
            Err(RecvTimeoutError::Timeout) if control.is_stopped() => {
                if asked.get_or_insert_with(Instant::now).elapsed() >= GRACE {
                    return Event::Ended(Ok(()));
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Tells something on standard error, where data goes to standard output.
fn notice(text: &str) {
    // Nobody may be listening.
    let _ = writeln!(io::stderr(), "note: {text}");
}

/// A write that failed: a reader that left is no failure.
fn written(result: io::Result<()>) -> Result<bool, Failure> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::failed(format!(
            "standard output cannot be written: {error}"
        ))),
    }
}
