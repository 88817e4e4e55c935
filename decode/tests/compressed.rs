//! Compressed formats, made with ffmpeg where it is there, against the sine they were made from.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use echometer_decode::Decoder;

const RATE: usize = 44_100;
const FRAMES: usize = 3 * RATE;

/// Makes `name` in `folder` from a stereo sine of 3 s; false where ffmpeg or its encoder is missing.
fn make(folder: &Path, name: &str, arguments: &[&str]) -> bool {
    let source = "aevalsrc=0.5*sin(2*PI*441*t)|-0.5*sin(2*PI*441*t):s=44100:d=3";
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", source])
        .args(arguments)
        .arg(folder.join(name))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let made = made.is_ok_and(|status| status.success());
    if !made {
        println!("skipped {name}: ffmpeg is not installed, or has no such encoder");
    }
    made
}

fn all(mut decoder: Decoder) -> Vec<f32> {
    let mut samples = Vec::new();
    while decoder.next(&mut samples).unwrap() {}
    assert_eq!(decoder.damaged(), 0);
    samples
}

/// Largest difference to the sine in the middle, at the best delay of up to `longest` frames.
fn worst(samples: &[f32], longest: usize) -> (usize, f32) {
    let difference = |delay: usize| {
        let frames = samples
            .chunks(2)
            .skip(delay)
            .enumerate()
            .skip(RATE / 2)
            .take(2 * RATE);
        frames
            .map(|(i, pair)| {
                let x = 0.5 * (std::f64::consts::TAU * 441.0 * i as f64 / RATE as f64).sin() as f32;
                (pair[0] - x).abs().max((pair[1] + x).abs())
            })
            .fold(0.0, f32::max)
    };
    let all = (0..=longest).map(|delay| (delay, difference(delay)));
    all.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
}

#[test]
fn every_format_gives_the_sine_back() {
    let folder = tempfile::tempdir().unwrap();
    // File, encoder, how far off, whether its encoder's delay is trimmed.
    let formats: [(&str, &[&str], f32, bool); 8] = [
        ("a.flac", &["-c:a", "flac"], 1e-4, true),
        ("a.aiff", &["-c:a", "pcm_s16be"], 1e-4, true),
        ("a.mp3", &["-c:a", "libmp3lame", "-b:a", "192k"], 0.03, true),
        ("a.ogg", &["-c:a", "libvorbis", "-q:a", "6"], 0.03, true),
        ("a.m4a", &["-c:a", "aac", "-b:a", "192k"], 0.03, false),
        ("a.aac", &["-c:a", "aac", "-b:a", "192k"], 0.03, false),
        ("alac.m4a", &["-c:a", "alac"], 1e-4, true),
        ("pcm.wav", &["-c:a", "pcm_s24le"], 1e-4, true),
    ];
    for (name, arguments, tolerance, gapless) in formats {
        if !make(folder.path(), name, arguments) {
            continue;
        }
        let decoder = Decoder::open(&folder.path().join(name)).unwrap();
        assert_eq!((decoder.rate(), decoder.channels()), (RATE as u32, 2), "{name}");
        let duration = decoder.duration_s();
        assert!(
            duration.is_none_or(|seconds| (seconds - 3.0).abs() < 0.1),
            "{name}: {duration:?} s"
        );
        let samples = all(decoder);
        let frames = samples.len() / 2;
        let (delay, off) = worst(&samples, if gapless { 0 } else { 99 });
        println!("{name}: {frames} frames, delay {delay} (mod 100), off by {off}");
        assert!(off < tolerance, "{name}: off by {off} at delay {delay}");
        if gapless {
            assert_eq!(frames, FRAMES, "{name}");
        } else {
            assert!((FRAMES..FRAMES + 4096).contains(&frames), "{name}: {frames}");
        }
    }
}

