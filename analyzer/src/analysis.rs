//! From an opened input to events: the one path that files, streams and devices share.

mod device;
mod track;

use std::sync::mpsc::SyncSender;

use echometer_engine::{Model, Reading};

use crate::control::Control;
use crate::failure::Failure;
use crate::sources::{Input, Track};

/// What is asked of the analysis.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Readings a second of input.
    pub(crate) reading_hz: f64,
    /// Only one reading for the whole input, or for a device's first full window.
    pub(crate) once: bool,
    /// Whether the one reading of a whole file or stream is wanted: with `once`, or for the table at the end.
    pub(crate) whole: bool,
    /// Whether files are taken at the speed they would play.
    pub(crate) paced: bool,
    /// Whether the mel frames are told, for a picture of what is heard.
    pub(crate) frames: bool,
}

/// A part of the input that is scored on its own: a file, a stream, an excerpt, or a device while it is connected.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// What it is called.
    pub(crate) title: String,
    /// Samples a second.
    pub(crate) rate: u32,
    /// Channels.
    pub(crate) channels: u16,
    /// Length in seconds, where known.
    pub(crate) duration_s: Option<f64>,
    /// Whether it is captured now.
    pub(crate) live: bool,
    /// Whether other parts come before or after it.
    pub(crate) one_of_many: bool,
    /// Counts a device's connections from 1; always 1 for what is no device.
    pub(crate) connection: u32,
}

/// What happens.
#[derive(Debug)]
pub(crate) enum Event {
    /// A part begins.
    Begins(Part),
    /// A reading of the part.
    Reading(Reading),
    /// Whole mel frames as the model gets them, one after the other; only where they are wanted.
    Frames(Vec<f32>),
    /// Largest absolute sample since the last event of its kind.
    Peak(f32),
    /// So many seconds of the part are heard; now and then, where only its one reading is wanted.
    Heard(f64),
    /// The part's one reading: over all of it, or a device's first full window.
    Whole(Reading),
    /// Something the user should know; the analysis goes on.
    Notice(String),
    /// The device is gone, and waited for.
    Lost(String),
    /// Nothing more comes.
    Ended(Result<(), Failure>),
}

/// Whoever took the events is gone: no failure, the analysis just ends.
#[derive(Debug)]
struct Unheard;

/// Where events go.
trait Hears {
    fn send(&self, event: Event) -> Result<(), Unheard>;
}

/// To another thread.
struct Events<'a>(&'a SyncSender<Event>);

impl Hears for Events<'_> {
    fn send(&self, event: Event) -> Result<(), Unheard> {
        self.0.send(event).map_err(|_| Unheard)
    }
}

/// To whoever asked, on the same thread.
struct Asker<'a>(&'a dyn Fn(Event));

impl Hears for Asker<'_> {
    fn send(&self, event: Event) -> Result<(), Unheard> {
        (self.0)(event);
        Ok(())
    }
}

/// Why an analysis stops early.
#[derive(Debug)]
enum Stop {
    /// Nobody listens any more, or the user asked for it.
    Quiet,
    /// It failed.
    Failed(Failure),
}

impl From<Unheard> for Stop {
    fn from(_: Unheard) -> Self {
        Self::Quiet
    }
}

impl<E: Into<Failure>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Analyses `input` until it ends or `control` says so; whether it came to its end.
pub(crate) fn run(
    model: &Model,
    input: Input,
    options: &Options,
    control: &Control,
    events: &SyncSender<Event>,
) -> Result<bool, Failure> {
    let events = Events(events);
    quietly(match input {
        Input::Tracks { tracks, .. } => track::run(model, tracks, options, control, &events),
        Input::Device(selector, channels) => {
            device::run(model, &selector, &channels, options, control, &events)
        }
    })
}

/// Analyses one file or stream on this thread, and tells `heard` all that happens.
pub(crate) fn track(
    model: &Model,
    track: Track,
    options: &Options,
    control: &Control,
    heard: &dyn Fn(Event),
) -> Result<(), Failure> {
    quietly(track::run(model, vec![track], options, control, &Asker(heard))).map(drop)
}

/// A stop that somebody wished for is no failure, but no end either.
fn quietly(ended: Result<(), Stop>) -> Result<bool, Failure> {
    match ended {
        Ok(()) => Ok(true),
        Err(Stop::Quiet) => Ok(false),
        Err(Stop::Failed(failure)) => Err(failure),
    }
}
