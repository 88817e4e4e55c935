//! Many streams at once: how many one machine scores in real time, batched and one by one, and whether that agrees.
//!
//! `cargo bench -p echometer-tests --bench streams`

#![allow(clippy::unwrap_used, clippy::expect_used)] // The whole file is a measurement.

use std::time::Instant;

use echometer_engine::{Batch, Device, Feature, InputFormat, Model, Reading, Scorer};
use echometer_models::default_model;
use echometer_tests::model_on;

/// Readings a second of each stream.
const READINGS_HZ: f64 = 5.0;
/// The front end's own rate, so that resampling does not hide what is measured.
const INPUT: InputFormat = InputFormat::new(24_000, 1);
/// Seconds of each stream that are scored: the first are not timed, for all windows must be full.
const WARM_UP: usize = 31;
const TIMED: usize = 5;

fn main() {
    for device in [Device::Embedded, Device::Cpu, Device::Cuda] {
        let Some(alone) = model_on(device) else {
            continue;
        };
        let counts: &[usize] = if device == Device::Cuda {
            &[1, 16, 64, 256, 1024]
        } else {
            &[1, 16, 64]
        };
        for &streams in counts {
            let model = Model::load_for(&default_model(), device, streams).unwrap();
            let (batched, together) = batch(&model, streams);
            let (one_by_one, expected) = one_by_one(&alone, streams.min(64));
            let apart = furthest(&together, &expected);
            println!(
                "{device}: {streams} streams: {:.0} in real time batched, {:.0} one by one, ratio {:.2}; at most {apart:.1e} of a range apart",
                batched,
                one_by_one,
                batched / one_by_one
            );
        }
    }
}

/// A second of a stream, unlike the others'.
fn second(stream: usize, number: usize) -> Vec<f32> {
    let pitch = 0.01 + 0.003 * (stream % 17) as f32;
    let start = number * 24_000;
    (start..start + 24_000)
        .map(|i| (i as f32 * pitch).sin() * 0.3 * ((i / 3000 + stream) % 4) as f32 / 3.0)
        .collect()
}

/// Streams in real time, and each one's last reading.
fn batch(model: &Model, streams: usize) -> (f64, Vec<Reading>) {
    let mut batch = Batch::new(model, &vec![INPUT; streams], READINGS_HZ).unwrap();
    let mut told = Vec::new();
    let mut spent = 0.0;
    for number in 0..WARM_UP + TIMED {
        let seconds: Vec<_> = (0..streams).map(|stream| second(stream, number)).collect();
        let seconds: Vec<_> = seconds.iter().map(Vec::as_slice).collect();
        told.clear();
        let start = Instant::now();
        batch.push(&seconds, &mut told).unwrap();
        if number >= WARM_UP {
            spent += start.elapsed().as_secs_f64();
        }
    }
    let mut last = vec![None; streams];
    for (stream, reading) in told {
        last[stream] = Some(reading);
    }
    let readings = last.into_iter().map(Option::unwrap).collect();
    ((streams * TIMED) as f64 / spent, readings)
}

/// The same with a scorer for each stream.
fn one_by_one(model: &Model, streams: usize) -> (f64, Vec<Reading>) {
    let (mut spent, mut last) = (0.0, Vec::new());
    for stream in 0..streams {
        let mut scorer = Scorer::new(model, INPUT, READINGS_HZ).unwrap();
        let mut readings = Vec::new();
        for number in 0..WARM_UP + TIMED {
            let second = second(stream, number);
            let start = Instant::now();
            scorer.push(&second, &mut readings).unwrap();
            if number >= WARM_UP {
                spent += start.elapsed().as_secs_f64();
            }
        }
        last.extend(readings.pop());
    }
    ((streams * TIMED) as f64 / spent, last)
}

/// The largest difference between two streams' values, as a share of the feature's range.
fn furthest(found: &[Reading], expected: &[Reading]) -> f32 {
    let pairs = found.iter().zip(expected);
    pairs
        .flat_map(|(found, expected)| {
            Feature::ALL.map(|feature| {
                let (low, high) = feature.range();
                let value = |reading: &Reading| reading.values[feature].unwrap();
                (value(found) - value(expected)).abs() / (high - low)
            })
        })
        .fold(0.0, f32::max)
}
