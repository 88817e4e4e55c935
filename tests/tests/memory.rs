//! Hours of readings in the memory of the first: what a run of a graph takes, it gives back.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use echometer_engine::{Device, InputFormat, Scorer};
use echometer_tests::{memory, model_on};

const INPUT: InputFormat = InputFormat::new(24_000, 1);
/// Seconds that are scored before the first look at the memory, and between looks. Five runs of the trunk each.
const WARM_UP_S: usize = 60;
const BETWEEN_S: usize = 300;
/// Bytes that may be gone between looks. 300 an output and run, eight outputs of the trunk, would be 3.6 MB.
const GONE: usize = 1 << 20;

#[test]
fn minutes_of_readings_take_no_more_memory_than_the_first() {
    for device in [Device::Cpu, Device::Embedded] {
        let Some(model) = model_on(device) else {
            continue;
        };
        let mut scorer = Scorer::new(&model, INPUT, 1.0).unwrap();
        let second: Vec<_> = (0..INPUT.rate).map(|i| 0.3 * (i as f32 * 0.05).sin()).collect();
        let mut readings = Vec::new();
        let mut score = |seconds: usize| {
            for _ in 0..seconds {
                scorer.push(&second, &mut readings).unwrap();
                readings.clear();
            }
            memory().unwrap().resident
        };
        let before = score(WARM_UP_S);
        let after = score(BETWEEN_S);
        assert!(
            after < before + GONE,
            "{device}: {before} bytes after {WARM_UP_S} s, {after} after {BETWEEN_S} s more"
        );
    }
}
