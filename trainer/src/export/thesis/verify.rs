//! The exported network in the engine against the one it came from.

use std::path::Path;

use anyhow::{Context, ensure};
use echometer_engine::frontend::FrontEnd;
use echometer_engine::model::Card;
use echometer_engine::{BackendError, Device, InputFormat, Model, ModelError, ModelFiles, Scorer};
use tch::Tensor;

use super::super::verify::{TOLERANCE, sound};
use crate::network::thesis::ThesisNetwork;

/// Loads the exported folder on the embedded backend, and on ONNX Runtime where there is one, and scores sounds through it
/// and through libtorch: the values must agree. Returns the name of each backend with the largest difference on it, as a
/// share of a feature's range.
pub(crate) fn verify_thesis(network: &ThesisNetwork, folder: &Path) -> anyhow::Result<Vec<(String, f32)>> {
    let files = ModelFiles::read(folder)?;
    let mut found = Vec::new();
    for device in [Device::Embedded, Device::Cpu] {
        let model = match Model::load(&files, device) {
            Err(ModelError::Backend(BackendError::NoRuntime { .. })) => continue,
            model => model.with_context(|| format!("the exported model does not load on {device}"))?,
        };
        let name = model.runtime().name();
        let worst = compare(network, &model).with_context(|| format!("the exported model on {name}"))?;
        found.push((name, worst));
    }
    Ok(found)
}

fn compare(network: &ThesisNetwork, model: &Model) -> anyhow::Result<f32> {
    let card = model.card();
    let rate = card.front_end.sample_rate;
    let whole = sound(rate, card.window_s);
    // A little less than the window counts as one; what is missing is silence before it.
    let hop = card.front_end.hop;
    let spare = card.window_columns() - card.least_columns();
    let shorter = &whole[spare.min(20) * hop..];
    let mut worst = 0f32;
    for sound in [&whole, shorter, &noise(whole.len())] {
        worst = worst.max(difference(network, model, sound)?);
    }
    ensure!(
        worst <= TOLERANCE,
        "it is off by {worst:e} of the range, more than {TOLERANCE:e}"
    );
    Ok(worst)
}

/// Largest difference between the engine's reading of `sound` and the network's, as a share of the range.
fn difference(network: &ThesisNetwork, model: &Model, sound: &[f32]) -> anyhow::Result<f32> {
    let card = model.card();
    let rate = card.front_end.sample_rate;
    // No reading but the last.
    let mut scorer = Scorer::new(model, InputFormat::new(rate, 1), 1e-3)?;
    scorer.push(sound, &mut Vec::new())?;
    let reading = scorer.finish()?.context("there was input")?;

    let mean = expected(network, card, sound)?;
    let sd: Vec<f32> = Vec::try_from(&network.deviation)?;
    let mut worst = 0f32;
    for (i, feature) in card.features.iter().map(|feature| feature.name).enumerate() {
        let (low, high) = feature.range();
        let expected = [feature.clamp(mean[i]), sd[i]];
        for (found, expected) in [reading.values[feature], reading.sd[feature]]
            .into_iter()
            .zip(expected)
        {
            let found = found.with_context(|| format!("the engine gave no {feature}: {reading:?}"))?;
            worst = worst.max((found - expected).abs() / (high - low));
        }
    }
    Ok(worst)
}

/// What the network itself says of `sound`, no longer than a window.
pub(super) fn expected(network: &ThesisNetwork, card: &Card, sound: &[f32]) -> anyhow::Result<Vec<f32>> {
    let mut frames = Vec::new();
    let mut front_end = FrontEnd::new(&card.front_end, card.front_end.sample_rate)?;
    front_end.push(sound, &mut frames);
    front_end.finish(&mut frames);
    let frames = Tensor::from_slice(&frames).view([1, -1, card.front_end.mels as i64]);
    let missing = network.shape.frames - frames.size()[1];
    let frames = frames.constant_pad_nd([0, 0, missing, 0]);
    let mean = tch::no_grad(|| network.forward(&frames.to_device(network.vars.device()), false));
    Ok(Vec::try_from(mean.view([-1]))?)
}

/// White noise: frames without any structure.
pub(super) fn noise(samples: usize) -> Vec<f32> {
    let mut state = 1u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        0.8 * ((state >> 8) as f32 / (1u32 << 24) as f32 - 0.5)
    };
    std::iter::repeat_with(next).take(samples).collect()
}
