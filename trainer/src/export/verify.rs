//! The exported model in the engine against the network it came from.

use std::path::Path;

use anyhow::{Context, ensure};
use echometer_engine::{Device, Feature, InputFormat, Model, ModelFiles, Scorer};
use tch::Tensor;

use crate::network::Network;

/// Largest difference allowed, as a share of a feature's range.
pub(super) const TOLERANCE: f32 = 1e-4;

/// Loads the exported folder and scores the same sound through the engine, sample by sample, and through libtorch, all at
/// once: the values must agree. Returns the largest difference as a share of the range.
pub(crate) fn verify(network: &Network, folder: &Path) -> anyhow::Result<f32> {
    let model = Model::load(&ModelFiles::read(folder)?, Device::Embedded)
        .context("the exported model does not load")?;
    let card = model.card();
    let rate = card.front_end.sample_rate;
    let sound = sound(rate, card.window_s);
    let mut scorer = Scorer::new(&model, InputFormat::new(rate, 1), 5.0)?;
    scorer.push(&sound, &mut Vec::new())?;
    let reading = scorer.finish()?.context("there was input")?;

    let mut frames = Vec::new();
    let mut front_end = echometer_engine::frontend::FrontEnd::new(&card.front_end, rate)?;
    front_end.push(&sound, &mut frames);
    front_end.finish(&mut frames);
    let frames = Tensor::from_slice(&frames).view([1, -1, card.front_end.mels as i64]);
    let prediction = tch::no_grad(|| network.forward(&frames.to_device(network.vars.device())));
    let mean: Vec<f32> = Vec::try_from(prediction.mean.view([-1]))?;
    let sd: Vec<f32> = Vec::try_from(prediction.sd.view([-1]))?;
    let mut worst = 0f32;
    for (i, feature) in card.features.iter().map(|feature| feature.name).enumerate() {
        if feature == Feature::Loudness {
            continue; // The engine measures it.
        }
        let (low, high) = feature.range();
        for (found, expected) in [(reading.values[feature], mean[i]), (reading.sd[feature], sd[i])] {
            let found = found.with_context(|| {
                format!("the model gives no number for {feature} of a made sound; it needs more training, or clips that differ more")
            })?;
            worst = worst.max((found - expected).abs() / (high - low));
        }
    }
    ensure!(
        worst <= TOLERANCE,
        "the exported model is off by {worst:e} of the range, more than {TOLERANCE:e}"
    );
    Ok(worst)
}

/// A sound with pitch, beat and noise: seconds of a chirping, pulsing tone, the same on every machine.
pub(super) fn sound(rate: u32, seconds: f64) -> Vec<f32> {
    let mut noise = 1u32;
    (0..(f64::from(rate) * seconds) as usize)
        .map(|i| {
            let t = i as f64 / f64::from(rate);
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = f64::from(noise >> 8) / f64::from(1u32 << 24) - 0.5;
            let pulse = (-8.0 * (2.0 * t).fract()).exp();
            let tone = (std::f64::consts::TAU * (110.0 + 20.0 * t) * t).sin();
            (0.3 * tone * pulse + 0.05 * hiss) as f32
        })
        .collect()
}
