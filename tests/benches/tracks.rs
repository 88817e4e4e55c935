//! Whole tracks against single windows: how much of a track one window of 30 s tells, and how much all of them.
//!
//! `ECHOMETER_TRACKS=FOLDER cargo bench -p echometer-tests --bench tracks`, where FOLDER holds music, such as the open corpus that
//! `trainer corpus fetch` brings.

#![allow(clippy::unwrap_used, clippy::expect_used)] // The whole file is a measurement.

use std::path::{Path, PathBuf};

use echometer_decode::Decoder;
use echometer_engine::{Device, Feature, InputFormat, Model, PerFeature, Reading, Scorer};
use echometer_models::default_model;

/// Tracks that are looked at, at most, and seconds of each that count.
const TRACKS: usize = 120;
const LEAST_S: usize = 120;
const MOST_S: usize = 240;
/// Seconds of each part of a made track, and its parts.
const PART_S: usize = 60;
const PARTS: usize = 4;

struct Track {
    samples: Vec<f32>,
    format: InputFormat,
}

impl Track {
    /// Interleaved samples from one second to another.
    fn stretch(&self, from: usize, to: usize) -> &[f32] {
        let second = self.format.rate as usize * usize::from(self.format.channels);
        &self.samples[from * second..(to * second).min(self.samples.len())]
    }

    fn seconds(&self) -> usize {
        self.samples.len() / (self.format.rate as usize * usize::from(self.format.channels))
    }
}

fn main() {
    let Some(folder) = std::env::var_os("ECHOMETER_TRACKS") else {
        println!("skipped: ECHOMETER_TRACKS names no folder of music");
        return;
    };
    let model = Model::load(&default_model(), Device::Auto).unwrap();
    let mut files = Vec::new();
    walk(Path::new(&folder), &mut files);
    files.sort();
    // Spread over the folder: neighbours are of one album.
    let step = (files.len() / (2 * TRACKS)).max(1);
    let mut tracks = files.iter().step_by(step).filter_map(|path| read(path));
    let mut halves = Vec::new();
    let mut parts = Vec::new();
    for track in tracks.by_ref().take(TRACKS) {
        let (end, half) = (track.seconds(), track.seconds() / 2);
        let window = half / 2 - 15;
        halves.push([
            whole(&model, &track, window, window + 30),
            whole(&model, &track, 0, half),
            whole(&model, &track, half, end),
        ]);
        parts.push(track);
    }
    println!(
        "{} tracks of {LEAST_S}-{MOST_S} s with {}\n",
        halves.len(),
        model.title()
    );
    println!("Mean absolute difference to the other half of the track");
    table(
        ["one window of 30 s", "the whole half"],
        halves
            .iter()
            .map(|[window, first, second]| [distance(window, second), distance(first, second)]),
    );
    println!("\nMean absolute difference to the mean of a made track's {PARTS} parts, each of another track");
    let made = parts.chunks_exact(PARTS).filter_map(|parts| made(&model, parts));
    table(["one window of 30 s", "the whole track"], made);
}

/// Differences of the middle window and of the whole to the mean of the parts, where these have one format.
fn made(model: &Model, parts: &[Track]) -> Option<[PerFeature<f32>; 2]> {
    let format = parts[0].format;
    if parts.iter().any(|part| part.format != format) {
        return None;
    }
    let mut samples = Vec::new();
    let mut mean = PerFeature::<f32>::default();
    for part in parts {
        samples.extend(part.stretch(0, PART_S));
        let reading = whole(model, part, 0, PART_S);
        for feature in Feature::ALL {
            mean[feature] += reading.values[feature]? / PARTS as f32;
        }
    }
    let track = Track { samples, format };
    let (all, middle) = (track.seconds(), track.seconds() / 2);
    let readings = [
        whole(model, &track, middle - 15, middle + 15),
        whole(model, &track, 0, all),
    ];
    Some(readings.map(|reading| {
        PerFeature::from_fn(|feature| (reading.values[feature].unwrap_or(f32::NAN) - mean[feature]).abs())
    }))
}

/// The reading of all of a stretch.
fn whole(model: &Model, track: &Track, from: usize, to: usize) -> Reading {
    let mut scorer = Scorer::new(model, track.format, 0.1).unwrap().for_track();
    scorer.push(track.stretch(from, to), &mut Vec::new()).unwrap();
    scorer.track().unwrap().unwrap()
}

fn distance(a: &Reading, b: &Reading) -> PerFeature<f32> {
    let value = |reading: &Reading, feature| reading.values[feature].unwrap_or(f32::NAN);
    PerFeature::from_fn(|feature| (value(a, feature) - value(b, feature)).abs())
}

fn table(heads: [&str; 2], rows: impl Iterator<Item = [PerFeature<f32>; 2]>) {
    let rows: Vec<_> = rows.collect();
    println!(
        "| {:<16} | {} | {} | ratio | {} |",
        "feature",
        heads[0],
        heads[1],
        rows.len()
    );
    for feature in Feature::ALL {
        let mean = |column: usize| {
            let known: Vec<_> = rows
                .iter()
                .map(|row| row[column][feature])
                .filter(|x| x.is_finite())
                .collect();
            known.iter().sum::<f32>() / known.len() as f32
        };
        println!(
            "| {:<16} | {:.4} | {:.4} | {:.2} |",
            feature.name(),
            mean(0),
            mean(1),
            mean(1) / mean(0)
        );
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// A track that is long enough; `None` for what is none.
fn read(path: &Path) -> Option<Track> {
    let mut decoder = Decoder::open(path).ok()?;
    let format = InputFormat::new(decoder.rate(), decoder.channels());
    let second = format.rate as usize * usize::from(format.channels);
    let mut samples = Vec::new();
    while samples.len() < MOST_S * second && decoder.next(&mut samples).ok()? {}
    samples.truncate(MOST_S * second);
    (samples.len() >= LEAST_S * second).then_some(Track { samples, format })
}
