//! From a network of the thesis to a model folder: one ONNX graph over the whole window, and its card.

mod graph;
#[cfg(test)]
mod tests;
mod verify;

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use echometer_engine::Feature;
use echometer_engine::model::{Card, LoudnessSource};

use super::{About, card, finish};
use crate::network::thesis::ThesisNetwork;

pub(crate) use verify::verify_thesis;

/// Writes `head.onnx` and `card.json` to `folder`. The window's mel frames must be the network's input, and the features
/// its outputs, in their order.
///
/// At the full window the weights of LeNet-5 are 368 MB; writing them takes twice that in memory for a while, and the engine
/// reads files of up to 512 MiB.
pub(crate) fn write_thesis(
    network: &ThesisNetwork,
    about: &About<'_>,
    folder: &Path,
) -> anyhow::Result<Card> {
    let loudness = if about.features.contains(&Feature::Loudness) {
        LoudnessSource::Learned
    } else {
        LoudnessSource::Measured
    };
    let card = card(about, None, loudness);
    let (window, shape) = ((card.window_columns(), card.channels()), network.shape);
    ensure!(
        window == (shape.frames as usize, shape.mels as usize),
        "a window of {} s is {} frames × {} mels, but the network was made for {} × {}; export it with the window and the \
         front end it was trained with",
        card.window_s,
        window.0,
        window.1,
        shape.frames,
        shape.mels
    );
    let outputs = network.deviation.size()[0] as usize;
    ensure!(
        outputs == card.features.len(),
        "{} features are named, but the network has {outputs} outputs",
        card.features.len()
    );
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    finish(card, &graph::graph(network)?, folder)
}
