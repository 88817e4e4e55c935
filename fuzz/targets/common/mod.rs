#![allow(dead_code, reason = "every target uses its own part")]
//! Panics that are caught, files, and a small model around a head of the fuzzer's making: its card says what is true of the head's bytes.

use echometer_engine::model::sha256_hex;
use echometer_engine::{Device, Model, ModelError, ModelFiles};

/// 77 mel frames of 8 bands to one feature.
const CARD: &str = r#"{
    "schema": 1, "name": "fuzz", "version": "1", "licence": "none", "opset": 17,
    "front_end": {"sample_rate": 24000, "fft": 1024, "hop": 300, "center": false, "mels": 8, "mel_scale": "htk",
        "low_hz": 0.0, "high_hz": 12000.0, "scale": {"kind": "log", "gain": 100.0}, "precision": "single"},
    "window_s": 1.0, "trunk": null, "head": {"file": "head.onnx", "sha256": "HASH"},
    "features": [{"name": "energy", "range": [0.0, 1.0], "metrics": null}], "loudness": "measured",
    "training": {"data": "", "clips": 0, "evaluation": "", "seed": 0}
}"#;

/// Names of files with sound, and of none.
const NAMES: [&str; 8] = ["a.wav", "a.mp3", "a.ogg", "a.flac", "a.m4a", "a.aac", "a.aiff", "standard input"];

/// A file's name and bytes: the first of the fuzzer's bytes says the name.
pub fn file(data: &[u8]) -> Option<(&'static str, &[u8])> {
    let (first, bytes) = data.split_first()?;
    Some((NAMES[usize::from(*first) % NAMES.len()], bytes))
}

/// Panics that the decoder and the engine catch are no finding, and libFuzzer's own hook would end the process at them. Those that
/// nobody catches still end it.
pub fn keep_caught_panics() {
    std::panic::set_hook(Box::new(|info| {
        if std::env::var_os("SHOW_PANICS").is_some() {
            eprintln!("{info}");
        }
    }));
}

/// Loads the model with this head on the embedded backend: all checks, then the backend's own, then one run.
pub fn load(head: Vec<u8>) -> Result<Model, ModelError> {
    let files = ModelFiles {
        card: CARD.replace("HASH", &sha256_hex(&head)).into_bytes().into(),
        trunk: None,
        head: head.into(),
    };
    Model::load(&files, Device::Embedded)
}
