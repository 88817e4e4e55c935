//! One run: a network fitted to some clips.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::bail;
use echometer_engine::{Feature, PerFeature};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use tch::{Device, Kind, Tensor};

use super::augment::augment;
use crate::data::clips::Clip;
use crate::network::{Geometry, Network};
use crate::report::progress_bar;
use crate::training::bands::Bands;
use crate::training::checkpoint::Checkpoint;
use crate::training::device::{Fault, guard};
use crate::training::metrics;
use crate::training::optimiser::{Method, Optimiser};

/// What a run depends on besides its clips.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) features: Vec<Feature>,
    pub(crate) mels: i64,
    /// Columns of a full window.
    pub(crate) window: i64,
    pub(crate) epochs: u32,
    pub(crate) batch: usize,
    pub(crate) learning_rate: f64,
    pub(crate) seed: u64,
    pub(crate) device: Device,
}

/// Shortest and longest random crop in frames (2.5 and 15 s at 80 frames a second). Their windows are masked like those
/// of a meter that has just begun, which teaches the standard deviations what an incomplete window is worth.
const CROP: std::ops::RangeInclusive<i64> = 200..=1200;
/// Share of batches that take clips whole, so that a full window is known too.
const WHOLE: f64 = 0.25;
/// Version of everything in this folder and the network that changes what a run comes to; raised with any such change.
const RECIPE: u32 = 4;
const WEIGHT_DECAY: f64 = 0.05;
const LARGEST_GRADIENT: f64 = 5.0;
/// Share of the steps in which the learning rate rises.
const WARM_UP: f64 = 0.1;

/// Fits a network to `clips`, or goes on from the checkpoint in `folder`.
pub(crate) fn fit(
    clips: &[&Clip],
    settings: &Settings,
    folder: &Path,
    name: &str,
    stop: &AtomicBool,
) -> anyhow::Result<Network> {
    match guard(|| fit_guarded(clips, settings, folder, name, stop)) {
        Ok(ended) => ended,
        Err(Fault::Memory(reason)) if settings.batch > 2 => bail!(
            "{name}: {reason}; batches of {} clips do not fit, try --batch {}",
            settings.batch,
            settings.batch / 2
        ),
        Err(fault) => {
            bail!("{name}: {fault}. Finished epochs are kept, and the same command goes on from there")
        }
    }
}

