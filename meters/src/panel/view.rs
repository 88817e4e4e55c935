//! What the panel is shown, and what it asks for.

use std::path::PathBuf;

use echometer_engine::PerFeature;

use crate::{Record, Reference};

/// How far the meters are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum State<'a> {
    /// The model is being loaded.
    Loading,
    /// There is a model, but no audio comes: the host is stopped, the device is gone, the plugin is bypassed.
    Waiting,
    /// Audio comes in.
    Running,
    /// It cannot go on, and why.
    Failed(&'a str),
}

/// Facts for the footer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Status<'a> {
    /// `NAME VERSION` of the model.
    pub model: &'a str,
    /// What inference runs on: `embedded`, `onnxruntime cpu` …
    pub backend: &'a str,
    /// Why inference runs on that: what was found and what was not. Empty where nothing is to be said.
    pub reason: &'a str,
    /// Share of one core that the analysis takes, 0–1 and above.
    pub cpu: f32,
    /// Largest absolute sample of late, full scale 1.
    pub peak: f32,
    /// Something the user must know: a model that was not found, a state that was refused.
    pub notice: Option<&'a str>,
}

/// What the user asked for that takes a while: scoring a file, writing one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Errand<'a> {
    /// What to tell of it; empty where there is nothing.
    pub words: &'a str,
    /// Whether it is still being done.
    pub busy: bool,
    /// The share that is done, where that is known.
    pub share: Option<f32>,
    /// Whether it failed.
    pub failed: bool,
}

/// Everything one frame shows.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// How far the meters are.
    pub state: State<'a>,
    /// What was heard and read. While frozen, the face hands out the record it kept.
    pub record: &'a Record,
    /// Seconds in a full window.
    pub window_s: f64,
    /// Features that the model hardly knows, by its own card: their meters are grey.
    pub guesses: PerFeature<bool>,
    /// What the meters are compared with.
    pub reference: Option<&'a Reference>,
    /// How far what takes a while is.
    pub errand: Errand<'a>,
    /// Whether files that are dropped on the window arrive.
    pub drops: bool,
    /// Facts for the footer.
    pub status: Status<'a>,
    /// Whether the meters stand still although audio comes in.
    pub frozen: bool,
    /// Whether meters mark the largest value of the last half minute.
    pub hold: bool,
    /// Whether to draw on a light ground.
    pub light: bool,
}

/// What the user asked for. The face decides what comes of it; the next [`View`] shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Forget all input and start again.
    Reset,
    /// Let the meters stand still, or go on.
    Freeze(bool),
    /// Mark the largest values, or do not.
    Hold(bool),
    /// Draw on a light or a dark ground.
    Light(bool),
    /// Open the face's own settings.
    Settings,
    /// The notice was read.
    DismissNotice,
    /// Compare with what the meters say now.
    Compare,
    /// Compare with the file here.
    CompareFile(PathBuf),
    /// Compare with nothing.
    CompareNothing,
    /// Stop what takes a while.
    Stop,
    /// Write the session down here.
    Save(PathBuf),
}
