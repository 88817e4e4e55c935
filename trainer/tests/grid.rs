//! The grid on clips made here: every run an idempotent unit, choosing, resuming, sharing, and what goes wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// Clips whose energy is how loud and fast they pulse; two are useless.
fn make_clips(folder: &Path) {
    let mut manifest = String::from("path,start,artist,energy,acousticness\n");
    for i in 0..12 {
        let energy = f64::from(i % 4) / 4.0 + 0.1;
        write_clip(&folder.join(format!("{i}.wav")), 5.1, |t| {
            let beat = (-10.0 * ((1.0 + 4.0 * energy) * t).fract()).exp();
            0.6 * energy * beat * (std::f64::consts::TAU * (200.0 + 15.0 * f64::from(i)) * t).sin()
        });
        let _ = writeln!(manifest, "{i}.wav,0,artist {i},{energy},{}", 1.0 - energy);
    }
    write_clip(&folder.join("silent.wav"), 5.1, |_| 0.0);
    write_clip(&folder.join("short.wav"), 4.5, |t| (1000.0 * t).sin());
    fs::copy(folder.join("3.wav"), folder.join("copy.wav")).unwrap();
    fs::write(folder.join("noise.wav"), b"no RIFF at all").unwrap();
    for name in ["silent", "short", "copy", "noise", "missing"] {
        let _ = writeln!(manifest, "{name}.wav,0,nobody,0.5,0.5");
    }
    fs::write(folder.join("manifest.csv"), manifest).unwrap();
}

fn write_clip(path: &Path, seconds: f64, sound: impl Fn(f64) -> f64) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 22_050,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for n in 0..(22_050.0 * seconds) as u32 {
        let value = sound(f64::from(n) / 22_050.0);
        writer.write_sample((value * 32_000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

fn command(folder: &Path, out: &str, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trainer"));
    let arguments = "grid --features energy,acousticness --profile quick --device cpu --threads 1 --split 60/20/20 --batch 4";
    command
        .args(arguments.split(' '))
        .arg("--data")
        .arg(folder.join("manifest.csv"))
        .arg("--out")
        .arg(folder.join(out))
        .arg("--cache")
        .arg(folder.join("cache"))
        .args(more);
    command
}

fn grid(folder: &Path, out: &str, more: &[&str]) -> String {
    let output = command(folder, out, more).output().unwrap();
    let log = text(&output);
    assert!(output.status.success(), "{log}");
    log
}

fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

fn run(folder: &Path, out: &str, name: &str) -> PathBuf {
    folder.join(out).join("runs").join(name)
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))).unwrap()
}

const LENET: &str = "energy-lenet5-adam-1e-3";

