//! Loudness and loudness range of the signals that EBU Tech 3341 (cases 1–6) and Tech 3342 (cases 1–4) ask of a meter, as files
//! and as live input; and surround, which is measured before it is folded down, while features are made of the fold-down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

mod graphs;

use std::f64::consts::TAU;
use std::sync::mpsc;

use echometer_engine::frontend::FrontEndConfig;
use echometer_engine::tap::{Block, Downmix, Layout, TapReader, tap, tap_with};
use echometer_engine::{Device, Feature, InputFormat, Live, Loudness, Model, Reading, Scorer};

const RATE: u32 = 48_000;
/// What a part's channels are without: silence.
const NONE: f64 = f64::NEG_INFINITY;

/// A 1 kHz sine in phase in all channels: for each part its seconds and each channel's peak level in dBFS.
struct Signal {
    name: &'static str,
    parts: Vec<(f64, Vec<f64>)>,
}

impl Signal {
    fn new(name: &'static str, parts: Vec<(f64, Vec<f64>)>) -> Self {
        Self { name, parts }
    }

    fn stereo(name: &'static str, parts: &[(f64, f64)]) -> Self {
        let parts = parts.iter().map(|&(seconds, level)| (seconds, vec![level; 2]));
        Self::new(name, parts.collect())
    }

    fn channels(&self) -> u16 {
        self.parts[0].1.len() as u16
    }

    fn format(&self) -> InputFormat {
        InputFormat::new(RATE, self.channels())
    }

    /// Interleaved.
    fn samples(&self) -> Vec<f32> {
        let mut at = 0u32;
        let mut samples = Vec::new();
        for (seconds, levels) in &self.parts {
            for _ in 0..(seconds * f64::from(RATE)).round() as usize {
                let sine = (TAU * 1000.0 * f64::from(at) / f64::from(RATE)).sin();
                samples.extend(
                    levels
                        .iter()
                        .map(|level| (10f64.powf(level / 20.0) * sine) as f32),
                );
                at += 1;
            }
        }
        samples
    }
}

/// Tech 3341's table 1: all read −23.0 LUFS, save the second.
fn tech_3341_table() -> Vec<(Signal, f32)> {
    let of = |name, parts: &[_]| (Signal::stereo(name, parts), -23.0);
    vec![
        of("3341-1", &[(20.0, -23.0)]),
        (Signal::stereo("3341-2", &[(20.0, -33.0)]), -33.0),
        of("3341-3", &[(10.0, -36.0), (60.0, -23.0), (10.0, -36.0)]),
        of(
            "3341-4",
            &[
                (10.0, -72.0),
                (10.0, -36.0),
                (60.0, -23.0),
                (10.0, -36.0),
                (10.0, -72.0),
            ],
        ),
        of("3341-5", &[(20.0, -26.0), (20.1, -20.0), (20.0, -26.0)]),
        (surround("3341-6 in 5.0", None), -23.0),
        // The LFE is as loud as can be, and does not count.
        (surround("3341-6 in 5.1", Some(0.0)), -23.0),
    ]
}

/// Tech 3341's case 6, and the same with an LFE.
fn surround(name: &'static str, lfe: Option<f64>) -> Signal {
    let levels = [-28.0, -28.0, -24.0].into_iter().chain(lfe).chain([-30.0, -30.0]);
    Signal::new(name, vec![(20.0, levels.collect())])
}

/// Tech 3342's table 1.
fn tech_3342_table() -> Vec<(Signal, f32)> {
    let of = |name, levels: &[f64]| {
        let parts: Vec<_> = levels.iter().map(|&level| (20.0, level)).collect();
        Signal::stereo(name, &parts)
    };
    vec![
        (of("3342-1", &[-20.0, -30.0]), 10.0),
        (of("3342-2", &[-20.0, -15.0]), 5.0),
        (of("3342-3", &[-40.0, -20.0]), 20.0),
        (of("3342-4", &[-50.0, -35.0, -20.0, -35.0, -50.0]), 15.0),
    ]
}

/// A model that costs little and has windows of `window_s`.
fn model(window_s: f64) -> Model {
    let files = graphs::one_graph(FrontEndConfig::live(), window_s);
    Model::load(&files, Device::Embedded).unwrap()
}

fn loudness(reading: &Reading) -> f32 {
    reading.values[Feature::Loudness].unwrap()
}

