//! Running the program, and making what it listens to.
#![allow(dead_code, unreachable_pub, reason = "every test file uses its own part")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use hound::{SampleFormat, WavSpec, WavWriter};
use serde_json::Value;

pub const RATE: u32 = 44_100;
pub const FEATURES: [&str; 8] = [
    "danceability",
    "energy",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "liveness",
    "valence",
    "loudness",
];

/// The program with these arguments, deaf to the caller's environment.
pub fn analyzer(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_analyzer"));
    command
        .args(arguments)
        .env_remove("RUST_LOG")
        // No configuration file of the user's.
        .env("XDG_CONFIG_HOME", "/nowhere")
        .stdin(Stdio::null());
    command
}

pub fn run(arguments: &[&str]) -> Output {
    checked(analyzer(arguments).output().unwrap())
}

/// Runs with `bytes` on standard input.
pub fn run_with(arguments: &[&str], bytes: &[u8]) -> Output {
    let mut child = analyzer(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || {
        // The program may have refused already.
        let _ = stdin.write_all(&bytes);
    });
    let output = checked(child.wait_with_output().unwrap());
    writer.join().unwrap();
    output
}

fn checked(output: Output) -> Output {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
    output
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The lines of a run that went well.
pub fn lines(output: &Output) -> Vec<Value> {
    assert_eq!(code(output), 0, "{}", stderr(output));
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Something musical enough: a beating chord, stereo.
pub fn chord(seconds: f64) -> Vec<i16> {
    let frames = (seconds * f64::from(RATE)) as usize;
    (0..frames)
        .flat_map(|i| {
            let t = i as f64 / f64::from(RATE);
            let beat = 1.0 - (2.0 * t).fract();
            let tone = |hz: f64| (std::f64::consts::TAU * hz * t).sin();
            let left = 0.3 * beat * (tone(220.0) + tone(277.2)) + 0.1 * tone(1_760.0);
            let right = 0.3 * beat * (tone(220.0) + tone(329.6)) + 0.1 * tone(880.0);
            [(left * 32_767.0) as i16, (right * 32_767.0) as i16]
        })
        .collect()
}

pub fn wav(folder: &Path, name: &str, samples: &[i16]) -> PathBuf {
    let path = folder.join(name);
    let spec = WavSpec {
        channels: 2,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::create(&path, spec).unwrap();
    for sample in samples {
        writer.write_sample(*sample).unwrap();
    }
    writer.finalize().unwrap();
    path
}