#[test]
fn runs_are_units_that_are_chosen_tested_and_exported_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make_clips(folder);
    let few = ["--only", "energy-lenet5-adam", "--only", "mtl-cnn"];
    let log = grid(folder, "a", &few);
    let tested_of = |name: &str| {
        let metrics = json(&run(folder, "a", name).join("metrics.json"));
        metrics["test"]["energy"]["clips"].as_u64().unwrap_or(0) > 0
    };
    assert!(!tested_of(LENET), "ten runs of energy are still to come: {log}");
    let log = grid(folder, "a", &[&few[..], &["--choose-now"]].concat());

    // Useless clips are listed with the reason.
    let rejected = fs::read_to_string(folder.join("a/rejected.csv")).unwrap();
    let reasons = [
        ("silent.wav", "silent"),
        ("short.wav", "4.5 s of sound"),
        ("copy.wav", "same sound as"),
        ("noise.wav", ""),
        ("missing.wav", "no such file"),
    ];
    for (clip, reason) in reasons {
        let line = rejected.lines().find(|line| line.contains(clip));
        assert!(
            line.is_some_and(|line| line.to_lowercase().contains(reason)),
            "{clip}: {rejected}"
        );
    }

    // Each run left what the report needs; the better of the two was tested, the other was not.
    let names = [
        LENET,
        "energy-lenet5-adam-1e-4",
        "energy+acousticness-mtl-cnn-adam-1e-3",
    ];
    let metrics = names.map(|name| json(&run(folder, "a", name).join("metrics.json")));
    let validation = |i: usize| metrics[i]["validation"]["energy"]["mse"].as_f64().unwrap();
    let tested = |i: usize| metrics[i]["test"]["energy"]["clips"].as_u64().unwrap_or(0) > 0;
    let better = usize::from(validation(1) < validation(0));
    assert_eq!(
        [tested(better), tested(1 - better), tested(2)],
        [true, false, true],
        "{log}"
    );
    let sides = &json(&folder.join("a/data.json"))["clips"];
    assert_eq!(
        sides["training"].as_u64().unwrap()
            + sides["validation"].as_u64().unwrap()
            + sides["test"].as_u64().unwrap(),
        12
    );
    let curve = fs::read_to_string(run(folder, "a", names[0]).join("curve.csv")).unwrap();
    assert!(
        curve.contains("validation,energy") && curve.contains("training,energy"),
        "{curve}"
    );
    let config = json(&run(folder, "a", names[0]).join("config.json"));
    assert_eq!(
        (&config["seed"], &config["frames"]),
        (&Value::from(1), &Value::from(108))
    );
    assert!(folder.join("a/report/index.html").exists());
    assert!(
        folder
            .join("a/models")
            .join(names[better])
            .join("head.onnx")
            .exists()
    );

    // The same command does nothing again; another setting does.
    let stamp = |out: &str| {
        fs::metadata(run(folder, out, LENET).join("weights.ot"))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = stamp("a");
    grid(
        folder,
        "a",
        &["--only", "energy-lenet5-adam", "--only", "mtl-cnn"],
    );
    assert_eq!(stamp("a"), before, "a finished run was run again");

    // Another setting would overwrite it: refused, unless that is what is wanted.
    let other = ["--only", LENET, "--seed", "2"];
    let refused = command(folder, "a", &other).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let error = text(&refused);
    assert!(
        error.contains("seed 1, now 2") && error.contains("--replace"),
        "{error}"
    );
    assert_eq!(stamp("a"), before, "a finished run was lost");
    grid(folder, "a", &[&other[..], &["--replace"]].concat());
    assert_ne!(stamp("a"), before, "another seed must give another run");
}

#[test]
fn a_choice_is_final() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make_clips(folder);
    let tested = |feature: &str| {
        let runs = fs::read_dir(folder.join("a/runs"))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let tested = runs.filter(|run| json(&run.join("metrics.json"))["test"][feature].is_object());
        tested
            .map(|run| run.file_name().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let only = |runs, more: &[&str]| {
        grid(
            folder,
            "a",
            &[&["--only", runs, "--samples", "4"][..], more].concat(),
        )
    };
    only("acousticness-lenet5-sgd-1e-4", &[]);
    let log = only("energy-lenet5-sgd-1e-4", &["--choose-now"]);
    assert_eq!(tested("energy"), ["energy-lenet5-sgd-1e-4"]);
    assert!(
        tested("acousticness").is_empty(),
        "a feature that was not asked for was chosen: {log}"
    );
    assert!(!log.contains("or with --choose-now"), "{log}");
    only("energy-lenet5", &["--choose-now"]);
    assert_eq!(
        tested("energy"),
        ["energy-lenet5-sgd-1e-4"],
        "the test clips were looked at twice"
    );
}

#[test]
fn a_killed_run_goes_on_to_the_same_weights() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make_clips(folder);
    let more = ["--only", "energy-crnn-adam-1e-3", "--epochs", "20"];
    let weights = |out: &str| fs::read(run(folder, out, "energy-crnn-adam-1e-3").join("weights.ot")).unwrap();
    grid(folder, "whole", &more);
    let quiet = Stdio::null;
    let mut child = command(folder, "killed", &more)
        .stdout(quiet())
        .stderr(quiet())
        .spawn()
        .unwrap();
    let checkpoint = run(folder, "killed", "energy-crnn-adam-1e-3").join("state.ot");
    while !checkpoint.exists() && child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(checkpoint.exists(), "it was killed too late to show anything");
    // Ctrl-C saves, and the exit code says so.
    #[cfg(unix)]
    {
        let mut child = command(folder, "killed", &more)
            .stdout(quiet())
            .stderr(quiet())
            .spawn()
            .unwrap();
        let log = run(folder, "killed", "energy-crnn-adam-1e-3").join("curve.csv");
        let before = fs::metadata(&log).and_then(|meta| meta.modified()).ok();
        while fs::metadata(&log).and_then(|meta| meta.modified()).ok() == before
            && child.try_wait().unwrap().is_none()
        {
            thread::sleep(Duration::from_millis(1));
        }
        let sent = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(130));
    }
    grid(folder, "killed", &more);
    assert!(!checkpoint.exists());
    assert!(
        weights("whole") == weights("killed"),
        "the killed run came to other weights"
    );
}

