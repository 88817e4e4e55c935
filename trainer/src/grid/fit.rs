//! Fitting a network to the training clips, with its curve, in steps that can be stopped and gone on from.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::Settings;
use super::place::{CURVE, METRICS, PREDICTIONS, WEIGHTS};
use super::plan::Unit;
use super::run::{Ended, network, stopped};
use super::score::{self, Recent, Scored};
use super::set::Set;
use crate::data::row::Split;
use crate::network::thesis::ThesisNetwork;
use crate::report::progress_bar;
use crate::runs::record::{Outcome, Point};
use crate::runs::{remove, write_csv, write_json};
use crate::training::checkpoint::Checkpoint;
use crate::training::loader::{Batch, batches};
use crate::training::optimiser::Optimiser;
use crate::training::precision::LossScale;

/// A point of the training curve is the error over this many samples (§5.2, figure 5.2) …
const TRAINING_POINT: u64 = 640;
/// … but a curve has at least so many points.
const LEAST_POINTS: u64 = 20;
/// A squared training error this many times that of being wrong by the whole range is divergence.
const DIVERGED: f64 = 1e6;
/// Longest time between checkpoints.
const SAVE_EVERY: Duration = Duration::from_secs(300);
/// Spreads consecutive numbers over all seeds.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// One run at work.
pub(super) struct Fit<'a> {
    pub(super) unit: &'a Unit,
    pub(super) set: &'a Set,
    pub(super) settings: &'a Settings,
    pub(super) folder: &'a Path,
    pub(super) checkpoint: Checkpoint,
    /// Samples seen so far, for whoever tells of a fault.
    pub(super) samples: &'a AtomicU64,
    pub(super) stop: &'a AtomicBool,
}

/// Where a run is in its work.
#[derive(Serialize, Deserialize)]
struct Position {
    step: usize,
    samples: u64,
    seconds: f64,
    curve: Vec<Point>,
    scale: LossScale,
    recent: Recent,
    /// The validation clips are to be scored before the next step.
    due: bool,
}

/// What a run is made of while it trains.
struct Machine {
    network: ThesisNetwork,
    optimiser: Optimiser,
    at: Position,
    since: Instant,
    saved: Instant,
    bar: ProgressBar,
}