/// The whole of a file, and its loudness range.
fn of_file(samples: &[f32], format: InputFormat) -> (Reading, Option<f32>) {
    let mut scorer = Scorer::new(&model(1.0), format, 1.0).unwrap().for_track();
    for block in samples.chunks(usize::from(format.channels) * 1152) {
        scorer.push(block, &mut Vec::new()).unwrap();
    }
    let whole = scorer.track().unwrap().unwrap();
    (whole, scorer.loudness_range())
}

/// The end of a tap that all of a signal has gone through, in blocks as a driver gives them.
fn tapped(samples: &[f32], downmix: Downmix) -> TapReader {
    let channels = downmix.channels();
    let (mut tap, reader) = tap_with(downmix, samples.len() / channels);
    for block in samples.chunks(channels * 512) {
        assert!(tap.push_interleaved(block));
    }
    reader
}

/// What a meter that looks back `window_s` says at a tap's end.
fn metered(mut reader: TapReader, window_s: f64) -> Loudness {
    let mut meter = Loudness::new(RATE, reader.downmix(), window_s).unwrap();
    meter.keep_whole();
    let mut block = Block::default();
    while reader.read(&mut block, 1000) > 0 {
        meter.push(block.folded()).unwrap();
    }
    meter
}

/// Live readings.
fn live(model: &Model, reader: TapReader, hz: f64) -> Vec<Reading> {
    let (send, receive) = mpsc::channel();
    let live = Live::start(model, reader, RATE, hz, move |reading: &Reading| {
        let _ = send.send(reading.clone());
    });
    let live = live.unwrap();
    let readings = receive.iter().collect();
    live.join().unwrap();
    readings
}

#[test]
fn tech_3341_as_files() {
    for (signal, lufs) in tech_3341_table() {
        let (whole, _) = of_file(&signal.samples(), signal.format());
        let found = loudness(&whole);
        println!("{}: {found:.2} LUFS as a file", signal.name);
        assert!((found - lufs).abs() <= 0.1, "{}: {found} LUFS", signal.name);
    }
}

#[test]
fn tech_3341_live() {
    // All of each signal is in the window.
    let model = model(120.0);
    for (signal, lufs) in tech_3341_table() {
        let samples = signal.samples();
        let downmix = || Downmix::new(signal.channels()).unwrap();
        let readings = live(&model, tapped(&samples, downmix()), 10.0);
        let found = loudness(readings.last().unwrap());
        println!("{}: {found:.2} LUFS live", signal.name);
        assert!((found - lufs).abs() <= 0.1, "{}: {found} LUFS", signal.name);
        // As a file, it is the same at every moment.
        let mut as_file = Vec::new();
        let mut scorer = Scorer::new(&model, signal.format(), 10.0)
            .unwrap()
            .with_levels()
            .unwrap();
        scorer.push(&samples, &mut as_file).unwrap();
        assert_eq!(readings, as_file, "{}", signal.name);
        if signal.parts.len() > 1 {
            continue;
        }
        // A steady tone's last 400 ms and 3 s are as loud as all of it.
        for window_s in [0.4, 3.0] {
            let found = metered(tapped(&samples, downmix()), window_s).window().unwrap();
            assert!(
                (found - lufs).abs() <= 0.1,
                "{}: {found} LUFS in {window_s} s",
                signal.name
            );
        }
    }
}

#[test]
fn tech_3342() {
    for (signal, range) in tech_3342_table() {
        let samples = signal.samples();
        let (_, as_file) = of_file(&samples, signal.format());
        let downmix = Downmix::new(signal.channels()).unwrap();
        let live = metered(tapped(&samples, downmix), 30.0).range();
        println!("{}: {:.2} LU", signal.name, as_file.unwrap());
        assert_eq!(as_file, live, "{}", signal.name);
        assert!(
            (as_file.unwrap() - range).abs() <= 1.0,
            "{}: {as_file:?} LU",
            signal.name
        );
    }
}

