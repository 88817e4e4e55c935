//! From a manifest to an analyzer reading: the trainer's whole way, on data made here.

#![allow(clippy::unwrap_used, clippy::panic)] // The whole file is tests.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use echometer_engine::InputFormat;
use echometer_tests::{analyze, json, skip, trainer, write_wav};

const FORMAT: InputFormat = InputFormat {
    rate: 24_000,
    channels: 1,
};

/// Loud fast pulses have energy 0.9, quiet slow ones 0.1; energy is all there is to learn.
fn make_clips(folder: &Path) {
    let mut manifest = String::from("path,start,artist,danceability,energy\n");
    for i in 0..12 {
        let lively = i % 2 == 0;
        let (level, rate) = if lively { (0.6, 4.0) } else { (0.05, 0.7) };
        let samples: Vec<f32> = (0..24_000 * 6)
            .map(|n| {
                let t = f64::from(n) / 24_000.0;
                let beat = (-10.0 * (rate * t).fract() / rate).exp();
                (level * beat * (std::f64::consts::TAU * f64::from(200 + 15 * i) * t).sin()) as f32
            })
            .collect();
        write_wav(&folder.join(format!("{i}.wav")), &samples, FORMAT);
        let _ = writeln!(
            manifest,
            "{i}.wav,0,artist {i},,{}",
            if lively { 0.9 } else { 0.1 }
        );
    }
    manifest.push_str("missing.wav,0,nobody,,0.5\n");
    fs::write(folder.join("manifest.csv"), manifest).unwrap();
}

fn train(program: &Path, folder: &Path, out: &str, more: &[&str]) -> Output {
    Command::new(program)
        .args([
            "--features",
            "energy",
            "--epochs",
            "6",
            "--batch",
            "4",
            "--folds",
            "2",
            "--device",
            "cpu",
        ])
        .arg("--data")
        .arg(folder.join("manifest.csv"))
        .arg("--out")
        .arg(folder.join(out))
        .args(more)
        .output()
        .unwrap()
}

#[test]
fn trains_exports_resumes_and_repeats() {
    let Some(program) = trainer() else {
        return skip("LIBTORCH is not set; `cargo xtask test` sets libtorch up");
    };
    let folder = tempfile::tempdir().unwrap();
    make_clips(folder.path());
    let output = train(program, folder.path(), "a", &[]);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    assert!(log.contains("missing.wav"), "the unreadable clip is named: {log}");
    let table = fs::read_to_string(folder.path().join("a/metrics.md")).unwrap();
    assert!(table.contains("| energy | 12 |"), "{table}");

    // The model runs in the analyzer and tells lively from calm; features it never saw are null.
    let model = folder.path().join("a/model");
    let read = |clip: &str| {
        let clip = folder.path().join(clip);
        let arguments = [
            "--input",
            clip.to_str().unwrap(),
            "--model",
            model.to_str().unwrap(),
            "--once",
        ];
        json(&analyze(
            &[&arguments[..], &["--device", "embedded", "--format", "jsonl"]].concat(),
        ))
        .remove(0)
    };
    let (lively, calm) = (read("0.wav"), read("1.wav"));
    assert!(
        lively["energy"].as_f64() > calm["energy"].as_f64(),
        "{lively} {calm}"
    );
    assert!(lively["valence"].is_null());

    // The same seed repeats bit for bit, also across a stop in the middle.
    let files = |out: &str| {
        ["trunk.onnx", "head.onnx"]
            .map(|file| fs::read(folder.path().join(out).join("model").join(file)).unwrap())
    };
    let interrupted = train(program, folder.path(), "b", &["--epochs", "6"]);
    assert!(interrupted.status.success());
    assert_eq!(files("a"), files("b"), "the same seed gave another model");
    let again = train(program, folder.path(), "a", &[]);
    assert!(again.status.success());
    assert_eq!(files("a"), files("b"), "going on from a finished run changed it");
}

#[test]
fn errors_name_the_thing_and_the_rule() {
    let Some(program) = trainer() else {
        return skip("LIBTORCH is not set; `cargo xtask test` sets libtorch up");
    };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("manifest.csv"), "path,energy\na.wav,0.5\n").unwrap();
    let output = train(program, folder.path(), "out", &[]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("no column `start`"), "{error}");
    let output = train(program, folder.path(), "out", &["--device", "cuda:99"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(error.contains("start") || error.contains("cuda:99"), "{error}");
}
