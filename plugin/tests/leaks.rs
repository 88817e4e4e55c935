//! Starting, stopping, resetting, making and ending an instance over and over leaves nothing behind.
// The whole file is tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unsafe_code,
    missing_docs
)]

mod hosts;

use echometer_tests::memory;
use hosts::audio::{Random, slices};
use hosts::clap::Clap;
use hosts::system::{eventually, files, threads};
use hosts::vst3::Vst3;
use hosts::{Host, Setup};

/// How many bytes more may be resident after 900 rounds that should leave nothing: 2 KiB a round.
const RESIDENT: isize = 2 << 20;

/// How many more may be mapped, resident or not. Every round opens a ring of 0.75 MiB, most of which is never touched: 675
/// MiB if they stayed. Allocators reserve address space for threads, 64 MiB at a time with glibc.
const MAPPED: isize = 320 << 20;

/// Runs `round` so many times and checks by how much memory grew.
fn stays(what: &str, times: usize, mut round: impl FnMut()) {
    let before = memory();
    (0..times).for_each(|_| round());
    let (Some(before), Some(after)) = (before, memory()) else {
        return;
    };
    let grown = |before: usize, after: usize| after as isize - before as isize;
    let resident = grown(before.resident, after.resident);
    let mapped = grown(before.mapped, after.mapped);
    println!(
        "{what}: {} KiB resident, {} KiB mapped more after {times}",
        resident >> 10,
        mapped >> 10
    );
    assert!(
        resident < RESIDENT && mapped < MAPPED,
        "{what}: {resident} and {mapped} bytes"
    );
}

/// Starts, plays a little, resets and stops.
fn round<H: Host>(host: &mut H, block: &[Vec<f32>]) {
    host.activate(Setup::playing(48_000, 256));
    host.process(&slices(block), true);
    host.reset();
    host.process(&slices(block), false);
    host.deactivate();
}

/// Whether no thread loads a model: they end by themselves.
fn loaded() -> bool {
    threads().is_none_or(|names| !names.iter().any(|name| name == "echometer model"))
}

fn cycles<H: Host>(name: &str) {
    let block = Random::new(17).noise(2, 256);
    let mut host = H::new();
    // The first activation loads the model.
    host.activate(Setup::rendering(48_000, 256));
    host.process(&slices(&block), false);
    host.deactivate();
    assert!(eventually(loaded), "{:?}", threads());
    let before = (threads(), files());
    (0..100).for_each(|_| round(&mut host, &block));
    stays(&format!("{name}, activations"), 900, || round(&mut host, &block));
    assert!(
        eventually(|| (threads(), files()) == before),
        "{before:?} became {:?}",
        (threads(), files())
    );

    // Instances come and go beside this one, which keeps the model.
    (0..100).for_each(|_| round(&mut H::new(), &block));
    stays(&format!("{name}, instances"), 900, || {
        round(&mut H::new(), &block)
    });
    assert!(
        eventually(|| (threads(), files()) == before),
        "{before:?} became {:?}",
        (threads(), files())
    );
}

/// One test, for it looks at the whole process.
#[test]
fn nothing_is_left_behind() {
    // The library and what it starts once for good are there from here on.
    drop((Clap::new(), Vst3::new()));
    let before = (threads(), files());
    cycles::<Clap>("CLAP");
    cycles::<Vst3>("VST3");
    assert!(
        eventually(|| (threads(), files()) == before),
        "{before:?} became {:?}",
        (threads(), files())
    );
    let ours = threads()
        .unwrap_or_default()
        .into_iter()
        .filter(|name| name.starts_with("echometer") || name.starts_with("rten"));
    assert_eq!(
        ours.collect::<Vec<_>>(),
        [""; 0],
        "analysis threads, and those that compute for them, end with the last instance"
    );
}
