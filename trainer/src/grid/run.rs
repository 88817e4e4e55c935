//! One run of the grid: a network fitted to the training clips, with its curve.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use echometer_engine::model::sha256_hex;
use indicatif::ProgressBar;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use tch::{Kind, Tensor};

use super::Settings;
use super::plan::Unit;
use super::score::{self, SampleError};
use super::set::Set;
use crate::data::row::Split;
use crate::network::thesis::{InputShape, ThesisNetwork};
use crate::report::progress_bar;
use crate::runs::record::{Config, Failure, Outcome, Point};
use crate::runs::{remove, write_csv, write_json};
use crate::training::checkpoint::Checkpoint;
use crate::training::device::{self, Fault, guard};
use crate::training::loader::{Batch, batches};
use crate::training::optimiser::Optimiser;
use crate::training::precision::LossScale;

/// Version of everything here and in the networks that changes what a run comes to; raised with any such change.
const RECIPE: u32 = 1;
/// A point of the training curve is the error over this many samples (§5.2, figure 5.2) …
const TRAINING_POINT: u64 = 640;
/// … but a curve has at least so many points.
const LEAST_POINTS: u64 = 20;
/// A training error this many times the labels' variance is divergence.
const DIVERGED: f64 = 1e6;

/// How a run ended.
pub(super) enum Ended {
    /// Now, or in an earlier call.
    Finished(Outcome),
    /// It diverged or could not be computed; told in `failure.json`, and tried again by the next call.
    Failed(Failure),
    /// It was asked to stop, and saved.
    Stopped,
}

/// Where a run is in its work.
#[derive(serde::Serialize, serde::Deserialize)]
struct Position {
    step: usize,
    samples: u64,
    seconds: f64,
    curve: Vec<Point>,
    scale: LossScale,
}

/// A run's place on disk.
pub(super) fn folder(out: &Path, unit: &Unit) -> PathBuf {
    out.join("runs").join(unit.to_string())
}

/// Everything that decides what the run comes to.
pub(super) fn config(unit: &Unit, set: &Set, settings: &Settings) -> Config {
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
        key: String::new(),
    };
    // Where and by which build it was computed is told, but a run need not be repeated for it.
    let decisive = Config {
        device: String::new(),
        version: String::new(),
        revision: None,
        ..config.clone()
    };
    let text = format!(
        "{RECIPE} {decisive:?} {:?} {}",
        settings.samples,
        set.fingerprint()
    );
    config.key = sha256_hex(text.as_bytes());
    config
}

/// The outcome of a run that is finished under the same configuration.
pub(super) fn finished(folder: &Path, config: &Config) -> Option<Outcome> {
    let read = |file: &str| fs::read(folder.join(file)).ok();
    let known: Config = serde_json::from_slice(&read("config.json")?).ok()?;
    (known.key == config.key).then_some(())?;
    serde_json::from_slice(&read("metrics.json")?).ok()
}

/// Runs the unit, goes on with it, or finds it finished.
pub(super) fn run(unit: &Unit, set: &Set, settings: &Settings, stop: &AtomicBool) -> anyhow::Result<Ended> {
    let folder = folder(&settings.out, unit);
    let config = config(unit, set, settings);
    if let Some(outcome) = finished(&folder, &config) {
        return Ok(Ended::Finished(outcome));
    }
    fs::create_dir_all(&folder)
        .map_err(|error| anyhow::anyhow!("cannot make {}: {error}", folder.display()))?;
    for file in ["metrics.json", PREDICTIONS, "failure.json"] {
        remove(&folder.join(file))?;
    }
    write_json(&folder.join("config.json"), &config)?;
    let checkpoint = Checkpoint::new(&folder, config.key.clone())?;
    let fit = Fit {
        unit,
        set,
        settings,
        checkpoint,
    };
    let reason = match guard(|| fit.run(&folder, stop)) {
        Ok(Ok(Ended::Failed(failure))) => {
            write_json(&folder.join("failure.json"), &failure)?;
            return Ok(Ended::Failed(failure));
        }
        Ok(ended) => return ended,
        Err(Fault::Lost(reason)) => anyhow::bail!(
            "{unit}: the device failed: {reason}. Finished runs are kept; once the device is back, the same command goes on"
        ),
        Err(Fault::Memory(reason)) => format!(
            "{reason}; batches of {} clips do not fit, try --batch {}",
            settings.batch,
            (settings.batch / 2).max(1)
        ),
        Err(Fault::Other(reason)) => reason,
    };
    let failure = Failure { samples: 0, reason };
    write_json(&folder.join("failure.json"), &failure)?;
    Ok(Ended::Failed(failure))
}