#[test]
fn a_stream_equals_its_file_and_a_truncated_file_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    for (name, arguments) in [
        ("a.flac", ["-c:a", "flac"]),
        ("a.mp3", ["-c:a", "libmp3lame"]),
        ("a.ogg", ["-c:a", "libvorbis"]),
        ("a.aac", ["-c:a", "aac"]),
    ] {
        if !make(folder.path(), name, &arguments) {
            continue;
        }
        let path = folder.path().join(name);
        let whole = all(Decoder::open(&path).unwrap());
        let stream =
            Decoder::from_stream(Box::new(fs::File::open(&path).unwrap()), "standard input").unwrap();
        // A stream cannot look at the end for padding: it may give a little more.
        let streamed = all(stream);
        assert!(
            streamed.len() >= whole.len() && streamed.len() <= whole.len() + 2 * 4096,
            "{name}"
        );
        assert_eq!(streamed[..whole.len()], whole[..], "{name}");

        if name == "a.ogg" {
            continue; // a sine is so short in Vorbis that half of it is no whole page: see below
        }
        let bytes = fs::read(&path).unwrap();
        let cut = folder.path().join(format!("cut-{name}"));
        fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
        let mut decoder = Decoder::open(&cut).unwrap();
        let mut samples = Vec::new();
        while decoder.next(&mut samples).unwrap() {}
        assert!(
            samples.len() > whole.len() / 4 && samples.len() < whole.len(),
            "{name}: {}",
            samples.len()
        );
        assert_eq!(samples[..whole.len() / 4], whole[..whole.len() / 4], "{name}");
    }
}

#[test]
fn a_truncated_ogg_gives_its_beginning() {
    let ogg: &[u8] = include_bytes!("../../models/demo/voice.ogg");
    let whole = all(Decoder::from_bytes(ogg, "whole.ogg").unwrap());
    let cut = all(Decoder::from_bytes(&ogg[..ogg.len() / 2], "cut.ogg").unwrap());
    assert!(
        cut.len() > whole.len() / 3 && cut.len() < whole.len(),
        "{} of {}",
        cut.len(),
        whole.len()
    );
    assert_eq!(cut[..], whole[..cut.len()]);
}

#[test]
fn damage_in_the_middle_is_skipped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    if !make(folder.path(), "a.mp3", &["-c:a", "libmp3lame", "-b:a", "192k"]) {
        return;
    }
    let path = folder.path().join("a.mp3");
    let whole = all(Decoder::open(&path).unwrap());
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 2_000].fill(0);
    let mut decoder = Decoder::from_bytes(bytes, "damaged.mp3").unwrap();
    let mut samples = Vec::new();
    while decoder.next(&mut samples).unwrap() {}
    assert!(
        samples.len() > whole.len() * 9 / 10,
        "{} of {}",
        samples.len(),
        whole.len()
    );
    println!(
        "{} of {} samples, {} packets damaged",
        samples.len(),
        whole.len(),
        decoder.damaged()
    );
}

#[test]
fn a_change_of_rate_inside_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let made = make(
        folder.path(),
        "a.mp3",
        &["-c:a", "libmp3lame", "-write_xing", "0"],
    ) && make(
        folder.path(),
        "b.mp3",
        &["-c:a", "libmp3lame", "-write_xing", "0", "-ar", "22050"],
    );
    if !made {
        return;
    }
    let mut bytes = fs::read(folder.path().join("a.mp3")).unwrap();
    bytes.extend(fs::read(folder.path().join("b.mp3")).unwrap());
    let mut decoder = Decoder::from_bytes(bytes, "joined.mp3").unwrap();
    let mut samples = Vec::new();
    let error = loop {
        match decoder.next(&mut samples) {
            Ok(true) => {}
            Ok(false) => panic!("ended after {} samples", samples.len()),
            Err(error) => break error.to_string(),
        }
    };
    assert!(
        error.contains("joined.mp3") && error.contains("44100 Hz"),
        "{error}"
    );
}
