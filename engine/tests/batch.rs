//! Many streams in one run of the graphs: each gets the readings that it would get alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use echometer_engine::{Batch, Device, Feature, InputFormat, Model, Reading, Scorer};
use echometer_models::default_model;

/// Streams that differ in rate, channels, length and sound.
const STREAMS: [(u32, u16, f64); 5] = [
    (44_100, 2, 6.0),
    (48_000, 1, 9.0),
    (8_000, 2, 4.0),
    (44_100, 2, 0.0),
    (24_000, 1, 7.0),
];

fn formats() -> Vec<InputFormat> {
    let formats = STREAMS.iter();
    formats
        .map(|&(rate, channels, _)| InputFormat::new(rate, channels))
        .collect()
}

fn sound(stream: usize) -> Vec<f32> {
    let (rate, channels, seconds) = STREAMS[stream];
    let samples = (f64::from(rate) * seconds) as usize * usize::from(channels);
    let mut state = stream as u32 + 1;
    (0..samples)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 8) as f32 / (1u32 << 24) as f32 - 0.5;
            0.3 * (i as f32 * 0.01 * (stream + 1) as f32).sin() + 0.1 * noise
        })
        .collect()
}

/// All readings of a stream on its own, the last one after its end.
fn alone(model: &Model, stream: usize) -> Vec<Reading> {
    let mut scorer = Scorer::new(model, formats()[stream], 5.0).unwrap();
    let mut readings = Vec::new();
    scorer.push(&sound(stream), &mut readings).unwrap();
    readings.extend(scorer.finish().unwrap());
    readings
}

/// The same from a batch that is fed unlike pieces of its streams.
fn together(model: &Model) -> Vec<Vec<Reading>> {
    let mut batch = Batch::new(model, &formats(), 5.0).unwrap();
    assert_eq!(batch.streams(), STREAMS.len());
    let sounds: Vec<_> = (0..STREAMS.len()).map(sound).collect();
    let mut rest: Vec<_> = sounds.iter().map(Vec::as_slice).collect();
    let mut told = Vec::new();
    for turn in 0.. {
        let now: Vec<_> = rest
            .iter_mut()
            .enumerate()
            .map(|(i, rest)| {
                let size = (1 + (turn * 7 + i * 5) % 11) * 4000;
                let (now, later) = rest.split_at(size.min(rest.len()));
                *rest = later;
                now
            })
            .collect();
        if now.iter().all(|now| now.is_empty()) {
            break;
        }
        batch.push(&now, &mut told).unwrap();
    }
    let mut readings = vec![Vec::new(); STREAMS.len()];
    for (stream, reading) in told {
        readings[stream].push(reading);
    }
    for (readings, last) in readings.iter_mut().zip(batch.finish().unwrap()) {
        readings.extend(last);
    }
    readings
}

fn assert_close(found: &[Reading], expected: &[Reading], stream: usize) {
    assert_eq!(found.len(), expected.len(), "stream {stream}");
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!((found.time, found.silent), (expected.time, expected.silent));
        for feature in Feature::ALL {
            let (low, high) = feature.range();
            match (found.values[feature], expected.values[feature]) {
                (Some(found), Some(expected)) => assert!(
                    (found - expected).abs() <= 1e-5 * (high - low),
                    "stream {stream}, {feature}: {found} and {expected}"
                ),
                (found, expected) => assert_eq!(found, expected, "stream {stream}, {feature}"),
            }
        }
    }
}

#[test]
fn each_stream_is_read_as_if_it_were_alone() {
    for device in [Device::Embedded, Device::Cpu, Device::Cuda] {
        let load = |streams| Model::load_for(&default_model(), device, streams);
        let model = match load(1) {
            Ok(model) => model,
            Err(reason) => {
                let named = device == Device::Cpu && std::env::var_os("ORT_DYLIB_PATH").is_some();
                assert!(device != Device::Embedded && !named, "{reason}");
                println!("{device}: skipped: {reason}");
                continue;
            }
        };
        let expected: Vec<_> = (0..STREAMS.len()).map(|stream| alone(&model, stream)).collect();
        assert!(expected[3].is_empty() && expected[1].len() == 46);
        // Room for some of the streams, for all of them, and for more.
        for streams in [1, 2, 5, 8] {
            let found = together(&load(streams).unwrap());
            for (stream, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert_close(found, expected, stream);
                assert!(
                    streams > 1 || found == expected,
                    "the same shapes, the same numbers"
                );
            }
        }
    }
}

#[test]
fn a_place_is_free_again_after_a_reset() {
    let model = Model::load_for(&default_model(), Device::Embedded, 2).unwrap();
    let mut batch = Batch::new(&model, &formats()[..2], 5.0).unwrap();
    let (first, second) = (sound(0), sound(1));
    let mut told = Vec::new();
    batch.push(&[&first[..80_000], &second], &mut told).unwrap();
    batch.reset(0);
    batch.reset(7); // Nobody is there.
    told.clear();
    batch.push(&[&first], &mut told).unwrap();
    assert!(told.iter().all(|(stream, _)| *stream == 0));
    let readings: Vec<_> = told.into_iter().map(|(_, reading)| reading).collect();
    let expected = alone(&model, 0);
    assert_close(&readings, &expected[..readings.len()], 0);
    assert_eq!(readings.len(), 30);
}

#[test]
fn a_model_is_loaded_for_some_streams_at_least() {
    let error = |streams| {
        Model::load_for(&default_model(), Device::Embedded, streams)
            .unwrap_err()
            .to_string()
    };
    assert!(error(0).contains("is 0, but must be 1–65536"), "{}", error(0));
    assert!(error(100_000).contains("100000"));
}
