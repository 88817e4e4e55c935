//! Sample rates, buffer sizes and blocks of all kinds, one after the other in one instance.
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
use hosts::osc::Ear;
use hosts::vst3::Vst3;
use hosts::{Host, Setup};

const RATES: [u32; 14] = [
    48_000, 8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 64_000, 88_200, 96_000, 176_400, 192_000, 352_800,
    384_000,
];

/// Blocks of random lengths at every rate: audio passes, and there are ten readings a second of input.
fn every_rate<H: Host>(seed: u64) {
    let mut random = Random::new(seed);
    let ear = Ear::new();
    let mut host = H::new();
    assert!(host.load_json(&ear.state()));
    for rate in RATES {
        let longest = [64, 480, 1024, 4096][random.below(4)];
        host.activate(Setup::rendering(rate, longest));
        let mut left = rate as usize;
        while left > 0 {
            let frames = (random.below(longest) + 1).min(left);
            let block = random.noise(2, frames);
            let played = host.process(&slices(&block), random.below(2) == 0);
            assert_eq!(difference(&slices(&block), &played.audio), None, "{rate} Hz");
            left -= frames;
        }
        let coverages: Vec<_> = ear
            .heard()
            .iter()
            .map(|bundle| bundle["/echometer/coverage"])
            .collect();
        assert_eq!(coverages.len(), 10, "{rate} Hz");
        for (i, coverage) in coverages.into_iter().enumerate() {
            let expected = (i + 1) as f32 * 0.1 / 30.0;
            assert!(
                (coverage - expected).abs() < 1e-5,
                "{rate} Hz: {coverage} against {expected}"
            );
        }
        host.deactivate();
    }
}

#[test]
fn every_rate_in_clap() {
    every_rate::<Clap>(5);
}

#[test]
fn every_rate_in_vst3() {
    every_rate::<Vst3>(6);
}

/// Buffer sizes from one frame to longer than the ring, and rates that the engine cannot take: audio passes.
#[test]
fn audio_passes_at_any_size_and_at_impossible_rates() {
    let mut random = Random::new(7);
    let mut host = Clap::new();
    for (rate, longest) in [
        (48_000, 1),
        (48_000, 200_000),
        (4_000, 64),
        (768_000, 512),
        (44_100, 333),
        (1, 16),
    ] {
        for offline in [false, true] {
            host.activate(Setup {
                rate,
                longest,
                offline,
            });
            for frames in [longest, 1, longest / 2 + 1] {
                let block = random.noise(2, frames);
                let played = host.process(&slices(&block), false);
                assert_eq!(
                    difference(&slices(&block), &played.audio),
                    None,
                    "{rate} Hz, {frames} frames"
                );
            }
            host.deactivate();
        }
    }
}
