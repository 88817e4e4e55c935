//! Audio passes through the plugin bit for bit, whatever it is and however it is cut.
// The whole file is tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unsafe_code,
    missing_docs
)]

mod hosts;

use hosts::audio::{Random, difference, slices};
use hosts::clap::Clap;
use hosts::vst3::Vst3;
use hosts::{Host, Setup};

const LAYOUTS: [usize; 11] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16];

/// Blocks of random lengths, of all floats there are, in place and from one buffer to another.
fn any_block_passes<H: Host>(seed: u64) {
    let mut random = Random::new(seed);
    for offline in [false, true] {
        for channels in [1, 2, 6] {
            let longest = [1, 64, 511, 2048][random.below(4)];
            let mut host = H::new();
            host.set_channels(channels);
            host.activate(Setup {
                rate: 48_000,
                longest,
                offline,
            });
            for _ in 0..60 {
                // Hosts may give empty blocks to move parameters.
                let frames = random.below(longest + 1);
                let mut channel = || (0..frames).map(|_| random.any_float()).collect();
                let block: Vec<Vec<f32>> = (0..channels).map(|_| channel()).collect();
                let in_place = random.below(2) == 0;
                let played = host.process(&slices(&block), in_place);
                let difference = difference(&slices(&block), &played.audio);
                assert_eq!(difference, None, "{channels} channels, in place: {in_place}");
                assert!(played.controls.is_empty(), "nothing was asked for");
            }
            assert_eq!(host.latency(), 0);
        }
    }
}

#[test]
fn any_block_passes_in_clap() {
    any_block_passes::<Clap>(1);
}

#[test]
fn any_block_passes_in_vst3() {
    any_block_passes::<Vst3>(2);
}

/// Every layout on offer, with a reset in between.
fn every_layout_passes<H: Host>() {
    let mut random = Random::new(3);
    let mut host = H::new();
    for channels in LAYOUTS {
        host.set_channels(channels);
        host.activate(Setup::playing(44_100, 256));
        for in_place in [false, true] {
            let block = random.noise(channels, 256);
            let played = host.process(&slices(&block), in_place);
            assert_eq!(
                difference(&slices(&block), &played.audio),
                None,
                "{channels} channels"
            );
            host.reset();
        }
        host.deactivate();
    }
}

#[test]
fn every_layout_passes_in_clap() {
    every_layout_passes::<Clap>();
}

#[test]
fn every_layout_passes_in_vst3() {
    every_layout_passes::<Vst3>();
}

/// Only subnormal samples change, and only to zero: the one documented exception, in both directions.
#[test]
fn subnormal_samples_become_zero_and_nothing_else_does() {
    let mut host = Clap::new();
    host.activate(Setup::playing(48_000, 8));
    let odd = [
        f32::MIN_POSITIVE,
        -f32::MIN_POSITIVE,
        -0.0,
        1e-39,
        -1e-45,
        f32::INFINITY,
        f32::NAN,
        1e-30,
    ];
    let played = host.process(&[&odd, &odd], false);
    let bits: Vec<_> = played.audio[1].iter().map(|x| x.to_bits()).collect();
    let expected = [
        f32::MIN_POSITIVE,
        -f32::MIN_POSITIVE,
        -0.0,
        0.0,
        0.0,
        f32::INFINITY,
        f32::NAN,
        1e-30,
    ];
    assert_eq!(bits, expected.map(f32::to_bits));
}

/// Far more than the meters can take in at once: they may lose some of it, the audio none.
#[test]
fn audio_passes_when_the_meters_fall_behind() {
    let mut random = Random::new(4);
    let mut host = Clap::new();
    host.activate(Setup::playing(48_000, 48_000));
    for _ in 0..20 {
        let block = random.noise(2, 48_000);
        let played = host.process(&slices(&block), false);
        assert_eq!(difference(&slices(&block), &played.audio), None);
    }
}
