//! Every network of the thesis, exported, in the engine and before ONNX's own checker.

use std::path::Path;
use std::process::{Command, Stdio};

use clap::ValueEnum;
use echometer_engine::PerFeature;
use echometer_engine::frontend::{FrontEndConfig, Scale};
use echometer_engine::model::{FeatureMetrics, LoudnessSource, TrainingCard};
use tch::{Device, Kind, Tensor};

use super::super::verify::TOLERANCE;
use super::verify::{expected, noise};
use super::*;
use crate::network::thesis::{Architecture, InputShape, Part};

const FEATURES: [Feature; 3] = [Feature::Danceability, Feature::Valence, Feature::Loudness];

/// The thesis's front end, and one with other bands, another hop and a logarithm.
fn front_ends() -> [FrontEndConfig; 2] {
    let other = FrontEndConfig {
        mels: 136,
        hop: 160,
        scale: Scale::Log { gain: 10.0 },
        ..FrontEndConfig::thesis()
    };
    [FrontEndConfig::thesis(), other]
}

struct Model {
    network: ThesisNetwork,
    front_end: FrontEndConfig,
    window_s: f64,
}

impl Model {
    /// A network for one second, that has seen a few batches of nothing in particular.
    fn new(architecture: Architecture, front_end: FrontEndConfig, seed: i64) -> Self {
        tch::manual_seed(seed);
        let shape = InputShape {
            mels: front_end.mels as i64,
            frames: front_end.frames_in(44_100) as i64,
        };
        let prior = PerFeature::from_fn(|feature| if feature == Feature::Loudness { -12.0 } else { 0.5 });
        let network = ThesisNetwork::new(Device::Cpu, architecture, shape, &FEATURES, &prior).unwrap();
        // White noise of the verification has about this much in each band.
        let band = |value: f64| Tensor::full([shape.mels], value, (Kind::Float, Device::Cpu));
        match front_end.scale {
            Scale::Power => network.normalise_with(&band(10.0), &band(40.0)),
            Scale::Log { .. } => network.normalise_with(&band(3.0), &band(2.0)),
        }
        network.set_deviation(&[0.125, 0.25, 4.0]);
        tch::no_grad(|| {
            for _ in 0..3 {
                let frames = Tensor::rand([2, shape.frames, shape.mels], (Kind::Float, Device::Cpu)) * 60.0;
                let _ = network.forward(&frames, true);
            }
            // An untrained ResNet's outputs lie beyond their ranges, where the engine would cut them off.
            let last: Vec<_> = match network.parts.last().unwrap() {
                Part::Dense(dense) => vec![&dense.linear.ws],
                Part::Heads(heads) => heads
                    .iter()
                    .map(|stack| &stack.last().unwrap().linear.ws)
                    .collect(),
                _ => panic!("the last layer is dense"),
            };
            let residual = matches!(architecture, Architecture::ResNet34 | Architecture::ResNet34Heads);
            for weights in last {
                let _ = weights
                    .shallow_clone()
                    .g_mul_scalar_(if residual { 0.1 } else { 1.0 });
            }
        });
        Self {
            network,
            front_end,
            window_s: 1.0,
        }
    }

    fn write(&self, features: &[Feature], folder: &Path) -> anyhow::Result<Card> {
        let metrics = FeatureMetrics {
            clips: 7,
            mae: 0.25,
            mse: 0.5,
            r2: 0.75,
            baseline_mae: 1.0,
            baseline_mse: 2.0,
            band80: 0.8,
        };
        let about = About {
            name: "test",
            version: "1",
            licence: "none",
            front_end: &self.front_end,
            window_s: self.window_s,
            features,
            metrics: &PerFeature::from_fn(|_| Some(metrics)),
            training: TrainingCard {
                data: "none".into(),
                clips: 0,
                evaluation: "none".into(),
                seed: 1,
            },
        };
        write_thesis(&self.network, &about, folder)
    }
}

/// The model with its card, unless its values lie at the ends of a range, which would hide what lies beyond them, or hear
/// no difference between sounds.
fn telling(model: Model, folder: &Path) -> Option<(Model, Card)> {
    let card = model.write(&FEATURES, folder).unwrap();
    let values = |hundredths: usize| expected(&model.network, &card, &noise(hundredths * 441)).unwrap();
    let (loud, silent) = (values(100), values(10));
    let ranges = FEATURES.map(Feature::range);
    let inside = loud
        .iter()
        .zip(ranges)
        .all(|(value, (low, high))| (low..high).contains(value));
    let shares = loud.iter().zip(&silent).zip(ranges);
    let change = shares
        .map(|((a, b), (low, high))| (a - b).abs() / (high - low))
        .fold(0.0, f32::max);
    (inside && change > 20.0 * TOLERANCE).then_some((model, card))
}

