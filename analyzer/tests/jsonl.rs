//! JSON lines from files and standard input.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use common::*;
use serde_json::Value;

/// Keys of an object in the order they were written, without those of objects inside.
fn keys(line: &str) -> Vec<String> {
    let (mut depth, mut keys) = (0, Vec::new());
    let mut rest = line;
    while let Some(at) = rest.find(['{', '}', '"']) {
        let c = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        match c {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {
                let end = rest.find('"').unwrap();
                if depth == 1 && rest[end + 1..].starts_with(':') {
                    keys.push(rest[..end].to_owned());
                }
                rest = &rest[end + 1..];
            }
        }
    }
    keys
}

#[test]
fn a_file_gives_readings_in_the_documented_shape() {
    let folder = tempfile::tempdir().unwrap();
    let path = wav(folder.path(), "chord.wav", &chord(7.1));
    let arguments = ["--input", path.to_str().unwrap(), "--format", "jsonl"];
    let output = run(&arguments);
    let lines = lines(&output);
    assert_eq!(stderr(&output), "", "nothing is wrong");
    assert_eq!(lines.len(), 36, "5 a second, and one at the end");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let mut expected = vec!["time", "coverage"];
    expected.extend(FEATURES);
    expected.extend(["sd", "model", "backend", "dropped"]);
    let mut last = 0.0;
    for (line, value) in text.lines().zip(&lines) {
        assert_eq!(keys(line), expected);
        let time = value["time"].as_f64().unwrap();
        assert!(time > last, "{time} after {last}");
        last = time;
        assert!((value["coverage"].as_f64().unwrap() - time / 30.0).abs() < 1e-4);
        assert!(value["loudness"].is_f64() || time < 0.4, "{line}");
        let energy = value["energy"].as_f64();
        assert!(energy.is_none_or(|energy| (0.0..=1.0).contains(&energy)));
    }
    assert_eq!(last, 7.1);
    let end = lines.last().unwrap();
    for feature in FEATURES {
        assert!(
            end[feature].is_f64() && end["sd"][feature].is_f64(),
            "{feature}: {end}"
        );
    }
    assert_eq!(end["dropped"], 0);
    // The same input, the same bytes; and where the device was chosen, nothing has to be told.
    let chosen = run(&[&arguments[..], &["--device", "embedded"]].concat());
    assert!(chosen.stderr.is_empty(), "{}", stderr(&chosen));
    assert_eq!(run(&arguments).stdout, output.stdout);
}

#[test]
fn standard_input_equals_the_file_and_raw_equals_both() {
    let folder = tempfile::tempdir().unwrap();
    let samples = chord(5.0);
    let path = wav(folder.path(), "chord.wav", &samples);
    let file = run(&["--input", path.to_str().unwrap()]);
    assert_eq!(lines(&file).len(), 25);
    let piped = run_with(&["--input", "-"], &fs::read(&path).unwrap());
    assert_eq!(lines(&piped), lines(&file));
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let raw = |format, bytes: &[u8]| {
        run_with(
            &[
                "--input",
                "-",
                "--raw-rate",
                "44100",
                "--raw-channels",
                "2",
                "--raw-format",
                format,
            ],
            bytes,
        )
    };
    assert_eq!(raw("s16le", &bytes).stdout, file.stdout);
    let floats: Vec<u8> = samples
        .iter()
        .flat_map(|sample| (f32::from(*sample) / 32_768.0).to_le_bytes())
        .collect();
    assert_eq!(raw("f32le", &floats).stdout, file.stdout);
    let wide: Vec<u8> = samples
        .iter()
        .flat_map(|sample| (i32::from(*sample) << 16).to_le_bytes())
        .collect();
    assert_eq!(raw("s32le", &wide).stdout, file.stdout);
    let packed: Vec<u8> = samples
        .iter()
        .flat_map(|sample| [vec![0], sample.to_le_bytes().to_vec()].concat())
        .collect();
    assert_eq!(raw("s24le", &packed).stdout, file.stdout);
}

#[test]
fn once_gives_one_reading_that_a_short_input_ends_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = wav(folder.path(), "chord.wav", &chord(6.0));
    let path = path.to_str().unwrap();
    let once = lines(&run(&["--input", path, "--once"]));
    assert_eq!(once.len(), 1);
    assert_eq!(once.first(), lines(&run(&["--input", path])).last());
}

