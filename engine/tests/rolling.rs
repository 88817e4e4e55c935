//! The rolling scorer with the shipped model: any chunking, live or not, the same numbers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

mod graphs;

use std::sync::mpsc;

use echometer_engine::model::onnx::{ModelProto, NodeProto};
use echometer_engine::model::{Card, sha256_hex};
use echometer_engine::tap::tap;
use echometer_engine::{Device, Feature, InputFormat, Listener, Live, Model, Pool, Reading, Scorer};
use echometer_models::default_model;
use graphs::{ints, node};
use prost::Message;

const STEREO: InputFormat = InputFormat::new(44_100, 2);

fn model() -> Model {
    Model::load(&default_model(), Device::Embedded).unwrap()
}

/// Seconds of a stereo signal with pulse, chirp and noise, unlike on both sides.
fn music(seconds: f64, seed: u32) -> Vec<f32> {
    let mut state = seed | 1;
    (0..(44_100.0 * seconds) as usize)
        .flat_map(|i| {
            let t = i as f64 / 44_100.0;
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(state >> 8) / f64::from(1u32 << 24) - 0.5;
            let beat = (-6.0 * (2.0 * t).fract()).exp();
            let tone = (std::f64::consts::TAU * (200.0 + 40.0 * (0.3 * t).sin()) * t).sin();
            [
                (0.4 * tone * beat + 0.02 * noise) as f32,
                (0.3 * tone + 0.1 * noise * beat) as f32,
            ]
        })
        .collect()
}

fn readings(scorer: &mut Scorer, samples: &[f32], chunk: usize) -> Vec<Reading> {
    let mut readings = Vec::new();
    for part in samples.chunks(2 * chunk) {
        scorer.push(part, &mut readings).unwrap();
    }
    readings
}

#[test]
fn a_second_of_the_trunk_in_one_run_gives_the_same_readings() {
    let samples = music(8.3, 2);
    for device in [Device::Embedded, Device::Auto] {
        let ways = [Model::load, Model::load_ahead].map(|load| {
            let model = load(&default_model(), device).unwrap();
            let mut scorer = Scorer::new(&model, STEREO, 0.7).unwrap().for_track();
            let readings = readings(&mut scorer, &samples, 1152);
            (readings, scorer.track().unwrap())
        });
        assert_eq!(ways[0], ways[1], "{device}");
    }
}

#[test]
fn a_look_between_readings_sees_all_that_was_heard() {
    let samples = music(7.7, 2);
    let looks = [Model::load, Model::load_ahead].map(|load| {
        let model = load(&default_model(), Device::Embedded).unwrap();
        let mut scorer = Scorer::new(&model, STEREO, 0.01).unwrap();
        let chunks = samples.chunks(2 * 30_000);
        chunks
            .map(|chunk| {
                scorer.push(chunk, &mut Vec::new()).unwrap();
                scorer.read().unwrap()
            })
            .collect::<Vec<_>>()
    });
    assert!(looks[0].last().unwrap().values[Feature::Energy].is_some());
    assert_eq!(looks[0], looks[1]);
}

#[test]
fn a_trunk_that_looks_ahead_in_its_run_is_given_a_column_at_a_time() {
    let mut files = default_model();
    let mut trunk = ModelProto::decode(&**files.trunk.as_ref().unwrap()).unwrap();
    let graph = trunk.graph.as_mut().unwrap();
    let makes_columns = |node: &&mut NodeProto| node.output.iter().any(|name| name == "columns");
    let last = graph.node.iter_mut().find(makes_columns).unwrap();
    (last.name, last.output) = ("before".into(), vec!["before".into()]);
    // Less the mean of the columns of a run: nothing is left of one alone.
    graph
        .node
        .push(node("ReduceMean", &["before"], "level", vec![ints("axes", &[1])]));
    graph
        .node
        .push(node("Sub", &["before", "level"], "columns", vec![]));
    let bytes = trunk.encode_to_vec();
    let mut card: Card = serde_json::from_slice(&files.card).unwrap();
    card.trunk.as_mut().unwrap().sha256 = sha256_hex(&bytes);
    files.card = serde_json::to_vec(&card).unwrap().into();
    files.trunk = Some(bytes.into());

    let samples = music(6.3, 2);
    for device in [Device::Embedded, Device::Auto] {
        let ways = [Model::load, Model::load_ahead].map(|load| {
            let model = load(&files, device).unwrap();
            readings(&mut Scorer::new(&model, STEREO, 0.7).unwrap(), &samples, 1152)
        });
        assert_eq!(ways[0], ways[1], "{device}");
    }
}

