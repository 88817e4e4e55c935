//! Wrong input: each error names the thing, the value found and the rule.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use std::fs;
use std::process::{Command, Output};

/// Trains on a manifest beside `a.wav`, which holds no sound.
fn train(manifest: &str, more: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("manifest.csv");
    fs::write(&path, manifest).unwrap();
    fs::write(folder.path().join("a.wav"), "").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_trainer"));
    command
        .arg("--data")
        .arg(&path)
        .arg("--out")
        .arg(folder.path().join("out"))
        .args(more)
        .output()
        .unwrap()
}

#[test]
fn errors_say_what_is_wrong_and_end_with_1() {
    let cases: [(&str, &[&str], &[&str]); 6] = [
        (
            "path,energy\na.wav,0.5\n",
            &[],
            &["no column `start`", "path, energy"],
        ),
        (
            "path,start,energy\na.wav,0,high\n",
            &[],
            &["row 2", "energy is `high`", "from 0 to 1"],
        ),
        (
            "path,start,energy\na.wav,0,0.5\n",
            &["--features", "valence"],
            &["no clip has a label for valence"],
        ),
        (
            "path,start,energy\nb.wav,0,0.5\n",
            &[],
            &[
                "no clip has a label",
                "1 left out, the first `b.wav`: no such file",
            ],
        ),
        (
            "path,start,energy\na.wav,0,0.5\n",
            &["--device", "cuda:99"],
            &["cuda:99 is not there"],
        ),
        (
            "path,start,energy\na.wav,0,0.5\nb.wav,0,0.4\n",
            &[],
            &["a.wav", "b.wav: no such file", "0 usable clips", "at least 2"],
        ),
    ];
    for (manifest, arguments, words) in cases {
        let output = train(manifest, arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(!error.contains("panicked"), "{error}");
        for word in words {
            assert!(error.contains(word), "no `{word}` in: {error}");
        }
    }
}

#[test]
fn wrong_arguments_end_with_2() {
    for arguments in [
        ["--features", "tempo"],
        ["--folds", "1"],
        ["--device", "tpu"],
        ["--epochs", "0"],
    ] {
        let output = train("", &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
