//! The bypass parameter: audio passes as ever, and the meters stand still.
// The whole file is tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unsafe_code,
    missing_docs
)]

mod hosts;

use hosts::audio::{difference, music, slices};
use hosts::clap::Clap;
use hosts::osc::Ear;
use hosts::vst3::Vst3;
use hosts::{Host, Setup};

fn bypassed<H: Host>(setup: impl Fn(u32) -> Setup) {
    let music = music("dance", 4.0);
    let second = music.rate as usize;
    let ear = Ear::new();
    let mut host = H::new();
    assert!(host.load_json(&ear.state()));
    host.activate(setup(music.rate));
    let mut heard = Vec::new();
    for (i, bypass) in [0.0, 1.0, 1.0, 0.0].into_iter().enumerate() {
        host.set("Bypass", bypass);
        let part: Vec<_> = music
            .channels
            .iter()
            .map(|c| c[i * second..][..second].to_vec())
            .collect();
        let played = host.play(&part, 512);
        assert_eq!(difference(&slices(&part), &played.audio), None, "second {i}");
        assert_eq!(host.get("Bypass"), bypass);
        heard.push(ear.heard().len());
    }
    assert_eq!(heard, [10, 0, 0, 10], "readings in each second");
}

#[test]
fn bypass_stops_the_meters_and_not_the_audio_in_clap() {
    bypassed::<Clap>(|rate| Setup::rendering(rate, 512));
}

#[test]
fn bypass_stops_the_meters_and_not_the_audio_in_vst3() {
    bypassed::<Vst3>(|rate| Setup::rendering(rate, 512));
}
