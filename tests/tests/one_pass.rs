//! Live, in pieces of any size, and offline in one pass: the same columns and readings.
//!
//! A minute and a half of sound here; an hour by
//! `ECHOMETER_ONE_PASS_S=3600 cargo test --release -p echometer-tests --test one_pass -- --nocapture`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use std::sync::mpsc;

use echometer_engine::model::{head_ports, trunk_ports};
use echometer_engine::tap::tap;
use echometer_engine::{Device, Feature, Graph, InputFormat, Live, Model, PerFeature, Port, Reading, Scorer};
use echometer_models::{DEMOS, default_model};
use echometer_tests::{demo, model_on};

/// Readings a second of what is compared.
const READINGS_HZ: f64 = 2.0;

/// The front end's own rate: a piece of N frames is a piece of N hops.
const INPUT: InputFormat = InputFormat::new(24_000, 1);

/// The bundled excerpts over and over, each time at another level, with a silence between.
fn sound(seconds: f64) -> Vec<f32> {
    let excerpts: Vec<Vec<f32>> = DEMOS
        .iter()
        .map(|excerpt| {
            let (samples, format) = demo(excerpt.name);
            // Every so many samples of the first channel: aliased, but sound.
            let step = f64::from(format.rate) / f64::from(INPUT.rate);
            let frames: Vec<_> = samples.chunks(usize::from(format.channels)).collect();
            (0..(frames.len() as f64 / step) as usize)
                .map(|i| frames[(i as f64 * step) as usize][0])
                .collect()
        })
        .collect();
    let mut sound = Vec::new();
    for turn in 0.. {
        let gain = 0.3 + 0.2 * (turn % 4) as f32;
        sound.extend(excerpts[turn % excerpts.len()].iter().map(|x| x * gain));
        sound.extend([0.0; 12_345]);
        if sound.len() as f64 >= seconds * f64::from(INPUT.rate) {
            break;
        }
    }
    sound.truncate((seconds * f64::from(INPUT.rate)) as usize);
    sound
}

/// Readings and frames of a scorer that is fed `piece` samples at a time.
fn in_pieces(model: &Model, sound: &[f32], piece: usize) -> (Vec<Reading>, Vec<f32>) {
    let scorer = Scorer::new(model, INPUT, READINGS_HZ).unwrap();
    let mut scorer = scorer.with_frames().with_levels().unwrap();
    let (mut readings, mut frames) = (Vec::new(), Vec::new());
    for piece in sound.chunks(piece) {
        scorer.push(piece, &mut readings).unwrap();
        scorer.take_frames(&mut frames);
    }
    (readings, frames)
}

/// Readings of a live stream: tap, ring, analysis thread.
fn live(model: &Model, sound: &[f32]) -> Vec<Reading> {
    let (mut tap, reader) = tap(1, sound.len()).unwrap();
    let (send, receive) = mpsc::channel();
    let live = Live::start(
        model,
        reader,
        INPUT.rate,
        READINGS_HZ,
        move |reading: &Reading| {
            let _ = send.send(reading.clone());
        },
    );
    let live = live.unwrap();
    for block in sound.chunks(480) {
        assert!(tap.push_interleaved(block));
    }
    drop(tap);
    live.join().unwrap();
    receive.iter().collect()
}

/// All of the default model's columns, made in one run, and its head.
struct OnePass {
    head: Graph,
    columns: Vec<f32>,
}

impl OnePass {
    /// All columns of `frames` in a single run of the trunk.
    fn new(model: &Model, device: Device, frames: &[f32]) -> Self {
        let (card, files) = (model.card(), default_model());
        let step = card.stride() * card.front_end.mels;
        let frames = &frames[..frames.len() / step * step];
        let ports = trunk_ports(card, 1, frames.len() / step).unwrap();
        let zeros = |ports: &[Port]| ports.iter().map(Port::zeros).collect::<Vec<_>>();
        let (start, mut outputs) = (zeros(&ports.inputs), zeros(&ports.outputs));
        let mut inputs: Vec<_> = start.iter().map(Vec::as_slice).collect();
        inputs[0] = frames;
        let trunk = Graph::load(device, "trunk.onnx", files.trunk.as_ref().unwrap(), &ports).unwrap();
        let mut slots: Vec<_> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        trunk.run(&inputs, &mut slots).unwrap();
        let head = head_ports(card, true, 1);
        Self {
            head: Graph::load(device, "head.onnx", &files.head, &head).unwrap(),
            columns: outputs.swap_remove(0),
        }
    }

    /// What the head says of the window that ends with the first `frames` frames; nothing before the first column.
    fn values(&self, model: &Model, frames: usize) -> Option<PerFeature<f32>> {
        let card = model.card();
        let (channels, window) = (card.channels(), card.window_columns());
        let (first, end) = (card.warm_up_columns(), frames / card.stride());
        if end <= first {
            return None;
        }
        let heard = (end - first).min(window);
        let mut columns = vec![0.0; (window - heard) * channels];
        columns.extend(&self.columns[(end - heard) * channels..end * channels]);
        let mask: Vec<_> = (0..window)
            .map(|i| if i < window - heard { 0.0 } else { 1.0 })
            .collect();
        let (mut mean, mut sd) = (vec![0.0; card.features.len()], vec![0.0; card.features.len()]);
        self.head
            .run(&[&columns, &mask], &mut [&mut mean, &mut sd])
            .unwrap();
        let mut values = PerFeature::default();
        for (feature, mean) in card.features.iter().zip(mean) {
            values[feature.name] = feature.name.clamp(mean);
        }
        Some(values)
    }
}

#[test]
fn live_in_pieces_and_in_one_pass_are_the_same() {
    let seconds = std::env::var("ECHOMETER_ONE_PASS_S").map_or(90.0, |text| text.parse().unwrap());
    let sound = sound(seconds);
    for (device, tolerance) in [(Device::Cpu, 0.0), (Device::Embedded, 1e-5), (Device::Cuda, 1e-5)] {
        let Some(model) = model_on(device) else {
            continue;
        };
        let hop = model.card().front_end.hop;
        let (readings, frames) = in_pieces(&model, &sound, hop);
        for pieces in [7, 64] {
            let (again, same) = in_pieces(&model, &sound, pieces * hop);
            assert!(
                again == readings && same == frames,
                "{device}: pieces of {pieces} frames"
            );
        }
        assert!(live(&model, &sound) == readings, "{device}: live");
        assert_eq!(readings.len(), (seconds * READINGS_HZ) as usize);

        let one_pass = OnePass::new(&model, device, &frames);
        let mut worst = 0.0_f32;
        for reading in readings.iter().filter(|reading| !reading.silent) {
            let samples = (reading.time * f64::from(INPUT.rate)).round() as u64;
            let frames = model.card().front_end.frames_in(samples) as usize;
            let expected = one_pass.values(&model, frames);
            for feature in Feature::ALL.into_iter().filter(|&f| f != Feature::Loudness) {
                let (low, high) = feature.range();
                match (reading.values[feature], &expected) {
                    (Some(found), Some(expected)) => {
                        worst = worst.max((found - expected[feature]).abs() / (high - low));
                    }
                    (found, expected) => assert_eq!(found.is_some(), expected.is_some(), "{}", reading.time),
                }
            }
        }
        println!(
            "{device}: {} readings of {seconds} s, {} columns in one pass: at most {worst:e} apart",
            readings.len(),
            one_pass.columns.len() / model.card().channels(),
        );
        assert!(worst <= tolerance, "{device}: {worst}");
    }
}
