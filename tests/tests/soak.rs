//! A stream that goes on and on, and one to which everything happens: nothing grows, drifts or is lost that need not be.
//!
//! `ECHOMETER_SOAK_H=24 cargo test --release -p echometer-tests --test soak -- --nocapture` feeds a day; without the variable it
//! is a few minutes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use echometer_engine::tap::tap;
use echometer_engine::{Device, Feature, InputFormat, Live, Model, Pool, Reading, Scorer};
use echometer_tests::{demo, memory, model, model_on};

const READING_HZ: f64 = 5.0;
/// What is repeated, in seconds: longer than the window, and a whole number of columns, so that the same sound meets the same
/// phase of everything.
const PERIOD_S: usize = 60;
/// Hours without the variable.
const SHORT_H: f64 = 0.1;
/// Memory that may come and go between a tenth of the time and its end, in bytes.
const SLACK: usize = 8 << 20;
const BLOCK: usize = 512;

/// `seconds` of a bundled excerpt over and over.
fn repeated(seconds: usize) -> (Vec<f32>, InputFormat) {
    let (excerpt, format) = demo("dance");
    let count = seconds * format.rate as usize * usize::from(format.channels);
    (excerpt.into_iter().cycle().take(count).collect(), format)
}

/// The furthest that two readings' values are apart, as a share of the range.
fn apart(a: &Reading, b: &Reading) -> f32 {
    let far = |feature: Feature| {
        let (low, high) = feature.range();
        match (a.values[feature], b.values[feature]) {
            (Some(a), Some(b)) => (a - b).abs() / (high - low),
            (None, None) => 0.0,
            _ => f32::INFINITY,
        }
    };
    Feature::ALL.into_iter().map(far).fold(0.0, f32::max)
}

#[test]
fn a_long_day_neither_grows_nor_drifts() {
    for device in [Device::Cpu, Device::Embedded] {
        if let Some(model) = model_on(device) {
            soak(device, &model);
        }
    }
}

fn soak(device: Device, model: &Model) {
    let hours =
        std::env::var("ECHOMETER_SOAK_H").map_or(SHORT_H, |hours| hours.parse().expect("a number of hours"));
    let periods = (hours * 3600.0 / PERIOD_S as f64).round().max(3.0) as usize;
    let (sound, format) = repeated(PERIOD_S);
    let (mut tap, reader) = tap(format.channels, 2 * format.rate as usize).unwrap();
    let (sender, readings) = channel();
    let live = Live::start(
        model,
        reader,
        format.rate,
        READING_HZ,
        move |reading: &Reading| {
            sender.send(reading.clone()).unwrap();
        },
    )
    .unwrap();

    let in_a_period = PERIOD_S * READING_HZ as usize;
    let (mut reference, mut furthest, mut early) = (Vec::new(), 0.0f32, None);
    let mut count = 0;
    for period in 0..periods {
        for block in sound.chunks(BLOCK * usize::from(format.channels)) {
            while tap.fill() > 0.5 {
                live.catch_up(None);
            }
            assert!(tap.push_interleaved(block), "there was room");
        }
        live.catch_up(None);
        for (i, reading) in readings.try_iter().enumerate() {
            count += 1;
            // Not a nanosecond is lost or gained.
            assert!(
                (reading.time - f64::from(count) / READING_HZ).abs() < 1e-6,
                "{}",
                reading.time
            );
            match period {
                0 => {}
                1 => reference.push(reading),
                _ => furthest = furthest.max(apart(&reading, &reference[i])),
            }
        }
        if period == periods / 10 + 1 {
            early = memory();
        }
    }
    assert_eq!(count as usize, periods * in_a_period);
    assert_eq!(live.latest().unwrap().dropped, 0);
    let grown = early
        .zip(memory())
        .map(|(early, late)| late.resident.saturating_sub(early.resident));
    println!(
        "{device}: {:.1} h, {count} readings, those of the second minute and of every later one at most {furthest:.1e} of a range apart, memory grew by {} kB",
        (periods * PERIOD_S) as f64 / 3600.0,
        grown.map_or("?".into(), |grown| (grown / 1024).to_string())
    );
    assert!(furthest <= 1e-6, "{furthest:e}");
    assert!(grown.is_none_or(|grown| grown < SLACK), "{grown:?} bytes");
}

