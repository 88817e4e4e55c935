//! What the tests that cross crates share: the built programs, the bundled excerpts, readings as JSON.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Only tests use this crate.

pub mod bundles;
mod measure;
#[cfg(target_os = "linux")]
pub mod offline;
#[cfg(target_os = "linux")]
pub mod system_calls;

pub use measure::{Memory, goal, memory, quick};

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use echometer_decode::Decoder;
use echometer_engine::{Device, InputFormat, Model, Reading, Scorer};
use echometer_models::{DEMOS, default_model};
use serde_json::Value;

/// Says why a test does nothing, and that it passes without having shown anything.
pub fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
}

/// The analyzer, built as the tests are.
pub fn analyzer() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| build("analyzer"))
}

/// The trainer; `None` where libtorch is not set up.
pub fn trainer() -> Option<&'static Path> {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    std::env::var_os("LIBTORCH")?;
    Some(PROGRAM.get_or_init(|| build("trainer")))
}

/// A package's program: what this workspace's test run built, or built now, because a single package's run may find it
/// old or missing.
fn build(package: &str) -> PathBuf {
    if std::env::var_os("ECHOMETER_BUILT").is_some() {
        let test = std::env::current_exe().expect("a test is a program");
        let built = test.ancestors().nth(2).expect("it lies in target/PROFILE/deps");
        return built.join(format!("{package}{}", std::env::consts::EXE_SUFFIX));
    }
    cargo_build(&["--package", package])
        .iter()
        .filter(|message| message["target"]["name"] == package)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .unwrap_or_else(|| panic!("cargo built no program for {package}"))
}

/// What cargo says of a build, message by message. It is of the profile of whoever asks: benchmarks measure a release.
fn cargo_build(arguments: &[&str]) -> Vec<Value> {
    let release = if cfg!(debug_assertions) {
        &[][..]
    } else {
        &["--release"]
    };
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--message-format=json"])
        .args(release)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Runs the analyzer to its end.
pub fn analyze(arguments: &[&str]) -> Output {
    analyze_with(arguments, &[])
}

/// Runs the analyzer to its end with changes to its environment; `None` removes a variable.
pub fn analyze_with(arguments: &[&str], environment: &[(&str, Option<&OsStr>)]) -> Output {
    let mut command = Command::new(analyzer());
    command.args(arguments);
    for (name, value) in environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.output().expect("the analyzer runs")
}

/// The JSON readings on a successful run's standard output.
pub fn json(output: &Output) -> Vec<Value> {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    let lines = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON object a line"))
        .collect()
}

/// A bundled excerpt's interleaved samples, rate and channels.
pub fn demo(name: &str) -> (Vec<f32>, InputFormat) {
    let demo = DEMOS
        .iter()
        .find(|demo| demo.name == name)
        .expect("a bundled excerpt");
    let mut decoder = Decoder::from_bytes(demo.ogg, "demo.ogg").expect("the excerpt decodes");
    let format = InputFormat::new(decoder.rate(), decoder.channels());
    let mut samples = Vec::new();
    while decoder.next(&mut samples).expect("the excerpt decodes") {}
    (samples, format)
}

/// The default model on the embedded backend.
pub fn model() -> Model {
    model_on(Device::Embedded).expect("it is always there")
}

/// The default model on `device`, or `None` and the reason where the machine does not have that. An ONNX Runtime that is named must load.
pub fn model_on(device: Device) -> Option<Model> {
    match Model::load(&default_model(), device) {
        Ok(model) => Some(model),
        Err(reason) => {
            let here = match device {
                Device::Embedded => true,
                Device::Cpu => std::env::var_os("ORT_DYLIB_PATH").is_some(),
                _ => false,
            };
            assert!(!here, "{reason}");
            skip(&reason.to_string());
            None
        }
    }
}

/// The last reading of `samples`, straight through the engine.
pub fn score(samples: &[f32], format: InputFormat) -> Reading {
    let mut scorer = Scorer::new(&model(), format, 5.0).expect("a valid format");
    scorer.push(samples, &mut Vec::new()).expect("scoring works");
    scorer.finish().expect("scoring works").expect("there was input")
}

/// Writes 16-bit WAV.
pub fn write_wav(path: &Path, samples: &[f32], format: InputFormat) {
    let spec = hound::WavSpec {
        channels: format.channels,
        sample_rate: format.rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).expect("a new file");
    for sample in samples {
        writer
            .write_sample((sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16)
            .expect("room on the disk");
    }
    writer.finalize().expect("room on the disk");
}
