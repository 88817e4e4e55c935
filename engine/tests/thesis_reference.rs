//! The `thesis` profile against torchaudio's `MelSpectrogram` (arrays made by `tests/reference/make_reference.py`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use std::fs;
use std::path::PathBuf;

use echometer_engine::frontend::{FrontEnd, FrontEndConfig};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference")
}

fn floats(name: &str) -> Vec<f32> {
    let bytes = fs::read(folder().join(name)).unwrap();
    bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect()
}

fn frames(input: &[f32], config: &FrontEndConfig, rate: u32) -> Vec<f32> {
    let mut front_end = FrontEnd::new(config, rate).unwrap();
    let mut frames = Vec::new();
    front_end.push(input, &mut frames);
    front_end.finish(&mut frames);
    frames
}

#[test]
fn equals_torchaudio_on_every_signal() {
    let config = FrontEndConfig::thesis();
    for signal in ["sine", "sweep", "noise", "silence", "music"] {
        let found = frames(&floats(&format!("{signal}.input.f32")), &config, 44_100);
        let expected = floats(&format!("{signal}.mel.f32"));
        assert_eq!(found.len(), expected.len(), "{signal}");
        for (i, (found, expected)) in found.chunks(128).zip(expected.chunks(128)).enumerate() {
            // Bands at the level of the reference's own f64 rounding (1e-12 of the peak) have no meaningful digits.
            let peak = expected.iter().copied().fold(0.0, f32::max);
            for (band, (&found, &expected)) in found.iter().zip(expected).enumerate() {
                let allowed = 1e-5 * expected + 1e-12 * peak;
                assert!(
                    (found - expected).abs() <= allowed,
                    "{signal}, frame {i}, band {band}: {found:e} instead of {expected:e}"
                );
            }
        }
    }
}

#[test]
fn empty_filters_are_torchaudios() {
    let manifest = fs::read_to_string(folder().join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let listed = manifest["empty_filters"].as_array().unwrap();
    let empty: Vec<_> = listed
        .iter()
        .map(|filter| filter.as_u64().unwrap() as usize)
        .collect();
    let noise = frames(&floats("noise.input.f32"), &FrontEndConfig::thesis(), 44_100);
    let found: Vec<_> = (0..128)
        .filter(|band| noise.chunks(128).all(|frame| frame[*band] == 0.0))
        .collect();
    assert_eq!(found, empty);
}

#[test]
fn thirty_seconds_give_the_thesis_frame_counts() {
    let config = FrontEndConfig::thesis();
    for (samples, expected) in [(1_323_000, 6_616), (1_324_800, 6_625)] {
        assert_eq!(frames(&vec![0.0; samples], &config, 44_100).len(), expected * 128);
    }
}
