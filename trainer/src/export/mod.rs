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

#[cfg(test)]
mod tests {
    use echometer_engine::model::columns_in;
    use tch::{Device, Kind, Tensor};

    use super::*;
    use crate::network::{Detector, Geometry};

    const FEATURES: [Feature; 3] = [Feature::Energy, Feature::Speechiness, Feature::Liveness];

    /// A detector that is sure, more or less, of everything, and draws feature number `feature`.
    fn detector(name: &str, pooled: i64, feature: i64) -> Detector {
        let one = Tensor::zeros([FEATURES.len() as i64], (Kind::Float, Device::Cpu));
        let _ = one.get(feature).fill_(1.0);
        Detector {
            name: name.into(),
            weight: Tensor::randn([pooled, 1], (Kind::Float, Device::Cpu)) * 0.01,
            bias: Tensor::from_slice(&[1.5f32]),
            threshold: 0.5,
            target: &one * 0.9,
            drawn: one,
        }
    }

    #[test]
    fn detectors_go_with_the_model() {
        let front_end = FrontEndConfig::live();
        let geometry = Geometry::standard(front_end.mels as i64);
        let window = columns_in(
            front_end.frames_in_s(5.0),
            geometry.receptive_field() as usize,
            geometry.stride() as usize,
        );
        let prior = PerFeature::from_fn(|_| 0.3);
        tch::manual_seed(1);
        let mels = front_end.mels as i64;
        let mut network = Network::new(Device::Cpu, mels, window as i64, &FEATURES, &prior);
        let pooled = 2 * geometry.channels() + 1;
        let views = Tensor::randn([2, pooled], (Kind::Float, Device::Cpu)) * 0.1;
        let before = network.head.read(&views).mean;
        network.head.detectors = vec![detector("speech", pooled, 1), detector("crowd", pooled, 2)];
        let moved = network.head.read(&views).mean - before;
        let moved: Vec<f32> = Vec::try_from(moved.view([-1])).unwrap();
        for [energy, speechiness, liveness] in moved.as_chunks().0 {
            assert!(
                *energy == 0.0 && *speechiness > 0.1 && *liveness > 0.1,
                "{moved:?}"
            );
        }
        let folder = tempfile::tempdir().unwrap();
        let about = About {
            name: "made",
            version: "1.0.0",
            licence: "MIT",
            front_end: &front_end,
            window_s: 5.0,
            features: &FEATURES,
            metrics: &PerFeature::default(),
            training: TrainingCard {
                data: "none".into(),
                clips: 0,
                evaluation: "none".into(),
                seed: 1,
            },
        };
        write(&network, &about, folder.path()).unwrap();
        verify(&network, folder.path()).unwrap();
    }
}
