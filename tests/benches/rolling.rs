//! What a reading costs: by the rolling path, and by scoring the whole window again with the same weights; and what share
//! of a core the whole live path takes.
//!
//! `cargo bench -p echometer-tests --bench rolling`

#![allow(clippy::unwrap_used, clippy::expect_used)] // The whole file is a measurement.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion};
use echometer_engine::model::{Card, head_ports, trunk_ports};
use echometer_engine::{Device, Graph, InputFormat, Model, Port, Scorer};
use echometer_models::default_model;
use echometer_tests::{goal, model_on, quick};

/// Readings a second of a live meter.
const READINGS_HZ: f64 = 5.0;
/// What a reading may cost of a re-scored window; and share of a core the live path may take.
const CHEAPER: f64 = 1.0 / 30.0;
const SHARE: f64 = 0.03;
/// Turns of the comparison, one path after the other in each.
const TURNS: usize = 15;

/// Trunk and head, called by hand.
struct Parts {
    trunk: Graph,
    head: Graph,
    frames: Vec<f32>,
    state: Vec<Vec<f32>>,
    columns: Vec<f32>,
    mask: Vec<f32>,
    features: usize,
}

impl Parts {
    /// The default model with a trunk that takes `frames` frames at a time.
    fn new(device: Device, card: &Card, frames: usize) -> Self {
        let files = default_model();
        let trunk = trunk_ports(card, 1, frames / card.stride()).unwrap();
        let head = head_ports(card, true, 1);
        let (window, channels, features) = (card.window_columns(), card.channels(), card.features.len());
        Self {
            frames: (0..frames * card.front_end.mels)
                .map(|i| (i as f32 * 0.37).sin().abs())
                .collect(),
            state: trunk.inputs[1..].iter().map(Port::zeros).collect(),
            columns: vec![0.1; window * channels],
            mask: vec![1.0; window],
            trunk: Graph::load(device, "trunk.onnx", files.trunk.as_ref().unwrap(), &trunk).unwrap(),
            head: Graph::load(device, "head.onnx", &files.head, &head).unwrap(),
            features,
        }
    }

    /// One reading: the trunk over its frames, the head over the window's columns.
    fn read(&mut self) {
        let width = self.columns.len() / self.mask.len();
        let made = self.trunk.ports().outputs[0].shape[1] * width;
        let mut columns = vec![0.0; made];
        let mut next = self.state.clone();
        let inputs: Vec<_> = std::iter::once(&self.frames)
            .chain(&self.state)
            .map(Vec::as_slice)
            .collect();
        let mut outputs: Vec<_> = std::iter::once(columns.as_mut_slice())
            .chain(next.iter_mut().map(Vec::as_mut_slice))
            .collect();
        self.trunk.run(&inputs, &mut outputs).unwrap();
        self.state = next;
        let kept = made.min(self.columns.len());
        self.columns.rotate_left(kept);
        let end = self.columns.len();
        self.columns[end - kept..].copy_from_slice(&columns[made - kept..]);
        let (mut mean, mut sd) = (vec![0.0; self.features], vec![0.0; self.features]);
        self.head
            .run(&[&self.columns, &self.mask], &mut [&mut mean, &mut sd])
            .unwrap();
        black_box((mean, sd));
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for device in [Device::Embedded, Device::Cpu] {
        let Some(model) = model_on(device) else {
            continue;
        };
        let card = model.card();
        let whole = card.window_frames() / card.stride() * card.stride();
        let mut rolling = Parts::new(device, card, card.stride());
        let mut again = Parts::new(device, card, whole);
        let mut live = Live::new(&model);
        if !quick() {
            let mut group = criterion.benchmark_group("reading");
            group.sample_size(20);
            group.bench_function(BenchmarkId::new("rolling", device), |b| b.iter(|| rolling.read()));
            group.bench_function(BenchmarkId::new("whole window again", device), |b| {
                b.iter(|| again.read())
            });
            group.bench_function(BenchmarkId::new("live path, a second of sound", device), |b| {
                b.iter(|| live.second());
            });
            group.finish();
        }
        compare(device, &mut rolling, &mut again, &mut live);
    }
    criterion.final_summary();
}

/// The whole live path: a stereo stream at 48 kHz through front end, trunk, head and loudness meter.
struct Live {
    scorer: Scorer,
    second: Vec<f32>,
}

impl Live {
    fn new(model: &Model) -> Self {
        let input = InputFormat::new(48_000, 2);
        let mut live = Self {
            scorer: Scorer::new(model, input, READINGS_HZ).unwrap(),
            second: (0..96_000).map(|i| (i as f32 * 0.011).sin() * 0.3).collect(),
        };
        for _ in 0..31 {
            live.second(); // Until the window is full.
        }
        live
    }

    fn second(&mut self) {
        let mut readings = Vec::new();
        self.scorer.push(&self.second, &mut readings).unwrap();
        black_box(readings);
    }
}

/// Times both paths in turns and prints the ratio of the medians.
fn compare(device: Device, rolling: &mut Parts, again: &mut Parts, live: &mut Live) {
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    let mut times = [(); 3].map(|()| Vec::new());
    for _ in 0..TURNS {
        times[0].push(time(&mut || (0..20).for_each(|_| rolling.read())) / 20);
        times[1].push(time(&mut || again.read()));
        times[2].push(time(&mut || live.second()));
    }
    let [rolling, again, live] = times.map(|mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    });
    println!(
        "{device}: a reading costs {:.2} ms rolling, {:.1} ms with the whole window again: {:.0} times as much",
        rolling * 1e3,
        again * 1e3,
        again / rolling
    );
    goal(
        &format!("{device}: a reading, rolling / whole window again"),
        rolling / again,
        CHEAPER,
    );
    goal(&format!("{device}: live path, share of a core"), live, SHARE);
}