#[test]
fn once_does_not_depend_on_the_rate_of_readings() {
    let folder = tempfile::tempdir().unwrap();
    // Longer than the window, and not the same throughout.
    let samples: Vec<i16> = [chord(20.0), chord(13.0).iter().map(|x| x / 8).collect()].concat();
    let path = wav(folder.path(), "long.wav", &samples);
    let once = |rate| run(&["--input", path.to_str().unwrap(), "--once", "--rate", rate]);
    let often = once("5");
    assert_eq!(lines(&often).len(), 1);
    assert_eq!(lines(&often)[0]["time"], 33.0);
    assert_eq!(once("0.02").stdout, often.stdout);
}

#[test]
fn samples_that_are_no_numbers_are_counted() {
    let mut samples = vec![0.1f32; 2 * 3 * RATE as usize];
    samples[1_000..1_005].fill(f32::NAN);
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let raw = [
        "--raw-rate",
        "44100",
        "--raw-channels",
        "2",
        "--raw-format",
        "f32le",
    ];
    let output = run_with(&[&["--input", "-", "--once"][..], &raw].concat(), &bytes);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(lines(&output).len(), 1);
    assert!(text.contains(r#""dropped":0,"replaced":5"#), "{text}");
}

#[test]
fn surround_is_as_loud_as_its_channels_are() {
    // EBU Tech 3341's case 6 in 5.1, with an LFE as loud as can be: peak levels of a 1 kHz sine in dBFS.
    let levels = [-28.0f64, -28.0, -24.0, 0.0, -30.0, -30.0];
    let samples: Vec<i16> = (0..20 * RATE)
        .flat_map(|i| {
            let sine = (f64::from(i) * std::f64::consts::TAU * 1000.0 / f64::from(RATE)).sin();
            levels.map(|level| (10f64.powf(level / 20.0) * sine * 32_767.0).round() as i16)
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("surround.wav");
    let format = hound::WavSpec {
        channels: 6,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(&path, format).unwrap();
    for sample in &samples {
        file.write_sample(*sample).unwrap();
    }
    file.finalize().unwrap();
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let path = path.to_str().unwrap();
    let rate = RATE.to_string();
    let raw = [
        "--raw-rate",
        &rate,
        "--raw-channels",
        "6",
        "--raw-format",
        "s16le",
    ];
    let ways = [
        run(&["--input", path, "--once"]),
        run_with(&[&["--input", "-", "--once"][..], &raw].concat(), &bytes),
        // All but the LFE are 5.0.
        run(&["--input", path, "--once", "--channels", "1,2,3,5,6"]),
    ];
    for output in ways {
        let loudness = lines(&output)[0]["loudness"].as_f64().unwrap();
        assert!((loudness + 23.0).abs() <= 0.1, "{loudness} LUFS");
    }
}

#[test]
fn silence_has_loudness_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = wav(folder.path(), "silence.wav", &vec![0; 2 * 5 * RATE as usize]);
    let lines = lines(&run(&["--input", path.to_str().unwrap()]));
    let end = lines.last().unwrap();
    assert_eq!(end["silent"], true);
    for feature in FEATURES {
        assert_eq!(end[feature].is_null(), feature != "loudness", "{feature}: {end}");
    }
    assert_eq!(end["loudness"], -60.0);
}

#[test]
fn too_short_an_input_says_what_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let path = wav(folder.path(), "short.wav", &chord(0.5));
    for extra in [&["--rate", "5"][..], &["--once"]] {
        let output = run(&[&["--input", path.to_str().unwrap()], extra].concat());
        assert_eq!(code(&output), 1);
        assert!(
            stderr(&output).contains("short.wav: 0.50 s are too short"),
            "{}",
            stderr(&output)
        );
        assert!(stderr(&output).contains("at least 2."), "{}", stderr(&output));
    }
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let mut child = analyzer(&["--input", "demo", "--device", "embedded"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    assert!(serde_json::from_str::<Value>(&first).is_ok());
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
}

#[test]
fn the_demo_gives_a_reading_for_each_excerpt() {
    let lines = lines(&run(&["--input", "demo", "--once"]));
    assert_eq!(lines.len(), 3);
    let tracks: Vec<_> = lines.iter().map(|line| line["track"].as_str().unwrap()).collect();
    assert!(
        tracks[0].contains("Pulse") && tracks[2].contains("Vérmocsár"),
        "{tracks:?}"
    );
    for line in &lines {
        assert!((line["time"].as_f64().unwrap() - 30.0).abs() < 0.1, "{line}");
    }
    assert_ne!(lines[0]["danceability"], lines[1]["danceability"]);
}

#[test]
fn realtime_takes_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = wav(folder.path(), "chord.wav", &chord(3.0));
    let start = std::time::Instant::now();
    lines(&run(&["--input", path.to_str().unwrap(), "--realtime"]));
    assert!(start.elapsed().as_secs_f64() > 2.8);
}