/// A listener that waits at its first reading until it is told to go on.
fn stalled(go: Receiver<()>, heard: Arc<Mutex<Vec<Reading>>>) -> impl FnMut(&Reading) + Send + 'static {
    let mut go = Some(go);
    move |reading| {
        if let Some(go) = go.take() {
            go.recv().unwrap();
        }
        heard.lock().unwrap().push(reading.clone());
    }
}

#[test]
fn a_stalled_analysis_loses_what_the_ring_cannot_hold_and_says_so() {
    let (sound, format) = repeated(20);
    let frames = format.rate as usize;
    let (mut tap, reader) = tap(format.channels, 2 * frames).unwrap();
    let (release, go) = channel();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = stalled(go, Arc::clone(&heard));
    let live = Live::start(&model(), reader, format.rate, READING_HZ, listener).unwrap();
    let width = usize::from(format.channels);
    let mut taken = Vec::new();
    let mut refused = 0;
    for (i, block) in sound.chunks(BLOCK * width).enumerate() {
        if i * BLOCK == 10 * frames / BLOCK * BLOCK {
            release.send(()).unwrap();
            live.catch_up(None);
        }
        if i * BLOCK > 10 * frames {
            while tap.fill() > 0.5 {
                live.catch_up(None);
            }
        }
        match tap.push_interleaved(block) {
            true => taken.extend_from_slice(block),
            false => refused += 1,
        }
    }
    drop(tap);
    live.join().unwrap();
    let heard = heard.lock().unwrap();
    assert!(refused > 0, "ten seconds do not fit into two");
    assert_eq!(heard.last().unwrap().dropped, refused);
    // What was taken was scored, all of it.
    let mut expected = Vec::new();
    let mut scorer = Scorer::new(&model(), format, READING_HZ).unwrap();
    scorer.push(&taken, &mut expected).unwrap();
    assert_eq!(heard.len(), expected.len());
    for (heard, expected) in heard.iter().zip(&expected) {
        assert_eq!((heard.time, &heard.values), (expected.time, &expected.values));
    }
}

/// Everything of `sound` through a stream of its own, in blocks of changing length.
fn through(pool: &Pool, model: &Model, sound: &[f32], format: InputFormat, seed: &mut u32) -> Vec<Reading> {
    let (mut tap, reader) = tap(format.channels, format.rate as usize).unwrap();
    let (sender, readings) = channel();
    let listener = move |reading: &Reading| sender.send(reading.clone()).unwrap();
    let live = Live::start_on(pool, model, reader, format.rate, READING_HZ, listener).unwrap();
    let mut rest = sound;
    while !rest.is_empty() {
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let frames = 1 + (*seed >> 20) as usize; // 1 to 4,096
        let (block, after) = rest.split_at(rest.len().min(frames * usize::from(format.channels)));
        while !tap.push_interleaved(block) {
            live.catch_up(None);
        }
        rest = after;
    }
    drop(tap);
    live.join().unwrap();
    readings.try_iter().collect()
}

#[test]
fn a_device_that_changes_every_few_seconds_is_followed() {
    let (model, pool) = (model(), Pool::new(1).unwrap());
    let (sound, _) = repeated(10);
    let mut seed = 1;
    let rates = [44_100, 48_000, 8_000, 96_000, 22_050, 192_000, 11_025, 88_200];
    for (i, rate) in rates.into_iter().cycle().take(16).enumerate() {
        let format = InputFormat::new(rate, [2, 1, 6, 32][i % 4]);
        let count = 3 * rate as usize * usize::from(format.channels);
        let sound: Vec<_> = sound
            .iter()
            .copied()
            .cycle()
            .skip(i * 1_000)
            .take(count)
            .collect();
        let heard = through(&pool, &model, &sound, format, &mut seed);
        let mut expected = Vec::new();
        let mut scorer = Scorer::new(&model, format, READING_HZ).unwrap();
        scorer.push(&sound, &mut expected).unwrap();
        assert_eq!(heard.len(), 15);
        for (heard, expected) in heard.iter().zip(&expected) {
            assert_eq!(
                (heard.time, &heard.values),
                (expected.time, &expected.values),
                "{format:?}"
            );
        }
    }
    assert_eq!(pool.streams(), 0);
}
