//! A known file played into a real PulseAudio sink, captured from its monitor through cpal: live readings equal the file's.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use echometer_engine::Feature;
use echometer_tests::{analyzer, demo, score, skip, write_wav};
use serde_json::Value;

const SINK: &str = "echometer_test";

/// Ends a child with the test, however the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// A PulseAudio of our own with a null sink, living in `folder`.
fn start_server(folder: &Path) -> Running {
    let server = command("pulseaudio", folder)
        .args([
            "-n",
            "--daemonize=no",
            "--exit-idle-time=-1",
            "--load=module-native-protocol-unix",
        ])
        .arg(format!(
            "--load=module-null-sink sink_name={SINK} rate=48000 channels=2"
        ))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = Running(server);
    for _ in 0..100 {
        let sinks = command("pactl", folder)
            .args(["list", "short", "sinks"])
            .output()
            .unwrap();
        if String::from_utf8_lossy(&sinks.stdout).contains(SINK) {
            return server;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("PulseAudio did not come up in 10 s");
}

fn command(program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env("XDG_RUNTIME_DIR", folder)
        .env("HOME", folder)
        .env_remove("PULSE_SERVER")
        .stdin(Stdio::null());
    command
}

#[test]
fn live_capture_reads_what_the_file_reads() {
    if !["pulseaudio", "pactl", "paplay"].into_iter().all(is_installed) {
        return skip("PulseAudio (pulseaudio, pulseaudio-utils) is not installed");
    }
    let folder = tempfile::tempdir().unwrap();
    let _server = start_server(folder.path());
    let (samples, format) = demo("dance");
    let wav = folder.path().join("dance.wav");
    write_wav(&wav, &samples, format);

    let mut capture = command(analyzer(), folder.path())
        .args([
            "--input",
            &format!("{SINK}.monitor"),
            "--format",
            "jsonl",
            "--device",
            "embedded",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(capture.stdout.take().unwrap()).lines();
    let _capture = Running(capture);
    let mut readings = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    readings
        .by_ref()
        .find(|reading| reading["silent"] == true)
        .expect("the monitor gives silence before anything plays");

    let player = command("paplay", folder.path())
        .arg(format!("--device={SINK}"))
        .arg(&wav)
        .spawn()
        .unwrap();
    let _player = Running(player);
    let time = |reading: &Value| reading["time"].as_f64().unwrap();
    let start = readings
        .by_ref()
        .find(|reading| reading["silent"] != true)
        .expect("sound arrives");
    // Loudness needs 400 ms of sound before it says that there is some.
    let start = time(&start) - 0.4;
    let heard = readings
        .find(|reading| time(reading) >= start + 30.0)
        .expect("sound goes on");
    assert_eq!(heard["dropped"], 0);

    let expected = score(&samples, format);
    for (feature, value) in expected.values.iter() {
        let found = heard[feature.name()].as_f64().unwrap();
        let expected = f64::from(value.unwrap());
        let allowed = if feature == Feature::Loudness { 0.5 } else { 0.03 };
        assert!(
            (found - expected).abs() <= allowed,
            "{feature}: {found} live, {expected} from the file"
        );
    }
}

#[test]
fn a_lost_device_is_waited_for_and_taken_back() {
    if !["pulseaudio", "pactl", "paplay"].into_iter().all(is_installed) {
        return skip("PulseAudio (pulseaudio, pulseaudio-utils) is not installed");
    }
    let folder = tempfile::tempdir().unwrap();
    let server = start_server(folder.path());
    let mut capture = command(analyzer(), folder.path())
        .args(["--input", &format!("{SINK}.monitor"), "--format", "jsonl"])
        .args(["--device", "embedded"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(capture.stdout.take().unwrap()).lines();
    let _capture = Running(capture);
    let mut readings = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    assert!(
        readings.next().unwrap()["connection"].is_null(),
        "nothing was lost yet"
    );
    drop(server);
    // A shorter gap is none.
    thread::sleep(Duration::from_secs(4));
    let _server = start_server(folder.path());
    let back = readings.find(|reading| !reading["connection"].is_null());
    assert_eq!(back.expect("the sound comes back")["connection"], 2);
}

#[test]
fn a_moment_without_sound_empties_no_window() {
    if !["pulseaudio", "pactl", "paplay"].into_iter().all(is_installed) {
        return skip("PulseAudio (pulseaudio, pulseaudio-utils) is not installed");
    }
    let folder = tempfile::tempdir().unwrap();
    let server = start_server(folder.path());
    let mut capture = command(analyzer(), folder.path())
        .args(["--input", &format!("{SINK}.monitor"), "--format", "jsonl"])
        .args(["--device", "embedded", "--no-config"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(capture.stdout.take().unwrap()).lines();
    let stderr = BufReader::new(capture.stderr.take().unwrap());
    let told = thread::spawn(move || {
        stderr
            .lines()
            .map_while(Result::ok)
            .collect::<Vec<_>>()
            .join("\n")
    });
    let id = capture.id().to_string();
    let capture = Running(capture);
    let mut readings = lines
        .map_while(Result::ok)
        .map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let time = |reading: &Value| reading["time"].as_f64().unwrap();
    let signal = |name: &str| {
        assert!(
            Command::new("kill")
                .args(["-s", name, &id])
                .status()
                .unwrap()
                .success()
        );
    };
    let mut last = time(&readings.by_ref().find(|reading| time(reading) >= 1.0).unwrap());
    for (stopped_ms, again) in [(50, 5), (100, 1), (400, 1), (900, 1)] {
        for _ in 0..again {
            signal("STOP");
            thread::sleep(Duration::from_millis(stopped_ms));
            signal("CONT");
            for _ in 0..8 {
                let reading = readings.next().unwrap();
                assert!(reading["connection"].is_null(), "{stopped_ms} ms: {reading}");
                assert!(
                    time(&reading) > last,
                    "{stopped_ms} ms: the window was emptied: {reading}"
                );
                last = time(&reading);
            }
        }
    }
    // A server that ends for a moment, such as one that is started anew.
    drop(server);
    let _server = start_server(folder.path());
    let reading = readings.find(|reading| time(reading) >= last + 1.0).unwrap();
    // What was long ago is no part of the last half minute.
    signal("STOP");
    thread::sleep(Duration::from_secs(4));
    signal("CONT");
    let before = reading["connection"].as_u64().unwrap_or(1);
    let later = readings.find(|reading| reading["connection"].as_u64().unwrap_or(1) > before);
    assert!(time(&later.unwrap()) < 2.0);
    signal("TERM");
    readings.for_each(drop);
    drop(capture);
    let told = told.join().unwrap();
    assert!(told.contains("was interrupted for 0."), "{told}");
}