/// Scores through every backend there is, and hands the graph to ONNX's checker.
fn holds(architecture: Architecture, front_end: FrontEndConfig) {
    let folder = tempfile::tempdir().unwrap();
    // Libtorch's random numbers are the whole process's, and other tests draw too: no seed is safe from unlucky weights.
    let drawn =
        (1..50).find_map(|seed| telling(Model::new(architecture, front_end.clone(), seed), folder.path()));
    let (model, card) = drawn.expect("weights that show a difference");
    assert!(card.trunk.is_none() && card.loudness == LoudnessSource::Learned);
    assert_eq!(card.features[1].metrics.unwrap().clips, 7);
    let found = verify_thesis(&model.network, folder.path()).unwrap();
    eprintln!(
        "{} on {} mels: {found:?}",
        architecture.name(),
        card.front_end.mels
    );
    assert_eq!(found[0].0, "embedded");
    let library = std::env::var_os("ORT_DYLIB_PATH").is_some_and(|path| !path.is_empty());
    assert!(!library || found.len() == 2, "{found:?}");
    check_with_onnx(&folder.path().join("head.onnx"));
}

#[test]
fn every_network_says_in_the_engine_what_it_says_in_training() {
    let [thesis, _] = front_ends();
    for &architecture in Architecture::value_variants() {
        holds(architecture, thesis.clone());
    }
}

#[test]
fn another_front_end_and_window_are_no_different() {
    let [_, other] = front_ends();
    for architecture in [Architecture::LeNet5, Architecture::Crnn, Architecture::MtlCnn] {
        holds(architecture, other.clone());
    }
}

#[test]
fn a_network_that_is_not_the_exported_one_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let [front_end, _] = front_ends();
    Model::new(Architecture::MtlCnn, front_end.clone(), 1)
        .write(&FEATURES, folder.path())
        .unwrap();
    let other = Model::new(Architecture::MtlCnn, front_end, 2);
    let error = format!("{:#}", verify_thesis(&other.network, folder.path()).unwrap_err());
    assert!(
        error.contains("embedded") && error.contains("of the range, more than"),
        "{error}"
    );
}

#[test]
fn a_card_that_does_not_fit_the_network_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let [front_end, _] = front_ends();
    let mut model = Model::new(Architecture::LeNet5, front_end, 1);
    let error = model
        .write(&FEATURES[..2], folder.path())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("2 features are named, but the network has 3 outputs"),
        "{error}"
    );
    model.window_s = 2.0;
    let error = model.write(&FEATURES, folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("442 frames × 128 mels") && error.contains("221 × 128"),
        "{error}"
    );
}

/// ONNX's checker with its shape inference, where python3 (or `ECHOMETER_PYTHON`) has the package `onnx`, or
/// `ECHOMETER_ONNX` names a folder that holds it.
fn check_with_onnx(file: &Path) {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let (folder, chosen) = (set("ECHOMETER_ONNX"), set("ECHOMETER_PYTHON"));
    let python = || {
        let mut command = Command::new(chosen.clone().unwrap_or_else(|| "python3".into()));
        command.envs(folder.iter().map(|folder| ("PYTHONPATH", folder)));
        command
    };
    let mut import = python();
    import.args(["-c", "import onnx"]).stderr(Stdio::null());
    if !import.status().is_ok_and(|status| status.success()) {
        assert!(
            folder.is_none() && chosen.is_none(),
            "ECHOMETER_ONNX or ECHOMETER_PYTHON is set, but there is no onnx: {import:?}"
        );
        eprintln!(
            "not checked with ONNX's own checker: python3 has no package onnx, and ECHOMETER_ONNX names none"
        );
        return;
    }
    let script = "import onnx, sys\n\
                  model = onnx.load(sys.argv[1])\n\
                  onnx.checker.check_model(model, full_check=True)\n\
                  onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)\n";
    let output = python().args(["-c", script]).arg(file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", file.display());
}
