//! Choosing by the validation error, and the one look at the test clips.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use echometer_engine::model::TrainingCard;
use echometer_engine::{Feature, PerFeature};

use super::plan::Unit;
use super::run::{self, PREDICTIONS, WEIGHTS};
use super::set::Set;
use super::{Settings, score};
use crate::data::row::Split;
use crate::export::{About, verify_thesis, write_thesis};
use crate::network::thesis::ThesisNetwork;
use crate::runs::record::{Outcome, Prediction};
use crate::runs::{write_csv, write_json};
use crate::training::device::guard;
use crate::training::metrics::{Scored, metrics};

/// Whether a unit's run is over, and how.
pub(super) enum State {
    Finished(Outcome),
    Failed,
    Pending,
}

/// For every feature whose single-task runs are all over, the best by validation error; and every finished multi-task run.
pub(super) fn chosen<'a>(units: &'a [Unit], states: &[State]) -> Vec<&'a Unit> {
    let mut best: BTreeMap<Feature, (f64, &Unit)> = BTreeMap::new();
    let mut waiting = Vec::new();
    let mut chosen = Vec::new();
    for (unit, state) in units.iter().zip(states) {
        match (state, unit.features.as_slice()) {
            (State::Pending, &[feature]) => waiting.push(feature),
            (State::Finished(outcome), &[feature]) => {
                if let Some(errors) = outcome.validation.get(&feature) {
                    let entry = best.entry(feature).or_insert((errors.mse, unit));
                    if errors.mse < entry.0 {
                        *entry = (errors.mse, unit);
                    }
                }
            }
            (State::Finished(_), _) => chosen.push(unit),
            _ => {}
        }
    }
    let best = best.into_iter().filter(|(feature, _)| !waiting.contains(feature));
    best.map(|(_, (_, unit))| unit).chain(chosen).collect()
}

/// Scores a chosen run on the test clips, unless that was done, and exports it.
pub(super) fn test(unit: &Unit, set: &Set, settings: &Settings) -> anyhow::Result<()> {
    let folder = run::folder(&settings.out, unit);
    let config = run::config(unit, set, settings);
    let Some(mut outcome) = run::finished(&folder, &config) else {
        anyhow::bail!("{unit}: it was finished, and is not any more");
    };
    let model = settings.out.join("models").join(unit.to_string());
    if !outcome.test.is_empty() && model.exists() {
        return Ok(());
    }
    let mut network = run::network(unit, set, settings)?;
    network.vars.load(folder.join(WEIGHTS))?;
    if outcome.test.is_empty() {
        let test = set.side(Split::Test, &unit.features);
        let training = set.side(Split::Training, &unit.features);
        let scored = guard(|| score::predict(&network, unit, set, &test, settings))
            .map_err(|fault| anyhow::anyhow!("{unit}: {fault}"))??;
        outcome.test = score::errors(unit, set, &training, &scored);
        add_rows(&folder, score::rows(unit, Split::Test, &scored))?;
        write_json(&folder.join("metrics.json"), &outcome)?;
    }
    export(unit, set, settings, &network, &outcome, &model)
}

/// Writes the chosen run as a model for the analyzer, measured on the test clips, and checks it in the engine.
fn export(
    unit: &Unit,
    set: &Set,
    settings: &Settings,
    network: &ThesisNetwork,
    outcome: &Outcome,
    folder: &Path,
) -> anyhow::Result<()> {
    let scored: Vec<Prediction> = predictions(&run::folder(&settings.out, unit))?;
    let prior = set.prior();
    let measured = PerFeature::from_fn(|feature| {
        let sd = outcome.validation.get(&feature)?.mse.sqrt();
        let of = scored
            .iter()
            .filter(|line| line.split == Split::Test && line.feature == feature);
        let of = of.map(|line| Scored {
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
        licence: "as the data allows",
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
    let partial = folder.with_extension("partial");
    write_thesis(network, &about, &partial)?;
    let backends = verify_thesis(network, &partial)?;
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot replace {}", folder.display()))?;
    }
    fs::rename(&partial, folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let worst: Vec<_> = backends
        .iter()
        .map(|(name, worst)| format!("{worst:.0e} on {name}"))
        .collect();
    tracing::info!(
        "{unit}: model in {}; the engine is off libtorch by {} of the range",
        folder.display(),
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
