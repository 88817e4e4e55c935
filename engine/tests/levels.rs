//! Momentary and short-term loudness, loudness range and true peak of the signals that EBU Tech 3341 (cases 9–23) and Tech 3342
//! (cases 1–4) ask of a meter, read as a live stream is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

mod graphs;

use std::f64::consts::{PI, TAU};

use echometer_engine::frontend::FrontEndConfig;
use echometer_engine::tap::Downmix;
use echometer_engine::{Device, InputFormat, Levels, Loudness, Model, Reading, Scorer};

const RATE: u32 = 48_000;
/// Readings a second: as often as levels change.
const HZ: f64 = 50.0;
const NONE: f64 = f64::NEG_INFINITY;

/// A stereo 1 kHz sine in parts of so many seconds and dBFS.
fn tone(parts: &[(f64, f64)]) -> Vec<f32> {
    let mut samples = Vec::new();
    for &(seconds, level) in parts {
        for _ in 0..(seconds * f64::from(RATE)).round() as usize {
            let at = samples.len() as f64 / 2.0;
            let sine = 10f64.powf(level / 20.0) * (TAU * 1000.0 * at / f64::from(RATE)).sin();
            samples.extend([sine as f32; 2]);
        }
    }
    samples
}

fn readings(samples: &[f32], rate: u32, channels: u16) -> Vec<Reading> {
    let model = Model::load(&graphs::one_graph(FrontEndConfig::live(), 1.0), Device::Embedded).unwrap();
    let mut scorer = Scorer::new(&model, InputFormat::new(rate, channels), HZ)
        .unwrap()
        .with_levels()
        .unwrap();
    let mut readings = Vec::new();
    for block in samples.chunks(usize::from(channels) * 512) {
        scorer.push(block, &mut readings).unwrap();
    }
    readings
}

/// A level of each reading after `from` seconds.
fn after(
    readings: &[Reading],
    from: f64,
    level: impl Fn(&Levels) -> Option<f32>,
) -> impl Iterator<Item = Option<f32>> {
    readings
        .iter()
        .filter(move |reading| reading.time >= from)
        .map(move |reading| level(&reading.levels))
}

fn near(found: Option<f32>, wanted: f32, what: &str) {
    assert!(
        found.is_some_and(|found| (found - wanted).abs() <= 0.1),
        "{what}: {found:?}, not {wanted}"
    );
}

#[test]
fn case_9_short_term_is_steady() {
    let parts: Vec<_> = std::iter::repeat_n([(1.34, -20.0), (1.66, -30.0)], 5)
        .flatten()
        .collect();
    let readings = readings(&tone(&parts), RATE, 2);
    assert!(after(&readings, 3.0, |l| l.short_term).count() > 500);
    for found in after(&readings, 3.0, |l| l.short_term) {
        near(found, -23.0, "case 9");
    }
}

#[test]
fn case_10_the_largest_short_term_wherever_the_tone_begins() {
    for i in 0..20 {
        let readings = readings(
            &tone(&[(0.15 * f64::from(i), NONE), (3.0, -23.0), (1.0, NONE)]),
            RATE,
            2,
        );
        near(readings.last().unwrap().levels.max_short_term, -23.0, "case 10");
    }
}

#[test]
fn case_11_short_term_of_one_tone_after_the_other() {
    let segment = |i: i32| {
        let silence = 0.15 * f64::from(i);
        [(silence, NONE), (3.0, f64::from(i - 38)), (3.0 - silence, NONE)]
    };
    let readings = readings(&tone(&(0..20).flat_map(segment).collect::<Vec<_>>()), RATE, 2);
    for i in 0..20 {
        let segment = 6.0 * f64::from(i)..6.0 * f64::from(i + 1);
        let of = readings.iter().filter(|reading| segment.contains(&reading.time));
        let largest = of
            .filter_map(|reading| reading.levels.short_term)
            .reduce(f32::max);
        near(largest, (i - 38) as f32, "case 11");
    }
}