/// A fresh network for the unit.
pub(super) fn network(unit: &Unit, set: &Set, settings: &Settings) -> anyhow::Result<ThesisNetwork> {
    let shape = InputShape {
        mels: settings.profile.front_end().mels as i64,
        frames: settings.profile.frames() as i64,
    };
    tch::manual_seed(settings.seed as i64); // One seed a run makes its initial weights repeatable.
    let network = ThesisNetwork::new(
        settings.device,
        unit.architecture,
        shape,
        &unit.features,
        &set.prior(),
    )?;
    network.normalise_with(&set.bands.0, &set.bands.1);
    Ok(network)
}

struct Fit<'a> {
    unit: &'a Unit,
    set: &'a Set,
    settings: &'a Settings,
    checkpoint: Checkpoint,
}

impl Fit<'_> {
    fn run(&self, folder: &Path, stop: &AtomicBool) -> anyhow::Result<Ended> {
        let network = match network(self.unit, self.set, self.settings) {
            Ok(network) => network,
            Err(error) => return Ok(failed(0, error.to_string())),
        };
        let mut optimiser = Optimiser::new(self.unit.optimiser.method(), network.vars.variables());
        let mut at = self
            .checkpoint
            .restore(&network.vars, &mut optimiser)
            .unwrap_or_else(|| Position {
                step: 0,
                samples: 0,
                seconds: 0.0,
                curve: Vec::new(),
                scale: LossScale::new(self.settings.precision),
            });
        let training = self.set.side(Split::Training, &self.unit.features);
        let validation = self.set.side(Split::Validation, &self.unit.features);
        if training.len() < 2 || validation.is_empty() {
            return Ok(failed(
                0,
                format!(
                    "{} training and {} validation clips have a label, but at least 2 and 1 are needed",
                    training.len(),
                    validation.len()
                ),
            ));
        }
        let plan = self.plan(&training);
        let total: u64 = plan.iter().map(|batch| batch.len() as u64).sum();
        let bar = progress_bar(total, &self.unit.to_string()).with_position(at.samples);
        if let Some(ended) = self.steps(&network, &mut optimiser, &mut at, plan, &validation, &bar, stop)? {
            return Ok(ended);
        }
        bar.finish_and_clear();
        let outcome = self.finish(folder, &network, &at, &training, &validation)?;
        Ok(Ended::Finished(outcome))
    }

    /// The clips of every batch: each epoch in an order of its own, the same for every run of the grid.
    fn plan(&self, training: &[usize]) -> Vec<Vec<usize>> {
        let mut plan = Vec::new();
        let mut left = self
            .settings
            .samples
            .map_or(usize::MAX, |samples| samples as usize);
        for epoch in 0..u64::from(self.settings.epochs) {
            let mut order = training.to_vec();
            let mut rng = StdRng::seed_from_u64(self.settings.seed ^ (epoch + 1).wrapping_mul(MIX));
            order.shuffle(&mut rng);
            order.truncate(left);
            left -= order.len();
            // Batch normalisation needs two clips; a last one alone joins the batch before it.
            let mut batches: Vec<_> = order.chunks(self.settings.batch).map(<[usize]>::to_vec).collect();
            if let [.., before, last] = batches.as_mut_slice()
                && last.len() == 1
            {
                before.append(last);
                batches.pop();
            }
            plan.extend(batches);
        }
        plan
    }

    /// Trains to the end of `plan`. Returns early where it stopped or failed.
    #[allow(clippy::too_many_arguments)] // What a training loop goes through, once.
    fn steps(
        &self,
        network: &ThesisNetwork,
        optimiser: &mut Optimiser,
        at: &mut Position,
        mut plan: Vec<Vec<usize>>,
        validation: &[usize],
        bar: &ProgressBar,
        stop: &AtomicBool,
    ) -> anyhow::Result<Option<Ended>> {
        let shape = score::shape(self.unit, self.settings);
        let steps = plan.len();
        let total: u64 = plan.iter().map(|batch| batch.len() as u64).sum();
        let point = TRAINING_POINT.min(total.div_ceil(LEAST_POINTS)).max(1);
        let diverged: Vec<f64> = self.limits();
        let validations = self.settings.validations.clamp(1, steps.max(1));
        plan.drain(..at.step.min(steps));
        let mut recent = SampleError::new(self.unit.features.len(), self.settings.device);
        std::thread::scope(|scope| {
            let mut ready = batches(scope, &self.set.clips, plan, shape, self.settings.loaders);
            let mut since = Instant::now();
            while at.step < steps {
                if stop.load(Ordering::Relaxed) {
                    at.seconds += since.elapsed().as_secs_f64();
                    self.checkpoint.save(&network.vars, optimiser, at)?;
                    bar.abandon();
                    return Ok(Some(Ended::Stopped));
                }
                let Some(batch) = ready.next() else { break };
                let batch = batch?;
                // A seed a step: a run that goes on takes the same path as one that was never stopped.
                tch::manual_seed(
                    StdRng::seed_from_u64(self.settings.seed ^ (at.step as u64 + 1).wrapping_mul(MIX))
                        .random(),
                );
                self.step(network, optimiser, &mut at.scale, &batch, &mut recent);
                at.step += 1;
                at.samples += batch.clips.len() as u64;
                bar.inc(batch.clips.len() as u64);
                if recent.samples() >= point || at.step == steps {
                    let errors = recent.take()?;
                    let known = || errors.iter().flatten();
                    if known()
                        .zip(&diverged)
                        .any(|(mse, limit)| !mse.is_finite() || mse > limit)
                    {
                        bar.abandon();
                        let errors: Vec<_> = known().map(|mse| format!("{mse:.3e}")).collect();
                        let reason = format!("diverged: training MSE {}", errors.join(", "));
                        return Ok(Some(failed(at.samples, reason)));
                    }
                    bar.set_message(format!("MSE {:.4}", known().sum::<f64>()));
                    self.add(at, Split::Training, &errors);
                }
                if at.step * validations / steps > (at.step - 1) * validations / steps {
                    at.seconds += since.elapsed().as_secs_f64();
                    let scored = score::predict(network, self.unit, self.set, validation, self.settings)?;
                    let errors: Vec<_> = scored.iter().map(|clips| score::mse(clips)).collect();
                    self.add(at, Split::Validation, &errors);
                    self.checkpoint.save(&network.vars, optimiser, at)?;
                    since = Instant::now();
                }
            }
            at.seconds += since.elapsed().as_secs_f64();
            Ok(None)
        })
    }

    /// One step down the sum over features of the mean squared error of the labels that there are.
    fn step(
        &self,
        network: &ThesisNetwork,
        optimiser: &mut Optimiser,
        scale: &mut LossScale,
        batch: &Batch,
        recent: &mut SampleError,
    ) {
        let device = self.settings.device;
        let [frames, labels, mask] = [&batch.frames, &batch.labels, &batch.mask].map(|t| t.to_device(device));
        let prediction = self.settings.precision.run(|| network.forward(&frames, true));
        let squared = (prediction - labels).square() * &mask;
        let sums = squared.sum_dim_intlist([0].as_slice(), false, Kind::Float);
        let counts = mask.sum_dim_intlist([0].as_slice(), false, Kind::Float);
        let loss = (&sums / counts.clamp_min(1.0)).sum(Kind::Float);
        scale.step(self.settings.precision, optimiser, &loss, self.unit.learning_rate);
        recent.add(&sums.detach(), &counts, batch.clips.len() as u64);
    }

    fn add(&self, at: &mut Position, split: Split, errors: &[Option<f64>]) {
        let samples = at.samples;
        let point = |(&feature, &mse): (_, &Option<f64>)| {
            Some(Point {
                samples,
                split,
                feature,
                mse: mse?,
            })
        };
        at.curve
            .extend(self.unit.features.iter().zip(errors).filter_map(point));
    }

    fn limits(&self) -> Vec<f64> {
        let span = |range: (f32, f32)| f64::from(range.1 - range.0);
        self.unit
            .features
            .iter()
            .map(|feature| DIVERGED * span(feature.range()).powi(2))
            .collect()
    }

    /// Scores the validation clips a last time, sets the uncertainty by them, and writes everything.
    fn finish(
        &self,
        folder: &Path,
        network: &ThesisNetwork,
        at: &Position,
        training: &[usize],
        validation: &[usize],
    ) -> anyhow::Result<Outcome> {
        let scored = score::predict(network, self.unit, self.set, validation, self.settings)?;
        let deviations: Vec<_> = scored
            .iter()
            .map(|clips| score::mse(clips).unwrap_or(0.0).sqrt() as f32)
            .collect();
        network.set_deviation(&deviations);
        let outcome = Outcome {
            samples: at.samples,
            seconds: at.seconds,
            parameters: network.parameters(),
            validation: score::errors(self.unit, self.set, training, &scored),
            test: Default::default(),
        };
        let partial = folder.join("weights.partial");
        let mut weights: Vec<_> = network.vars.variables().into_iter().collect();
        weights.sort_by(|a, b| a.0.cmp(&b.0)); // A fixed order: the same run gives the same file.
        Tensor::save_multi(&weights, &partial)?;
        fs::rename(&partial, folder.join(WEIGHTS))?;
        write_csv(&folder.join("curve.csv"), &at.curve)?;
        write_csv(
            &folder.join(PREDICTIONS),
            &score::rows(self.unit, Split::Validation, &scored),
        )?;
        write_json(&folder.join("metrics.json"), &outcome)?; // The last file: with it the run is finished.
        self.checkpoint.remove()?;
        Ok(outcome)
    }
}

/// A run's weights, and what it said of clips.
pub(super) const WEIGHTS: &str = "weights.ot";
pub(super) const PREDICTIONS: &str = "predictions.csv";
/// Spreads consecutive numbers over all seeds.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

fn failed(samples: u64, reason: String) -> Ended {
    Ended::Failed(Failure { samples, reason })
}
