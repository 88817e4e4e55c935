//! Wrong input: each error names the thing, the value found and the rule.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use std::fs;
use std::path::Path;
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

/// A mono clip of `seconds` of a sine at amplitude `level`.
fn write_clip(path: &Path, seconds: f32, level: f32) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 24_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    // A tone and some noise: a band in which nothing is ever heard cannot be brought to one scale with the others.
    let mut noise = 1u32;
    for n in 0..(24_000.0 * seconds) as u32 {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let hiss = (noise >> 8) as f32 / (1 << 24) as f32 - 0.5;
        let tone = (std::f32::consts::TAU * 440.0 * n as f32 / 24_000.0).sin();
        let value = level * (0.7 * tone + 0.5 * hiss);
        writer.write_sample((value * 32_000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// Runs a command on `manifest.csv` in `folder`, with OUT there too.
fn run(folder: &Path, command: &str, more: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_trainer"))
        .current_dir(folder)
        .args([command, "--data", "manifest.csv", "--out", "out"])
        .args(more)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!text.contains("panicked"), "{text}");
    (output.status.code(), text)
}

#[test]
fn cache_tells_what_it_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write_clip(&here.join("a.wav"), 6.0, 0.5);
    write_clip(&here.join("short.wav"), 3.0, 0.5);
    write_clip(&here.join("silent.wav"), 6.0, 0.0);
    fs::copy(here.join("a.wav"), here.join("copy.wav")).unwrap();
    fs::write(here.join("b.wav"), "no RIFF at all").unwrap();
    fs::write(
        here.join("manifest.csv"),
        "path,start,energy\na.wav,0,0.5\nb.wav,0,0.5\nc.wav,0,0.5\nshort.wav,0,0.5\nsilent.wav,0,0.5\ncopy.wav,0,0.5\n",
    )
    .unwrap();
    let (code, text) = run(here, "cache", &["--profile", "quick"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("1 usable clips in") && text.contains("4 left out once decoded and 1 before"),
        "{text}"
    );
    let list = fs::read_to_string(here.join("out/rejected.csv")).unwrap();
    for words in [
        "c.wav,no such file",
        "b.wav,no audio file",
        "only 3.0 s of sound",
        "silent.wav,it is silent",
        "copy.wav,it is the same sound as",
    ] {
        assert!(list.contains(words), "no `{words}` in: {list}");
    }

    fs::write(here.join("manifest.csv"), "path,start,energy\nb.wav,0,0.5\n").unwrap();
    let (code, text) = run(here, "cache", &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("none of 1 clips can be used"), "{text}");

    fs::write(here.join("manifest.csv"), "path,start,energy\nc.wav,0,0.5\n").unwrap();
    let (code, text) = run(here, "cache", &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("1 left out, the first `c.wav`: no such file"),
        "{text}"
    );
}

#[test]
fn eval_tells_what_it_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for name in ["a", "b"] {
        write_clip(&here.join(format!("{name}.wav")), 6.0, 0.5);
    }
    fs::copy(here.join("a.wav"), here.join("copy.wav")).unwrap();
    write_clip(&here.join("silent.wav"), 6.0, 0.0);
    fs::write(here.join("noise.wav"), "no RIFF at all").unwrap();
    fs::write(
        here.join("manifest.csv"),
        "path,start,energy\na.wav,0,0.5\na.wav,0,0.5\nb.wav,1,0.4\ncopy.wav,0,0.9\nsilent.wav,0,0.1\nnoise.wav,0,0.2\nc.wav,0,0.3\n",
    )
    .unwrap();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/default");
    let usual = ["--model", model, "--device", "embedded"];
    let (code, text) = run(here, "eval", &usual);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("2 clips measured, 5 left out"), "{text}");
    let list = fs::read_to_string(here.join("out/rejected.csv")).unwrap();
    for words in [
        "c.wav,no such file",
        "a.wav,the same file and start are listed before",
        "silent.wav,it is silent: no value for energy",
        "noise.wav,no audio file",
        "copy.wav,it is the same sound as",
    ] {
        assert!(list.contains(words), "no `{words}` in: {list}");
    }

    fs::write(
        here.join("clips.csv"),
        format!(
            "clip,split,energy\na.wav,training,0.5\n{} at 1 s,test,0.4\n",
            here.join("b.wav").display()
        ),
    )
    .unwrap();
    let (code, text) = run(
        here,
        "eval",
        &[&usual[..], &["--clips", "clips.csv", "--split", "test"]].concat(),
    );
    assert_eq!(code, Some(0), "{text}");
    let table = fs::read_to_string(here.join("out/metrics.txt")).unwrap();
    assert!(!table.contains("…"), "one clip has no interval: {table}");
    let predictions = fs::read_to_string(here.join("out/predictions.csv")).unwrap();
    assert!(
        predictions.lines().count() == 2
            && predictions.starts_with("clip,feature,truth,prediction,sd\n")
            && predictions.contains("b.wav at 1 s,energy,0.40000,"),
        "{predictions}"
    );
    let (code, text) = run(here, "eval", &[&usual[..], &["--clips", "clips.csv"]].concat());
    assert_eq!(code, Some(2), "{text}");
}

#[test]
fn a_model_is_not_written_over_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut manifest = String::from("path,start,energy\n");
    for (name, level) in [("a", 0.5), ("b", 0.1), ("c", 0.3)] {
        write_clip(&here.join(format!("{name}.wav")), 3.0, level);
        manifest += &format!("{name}.wav,0,{level}\n");
    }
    fs::write(here.join("manifest.csv"), manifest).unwrap();
    fs::write(here.join("weak.csv"), "path,start,liveness\na.wav,0,0.5\n").unwrap();
    let train = |more: &[&str]| {
        let usual = "--features energy --device cpu --threads 1 --epochs 1 --batch 2 --folds 0 --data manifest.csv --out";
        let output = Command::new(env!("CARGO_BIN_EXE_trainer"))
            .current_dir(here)
            .args(usual.split(' '))
            .args([&["mine", "--weak", "weak.csv"][..], more].concat())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), text)
    };
    let card = || fs::read_to_string(here.join("mine/model/card.json")).unwrap();
    let (code, text) = train(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("weak.csv") && text.contains("teaches nothing here"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "colours in a pipe: {text}");
    assert!(
        text.contains("epoch 1 of 1"),
        "no progress without a terminal: {text}"
    );
    let first = card();
    assert!(
        first.contains("\"mine\""),
        "the model is not called after its folder: {first}"
    );
    let (code, text) = train(&[]);
    assert_eq!(code, Some(0), "the same command goes on: {text}");
    let (code, text) = train(&["--seed", "2"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("seed 1, now 2") && text.contains("--replace"),
        "{text}"
    );
    assert_eq!(card(), first);
    let (code, text) = train(&["--seed", "2", "--replace"]);
    assert_eq!(code, Some(0), "{text}");
    assert_ne!(card(), first);

    let model = ["eval", "--model", "mine", "--data", "manifest.csv"];
    let output = Command::new(env!("CARGO_BIN_EXE_trainer"))
        .current_dir(here)
        .args(model)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("did you mean mine/model?"), "{text}");
}

#[test]
fn the_help_of_eval_warns_of_clips_that_were_trained_on() {
    let output = Command::new(env!("CARGO_BIN_EXE_trainer"))
        .args(["eval", "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8_lossy(&output.stdout);
    assert!(help.contains("trained on say nothing"), "{help}");
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
