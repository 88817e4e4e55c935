//! What the default model costs before the first sample: time to load it, and memory of it and of each stream.
//!
//! `cargo bench -p echometer-tests --bench load`

#![allow(clippy::unwrap_used, clippy::expect_used)] // The whole file is a measurement.

use std::hint::black_box;
use std::time::Instant;

use echometer_engine::{Device, InputFormat, Model, Scorer};
use echometer_models::default_model;
use echometer_tests::{goal, memory, model_on};

/// A model must be there in less than this, and its files no larger.
const MILLISECONDS: f64 = 200.0;
const MEGABYTES: f64 = 25.0;
/// Loads that are timed; the median counts. And streams whose memory is weighed.
const LOADS: usize = 15;
const STREAMS: usize = 50;

fn main() {
    let files = default_model();
    let bytes = files.head.len() + files.trunk.as_ref().unwrap().len();
    goal("model files, MB", bytes as f64 / 1e6, MEGABYTES);
    for device in [Device::Embedded, Device::Cpu, Device::Cuda] {
        let before = memory();
        let Some(model) = model_on(device) else {
            continue;
        };
        let loaded = memory();
        let mut times: Vec<_> = (0..LOADS)
            .map(|_| {
                let start = Instant::now();
                black_box(Model::load(&files, device).unwrap());
                start.elapsed()
            })
            .collect();
        times.sort();
        let time = times[LOADS / 2];
        goal(
            &format!("{device}: model loads, ms"),
            time.as_secs_f64() * 1e3,
            MILLISECONDS,
        );
        let bare = memory();
        let streams: Vec<_> = (0..STREAMS).map(|_| stream(&model)).collect();
        let full = memory();
        drop(streams);
        if let (Some(before), Some(loaded), Some(bare), Some(full)) = (before, loaded, bare, full) {
            println!(
                "{device}: the model takes {:.1} MB of memory, a stream with a full window {:.2} MB",
                loaded.resident.saturating_sub(before.resident) as f64 / 1e6,
                full.resident.saturating_sub(bare.resident) as f64 / 1e6 / STREAMS as f64
            );
        }
    }
}

/// A stereo stream whose window is full.
fn stream(model: &Model) -> Scorer {
    let input = InputFormat::new(48_000, 2);
    let mut scorer = Scorer::new(model, input, 5.0).unwrap();
    let second: Vec<f32> = (0..96_000).map(|i| (i as f32 * 0.011).sin() * 0.3).collect();
    for _ in 0..31 {
        scorer.push(&second, &mut Vec::new()).unwrap();
    }
    scorer
}
