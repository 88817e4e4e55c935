//! What becomes of readings: meters in a terminal, JSON lines or a table, and any number of further outputs beside.

mod csv;
pub(crate) mod fan;
pub(crate) mod jsonl;
pub(crate) mod line;
mod midi;
mod osc;
mod process;
mod progress;
pub(crate) mod serve;
pub(crate) mod table;
pub(crate) mod terminal;
#[cfg(feature = "window")]
pub(crate) mod window;

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use echometer_engine::{Device, Feature, Model, PerFeature, Reading};
use echometer_meters::{self as meters, Rgb};

use crate::analysis::Event;
use crate::cli::{Format, Live};
use crate::control::Control;
use crate::failure::Failure;
use crate::shown::shown;
use crate::tty;
use progress::Progress;

/// What a face tells about the analysis besides its readings.
#[derive(Debug, Clone)]
pub(crate) struct About {
    /// `NAME VERSION` of the model.
    pub(crate) model: String,
    /// What inference runs on.
    pub(crate) backend: String,
    /// Why it runs on that, where the choice was left to the engine.
    pub(crate) reason: Option<String>,
    /// Whether that is news to the user, or was asked for with -v.
    pub(crate) telling: bool,
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

    /// Collects it; `device` is what was asked for, `verbose` whether all should be told.
    pub(crate) fn new(model: &Model, device: Device, input: String, verbose: bool) -> Self {
        let runtime = model.runtime();
        Self {
            model: model.title(),
            backend: runtime.name(),
            reason: (device == Device::Auto).then(|| runtime.note().to_owned()),
            telling: verbose || is_unexpected(model, device),
            window_s: model.card().window_s,
            first_reading_s: model.card().first_reading_s(),
            guesses: PerFeature::from_fn(|feature| model.card().is_guess(feature)),
            input,
        }
    }

    /// What inference runs on and why, where the choice was left to the engine.
    pub(crate) fn choice(&self) -> Option<String> {
        let reason = self.reason.as_ref()?;
        Some(format!("inference on {} ({reason})", self.backend))
    }

    /// The same where it should be told.
    pub(crate) fn news(&self) -> Option<String> {
        self.choice().filter(|_| self.telling)
    }
}

/// Whether inference runs on what one would not expect: a library was named, and is not used. That there is none is nothing to
/// worry about.
pub(crate) fn is_unexpected(model: &Model, device: Device) -> bool {
    device == Device::Auto
        && model.runtime().device() == Device::Embedded
        && std::env::var_os("ORT_DYLIB_PATH").is_some_and(|path| !path.is_empty())
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
        (Format::Jsonl | Format::None, _) => Ok(false),
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

/// Waits for events, but not for an analysis that was asked to stop and does not hear it.
#[derive(Debug, Default)]
struct Patience {
    asked: Option<Instant>,
}

impl Patience {
    /// The next event, or nothing for a moment; the end of all where the analysis is gone or does not hear.
    fn next(&mut self, events: &Receiver<Event>, control: &Control) -> Option<Event> {
        match events.recv_timeout(LOOK) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Disconnected) => Some(Event::Ended(Err(Failure::failed(
                "the analysis ended without a word",
            )))),
            Err(RecvTimeoutError::Timeout) => {
                let asked =
                    control.is_stopped() && self.asked.get_or_insert_with(Instant::now).elapsed() >= GRACE;
                asked.then_some(Event::Ended(Ok(())))
            }
        }
    }
}

/// The next event, however long it takes to come.
fn next(events: &Receiver<Event>, control: &Control) -> Event {
    let mut patience = Patience::default();
    loop {
        if let Some(event) = patience.next(events, control) {
            return event;
        }
    }
}

/// The outputs beside the primary one that the flags ask for, opened as far as they can be without a reading.
pub(crate) fn further(live: &Live, about: &About) -> Result<Vec<Box<dyn fan::Output>>, Failure> {
    let mut outputs: Vec<Box<dyn fan::Output>> = Vec::new();
    for target in &live.osc {
        outputs.push(Box::new(osc::Osc::open(target)?));
    }
    for port in &live.midi {
        outputs.push(Box::new(midi::Midi::open(port, live.midi_channel)?));
    }
    if let Some(address) = live.serve.address()? {
        outputs.push(Box::new(serve::Server::start(address, about)?));
    }
    // Last: a new file is there once this is done.
    if let Some(path) = &live.csv {
        outputs.push(Box::new(csv::Csv::open(path, live.force, about)?));
    }
    Ok(outputs)
}

/// No output of its own: waits for the end, and tells what the user should know.
pub(crate) fn none(
    about: &About,
    events: &Receiver<Event>,
    control: &Control,
    once: bool,
) -> Result<(), Failure> {
    let mut progress = Progress::new(once);
    loop {
        match next(events, control) {
            Event::Notice(text) | Event::Lost(text) => progress.say(&text),
            Event::Begins(part) => progress.begins(&part, about.window_s),
            Event::Heard(seconds) => progress.heard(seconds),
            Event::Reading(_) | Event::Whole(_) | Event::Frames(_) | Event::Peak(_) => {}
            Event::Ended(result) => return result,
        }
    }
}

/// Tells something on standard error, where data goes to standard output.
pub(crate) fn notice(text: &str) {
    // Nobody may be listening.
    let _ = writeln!(io::stderr(), "note: {}", shown(text));
}

/// A write that failed: a reader that left is no failure.
pub(crate) fn written(result: io::Result<()>) -> Result<bool, Failure> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if tty::is_left(&error) => Ok(false),
        Err(error) => Err(Failure::failed(format!(
            "standard output cannot be written: {error}"
        ))),
    }
}