fn fit_guarded(
    clips: &[&Clip],
    settings: &Settings,
    folder: &Path,
    name: &str,
    stop: &AtomicBool,
) -> anyhow::Result<Network> {
    // One seed a run makes its initial weights repeatable.
    tch::manual_seed(settings.seed as i64);
    let prior = prior(clips);
    let mut network = Network::new(
        settings.device,
        settings.mels,
        settings.window,
        &settings.features,
        &prior,
    );
    let decay = Method::Adam {
        weight_decay: WEIGHT_DECAY,
    };
    let mut optimiser = Optimiser::new(decay, network.vars.variables());
    let weights = loss_weights(clips, settings);
    let checkpoint = Checkpoint::new(folder, key(clips, settings))?;
    let first: u32 = match checkpoint.restore(&network.vars, &mut optimiser) {
        Some(epochs) => epochs,
        None => {
            let Some(bands) = Bands::of(clips, settings.mels as usize, stop)? else {
                bail!("stopped before {name} began; the same command goes on from there");
            };
            network.trunk.normalise_with(&bands);
            0
        }
    };
    let batches = clips.len().div_ceil(settings.batch);
    let total = u64::from(settings.epochs) * batches as u64;
    let bar = progress_bar(total, name).with_position(u64::from(first) * batches as u64);
    for epoch in first..settings.epochs {
        // Each epoch has a seed of its own, so that a resumed run takes the same path as an uninterrupted one.
        let mut rng =
            StdRng::seed_from_u64(settings.seed ^ (u64::from(epoch) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        tch::manual_seed(rng.random());
        let mut order: Vec<_> = clips.to_vec();
        order.shuffle(&mut rng);
        let mut losses = 0.0;
        for (i, batch) in order.chunks(settings.batch).enumerate() {
            if stop.load(Ordering::Relaxed) {
                bar.abandon();
                bail!(
                    "stopped in epoch {} of {name}; the same command goes on from there",
                    epoch + 1
                );
            }
            let step = u64::from(epoch) * batches as u64 + i as u64;
            let rate = settings.learning_rate * schedule(step as f64 / total as f64);
            let loss = loss(&network, batch, &weights, settings, &mut rng)?;
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
        if (epoch + 1) % 10 == 0 || epoch + 1 == settings.epochs {
            tracing::debug!(
                "{name}: epoch {} of {}, loss {mean:.3}",
                epoch + 1,
                settings.epochs
            );
        }
        checkpoint.save(&network.vars, &optimiser, &(epoch + 1))?;
    }
    bar.finish();
    Ok(network)
}

/// Rises linearly, then falls along a cosine; `x` runs from 0 to 1.
fn schedule(x: f64) -> f64 {
    if x < WARM_UP {
        (x / WARM_UP).max(0.01)
    } else {
        0.5 * (1.0 + (std::f64::consts::PI * (x - WARM_UP) / (1.0 - WARM_UP)).cos())
    }
}

/// Masked loss of one batch: squared error of the means in units of each label's variance, and the Gaussian likelihood
/// that fits the standard deviations to errors which do not feel it.
fn loss(
    network: &Network,
    batch: &[&Clip],
    weights: &Tensor,
    settings: &Settings,
    rng: &mut StdRng,
) -> std::io::Result<Tensor> {
    let shortest = batch.iter().map(|clip| clip.len()).min().unwrap_or(1);
    let length = if rng.random_bool(WHOLE) {
        shortest
    } else {
        rng.random_range(CROP).min(shortest)
    };
    let crops = batch
        .iter()
        .map(|clip| clip.tensor(rng.random_range(0..=clip.len() - length), length))
        .collect::<Result<Vec<_>, _>>()?;
    let frames = augment(&Tensor::stack(&crops, 0).to_device(settings.device), rng);
    let labels = |value: &dyn Fn(Option<f32>) -> f32| {
        let values = batch
            .iter()
            .flat_map(|clip| settings.features.iter().map(|&f| value(clip.labels[f])));
        Tensor::from_slice(&values.collect::<Vec<_>>())
            .view([batch.len() as i64, -1])
            .to_device(settings.device)
    };
    let target = labels(&|label| label.unwrap_or(0.0));
    let mask = labels(&|label| if label.is_some() { 1.0 } else { 0.0 });
    let prediction = network.forward(&frames, true);
    let squared = (&prediction.mean - &target).square();
    let variance = prediction.sd.square();
    let likelihood = (variance.log() + squared.detach() / variance) * 0.5;
    let each = (squared * weights + likelihood * 0.1) * &mask;
    Ok(each.sum(Kind::Float) / mask.sum(Kind::Float).clamp_min(1.0))
}

/// One over each label's variance, so that no feature outweighs another.
fn loss_weights(clips: &[&Clip], settings: &Settings) -> Tensor {
    let weights = settings.features.iter().map(|&feature| {
        let labels: Vec<_> = clips
            .iter()
            .filter_map(|clip| clip.labels[feature])
            .map(f64::from)
            .collect();
        let (_, variance) = metrics::mean_and_variance(&labels);
        (1.0 / variance.max(1e-6)) as f32
    });
    Tensor::from_slice(&weights.collect::<Vec<_>>()).to_device(settings.device)
}

/// The mean of each label; the middle of the range where there is none.
fn prior(clips: &[&Clip]) -> PerFeature<f32> {
    PerFeature::from_fn(|feature| {
        let labels: Vec<_> = clips
            .iter()
            .filter_map(|clip| clip.labels[feature])
            .map(f64::from)
            .collect();
        let (low, high) = feature.range();
        if labels.is_empty() {
            0.5 * (low + high)
        } else {
            metrics::mean_and_variance(&labels).0 as f32
        }
    })
}

/// A fingerprint of everything the result depends on.
fn key(clips: &[&Clip], settings: &Settings) -> String {
    let clips: Vec<_> = clips.iter().map(|clip| (clip.hash, clip.labels)).collect();
    echometer_engine::model::sha256_hex(
        format!(
            "{RECIPE} {settings:?} {:?} {clips:?}",
            Geometry::standard(settings.mels)
        )
        .as_bytes(),
    )
}
