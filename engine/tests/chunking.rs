//! Any chunking, rate and channel count: every frame exactly once, and bit-identical.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use echometer_engine::frontend::{FrontEnd, FrontEndConfig};
use echometer_engine::tap::Downmix;
use proptest::prelude::*;

/// A repeatable signal with tone and noise.
fn signal(samples: usize, seed: u32) -> Vec<f32> {
    let mut state = seed | 1;
    (0..samples)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 8) as f32 / (1u32 << 24) as f32 - 0.5;
            0.4 * (i as f32 * 0.05).sin() + 0.2 * noise
        })
        .collect()
}

fn frames(config: &FrontEndConfig, rate: u32, channels: u16, input: &[f32], cuts: &[usize]) -> Vec<f32> {
    let downmix = Downmix::new(channels).unwrap();
    let mut front_end = FrontEnd::new(config, rate).unwrap();
    let (mut folded, mut frames) = (Vec::new(), Vec::new());
    let (mut rest, mut cuts) = (input, cuts.iter().cycle());
    while !rest.is_empty() {
        let wanted = cuts.next().map_or(rest.len(), |cut| cut * usize::from(channels));
        let (now, later) = rest.split_at(wanted.clamp(usize::from(channels), rest.len()));
        folded.clear();
        downmix.fold_interleaved(now, &mut folded);
        front_end.push_stereo(&folded, &mut frames);
        rest = later;
    }
    front_end.finish(&mut frames);
    frames
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn chunking_leaves_no_trace(
        rate in prop_oneof![Just(44_100u32), Just(48_000), Just(24_000), 8_000u32..=384_000],
        channels in 1u16..=64,
        seconds in 0.01f64..0.4,
        seed in any::<u32>(),
        cuts in prop::collection::vec(1usize..5000, 1..20),
        thesis in any::<bool>(),
    ) {
        let config = if thesis { FrontEndConfig::thesis() } else { FrontEndConfig::live() };
        let count = (f64::from(rate) * seconds) as usize;
        let input = signal(count * usize::from(channels), seed);
        let whole = frames(&config, rate, channels, &input, &[]);
        let parts = frames(&config, rate, channels, &input, &cuts);
        prop_assert_eq!(&whole, &parts);
        let resampled = count as u64 * u64::from(config.sample_rate) / u64::from(rate);
        prop_assert_eq!(whole.len() as u64, config.frames_in(resampled) * config.mels as u64);
        prop_assert!(whole.iter().all(|value| value.is_finite() && *value >= 0.0));
    }
}

#[test]
fn one_sample_at_a_time_is_the_same_too() {
    let input = signal(9_000, 3);
    for config in [FrontEndConfig::thesis(), FrontEndConfig::live()] {
        for rate in [44_100, 44_101] {
            let whole = frames(&config, rate, 1, &input, &[]);
            assert_eq!(whole, frames(&config, rate, 1, &input, &[1]));
            assert!(!whole.is_empty());
        }
    }
}

#[test]
fn a_pair_counts_as_its_mean() {
    let config = FrontEndConfig::live();
    let mut front_end = FrontEnd::new(&config, config.sample_rate).unwrap();
    let (left, right) = (signal(config.fft, 1), signal(config.fft, 2));
    let pairs: Vec<_> = left.iter().zip(&right).map(|(&l, &r)| [l, r]).collect();
    let mean: Vec<_> = pairs.iter().map(|[l, r]| (l + r) / 2.0).collect();
    let (mut of_pairs, mut of_mean) = (Vec::new(), Vec::new());
    front_end.push_stereo(&pairs, &mut of_pairs);
    front_end.reset();
    front_end.push(&mean, &mut of_mean);
    assert_eq!(of_pairs.len(), config.mels);
    assert_eq!(of_pairs, of_mean);
}

#[test]
fn a_reset_front_end_is_a_new_one() {
    let input = signal(20_000, 5);
    let mut front_end = FrontEnd::new(&FrontEndConfig::live(), 44_100).unwrap();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    front_end.push(&input, &mut first);
    front_end.finish(&mut first);
    front_end.reset();
    front_end.push(&input, &mut second);
    front_end.finish(&mut second);
    assert_eq!(first, second);
}

#[test]
fn rates_outside_the_range_are_refused() {
    for rate in [0, 7_999, 384_001] {
        let error = FrontEnd::new(&FrontEndConfig::live(), rate)
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains(&rate.to_string()) && error.contains("8000–384000"),
            "{error}"
        );
    }
}