#[test]
fn shards_share_the_runs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make_clips(folder);
    let only = ["--only", "lenet5-sgd", "--samples", "8"];
    let count = || fs::read_dir(folder.join("a/runs")).unwrap().count();
    let log = grid(folder, "a", &[&only[..], &["--shard", "1/2"]].concat());
    assert_eq!(count(), 2);
    assert!(log.contains("runs of the whole grid are not done"), "{log}");
    grid(folder, "a", &[&only[..], &["--shard", "2/2"]].concat());
    assert_eq!(count(), 4);
}

#[test]
fn a_dry_run_lists_and_trains_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make_clips(folder);
    let list = grid(folder, "a", &["--dry-run"]);
    assert!(
        list.contains("energy-resnet34-sgd-1e-4") && list.contains("26 runs to do"),
        "{list}"
    );
    assert!(!list.contains("too short:"), "{list}");
    assert!(!folder.join("a/runs").exists());
}

#[test]
fn what_would_not_be_run_is_shown_before() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make_clips(folder);
    fs::write(
        folder.join("manifest.csv"),
        "path,start,energy\n0.wav,0,0.1\nshort.wav,0,0.2\n1.wav,0,0.3\n",
    )
    .unwrap();
    let only = ["--dry-run", "--only", "lenet5-sgd-1e-4"];
    let list = grid(folder, "a", &only);
    for words in [
        "1 runs to do",
        "1 of 3 sampled clips are too short: at least 5.0 s are needed",
    ] {
        assert!(list.contains(words), "no `{words}` in: {list}");
    }
    let unlabelled = list.lines().find(|line| line.contains("acousticness-lenet5"));
    assert!(unlabelled.unwrap().contains("no clip has a label"), "{list}");
}

#[test]
fn a_failed_run_is_told_by_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make_clips(folder);
    let manifest = fs::read_to_string(folder.join("manifest.csv")).unwrap();
    let mut lines = manifest.lines().map(str::to_owned).collect::<Vec<_>>();
    for line in &mut lines[2..13] {
        let end = line.rfind(',').unwrap(); // One label of acousticness is left.
        line.truncate(end + 1);
    }
    fs::write(folder.join("manifest.csv"), lines.join("\n")).unwrap();
    let output = command(
        folder,
        "a",
        &["--only", "acousticness-lenet5-sgd-1e-4", "--samples", "4"],
    )
    .output()
    .unwrap();
    let log = text(&output);
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(
        log.contains("1 runs failed") && folder.join("a/report/index.html").exists(),
        "{log}"
    );
}

#[test]
fn errors_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make_clips(folder);
    let cases: [(&[&str], i32, &str); 5] = [
        (&["--only", "alexnet"], 1, "no run has alexnet"),
        (&["--precision", "mixed"], 1, "needs a CUDA device"),
        (&["--device", "cuda:7"], 1, "cuda:7 is not there"),
        (&["--split", "90/10"], 2, "like 90/5/5"),
        (&["--shard", "3/2"], 2, "like 2/8"),
    ];
    for (more, code, words) in cases {
        let mut arguments: Vec<_> = command(folder, "a", &[])
            .get_args()
            .map(ToOwned::to_owned)
            .collect();
        if let Some(place) = arguments.iter().position(|argument| argument == more[0]) {
            arguments.drain(place..place + 2); // The case's own value takes its place.
        }
        let output = Command::new(env!("CARGO_BIN_EXE_trainer"))
            .args(arguments)
            .args(more)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{more:?}: {}", text(&output));
        assert!(text(&output).contains(words), "{more:?}: {}", text(&output));
    }
}
