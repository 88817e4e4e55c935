//! A training run of the rolling networks: epochs in random order, warm-up and cosine, checkpoints, Ctrl-C.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use tch::Tensor;
use tch::nn::VarStore;

use super::checkpoint::Checkpoint;
use super::device::{Fault, guard};
use super::optimiser::{Method, Optimiser};
use crate::report::progress_bar;

/// How a run goes over its clips.
#[derive(Debug, Clone)]
pub(crate) struct Course<'a> {
    /// What it is called in messages.
    pub(crate) name: &'a str,
    /// Where its checkpoint lies.
    pub(crate) folder: &'a Path,
    /// A fingerprint of everything the result depends on.
    pub(crate) key: String,
    /// Passes over the clips.
    pub(crate) epochs: u32,
    /// Clips in a batch.
    pub(crate) batch: usize,
    /// Largest learning rate.
    pub(crate) learning_rate: f64,
    /// AdamW's.
    pub(crate) weight_decay: f64,
    pub(crate) seed: u64,
}

/// Least time between two checkpoints.
const SAVED_EVERY: Duration = Duration::from_millis(500);
const LARGEST_GRADIENT: f64 = 5.0;
/// Share of the steps in which the learning rate rises.
const WARM_UP: f64 = 0.1;

/// Runs everything of a run that touches libtorch; its faults are errors that say what to do.
pub(crate) fn guarded<T: Send>(
    name: &str,
    batch: usize,
    run: impl FnOnce() -> anyhow::Result<T> + Send,
) -> anyhow::Result<T> {
    match guard(run) {
        Ok(ended) => ended,
        Err(Fault::Memory(reason)) if batch > 2 => bail!(
            "{name}: {reason}; batches of {batch} clips do not fit, try --batch {}",
            batch / 2
        ),
        Err(fault) => {
            bail!("{name}: {fault}. Finished epochs are kept, and the same command goes on from there")
        }
    }
}

impl Course<'_> {
    /// Trains those of `vars` that want gradients, or goes on from the checkpoint. `begin` sets what a fresh run begins with
    /// and is false where `stop` came first; `loss` is asked for the loss of a batch, some of `clips` by number.
    pub(crate) fn run(
        &self,
        vars: &VarStore,
        clips: usize,
        stop: &AtomicBool,
        begin: impl FnOnce() -> io::Result<bool>,
        mut loss: impl FnMut(&[usize], &mut StdRng) -> io::Result<Tensor>,
    ) -> anyhow::Result<()> {
        let name = self.name;
        let decay = Method::Adam {
            weight_decay: self.weight_decay,
        };
        let mut optimiser = Optimiser::new(decay, vars.variables());
        let checkpoint = Checkpoint::new(self.folder, self.key.clone())?;
        let first: u32 = match checkpoint.restore(vars, &mut optimiser) {
            Some(epochs) => epochs,
            None if begin()? => 0,
            None => bail!("stopped before {name} began; the same command goes on from there"),
        };
        let batches = clips.div_ceil(self.batch);
        let total = u64::from(self.epochs) * batches as u64;
        let bar = progress_bar(total, name).with_position(u64::from(first) * batches as u64);
        let mut saved = Instant::now();
        for epoch in first..self.epochs {
            // Each epoch has a seed of its own, so that a resumed run takes the same path as an uninterrupted one.
            let mut rng =
                StdRng::seed_from_u64(self.seed ^ (u64::from(epoch) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            tch::manual_seed(rng.random());
            let mut order: Vec<_> = (0..clips).collect();
            order.shuffle(&mut rng);
            let mut losses = 0.0;
            for (i, batch) in order.chunks(self.batch).enumerate() {
                if stop.load(Ordering::Relaxed) {
                    bar.abandon();
                    bail!(
                        "stopped in epoch {} of {name}; the same command goes on from there",
                        epoch + 1
                    );
                }
                let step = u64::from(epoch) * batches as u64 + i as u64;
                let rate = self.learning_rate * schedule(step as f64 / total as f64);
                let loss = loss(batch, &mut rng)?;
                optimiser.zero_grad();
                loss.backward();
                let clip = (LARGEST_GRADIENT / optimiser.gradient_norm()).min(1.0);
                optimiser.step(rate, clip);
                losses += loss.double_value(&[]);
                bar.inc(1);
            }
            let mean = losses / batches as f64;
            if !mean.is_finite() {
                bail!(
                    "{name} diverged in epoch {} (loss {mean}); try a lower --learning-rate",
                    epoch + 1
                );
            }
            bar.set_message(format!("loss {mean:.3}"));
            if (epoch + 1) % 10 == 0 || epoch + 1 == self.epochs {
                let line = format!("{name}: epoch {} of {}, loss {mean:.4}", epoch + 1, self.epochs);
                match bar.is_hidden() {
                    true => tracing::info!("{line}"), // Nobody sees the bar: in a file, lines take its place.
                    false => tracing::debug!("{line}"),
                }
            }
            if saved.elapsed() >= SAVED_EVERY || epoch + 1 == self.epochs {
                checkpoint.save(vars, &optimiser, &(epoch + 1))?;
                saved = Instant::now();
            }
        }
        bar.finish();
        Ok(())
    }
}

/// Rises linearly, then falls along a cosine; `x` runs from 0 to 1.
fn schedule(x: f64) -> f64 {
    if x < WARM_UP {
        (x / WARM_UP).max(0.01)
    } else {
        0.5 * (1.0 + (std::f64::consts::PI * (x - WARM_UP) / (1.0 - WARM_UP)).cos())
    }
}
