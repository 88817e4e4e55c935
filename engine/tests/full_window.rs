//! A model without a trunk: its columns are the mel frames themselves, it says nothing before nearly all of its window is
//! heard, and then not at every reading anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

mod graphs;

use echometer_engine::frontend::FrontEndConfig;
use echometer_engine::{Device, Feature, InputFormat, Model, Reading, Scorer};

/// One second of the thesis's front end.
fn model() -> Model {
    let files = graphs::one_graph(FrontEndConfig::thesis(), 1.0);
    Model::load(&files, Device::Embedded).unwrap()
}

const MONO: InputFormat = InputFormat::new(44_100, 1);

/// Seconds of a tone; of 0.1, the head's sigmoid is far from its ends.
fn tone(seconds: f64, amplitude: f32) -> Vec<f32> {
    (0..(44_100.0 * seconds).round() as usize)
        .map(|i| amplitude * (i as f32 * 0.1).sin())
        .collect()
}

fn readings(samples: &[f32], hz: f64, chunk: usize) -> (Vec<Reading>, Reading) {
    let mut scorer = Scorer::new(&model(), MONO, hz).unwrap();
    let mut readings = Vec::new();
    for part in samples.chunks(chunk) {
        scorer.push(part, &mut readings).unwrap();
    }
    let end = scorer.finish().unwrap().unwrap();
    (readings, end)
}

fn energy(reading: &Reading) -> f32 {
    reading.values[Feature::Energy].unwrap()
}

#[test]
fn a_window_that_is_nearly_full_counts_as_one() {
    // 221 frames are a window, and 219 are 99 % of it: frame 218 is centred on sample 43,600 and needs 200 more.
    let (early, end) = readings(&tone(43_799.0 / 44_100.0, 0.5), 10.0, 4096);
    assert!(
        early
            .iter()
            .all(|reading| reading.values[Feature::Energy].is_none())
    );
    // At the end of the input, zeros complete the last frames.
    assert!(energy(&end) > 0.9, "{end:?}");
    assert_eq!(end.values[Feature::Valence], None);
    assert!(end.values[Feature::Loudness].is_some());
    let (readings, end) = readings(&tone(1.0, 0.5), 10.0, 4096);
    assert_eq!(readings.len(), 10);
    let values = readings
        .iter()
        .map(|reading| reading.values[Feature::Energy].is_some());
    assert_eq!(values.collect::<Vec<_>>(), [&[false; 9][..], &[true]].concat());
    assert!(energy(&end) > 0.9, "{end:?}");
    let model = model();
    assert_eq!(model.card().least_columns(), 219);
    assert!((model.card().first_reading_s() - 43_800.0 / 44_100.0).abs() < 1e-9);
    // One frame short of it, nothing is said.
    let (_, end) = self::readings(&tone(43_599.0 / 44_100.0, 0.5), 10.0, 4096);
    assert_eq!(end.values[Feature::Energy], None);
}

#[test]
fn values_are_scored_anew_every_five_seconds_wherever_they_are_read() {
    // Louder every tenth of a second, so that no two windows are alike.
    let samples: Vec<f32> = (0..125)
        .flat_map(|i| tone(0.1, 0.02 + 0.001 * i as f32))
        .collect();
    let (often, end) = readings(&samples, 10.0, 441_000);
    let changes: Vec<f64> = often
        .windows(2)
        .filter(|pair| pair[0].values[Feature::Energy] != pair[1].values[Feature::Energy])
        .map(|pair| pair[1].time)
        .collect();
    // The first window is whole after 43,800 samples; the others follow 1,102 frames (4.998 s) apart.
    let expected = [1.0, 6.0, 11.0];
    assert_eq!(changes.len(), expected.len(), "{changes:?}");
    assert!(
        changes.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.01),
        "{changes:?}"
    );
    // The end is scored as it is.
    assert!(energy(&end) > energy(&often[124]), "{end:?}");
    // Neither the chunks nor how often it is read leave a trace.
    assert_eq!(readings(&samples, 10.0, 777), (often.clone(), end.clone()));
    let (seldom, same_end) = readings(&samples, 0.5, 5000);
    assert_eq!(same_end, end);
    for reading in &seldom {
        assert_eq!(*reading, often[(reading.time * 10.0).round() as usize - 1]);
    }
}

#[test]
fn a_track_is_the_mean_over_one_window_after_the_other() {
    let track = |rest: f64| {
        let amplitudes = [0.02, 0.1, 0.04];
        let mut samples: Vec<f32> = amplitudes.iter().flat_map(|&a| tone(1.0, a)).collect();
        samples.extend(tone(rest, 0.2));
        let mut scorer = Scorer::new(&model(), MONO, 3.0).unwrap().for_track();
        scorer.push(&samples, &mut Vec::new()).unwrap();
        let track = energy(&scorer.track().unwrap().unwrap());
        // Once the input has ended, it is read as it is.
        (track, energy(&scorer.read().unwrap()))
    };
    let alone = |amplitude| energy(&readings(&tone(1.0, amplitude), 1.0, 4096).1);
    let three = (alone(0.02) + alone(0.1) + alone(0.04)) / 3.0;
    let (found, _) = track(0.4);
    assert!((found - three).abs() < 0.01, "{found} and {three}");
    // More than half a window of something else counts.
    let (found, last) = track(0.6);
    let four = (3.0 * three + last) / 4.0;
    assert!(
        (found - four).abs() < 0.01 && (four - three).abs() > 0.02,
        "{found} and {four}"
    );
}