#[test]
fn chunking_leaves_no_trace_in_readings() {
    let model = model();
    let samples = music(8.0, 1);
    let mut scorer = Scorer::new(&model, STEREO, 5.0).unwrap();
    let whole = readings(&mut scorer, &samples, samples.len());
    let end = scorer.finish().unwrap();
    assert_eq!(whole.len(), 40);
    for chunk in [1, 64, 1000, 44_100] {
        scorer.reset();
        assert_eq!(readings(&mut scorer, &samples, chunk), whole, "chunks of {chunk}");
        assert_eq!(scorer.finish().unwrap(), end);
    }
}

/// A scorer that gives what live streams give.
fn with_levels(model: &Model) -> Scorer {
    Scorer::new(model, STEREO, 5.0).unwrap().with_levels().unwrap()
}

#[test]
fn live_readings_are_the_files_readings() {
    let model = model();
    let samples = music(6.0, 2);
    let expected = readings(&mut with_levels(&model), &samples, 512);
    // Room for everything: this thread is faster than real time, and must not make the ring drop blocks.
    let (mut tap, reader) = tap(2, samples.len()).unwrap();
    let (send, receive) = mpsc::channel();
    let live = Live::start(&model, reader, 44_100, 5.0, move |reading: &Reading| {
        let _ = send.send(reading.clone());
    })
    .unwrap();
    for block in samples.chunks(2 * 480) {
        assert!(tap.push_interleaved(block));
    }
    drop(tap); // The thread empties the ring and ends.
    let found: Vec<_> = receive.iter().collect();
    assert_eq!(found, expected);
    assert_eq!(live.latest().as_deref(), expected.last());
    live.join().unwrap();
}

/// What a listener hears of a stream.
struct Told(mpsc::Sender<String>);

impl Listener for Told {
    fn reading(&mut self, reading: &Reading) {
        let _ = self.0.send(format!("reading {:.1}", reading.time));
    }
    fn frames(&mut self, frames: &[f32]) {
        let _ = self.0.send(format!("frames {}", frames.len() % 80));
    }
    fn reset(&mut self) {
        let _ = self.0.send("reset".into());
    }
}

#[test]
fn many_streams_share_a_pool_and_one_that_fails_harms_no_other() {
    let model = model();
    let samples = music(3.0, 2);
    let expected = readings(&mut with_levels(&model), &samples, 512);
    let pool = Pool::new(2).unwrap();
    let (mut bad_tap, bad_reader) = tap(2, samples.len()).unwrap();
    let bad = Live::start_on(&pool, &model, bad_reader, 44_100, 5.0, |_: &Reading| {
        panic!("a bad listener")
    });
    let bad = bad.unwrap();
    let mut streams: Vec<_> = (0..5)
        .map(|_| {
            let (tap, reader) = tap(2, samples.len()).unwrap();
            let (send, receive) = mpsc::channel();
            let live = Live::start_on(&pool, &model, reader, 44_100, 5.0, move |reading: &Reading| {
                let _ = send.send(reading.clone());
            });
            (tap, live.unwrap(), receive)
        })
        .collect();
    assert_eq!(pool.streams(), 6);
    bad_tap.push_interleaved(&samples);
    for block in samples.chunks(2 * 4410) {
        for (tap, _, _) in &mut streams {
            assert!(tap.push_interleaved(block));
        }
    }
    for (_, live, receive) in &streams {
        live.catch_up(None);
        assert_eq!(live.latest().as_deref(), expected.last());
        assert_eq!(receive.try_iter().collect::<Vec<_>>(), expected);
    }
    let error = bad.join().unwrap_err().to_string();
    assert!(error.contains("a bad listener"), "{error}");
    drop(streams);
    assert_eq!(pool.streams(), 0);
}

#[test]
fn a_reset_cuts_at_the_sample() {
    let model = model();
    let samples = music(3.0, 2);
    let (mut tap, reader) = tap(2, 2 * samples.len()).unwrap();
    let (send, receive) = mpsc::channel();
    let live = Live::start(&model, reader, 44_100, 5.0, Told(send)).unwrap();
    tap.push_interleaved(&samples[..20_000]);
    live.reset();
    tap.push_interleaved(&samples);
    live.catch_up(None);
    let expected = readings(&mut with_levels(&model), &samples, 512);
    assert_eq!(live.latest().as_deref(), expected.last());
    assert!(live.load() >= 0.0);
    let told: Vec<_> = receive.try_iter().collect();
    assert!(told.iter().any(|told| told == "frames 0"), "{told:?}");
    let after = told
        .iter()
        .skip_while(|told| *told != "reset")
        .collect::<Vec<_>>();
    let first = after.iter().find(|told| told.starts_with("reading"));
    assert_eq!(first.map(|told| told.as_str()), Some("reading 0.2"), "{told:?}");
}

