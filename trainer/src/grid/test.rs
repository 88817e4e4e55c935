//! The one look at the test clips, and the model for the analyzer.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, anyhow, bail};
use echometer_engine::PerFeature;
use echometer_engine::model::TrainingCard;

use super::place::{METRICS, PREDICTIONS, Place, WEIGHTS};
use super::plan::Unit;
use super::run::network;
use super::set::Set;
use super::{Settings, score};
use crate::data::row::Split;
use crate::export::{About, verify_thesis, write_thesis};
use crate::runs::record::{Config, Outcome, Prediction};
use crate::runs::{write_csv, write_json};
use crate::training::device::guard;
use crate::training::metrics::{Scored, metrics};

/// File beside a model's card that says which run it is.
const RUN: &str = "run.json";

/// Scores a chosen run on the test clips and exports it, unless that was done.
pub(super) fn test(unit: &Unit, set: &Set, settings: &Settings, stop: &AtomicBool) -> anyhow::Result<()> {
    let place = Place::new(unit, set, settings);
    let Some(mut outcome) = place.finished() else {
        bail!("{unit}: it was finished, and is not any more");
    };
    if outcome.test.is_empty() {
        let scored = guard(|| {
            let mut network = network(unit, set, settings, settings.device)?;
            network.vars.load(place.folder.join(WEIGHTS))?;
            let clips = set.side(Split::Test, &unit.features);
            anyhow::Ok(score::predict(&network, unit, set, &clips, settings, stop)?)
        });
        let Some(scored) = scored.map_err(|fault| anyhow!("{unit}: {fault}"))?? else {
            bail!("stopped before {unit} was tested; the same command goes on from there");
        };
        outcome.test = score::errors(unit, set, &set.side(Split::Training, &unit.features), &scored);
        add_rows(&place.folder, score::rows(unit, Split::Test, &scored))?;
        write_json(&place.folder.join(METRICS), &outcome)?;
    }
    let model = settings.out.join("models").join(unit.to_string());
    if !is_of(&model, &place.config) {
        guard(|| export(unit, set, settings, &place, &outcome, &model))
            .map_err(|fault| anyhow!("{unit}: {fault}"))??;
    }
    Ok(())
}

/// Whether a model's folder is whole and of this very run.
fn is_of(model: &Path, config: &Config) -> bool {
    let known = fs::read(model.join(RUN)).ok();
    let known: Option<Config> = known.and_then(|json| serde_json::from_slice(&json).ok());
    known.is_some_and(|known| known.key == config.key)
}

/// Writes the run as a model for the analyzer, measured on the test clips, and checks it in the engine.
fn export(
    unit: &Unit,
    set: &Set,
    settings: &Settings,
    place: &Place,
    outcome: &Outcome,
    model: &Path,
) -> anyhow::Result<()> {
    // On the CPU: a GPU's shortened multiplications would be taken for faults of the export.
    let mut network = network(unit, set, settings, tch::Device::Cpu)?;
    network.vars.load(place.folder.join(WEIGHTS))?;
    let scored = predictions(&place.folder)?;
    let prior = set.prior();
    let measured = PerFeature::from_fn(|feature| {
        let sd = outcome.validation.get(&feature)?.mse.sqrt();
        let of = |line: &&Prediction| line.split == Split::Test && line.feature == feature;
        let of = scored.iter().filter(of).map(|line| Scored {
            truth: line.truth,
            mean: line.prediction,
            sd,
            baseline: f64::from(prior[feature]),
            fold: 0,
        });
        metrics(&of.collect::<Vec<_>>())
    });
    let front_end = settings.profile.front_end();
    let about = About {
        name: &format!("thesis {unit}"),
        version: env!("CARGO_PKG_VERSION"),
        licence: "as its training data allows",
        front_end: &front_end,
        window_s: settings.profile.window_s(),
        features: &unit.features,
        metrics: &measured,
        training: TrainingCard {
            data: set.record.description.clone(),
            clips: set.side(Split::Training, &unit.features).len(),
            evaluation: format!(
                "test clips of the split {}; the standard deviation is the error on the validation clips",
                set.record.split
            ),
            seed: settings.seed,
        },
    };
    let parent = model.parent().unwrap_or(&settings.out);
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    // A folder of its own: another machine may be exporting the same run.
    let partial = tempfile::Builder::new().prefix(".partial-").tempdir_in(parent)?;
    let folder = partial.path().join("model");
    write_thesis(&network, &about, &folder)?;
    let backends = verify_thesis(&network, &folder)?;
    write_json(&folder.join(RUN), &place.config)?;
    let context = || format!("cannot replace {}", model.display());
    if model.exists() {
        fs::remove_dir_all(model).with_context(context)?;
    }
    if let Err(error) = fs::rename(&folder, model)
        && !is_of(model, &place.config)
    {
        return Err(error).with_context(context);
    }
    let worst: Vec<_> = backends
        .iter()
        .map(|(name, worst)| format!("{worst:.0e} on {name}"))
        .collect();
    tracing::info!(
        "{unit}: model in {}; the engine is off libtorch by {} of the range",
        model.display(),
        worst.join(", ")
    );
    Ok(())
}

/// Puts the test clips' lines after the validation clips'.
fn add_rows(folder: &Path, rows: Vec<Prediction>) -> anyhow::Result<()> {
    let mut all = predictions(folder)?;
    all.retain(|line| line.split != Split::Test);
    all.extend(rows);
    write_csv(&folder.join(PREDICTIONS), &all)
}

fn predictions(folder: &Path) -> anyhow::Result<Vec<Prediction>> {
    let path = folder.join(PREDICTIONS);
    let read = || csv::Reader::from_path(&path)?.deserialize().collect();
    let read: csv::Result<Vec<Prediction>> = read();
    read.with_context(|| format!("cannot read {}", path.display()))
}