impl Fit<'_> {
    /// Trains to the end, or until it is stopped or fails.
    pub(super) fn run(&self) -> anyhow::Result<Ended> {
        let training = self.set.side(Split::Training, &self.unit.features);
        let validation = self.set.side(Split::Validation, &self.unit.features);
        if training.len() < 2 || validation.is_empty() {
            return Ok(Ended::Failed(format!(
                "{} training and {} validation clips have a label, but at least 2 and 1 are needed",
                training.len(),
                validation.len()
            )));
        }
        let network = match network(self.unit, self.set, self.settings, self.settings.device) {
            Ok(network) => network,
            Err(error) => return Ok(Ended::Failed(error.to_string())),
        };
        let plan = self.plan(&training);
        let mut machine = self.machine(network, &plan)?;
        match self.steps(&mut machine, plan, &validation)? {
            ControlFlow::Break(ended) => {
                machine.bar.abandon();
                Ok(ended)
            }
            ControlFlow::Continue(scored) => {
                machine.bar.finish_and_clear();
                self.finish(&machine, &training, &scored)
            }
        }
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
            order.shuffle(&mut self.rng(epoch));
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

    fn rng(&self, number: u64) -> StdRng {
        StdRng::seed_from_u64(self.settings.seed ^ (number + 1).wrapping_mul(MIX))
    }

    /// The run's state: from its checkpoint, or fresh.
    fn machine(&self, network: ThesisNetwork, plan: &[Vec<usize>]) -> anyhow::Result<Machine> {
        let mut optimiser = Optimiser::new(self.unit.optimiser.method(), network.vars.variables());
        let at = match self.checkpoint.restore(&network.vars, &mut optimiser) {
            Some(at) => at,
            None => {
                remove(&self.folder.join(CURVE))?;
                Position {
                    step: 0,
                    samples: 0,
                    seconds: 0.0,
                    curve: Vec::new(),
                    scale: LossScale::new(self.settings.precision),
                    recent: Recent::new(self.unit.features.len()),
                    due: false,
                }
            }
        };
        let total: u64 = plan.iter().map(|batch| batch.len() as u64).sum();
        let bar = progress_bar(total, &self.unit.to_string()).with_position(at.samples);
        Ok(Machine {
            network,
            optimiser,
            at,
            since: Instant::now(),
            saved: Instant::now(),
            bar,
        })
    }

    /// Trains to the end of `plan` and gives what the network says of the validation clips then: the last step is always one
    /// that they are scored after. Breaks off where it was stopped or failed.
    fn steps(
        &self,
        machine: &mut Machine,
        mut plan: Vec<Vec<usize>>,
        validation: &[usize],
    ) -> anyhow::Result<ControlFlow<Ended, Vec<Vec<Scored>>>> {
        let steps = plan.len();
        let total: u64 = plan.iter().map(|batch| batch.len() as u64).sum();
        let point = TRAINING_POINT.min(total.div_ceil(LEAST_POINTS)).max(1);
        let validations = self.settings.validations.clamp(1, steps.max(1));
        plan.drain(..machine.at.step.min(steps));
        let shape = score::shape(self.unit, self.settings);
        std::thread::scope(|scope| {
            let mut ready = batches(scope, &self.set.clips, plan, shape, self.settings.loaders);
            machine.since = Instant::now();
            loop {
                if machine.at.due {
                    let Some(scored) = self.validate(machine, validation)? else {
                        return Ok(ControlFlow::Break(Ended::Stopped)); // Saved when it fell due.
                    };
                    if machine.at.step == steps {
                        return Ok(ControlFlow::Continue(scored));
                    }
                }
                if stopped(self.stop) {
                    self.save(machine)?;
                    return Ok(ControlFlow::Break(Ended::Stopped));
                }
                let batch = match ready.next() {
                    Some(Ok(batch)) => batch,
                    Some(Err(error)) => {
                        let reason = format!("a clip cannot be read: {error}");
                        return Ok(ControlFlow::Break(Ended::Failed(reason)));
                    }
                    None => {
                        let reason = "the batches ended early".into();
                        return Ok(ControlFlow::Break(Ended::Failed(reason)));
                    }
                };
                self.step(machine, &batch);
                if (machine.at.recent.samples() >= point || machine.at.step == steps)
                    && let Some(failed) = self.training_point(machine)?
                {
                    return Ok(ControlFlow::Break(failed));
                }
                let step = machine.at.step;
                machine.at.due = step * validations / steps > (step - 1) * validations / steps;
                if machine.at.due || machine.saved.elapsed() > SAVE_EVERY {
                    self.save(machine)?;
                }
            }
        })
    }

    /// One step down the sum over features of the mean squared error of the labels that there are.
    fn step(&self, machine: &mut Machine, batch: &Batch) {
        let (device, precision, at) = (self.settings.device, self.settings.precision, &mut machine.at);
        // A seed a step: a run that goes on takes the same path as one that was never stopped.
        tch::manual_seed(self.rng(at.step as u64).random());
        let [frames, labels, mask] = [&batch.frames, &batch.labels, &batch.mask].map(|t| t.to_device(device));
        let prediction = precision.run(|| machine.network.forward(&frames, true));
        let squared = (prediction - labels).square() * &mask;
        let sums = squared.sum_dim_intlist([0].as_slice(), false, Kind::Float);
        let counts = mask.sum_dim_intlist([0].as_slice(), false, Kind::Float);
        let loss = (&sums / counts.clamp_min(1.0)).sum(Kind::Float);
        at.scale
            .step(precision, &mut machine.optimiser, &loss, self.unit.learning_rate);
        at.recent.add(&sums.detach(), &counts, batch.clips.len() as u64);
        at.step += 1;
        at.samples += batch.clips.len() as u64;
        self.samples.store(at.samples, Ordering::Relaxed);
        machine.bar.set_position(at.samples);
    }

    /// Adds a point to the training curve; a failure where the error says that the run has diverged.
    fn training_point(&self, machine: &mut Machine) -> anyhow::Result<Option<Ended>> {
        let errors = machine.at.recent.take()?;
        let known = || errors.iter().flatten();
        let limits = self.unit.features.iter().map(|feature| {
            let (low, high) = feature.range();
            DIVERGED * f64::from(high - low).powi(2)
        });
        let wild = |(mse, limit): (&Option<f64>, f64)| mse.is_some_and(|mse| !mse.is_finite() || mse > limit);
        if errors.iter().zip(limits).any(wild) {
            write_csv(&self.folder.join(CURVE), &machine.at.curve)?;
            let errors: Vec<_> = known().map(|mse| format!("{mse:.3e}")).collect();
            return Ok(Some(Ended::Failed(format!(
                "diverged: training MSE {}",
                errors.join(", ")
            ))));
        }
        machine
            .bar
            .set_message(format!("MSE {:.4}", known().sum::<f64>()));
        self.add(&mut machine.at, Split::Training, &errors);
        Ok(None)
    }

    /// Scores the validation clips and adds a point to their curve; `None` where it was stopped meanwhile.
    fn validate(
        &self,
        machine: &mut Machine,
        validation: &[usize],
    ) -> anyhow::Result<Option<Vec<Vec<Scored>>>> {
        machine.at.seconds += machine.since.elapsed().as_secs_f64();
        let network = &machine.network;
        let scored = score::predict(network, self.unit, self.set, validation, self.settings, self.stop)?;
        machine.since = Instant::now();
        let Some(scored) = scored else { return Ok(None) };
        let errors: Vec<_> = scored.iter().map(|clips| score::mse(clips)).collect();
        self.add(&mut machine.at, Split::Validation, &errors);
        machine.at.due = false;
        write_csv(&self.folder.join(CURVE), &machine.at.curve)?;
        Ok(Some(scored))
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

    fn save(&self, machine: &mut Machine) -> anyhow::Result<()> {
        machine.at.seconds += machine.since.elapsed().as_secs_f64();
        machine.since = Instant::now();
        machine.at.recent.fetch()?;
        self.checkpoint
            .save(&machine.network.vars, &machine.optimiser, &machine.at)?;
        write_csv(&self.folder.join(CURVE), &machine.at.curve)?;
        machine.saved = Instant::now();
        Ok(())
    }

    /// Sets the uncertainty by the validation clips, as they were scored last, and writes everything.
    fn finish(&self, machine: &Machine, training: &[usize], scored: &[Vec<Scored>]) -> anyhow::Result<Ended> {
        let errors: Vec<_> = scored
            .iter()
            .map(|clips| score::mse(clips).unwrap_or(0.0))
            .collect();
        if errors.iter().any(|mse| !mse.is_finite()) {
            return Ok(Ended::Failed(format!("diverged: validation MSE {errors:?}")));
        }
        let network = &machine.network;
        network.set_deviation(&errors.iter().map(|mse| mse.sqrt() as f32).collect::<Vec<_>>());
        let outcome = Outcome {
            samples: machine.at.samples,
            seconds: machine.at.seconds,
            parameters: network.parameters(),
            validation: score::errors(self.unit, self.set, training, scored),
            test: Default::default(),
        };
        let partial = self.folder.join("weights.partial");
        let mut weights: Vec<_> = network.vars.variables().into_iter().collect();
        weights.sort_by(|a, b| a.0.cmp(&b.0)); // A fixed order: the same run gives the same file.
        Tensor::save_multi(&weights, &partial)?;
        fs::rename(&partial, self.folder.join(WEIGHTS))?;
        write_csv(&self.folder.join(CURVE), &machine.at.curve)?;
        let rows = score::rows(self.unit, Split::Validation, scored);
        write_csv(&self.folder.join(PREDICTIONS), &rows)?;
        write_json(&self.folder.join(METRICS), &outcome)?; // The last file: with it the run is finished.
        self.checkpoint.remove()?;
        Ok(Ended::Finished(outcome))
    }
}
