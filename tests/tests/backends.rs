//! Every backend gives the same numbers, and one that is not there says so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use std::ffi::OsStr;

use echometer_engine::Feature;
use echometer_tests::{analyze, analyze_with, json, skip};
use serde_json::Value;

fn assert_agree(found: &[Value], expected: &[Value]) {
    assert_eq!(found.len(), expected.len());
    assert!(!expected.is_empty());
    for (found, expected) in found.iter().zip(expected) {
        for feature in Feature::ALL.map(Feature::name) {
            for (a, b) in [
                (&found[feature], &expected[feature]),
                (&found["sd"][feature], &expected["sd"][feature]),
            ] {
                match (a.as_f64(), b.as_f64()) {
                    (Some(a), Some(b)) => {
                        assert!((a - b).abs() <= 1e-4 + 1e-9, "{feature}: {a} and {b} in {found}")
                    }
                    (a, b) => assert_eq!(a, b, "{feature} in {found}"),
                }
            }
        }
    }
}

fn readings(device: &str) -> Result<Vec<Value>, String> {
    let output = analyze(&["--input", "demo:dance", "--format", "jsonl", "--device", device]);
    if output.status.success() {
        Ok(json(&output))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into())
    }
}

#[test]
fn onnx_runtime_agrees_with_the_embedded_backend() {
    if std::env::var_os("ORT_DYLIB_PATH").is_none() {
        return skip("ORT_DYLIB_PATH names no ONNX Runtime; `cargo xtask test` sets it up");
    }
    let embedded = readings("embedded").unwrap();
    assert_eq!(embedded[0]["backend"], "embedded");
    let cpu = readings("cpu").unwrap();
    assert_eq!(cpu[0]["backend"], "onnxruntime cpu");
    assert_agree(&cpu, &embedded);
}

#[test]
fn a_gpu_agrees_or_says_that_it_is_not_there() {
    let embedded = readings("embedded").unwrap();
    for device in ["cuda", "tensorrt", "coreml", "directml"] {
        match readings(device) {
            Ok(found) => assert_agree(&found, &embedded),
            Err(error) => {
                assert!(error.contains(&format!("device {device}")), "{error}");
                skip(error.trim());
            }
        }
    }
}

#[test]
fn without_onnx_runtime_auto_falls_back_and_cpu_says_what_to_do() {
    let nowhere = [("ORT_DYLIB_PATH", Some(OsStr::new("/nowhere/libonnxruntime.so")))];
    let input = [
        "--input",
        "demo:acoustic",
        "--format",
        "jsonl",
        "--once",
        "--device",
    ];
    let with = |device: &'static str| [&input[..], &[device]].concat();
    let auto = json(&analyze_with(&with("auto"), &nowhere));
    assert_eq!(auto[0]["backend"], "embedded");
    let cpu = analyze_with(&with("cpu"), &nowhere);
    assert_eq!(cpu.status.code(), Some(1));
    let error = String::from_utf8_lossy(&cpu.stderr);
    assert!(
        error.contains("/nowhere/libonnxruntime.so") && error.contains("ORT_DYLIB_PATH"),
        "{error}"
    );
}