#[test]
fn time_and_coverage_follow_the_input() {
    let readings = readings(
        &mut Scorer::new(&model(), STEREO, 4.0).unwrap(),
        &music(32.0, 3),
        4096,
    );
    assert_eq!(readings.len(), 128);
    for (i, reading) in readings.iter().enumerate() {
        let time = (i + 1) as f64 / 4.0;
        assert!((reading.time - time).abs() < 1e-9);
        assert!((f64::from(reading.coverage) - (time / 30.0).min(1.0)).abs() < 1e-6);
    }
    let first = readings
        .iter()
        .position(|r| r.values[Feature::Energy].is_some())
        .unwrap();
    assert!(
        readings[first].time <= 4.0,
        "first values at {} s",
        readings[first].time
    );
    let surer = |time: usize| readings[time * 4 - 1].sd[Feature::Energy].unwrap();
    assert!(surer(31).is_finite() && surer(4).is_finite());
    for reading in &readings[first..] {
        for (feature, value) in reading.values.iter() {
            let (low, high) = feature.range();
            let value = value.unwrap();
            assert!((low..=high).contains(&value), "{feature} {value}");
            assert!(reading.sd[feature].unwrap() >= 0.0);
        }
    }
}

#[test]
fn after_a_full_window_the_past_is_forgotten() {
    let model = model();
    // Two different pasts of the same length, then the same 32 s: more than the window and the trunk's memory.
    let same = music(32.0, 4);
    let ends: Vec<_> = [music(6.4, 5), vec![0.0; 2 * 282_240]]
        .into_iter()
        .map(|past| {
            let mut scorer = Scorer::new(&model, STEREO, 5.0).unwrap();
            readings(&mut scorer, &past, 4096);
            readings(&mut scorer, &same, 4096).pop().unwrap()
        })
        .collect();
    for feature in Feature::ALL {
        let (a, b) = (ends[0].values[feature].unwrap(), ends[1].values[feature].unwrap());
        let (low, high) = feature.range();
        assert!((a - b).abs() <= 1e-4 * (high - low), "{feature}: {a} and {b}");
    }
}

#[test]
fn silence_has_no_features_but_a_loudness() {
    let readings = readings(
        &mut Scorer::new(&model(), STEREO, 5.0).unwrap(),
        &vec![0.0; 441_000],
        1000,
    );
    let last = readings.last().unwrap();
    assert!(last.silent);
    for feature in Feature::ALL {
        assert_eq!(
            last.values[feature].is_some(),
            feature == Feature::Loudness,
            "{feature}"
        );
    }
    assert_eq!(last.values[Feature::Loudness], Some(-60.0));
}

#[test]
fn music_that_stops_becomes_silent_when_the_window_has_passed() {
    let mut scorer = Scorer::new(&model(), STEREO, 1.0).unwrap();
    let mut samples = music(5.0, 7);
    samples.resize(2 * 44_100 * 36, 0.0);
    let silent: Vec<_> = readings(&mut scorer, &samples, 4096)
        .iter()
        .map(|reading| reading.silent)
        .collect();
    assert!(!silent[33] && silent[35], "{silent:?}");
}

#[test]
fn a_tracks_value_does_not_depend_on_the_rate_of_readings() {
    let (model, samples) = (model(), music(34.0, 8));
    let track = |hz: f64| {
        let mut scorer = Scorer::new(&model, STEREO, hz).unwrap().for_track();
        readings(&mut scorer, &samples, 10_000);
        scorer.track().unwrap().unwrap()
    };
    assert_eq!(track(5.0), track(0.02));
    // An input no longer than the window is its last reading.
    let short = &samples[..2 * 44_100 * 30];
    let mut scorer = Scorer::new(&model, STEREO, 5.0).unwrap().for_track();
    readings(&mut scorer, short, 10_000);
    let whole = scorer.track().unwrap();
    scorer.reset();
    readings(&mut scorer, short, 10_000);
    assert_eq!(whole, scorer.finish().unwrap());
}

#[test]
fn unusable_samples_never_reach_the_model() {
    let mut samples = music(5.0, 6);
    for (i, bad) in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-40, f32::MAX]
        .into_iter()
        .cycle()
        .enumerate()
        .take(500)
    {
        samples[i * 700] = bad;
    }
    let last = readings(&mut Scorer::new(&model(), STEREO, 5.0).unwrap(), &samples, 333)
        .pop()
        .unwrap();
    assert_eq!(last.replaced, 500);
    for (feature, value) in last.values.iter() {
        assert!(value.unwrap().is_finite(), "{feature}");
    }
}

#[test]
fn wrong_formats_are_errors() {
    let model = model();
    let error = |rate, channels, hz| {
        Scorer::new(&model, InputFormat::new(rate, channels), hz)
            .err()
            .unwrap()
            .to_string()
    };
    assert!(error(7_999, 2, 5.0).contains("7999 Hz"));
    assert!(error(48_000, 65, 5.0).contains("65 channels"));
    assert!(error(48_000, 2, 0.0).contains("rate of readings is 0"));
    assert!(error(48_000, 2, f64::NAN).contains("NaN"));
}
