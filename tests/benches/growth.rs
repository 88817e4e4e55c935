//! How the live path's cost grows with rate, channels, readings a second, the window's length and streams, each beside a stereo
//! stream at 48 kHz with five and a window of 30 s.
//!
//! `cargo bench -p echometer-tests --bench growth`

#![allow(clippy::unwrap_used, clippy::expect_used)] // The whole file is a measurement.

use std::hint::black_box;
use std::time::Instant;

use echometer_engine::model::onnx::{DimensionProto, ModelProto, ValueInfoProto};
use echometer_engine::model::{Card, sha256_hex};
use echometer_engine::{Device, InputFormat, Model, Scorer};
use echometer_models::default_model;
use prost::Message;

const USUAL: Case = Case {
    rate: 48_000,
    channels: 2,
    readings_hz: 5.0,
    window_s: 30.0,
    streams: 1,
};
/// Turns, of which the least time counts.
const TURNS: usize = 9;

/// A live path.
#[derive(Clone, Copy)]
struct Case {
    rate: u32,
    channels: u16,
    readings_hz: f64,
    window_s: f64,
    streams: usize,
}

impl Case {
    fn start(self) -> Running {
        let model = model(self.window_s);
        let format = InputFormat::new(self.rate, self.channels);
        let count = self.rate as usize * usize::from(self.channels);
        let mut running = Running {
            scorers: (0..self.streams)
                .map(|_| Scorer::new(&model, format, self.readings_hz).unwrap())
                .collect(),
            second: (0..count).map(|i| (i as f32 * 0.011).sin() * 0.3).collect(),
            least: f64::MAX,
        };
        (0..=self.window_s as usize).for_each(|_| running.second()); // Until the window is full.
        running.least = f64::MAX;
        running
    }
}

/// The default model with a window of so many seconds: its head pools over however many columns there are.
fn model(window_s: f64) -> Model {
    let mut files = default_model();
    let mut card: Card = serde_json::from_slice(&files.card).unwrap();
    card.window_s = window_s;
    let mut head = ModelProto::decode(&*files.head).unwrap();
    let (columns, channels) = (card.window_columns(), card.channels());
    let sizes = |sizes: &[usize]| {
        let fixed = sizes.iter().map(|&size| DimensionProto::fixed(size));
        std::iter::once(DimensionProto::any("N")).chain(fixed).collect()
    };
    head.graph.as_mut().unwrap().input = vec![
        ValueInfoProto::float("columns", sizes(&[columns, channels])),
        ValueInfoProto::float("mask", sizes(&[columns])),
    ];
    files.head = head.encode_to_vec().into();
    card.head.sha256 = sha256_hex(&files.head);
    files.card = serde_json::to_vec(&card).unwrap().into();
    Model::load(&files, Device::Embedded).unwrap()
}

struct Running {
    scorers: Vec<Scorer>,
    second: Vec<f32>,
    least: f64,
}

impl Running {
    fn second(&mut self) {
        let begun = Instant::now();
        for scorer in &mut self.scorers {
            let mut readings = Vec::new();
            scorer.push(&self.second, &mut readings).unwrap();
            black_box(readings);
        }
        self.least = self.least.min(begun.elapsed().as_secs_f64());
    }
}

fn main() {
    let mut cases = vec![("stereo, 48 kHz, 5 readings a second".to_owned(), USUAL)];
    for rate in [8_000, 24_000, 44_100, 96_000, 192_000] {
        cases.push((format!("{rate} Hz"), Case { rate, ..USUAL }));
    }
    for channels in [1, 6, 32] {
        cases.push((format!("{channels} channels"), Case { channels, ..USUAL }));
    }
    for readings_hz in [1.0, 10.0, 30.0] {
        cases.push((
            format!("{readings_hz} readings a second"),
            Case { readings_hz, ..USUAL },
        ));
    }
    for window_s in [10.0, 60.0, 120.0] {
        cases.push((format!("a window of {window_s} s"), Case { window_s, ..USUAL }));
    }
    for streams in [4, 16] {
        cases.push((format!("{streams} streams"), Case { streams, ..USUAL }));
    }
    let mut running: Vec<_> = cases.iter().map(|(_, case)| case.start()).collect();
    for _ in 0..TURNS {
        running.iter_mut().for_each(Running::second);
    }
    let usual = running[0].least;
    println!("| live path, embedded backend | share of a core | times the usual |\n|---|---:|---:|");
    for ((name, _), running) in cases.iter().zip(&running) {
        println!(
            "| {name} | {:.2} % | {:.2} |",
            running.least * 100.0,
            running.least / usual
        );
    }
}
