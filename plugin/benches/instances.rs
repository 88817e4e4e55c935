//! What instances of the plugin cost together: processor time of the whole process – audio, analysis, everything – for each second of
//! sound that each of them hears.
//!
//! `cargo bench -p echometer-plugin --bench instances`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)] // A benchmark is run by those who can read why it failed.

mod host;

use std::time::Duration;

use cpu_time::ProcessTime;
use echometer_tests::goal;
use host::{BLOCK, RATE};

/// Seconds until all windows are full, and seconds that are timed.
const WARM_UP: usize = 32;
const TIMED: usize = 20;
/// Blocks between two rests, in which the analysis catches up.
const BURST: usize = 256;
/// What an instance may take of a core, and what one of sixteen may take of one alone.
const SHARE: f64 = 0.03;
const GROWTH: f64 = 1.1;

fn main() {
    host::on_each_backend(bench);
}

fn bench(backend: &str) {
    let entry = host::load();
    let mut alone = None;
    for count in [1, 4, 16] {
        let share = cost(&entry, count);
        println!(
            "{backend}, {count} instances: {:.2} % of a core each",
            share * 100.0
        );
        let alone = *alone.get_or_insert(share);
        if count == 1 {
            goal(
                &format!("{backend}: plugin instance, share of a core"),
                share,
                SHARE,
            );
        } else {
            goal(
                &format!("{backend}: one of {count} instances / one alone"),
                share / alone,
                GROWTH,
            );
        }
    }
    host::assert_on(backend);
}

/// Share of a core that each of `count` instances takes.
fn cost(entry: &clack_host::prelude::PluginEntry, count: usize) -> f64 {
    let mut instances: Vec<_> = (0..count).map(|_| host::instance(entry)).collect();
    let mut processors: Vec<_> = instances.iter_mut().map(host::start).collect();
    let mut seed = 1;
    let mut play = |seconds: usize| {
        for block in 0..seconds * RATE as usize / BLOCK {
            for processor in &mut processors {
                host::play(processor, &mut seed, |process| process());
            }
            if block % BURST == BURST - 1 {
                // A third of a second of sound each; the ring holds more.
                std::thread::sleep(Duration::from_millis(5 + 4 * count as u64));
            }
        }
    };
    play(1);
    std::thread::sleep(Duration::from_secs(2)); // The model loads.
    play(WARM_UP);
    let begun = ProcessTime::now();
    play(TIMED);
    std::thread::sleep(Duration::from_millis(500)); // What is still in the rings.
    let spent = begun.elapsed().as_secs_f64();
    for (instance, processor) in instances.iter_mut().zip(processors) {
        instance.deactivate(processor.stop_processing());
    }
    spent / (TIMED * count) as f64
}
