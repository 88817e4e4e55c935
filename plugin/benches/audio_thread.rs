//! What the plugin costs the audio thread: blocks of 64 samples at 48 kHz through a CLAP host, in processor time.
//!
//! The same minute of audio is played several times, and of each block the least time counts: what the plugin does in a
//! block it does every time, what the machine adds – interrupts, page faults, a hypervisor – it does not. The worst
//! single block is shown too, beside the worst of measuring nothing at all.
//!
//! `cargo bench -p echometer-plugin --bench audio_thread`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)] // A benchmark is run by those who can read why it failed.

mod host;

use std::time::Duration;

use cpu_time::ThreadTime;
use echometer_tests::{goal, quick};
use host::{BLOCK, RATE};

/// A minute of audio …
const BLOCKS: usize = 60 * RATE as usize / BLOCK;
/// … this many times, and for a glance.
const PASSES: usize = 8;
const FEW_PASSES: usize = 2;
/// Blocks between two rests, so that the analysis keeps up and works beside the audio thread as it does in a host.
const BURST: usize = 64;
/// Of the time that a block lasts.
const GOAL: f64 = 0.01;

fn main() {
    host::on_each_backend(bench);
}

fn bench(backend: &str) {
    let entry = host::load();
    let mut instance = host::instance(&entry);
    let mut least = vec![Duration::MAX; BLOCKS];
    let (mut single, mut nothing) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..if quick() { FEW_PASSES } else { PASSES } {
        let mut processor = host::start(&mut instance);
        let mut seed = 1;
        for (block, least) in least.iter_mut().enumerate() {
            let time = host::play(&mut processor, &mut seed, |process| {
                let start = ThreadTime::now();
                process();
                start.elapsed()
            });
            // The first second waits for the model and warms caches up.
            if block >= RATE as usize / BLOCK {
                single = single.max(time);
                let empty = ThreadTime::now();
                nothing = nothing.max(empty.elapsed());
            }
            *least = time.min(*least);
            if block % BURST == BURST - 1 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        instance.deactivate(processor.stop_processing());
    }
    host::assert_on(backend);
    report(backend, least, single, nothing);
}

fn report(backend: &str, mut least: Vec<Duration>, single: Duration, nothing: Duration) {
    least.drain(..RATE as usize / BLOCK);
    least.sort();
    let lasts = BLOCK as f64 / f64::from(RATE);
    let share = |time: Duration| time.as_secs_f64() / lasts;
    let show = |name: &str, time: Duration| {
        let (micros, percent) = (time.as_secs_f64() * 1e6, share(time) * 100.0);
        println!("{name:<34} {micros:>9.2} µs {percent:>9.3} % of a block");
    };
    println!("{backend}:");
    let worst = least[least.len() - 1];
    show("median block", least[least.len() / 2]);
    let typical = least[least.len() * 999 / 1000];
    show("99.9 % of blocks", typical);
    show("worst block", worst);
    show("worst single time", single);
    show("worst of measuring nothing", nothing);
    for (name, time) in [("99.9 % of blocks", typical), ("worst block", worst)] {
        goal(
            &format!("{backend}: audio callback, {name}, share of its time"),
            share(time),
            GOAL,
        );
    }
}
