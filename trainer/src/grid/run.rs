//! One run of the grid as an idempotent unit: found finished, gone on with, or run, and its failure told.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::Context;

use super::Settings;
use super::fit::Fit;
use super::place::{CONFIG, FAILURE, METRICS, PREDICTIONS, Place};
use super::plan::Unit;
use super::set::Set;
use crate::network::thesis::{InputShape, ThesisNetwork};
use crate::runs::record::{Failure, Outcome};
use crate::runs::{remove, write_json};
use crate::training::checkpoint::Checkpoint;
use crate::training::device::{Fault, guard};

/// How a run ended.
pub(super) enum Ended {
    /// Now, or in an earlier call.
    Finished(Outcome),
    /// It diverged or could not be computed; told in `failure.json`, and tried again by the next call.
    Failed(String),
    /// It was asked to stop, and saved.
    Stopped,
}

/// Runs the unit, goes on with it, or finds it finished. Errors are those that no other run would escape: a disk that
/// cannot be written, a device that is lost.
pub(super) fn run(unit: &Unit, set: &Set, settings: &Settings, stop: &AtomicBool) -> anyhow::Result<Ended> {
    let place = Place::new(unit, set, settings);
    if let Some(outcome) = place.finished() {
        return Ok(Ended::Finished(outcome));
    }
    let folder = place.folder.as_path();
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for file in [METRICS, PREDICTIONS, FAILURE] {
        remove(&folder.join(file))?;
    }
    write_json(&folder.join(CONFIG), &place.config)?;
    let samples = AtomicU64::new(0);
    let fit = Fit {
        unit,
        set,
        settings,
        folder,
        checkpoint: Checkpoint::new(folder, place.config.key.clone())?,
        samples: &samples,
        stop,
    };
    let reason = match guard(|| fit.run()) {
        Ok(Ok(Ended::Failed(reason))) => reason,
        Ok(ended) => return ended,
        Err(Fault::Lost(reason)) => anyhow::bail!(
            "{unit}: the device failed: {reason}. Finished runs are kept; once the device is back, the same command goes on"
        ),
        Err(Fault::Memory(reason)) => out_of_memory(&reason, settings.batch),
        Err(Fault::Other(reason)) => reason,
    };
    fail(folder, samples.into_inner(), &reason, place.config.key)?;
    Ok(Ended::Failed(reason))
}

fn out_of_memory(reason: &str, batch: usize) -> String {
    if batch > 2 {
        format!(
            "{reason}; batches of {batch} clips do not fit: try --batch {}, with another --out where runs are finished",
            (batch / 2).max(2)
        )
    } else {
        format!("{reason}; not even two clips fit: use a smaller --profile or a device with more memory")
    }
}

fn fail(folder: &Path, samples: u64, reason: &str, key: String) -> anyhow::Result<()> {
    let failure = Failure {
        samples,
        reason: reason.to_owned(),
        key,
    };
    write_json(&folder.join(FAILURE), &failure)
}

/// A fresh network for the unit on `device`.
pub(super) fn network(
    unit: &Unit,
    set: &Set,
    settings: &Settings,
    device: tch::Device,
) -> anyhow::Result<ThesisNetwork> {
    let shape = InputShape {
        mels: settings.profile.front_end().mels as i64,
        frames: settings.profile.frames() as i64,
    };
    tch::manual_seed(settings.seed as i64); // One seed a run makes its initial weights repeatable.
    let network = ThesisNetwork::new(device, unit.architecture, shape, &unit.features, &set.prior())?;
    network.normalise_with(&set.bands.mean(), &set.bands.deviation());
    Ok(network)
}

/// Refuses to overwrite finished runs that were made with other settings or clips.
pub(super) fn refuse_overwriting(units: &[Unit], set: &Set, settings: &Settings) -> anyhow::Result<()> {
    let in_the_way = units
        .iter()
        .filter_map(|unit| Some((unit, Place::new(unit, set, settings).in_the_way()?)));
    let in_the_way: Vec<_> = in_the_way.collect();
    if let Some((unit, differs)) = in_the_way.first() {
        anyhow::bail!(
            "{} holds {} finished runs that were made otherwise ({unit}: {differs}); name another --out, or say --replace \
             to run them again and lose what they came to",
            settings.out.display(),
            in_the_way.len()
        );
    }
    Ok(())
}

/// Whether a run was asked to stop.
pub(super) fn stopped(stop: &AtomicBool) -> bool {
    stop.load(Ordering::Relaxed)
}
