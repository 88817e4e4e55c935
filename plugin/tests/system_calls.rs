//! The audio thread calls no system while the plugin processes.
#![cfg(target_os = "linux")]
// The whole file is tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unsafe_code,
    missing_docs
)]

#[path = "../benches/host/mod.rs"]
mod host;

use std::thread;
use std::time::{Duration, Instant};

use echometer_tests::{skip, system_calls};
use host::{BLOCK, RATE};

const A_SECOND: usize = RATE as usize / BLOCK;

#[test]
fn child() {
    system_calls::child(|| {
        // The plugin's analysis is a thread of its own, and is not watched.
        let entry = host::load();
        let mut instance = host::instance(&entry);
        let mut processor = host::start(&mut instance);
        let mut seed = 1;
        // The model is loaded, and everything that is made once is made.
        for block in 0..4 * A_SECOND {
            host::play(&mut processor, &mut seed, |process| process());
            if block % 64 == 0 {
                thread::sleep(Duration::from_millis(20));
            }
        }
        move || {
            let _kept = (&entry, &instance);
            // In time: a host that is faster renders, and then the plugin waits for its meters. Looking at the clock is no
            // system call where `clock_is_free`.
            let begun = Instant::now();
            for block in 0..3 * A_SECOND {
                while begun.elapsed() < Duration::from_secs_f64((block * BLOCK) as f64 / f64::from(RATE)) {
                    std::hint::spin_loop();
                }
                host::play(&mut processor, &mut seed, |process| process());
            }
        }
    });
}

#[test]
fn processing_calls_no_system() {
    if !system_calls::clock_is_free() {
        return skip("this machine's clock is read by a system call");
    }
    system_calls::none("child");
}