#[test]
fn case_12_momentary_is_steady() {
    let parts: Vec<_> = std::iter::repeat_n([(0.18, -20.0), (0.22, -30.0)], 25)
        .flatten()
        .collect();
    let readings = readings(&tone(&parts), RATE, 2);
    assert!(after(&readings, 1.0, |l| l.momentary).count() > 400);
    for found in after(&readings, 1.0, |l| l.momentary) {
        near(found, -23.0, "case 12");
    }
}

#[test]
fn case_13_the_largest_momentary_wherever_the_tone_begins() {
    for i in 0..20 {
        let readings = readings(
            &tone(&[(0.02 * f64::from(i), NONE), (0.4, -23.0), (1.0, NONE)]),
            RATE,
            2,
        );
        near(readings.last().unwrap().levels.max_momentary, -23.0, "case 13");
    }
}

#[test]
fn case_14_momentary_of_one_tone_after_the_other() {
    let segment = |i: i32| {
        let silence = 0.02 * f64::from(i);
        [(silence, NONE), (0.4, f64::from(i - 38)), (0.4 - silence, NONE)]
    };
    let readings = readings(&tone(&(0..20).flat_map(segment).collect::<Vec<_>>()), RATE, 2);
    for i in 0..20 {
        let segment = 0.8 * f64::from(i) + 0.01..0.8 * f64::from(i + 1) + 0.01;
        let of = readings.iter().filter(|reading| segment.contains(&reading.time));
        let largest = of.filter_map(|reading| reading.levels.momentary).reduce(f32::max);
        near(largest, (i - 38) as f32, "case 14");
    }
}

/// A stereo sine of a period of so many samples, as an oscillator of `degrees` begins it.
fn sine(period: f64, degrees: f64, amplitude: f64) -> Vec<f32> {
    let fade = 480.0;
    (0..RATE / 2)
        .flat_map(|i| {
            let i = f64::from(i);
            // Faded in and out: a sudden start has peaks of its own.
            let ends = (i / fade).min((f64::from(RATE / 2) - i) / fade).min(1.0);
            [(ends * amplitude * (TAU * i / period + degrees.to_radians()).sin()) as f32; 2]
        })
        .collect()
}

fn true_peak(samples: &[f32], rate: u32, channels: u16) -> f32 {
    readings(samples, rate, channels)
        .last()
        .unwrap()
        .levels
        .true_peak
        .unwrap()
}

/// Tech 3341 lets a meter read 0.2 dB too much and 0.4 dB too little.
fn peaks(found: f32, wanted: f32, what: &str) {
    println!("{what}: {found:.2} dBTP");
    assert!(
        (-0.4..=0.2).contains(&(found - wanted)),
        "{what}: {found} dBTP, not {wanted}"
    );
}

#[test]
fn cases_15_to_19_the_peak_between_samples() {
    for (case, period, degrees, amplitude, wanted) in [
        (15, 4.0, 0.0, 0.5, -6.0),
        (16, 4.0, 45.0, 0.5, -6.0),
        (17, 6.0, 60.0, 0.5, -6.0),
        (18, 8.0, 67.5, 0.5, -6.0),
        (19, 4.0, 45.0, 1.41, 3.0),
    ] {
        let found = true_peak(&sine(period, degrees, amplitude), RATE, 2);
        peaks(found, wanted, &format!("case {case}"));
    }
}

/// A quarter of `samples`, from `offset` on, without what only the full rate can hold.
fn decimated(samples: &[f64], offset: usize) -> Vec<f32> {
    const HALF: i64 = 256;
    let kernel = |at: i64| {
        let x = at as f64 / 4.0;
        let sinc = if at == 0 { 1.0 } else { (PI * x).sin() / (PI * x) };
        let window = 0.5 + 0.5 * (PI * at as f64 / (HALF + 1) as f64).cos();
        sinc * window / 4.0
    };
    (offset..samples.len())
        .step_by(4)
        .flat_map(|middle| {
            let sum: f64 = (-HALF..=HALF)
                .filter_map(|k| Some(kernel(k) * samples.get(usize::try_from(middle as i64 + k).ok()?)?))
                .sum();
            [sum as f32; 2]
        })
        .collect()
}

