//! From a manifest to an analyzer reading: the trainer's whole way, on data made here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use echometer_engine::InputFormat;
use echometer_tests::{analyze, json, skip, trainer, write_wav};
use serde_json::Value;

const FORMAT: InputFormat = InputFormat::new(24_000, 1);

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

fn trainer_command(program: &Path, folder: &Path, out: &str) -> Command {
    let mut command = Command::new(program);
    command
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
            "--threads", // Tests beside each other share the cores.
            "1",
        ])
        .arg("--data")
        .arg(folder.join("manifest.csv"))
        .arg("--out")
        .arg(folder.join(out));
    command
}

/// Runs the trainer to its end and returns what it told.
fn train(program: &Path, folder: &Path, out: &str) -> String {
    let output = trainer_command(program, folder, out).output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{log}");
    log
}

/// Starts the trainer and kills it once a checkpoint is there.
fn train_and_kill(program: &Path, folder: &Path, out: &str) {
    let quiet = Stdio::null;
    let mut child = trainer_command(program, folder, out)
        .stdout(quiet())
        .stderr(quiet())
        .spawn()
        .unwrap();
    let checkpoint = folder.join(out).join("runs/fold-1/state.ot");
    while !checkpoint.exists() && child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        !folder.join(out).join("model/card.json").exists(),
        "it was killed too late to show anything"
    );
}

#[test]
fn trains_exports_resumes_and_repeats() {
    let Some(program) = trainer() else {
        return skip("LIBTORCH is not set; `cargo xtask test` sets libtorch up");
    };
    let folder = tempfile::tempdir().unwrap();
    make_clips(folder.path());
    let log = train(program, folder.path(), "a");
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
    train_and_kill(program, folder.path(), "b");
    train(program, folder.path(), "b");
    assert_eq!(
        files("a"),
        files("b"),
        "a killed and resumed run gave another model"
    );
    train(program, folder.path(), "a");
    assert_eq!(files("a"), files("b"), "going on from a finished run changed it");
}

#[test]
fn a_model_is_measured_and_a_thesis_network_runs_in_the_analyzer() {
    let Some(program) = trainer() else {
        return skip("LIBTORCH is not set; `cargo xtask test` sets libtorch up");
    };
    let folder = tempfile::tempdir().unwrap();
    make_clips(folder.path());
    let run = |arguments: &str| {
        let output = Command::new(program)
            .args(arguments.split(' '))
            .arg("--data")
            .arg(folder.path().join("manifest.csv"))
            .current_dir(folder.path())
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments}: {log}");
        output
    };
    let name = "energy-lenet5-adam-1e-3";
    run(&format!(
        "grid --features energy --profile quick --split 50/25/25 --batch 4 --epochs 8 --device cpu --threads 1 --out grid --only {name} \
         --choose-now"
    ));

    // `eval` goes through the engine, the run's own predictions through libtorch: they agree.
    let model = format!("grid/models/{name}");
    let output = run(&format!(
        "eval --model {model} --format json --out eval --device embedded"
    ));
    let table: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&table[0]["feature"], &table[0]["clips"]),
        (&"energy".into(), &12.into())
    );
    let read = |file: &str, columns: [usize; 2]| -> Vec<(String, f64)> {
        let text = fs::read_to_string(folder.path().join(file)).unwrap();
        let rows = text
            .lines()
            .skip(1)
            .map(|line| line.split(',').collect::<Vec<_>>());
        rows.map(|row| (row[columns[0]].to_owned(), row[columns[1]].parse().unwrap()))
            .collect()
    };
    let clips = fs::read_to_string(folder.path().join("grid/clips.csv")).unwrap();
    let clips: Vec<_> = clips
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap())
        .collect();
    let engine = read("eval/predictions.csv", [0, 3]);
    let libtorch = read(&format!("grid/runs/{name}/predictions.csv"), [0, 4]);
    assert_eq!(libtorch.len(), 6, "validation and test");
    for (clip, value) in libtorch {
        let path = Path::new(clips[clip.parse::<usize>().unwrap()])
            .file_name()
            .unwrap();
        let same = |(known, _): &&(String, f64)| Path::new(known).file_name() == Some(path);
        let (_, found) = engine.iter().find(same).unwrap();
        assert!(
            (found - value.clamp(0.0, 1.0)).abs() < 1e-4,
            "{path:?}: {found}, not {value}"
        );
    }

    // And in the analyzer: nothing until the window is full, then the network's one feature.
    let clip = folder.path().join("0.wav");
    let model = folder.path().join(model);
    let arguments = [
        "--input",
        clip.to_str().unwrap(),
        "--model",
        model.to_str().unwrap(),
    ];
    let readings = json(&analyze(
        &[&arguments[..], &["--device", "embedded", "--format", "jsonl"]].concat(),
    ));
    let early = &readings[4]; // After a second.
    assert!(
        early["energy"].is_null() && early["loudness"].is_number(),
        "{early}"
    );
    let last = readings.last().unwrap();
    assert!(last["energy"].is_number() && last["valence"].is_null(), "{last}");
}
