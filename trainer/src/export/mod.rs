//! From a network to a model folder: two ONNX graphs and their card, checked by the engine that will run them.

mod builder;
mod head;
mod thesis;
mod trunk;
mod verify;

use std::fs;
use std::path::Path;

use anyhow::Context;
use echometer_engine::frontend::FrontEndConfig;
use echometer_engine::model::{
    CARD_FILE, Card, FeatureCard, FeatureMetrics, HeadCard, LoudnessSource, SCHEMA, TrainingCard, TrunkCard,
    sha256_hex,
};
use echometer_engine::{Feature, PerFeature};

use crate::network::Network;

pub(crate) use thesis::{verify_thesis, write_thesis};
pub(crate) use verify::verify;

/// Operator set of the exported graphs.
pub(crate) const OPSET: i64 = 17;

/// What a card says that the network does not know.
pub(crate) struct About<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) licence: &'a str,
    pub(crate) front_end: &'a FrontEndConfig,
    pub(crate) window_s: f64,
    pub(crate) features: &'a [Feature],
    pub(crate) metrics: &'a PerFeature<Option<FeatureMetrics>>,
    pub(crate) training: TrainingCard,
}

/// The card of a model whose files are not written yet: their hashes are empty.
fn card(about: &About<'_>, trunk: Option<TrunkCard>, loudness: LoudnessSource) -> Card {
    Card {
        schema: SCHEMA,
        name: about.name.into(),
        version: about.version.into(),
        licence: about.licence.into(),
        opset: OPSET,
        front_end: about.front_end.clone(),
        window_s: about.window_s,
        trunk,
        head: HeadCard {
            file: "head.onnx".into(),
            sha256: String::new(),
        },
        features: about
            .features
            .iter()
            .map(|&name| FeatureCard {
                name,
                range: name.range(),
                metrics: about.metrics[name],
            })
            .collect(),
        loudness,
        training: about.training.clone(),
    }
}

fn save(folder: &Path, file: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(file);
    fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes the head and the card, which now knows the head.
fn finish(mut card: Card, head: &[u8], folder: &Path) -> anyhow::Result<Card> {
    card.head.sha256 = sha256_hex(head);
    save(folder, &card.head.file, head)?;
    let mut json = serde_json::to_vec_pretty(&card)?;
    json.push(b'\n');
    save(folder, CARD_FILE, &json)?;
    Ok(card)
}

/// Writes `trunk.onnx`, `head.onnx` and `card.json` to `folder`.
pub(crate) fn write(network: &Network, about: &About<'_>, folder: &Path) -> anyhow::Result<Card> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let geometry = &network.trunk.geometry;
    let bytes = trunk::graph(&network.trunk)?;
    let trunk = TrunkCard {
        file: "trunk.onnx".into(),
        sha256: sha256_hex(&bytes),
        stride: geometry.stride() as usize,
        receptive_field: geometry.receptive_field() as usize,
        channels: geometry.channels() as usize,
        state: trunk::state_shapes(geometry),
    };
    save(folder, &trunk.file, &bytes)?;
    let card = card(about, Some(trunk), LoudnessSource::Measured);
    let head = head::graph(&network.head, geometry.channels(), card.window_columns())?;
    finish(card, &head, folder)
}
