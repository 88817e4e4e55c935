//! One part of the live path, over some seconds of sound, for counting its instructions: `valgrind --tool=callgrind
//! --collect-atstart=no --toggle-collect='*measured*' hot_path PART SECONDS`. The embedded backend has a thread of its own, which
//! `--toggle-collect='*rten::graph::Graph::run_plan'` adds, from the first run on: what two lengths differ by is what counts.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Only a test runs it.

use std::hint::black_box;

use echometer_engine::frontend::{FrontEnd, FrontEndConfig};
use echometer_engine::tap::{Block, Downmix, tap};
use echometer_engine::{Device, InputFormat, Loudness, Model, Scorer};
use echometer_models::default_model;
use echometer_tests::model;

const RATE: u32 = 48_000;
/// Sample frames of a block, as hosts and cards give them.
const BLOCK: usize = 256;

const FORMAT: InputFormat = InputFormat::new(RATE, 2);

/// What is counted is what happens in here.
#[inline(never)]
fn measured(work: &mut dyn FnMut()) {
    work();
}

fn main() {
    let second: Vec<f32> = (0..2 * RATE as usize)
        .map(|i| (i as f32 * 0.011).sin() * 0.3)
        .collect();
    let mono: Vec<f32> = second.iter().step_by(2).copied().collect();
    let part = std::env::args().nth(1).unwrap_or_default();
    let seconds = std::env::args().nth(2).expect("how many seconds");
    let seconds: usize = seconds.parse().expect("a number of seconds");
    match part.as_str() {
        "tap" => {
            let (mut tap, mut reader) = tap(2, RATE as usize).unwrap();
            let mut read = Block::default();
            measured(&mut || {
                for _ in 0..seconds {
                    second
                        .chunks(2 * BLOCK)
                        .for_each(|block| assert!(tap.push_interleaved(block)));
                    black_box(reader.read(&mut read, RATE as usize));
                }
            });
        }
        "front end" => {
            let mut front_end = FrontEnd::new(&FrontEndConfig::live(), RATE).unwrap();
            let mut frames = Vec::new();
            measured(&mut || {
                for _ in 0..seconds {
                    frames.clear();
                    mono.chunks(BLOCK)
                        .for_each(|block| front_end.push(block, &mut frames));
                    black_box(&frames);
                }
            });
        }
        part @ ("loudness" | "levels") => {
            let pairs: Vec<_> = second.chunks(2).map(|pair| [pair[0], pair[1]]).collect();
            let mut loudness = Loudness::new(RATE, &Downmix::new(2).unwrap(), 30.0).unwrap();
            if part == "levels" {
                loudness.keep_levels().unwrap();
            }
            measured(&mut || {
                for _ in 0..seconds {
                    pairs
                        .chunks(BLOCK)
                        .for_each(|block| loudness.push(block.into()).unwrap());
                    black_box((loudness.window(), loudness.levels()));
                }
            });
        }
        "live path" => score(
            Scorer::new(&model(), FORMAT, 5.0).unwrap().with_levels().unwrap(),
            &second,
            seconds,
        ),
        // As a scan: the trunk a second at a time, a look a second, no readings between.
        "file" => {
            let model = Model::load_ahead(&default_model(), Device::Embedded).unwrap();
            score(
                Scorer::new(&model, FORMAT, 1e-6).unwrap().for_track(),
                &second,
                seconds,
            );
        }
        part => panic!("`{part}`: tap, front end, loudness, levels, live path or file"),
    }
}

fn score(mut scorer: Scorer, second: &[f32], seconds: usize) {
    let mut readings = Vec::new();
    // The first columns are there, and what is made once is made.
    (0..3).for_each(|_| scorer.push(second, &mut readings).unwrap());
    measured(&mut || {
        for _ in 0..seconds {
            second
                .chunks(2 * BLOCK)
                .for_each(|block| scorer.push(block, &mut readings).unwrap());
        }
    });
    black_box(readings);
}
