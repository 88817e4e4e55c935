//! A run's folder: what decides what it comes to, whether it is finished, and what would be lost by running it again.

use std::fs;
use std::path::{Path, PathBuf};

use echometer_engine::model::sha256_hex;

use super::Settings;
use super::plan::Unit;
use super::set::Set;
use crate::runs::record::{Config, Failure, Outcome};
use crate::training::device;

/// Version of everything in this folder and in the networks that changes what a run comes to; raised with any such change.
const RECIPE: u32 = 2;

/// Files of a run.
pub(super) const CONFIG: &str = "config.json";
pub(super) const CURVE: &str = "curve.csv";
pub(super) const FAILURE: &str = "failure.json";
pub(super) const METRICS: &str = "metrics.json";
pub(super) const PREDICTIONS: &str = "predictions.csv";
pub(super) const WEIGHTS: &str = "weights.ot";

/// A run's place on disk, and its configuration.
pub(super) struct Place {
    pub(super) folder: PathBuf,
    pub(super) config: Config,
}

/// Whether a run is over, and how.
pub(super) enum State {
    Finished(Outcome),
    Failed,
    Pending,
}

impl Place {
    pub(super) fn new(unit: &Unit, set: &Set, settings: &Settings) -> Self {
        Self {
            folder: folder(&settings.out, unit),
            config: config(unit, set, settings),
        }
    }

    /// The outcome of a run that is finished under the same configuration.
    pub(super) fn finished(&self) -> Option<Outcome> {
        (self.known()?.key == self.config.key).then_some(())?;
        read(&self.folder.join(METRICS))
    }

    pub(super) fn state(&self) -> State {
        let failed = || read::<Failure>(&self.folder.join(FAILURE)).is_some_and(|f| f.key == self.config.key);
        match self.finished() {
            Some(outcome) => State::Finished(outcome),
            None if failed() => State::Failed,
            None => State::Pending,
        }
    }

    /// In words, how a finished run that lies here differs; `None` where there is none, or it is the same.
    pub(super) fn in_the_way(&self) -> Option<String> {
        let known = self.known()?;
        if known.key == self.config.key || !self.folder.join(METRICS).exists() {
            return None;
        }
        let new = &self.config;
        let mut differs = Vec::new();
        let mut compare = |what: &str, old: String, new: String| {
            if old != new {
                differs.push(format!("{what} {old}, now {new}"));
            }
        };
        compare("profile", known.profile.clone(), new.profile.clone());
        compare("precision", known.precision.clone(), new.precision.clone());
        compare("batch", known.batch.to_string(), new.batch.to_string());
        compare("epochs", known.epochs.to_string(), new.epochs.to_string());
        compare("seed", known.seed.to_string(), new.seed.to_string());
        if known.data != new.data {
            differs.push("other clips, labels or split".into());
        }
        if differs.is_empty() {
            differs.push("another --samples or --validations, or another version of the trainer".into());
        }
        Some(differs.join("; "))
    }

    fn known(&self) -> Option<Config> {
        read(&self.folder.join(CONFIG))
    }
}

/// The folder of a unit's run.
pub(super) fn folder(out: &Path, unit: &Unit) -> PathBuf {
    out.join("runs").join(unit.to_string())
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Everything that decides what the run comes to.
fn config(unit: &Unit, set: &Set, settings: &Settings) -> Config {
    let mut config = Config {
        id: unit.to_string(),
        network: unit.architecture.name().into(),
        features: unit.features.clone(),
        optimiser: unit.optimiser.name().into(),
        learning_rate: unit.learning_rate,
        profile: settings.profile.name().into(),
        epochs: settings.epochs,
        batch: settings.batch,
        seed: settings.seed,
        precision: settings.precision.name().into(),
        front_end: settings.profile.front_end(),
        window_s: settings.profile.window_s(),
        frames: settings.profile.frames(),
        device: device::name(settings.device),
        version: env!("CARGO_PKG_VERSION").into(),
        revision: option_env!("ECHOMETER_REVISION").map(Into::into),
        data: set.record.fingerprint.clone(),
        key: String::new(),
    };
    // Where and by which build it was computed is told, but a run need not be repeated for it.
    let decisive = Config {
        device: String::new(),
        version: String::new(),
        revision: None,
        ..config.clone()
    };
    let (samples, validations) = (settings.samples, settings.validations);
    config.key = sha256_hex(format!("{RECIPE} {decisive:?} {samples:?} {validations}").as_bytes());
    config
}