#[test]
fn each_channel_counts_as_its_speaker_does() {
    // A stereo tone of so many dBFS has as many LUFS, and a pair of surrounds 1.41 times the energy.
    let surrounds = -23.0 + 10.0 * 1.41f64.log10();
    let single = -23.0 - 10.0 * 2f64.log10();
    let pair = |at: usize, channels: usize| {
        let mut levels = vec![NONE; channels];
        levels[at..at + 2].fill(-23.0);
        levels
    };
    let alone = |at: usize, channels: usize| {
        let mut levels = vec![NONE; channels];
        levels[at] = -23.0;
        levels
    };
    for (mask, levels, lufs) in [
        (0x7, alone(2, 3), single),
        (0x33, pair(2, 4), surrounds),   // Quadraphonic.
        (0x107, alone(3, 4), single),    // 4.0: the one behind is no surround.
        (0x37, pair(3, 5), surrounds),   // 5.0.
        (0x607, pair(3, 5), surrounds),  // The same with its surrounds called side.
        (0x3F, pair(4, 6), surrounds),   // 5.1.
        (0x60F, pair(4, 6), surrounds),  // The same with its surrounds called side.
        (0x70F, pair(5, 7), surrounds),  // 6.1 …
        (0x70F, alone(4, 7), single),    // … with one behind.
        (0x63F, pair(6, 8), surrounds),  // 7.1 …
        (0x63F, pair(4, 8), -23.0),      // … whose back pair is behind the surrounds.
        (0x503F, pair(4, 8), surrounds), // 5.1.2 …
        (0x503F, pair(6, 8), -23.0),     // … with a pair above.
    ] {
        let signal = Signal::new("a pair", vec![(2.0, levels)]);
        let samples = signal.samples();
        let layout = Layout::of_mask(mask, signal.channels()).unwrap();
        let format = InputFormat {
            layout: Some(layout),
            ..signal.format()
        };
        let as_file = loudness(&of_file(&samples, format).0);
        let live = metered(tapped(&samples, Downmix::of(layout)), 30.0)
            .window()
            .unwrap();
        assert_eq!(as_file, live);
        assert!(
            (f64::from(live) - lufs).abs() < 0.02,
            "{mask:#X}: {live} and not {lufs} LUFS"
        );
    }
}

/// Unlike in all channels.
fn noise(channels: usize, seconds: usize) -> Vec<f32> {
    let mut state = 1u32;
    (0..RATE as usize * seconds * channels)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let level = 0.1 + 0.1 * (i % channels) as f32;
            level * ((state >> 8) as f32 / (1u32 << 24) as f32 - 0.5)
        })
        .collect()
}

#[test]
fn features_are_made_of_the_fold_down() {
    let model = model(1.0);
    for channels in [3, 4, 5, 6, 7, 8, 10] {
        let samples = noise(channels, 3);
        let mut folded = Vec::new();
        let downmix = Downmix::new(channels as u16).unwrap();
        downmix.fold_interleaved(&samples, &mut folded);
        let score = |samples: &[f32], channels| {
            let format = InputFormat::new(RATE, channels);
            let mut scorer = Scorer::new(&model, format, 1.0).unwrap().with_frames();
            let (mut readings, mut frames) = (Vec::new(), Vec::new());
            scorer.push(samples, &mut readings).unwrap();
            scorer.take_frames(&mut frames);
            (readings, frames)
        };
        let (surround, frames) = score(&samples, channels as u16);
        let (stereo, of_fold) = score(folded.as_flattened(), 2);
        assert!(frames == of_fold && !frames.is_empty(), "{channels} channels");
        for (surround, stereo) in surround.iter().zip(&stereo) {
            assert_eq!(surround.values[Feature::Energy], stereo.values[Feature::Energy]);
            // More than 8 channels have no layout: all that can be measured is the fold-down.
            assert_eq!(
                loudness(surround) == loudness(stereo),
                channels > 8,
                "{channels} channels"
            );
        }
    }
}

#[test]
fn an_lfe_alone_is_silence() {
    let levels = vec![NONE, NONE, NONE, 0.0, NONE, NONE];
    let signal = Signal::new("LFE", vec![(2.0, levels)]);
    let (whole, range) = of_file(&signal.samples(), signal.format());
    assert!(whole.silent, "{whole:?}");
    assert_eq!(range, None);
}

#[test]
fn a_layout_of_another_channel_count_is_refused() {
    let format = InputFormat {
        layout: Layout::of_count(6),
        ..InputFormat::new(RATE, 5)
    };
    let error = Scorer::new(&model(1.0), format, 1.0).err().unwrap().to_string();
    assert_eq!(
        error,
        "input has 5 channels, but its layout has speakers for 6; they must be as many"
    );
    assert!(tap(65, 1).is_err());
}