#[test]
fn cases_20_to_23_one_louder_cycle_wherever_it_is_sampled() {
    // At four times the rate: a sine of a sixth of it, and in the middle one cycle of twice the amplitude.
    let rate = 4 * 4_800;
    let loud = rate / 2 / 24 * 24;
    let samples: Vec<f64> = (0..rate)
        .map(|i| {
            let amplitude = if (loud..loud + 24).contains(&i) { 1.0 } else { 0.5 };
            let ends = (i as f64 / 1920.0).min((rate - i) as f64 / 1920.0).min(1.0);
            ends * amplitude * (TAU * i as f64 / 24.0).sin()
        })
        .collect();
    for offset in 0..4 {
        let found = true_peak(&decimated(&samples, offset), RATE, 2);
        peaks(found, 0.0, &format!("case {}", 20 + offset));
    }
}

#[test]
fn a_peak_is_the_same_at_every_rate_and_in_every_channel() {
    for rate in [8_000, 44_100, 48_000, 96_000, 192_000, 384_000] {
        for channels in [1u16, 2, 6] {
            // A tone of an eighth of 8 kHz, in the last channel alone.
            let samples: Vec<f32> = (0..rate / 2)
                .flat_map(|i| {
                    let ends = (f64::from(i) / f64::from(rate / 20)).min(1.0);
                    let at = TAU * 1000.0 * f64::from(i) / f64::from(rate);
                    let sine = (0.5 * ends * (at + 0.3).sin()) as f32;
                    (0..channels).map(move |c| if c + 1 == channels { sine } else { 0.0 })
                })
                .collect();
            let found = true_peak(&samples, rate, channels);
            peaks(found, -6.02, &format!("{rate} Hz, {channels} channels"));
        }
    }
}

#[test]
fn the_range_is_that_of_a_file() {
    for (levels, wanted) in [
        (&[-20.0, -30.0][..], 10.0),
        (&[-20.0, -15.0], 5.0),
        (&[-40.0, -20.0], 20.0),
        (&[-50.0, -35.0, -20.0, -35.0, -50.0], 15.0),
    ] {
        let parts: Vec<_> = levels.iter().map(|&level| (20.0, level)).collect();
        let samples = tone(&parts);
        let mut meter = Loudness::new(RATE, &Downmix::new(2).unwrap(), 1.0).unwrap();
        meter.keep_whole();
        meter.keep_levels().unwrap();
        let pairs: Vec<[f32; 2]> = samples.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
        meter.push(pairs.as_slice().into()).unwrap();
        let (found, whole) = (meter.levels().range.unwrap(), meter.range().unwrap());
        println!("{found:.2} LU, {whole:.2} LU of all blocks");
        assert!((found - wanted).abs() <= 1.0, "{found}, not {wanted}");
        assert!((found - whole).abs() <= 0.1, "{found}, but {whole} of all blocks");
    }
}

#[test]
fn levels_cost_a_scan_nothing_and_change_no_loudness() {
    let samples = tone(&[(2.0, -20.0), (2.0, -33.0), (2.0, -60.0)]);
    let with = readings(&samples, RATE, 2);
    let model = Model::load(&graphs::one_graph(FrontEndConfig::live(), 1.0), Device::Embedded).unwrap();
    let mut scorer = Scorer::new(&model, InputFormat::new(RATE, 2), HZ).unwrap();
    let mut without = Vec::new();
    scorer.push(&samples, &mut without).unwrap();
    for (with, without) in with.iter().zip(&without) {
        assert_eq!(without.levels, Levels::default());
        assert_eq!((&with.values, with.silent), (&without.values, without.silent));
    }
    assert_eq!(with.len(), without.len());
}
