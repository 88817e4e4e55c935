//! Instructions of the hot path, counted by valgrind: a slow-down is seen without a clock, on a machine however busy.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use std::process::Command;

use echometer_tests::skip;

/// The compiler that the counts are of: another makes other instructions.
const COMPILER: &str = "rustc 1.95.0";
/// Millions of instructions for a second of a stereo stream at 48 kHz, in the profile of tests.
const EXPECTED: [(&str, f64); 6] = [
    ("tap", 5.30),
    ("front end", 9.18),
    ("loudness", 4.62),
    // Loudness and the levels of a live stream, most of them the true peak's filter.
    ("levels", 27.20),
    ("live path", 86.82),
    ("file", 33.08),
];
/// What they may differ, up or down: a gain is worth writing down, too.
const TOLERANCE: f64 = 0.05;

/// The first line of a program's output; `None` where it is not there.
fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Some(text.lines().next().unwrap_or_default().to_owned())
}

/// Seconds of sound, few and more: what both have besides them, such as the backend's first runs, does not count.
const LENGTHS: [u32; 2] = [1, 4];

/// Millions of instructions a second of sound, of one part.
fn count(part: &str) -> f64 {
    let [few, more] = LENGTHS.map(|seconds| instructions(part, seconds));
    (more - few) / f64::from(LENGTHS[1] - LENGTHS[0]) / 1e6
}

fn instructions(part: &str, seconds: u32) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("counts");
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--collect-atstart=no",
            "--toggle-collect=*hot_path::measured*",
            "--toggle-collect=*rten::graph::Graph::run_plan",
        ])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .args([env!("CARGO_BIN_EXE_hot_path"), part, &seconds.to_string()])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{part}: {errors}");
    let counts = std::fs::read_to_string(&file).unwrap();
    let total = counts.lines().find_map(|line| line.strip_prefix("totals: "));
    let total: f64 = total.expect("a sum").trim().parse().unwrap();
    assert!(total > 0.0, "{part}: nothing was counted: {errors}");
    total
}

#[test]
fn the_hot_path_costs_what_it_did() {
    if version("valgrind").is_none() {
        return skip("valgrind is not installed");
    }
    if !cfg!(debug_assertions) {
        return skip("the counts are of the profile of tests");
    }
    // Transforms and matrices have other instructions on processors without these.
    if !(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")) {
        return skip("the counts are of a processor with AVX2 and FMA");
    }
    match version(&std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into())) {
        Some(compiler) if compiler.starts_with(COMPILER) => {}
        compiler => return skip(&format!("the counts are of {COMPILER}, and this is {compiler:?}")),
    }
    let mut wrong = Vec::new();
    for (part, expected) in EXPECTED {
        let found = count(part);
        println!("{part}: {found:.2} million instructions a second of sound, {expected:.2} expected");
        if (found / expected - 1.0).abs() > TOLERANCE {
            wrong.push(format!("{part}: {found:.2}, not {expected:.2}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "millions of instructions a second of sound: {}; if that is meant, write the new figures into EXPECTED and say why",
        wrong.join("; ")
    );
}
