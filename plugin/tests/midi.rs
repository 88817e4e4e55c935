//! MIDI controllers: off unless asked for, then as the parameters say.
// The whole file is tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unsafe_code,
    missing_docs
)]

mod hosts;

use std::collections::HashMap;

use hosts::audio::{Music, music, part};
use hosts::clap::Clap;
use hosts::vst3::Vst3;
use hosts::{Control, Host, Setup};
use serde_json::json;

const RATE_HZ: u32 = 25;
const CHANNEL: u8 = 5;

/// Controllers on channel 5, 25 times a second; energy as number 70, valence not at all.
fn state() -> serde_json::Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "params": {
            "midi": { "bool": true },
            "chan": { "i32": CHANNEL },
            "rate": { "i32": RATE_HZ },
            "energy_cc": { "i32": 70 },
            "valence_on": { "bool": false },
        },
        "fields": {},
    })
}

fn controls<H: Host>(music: &Music, block: usize) -> Vec<Control> {
    let mut host = H::new();
    assert!(host.load_json(&state()));
    host.activate(Setup::rendering(music.rate, block));
    host.play(&music.channels, block).controls
}

fn as_the_parameters_say<H: Host>() {
    let mut music = music("dance", 4.0);
    let other = hosts::audio::music("acoustic", 6.0);
    assert_eq!(other.rate, music.rate);
    for (channel, other) in music.channels.iter_mut().zip(other.channels) {
        channel.extend(other);
    }
    let period = music.rate / RATE_HZ;
    let controls = controls::<H>(&music, 512);
    assert!(
        controls.is_sorted_by_key(|control| control.offset),
        "in the order of time"
    );
    let mut last = HashMap::new();
    for control in &controls {
        assert_eq!(control.channel, CHANNEL - 1);
        assert!(
            [20, 70, 22, 24, 25, 26, 27].contains(&control.number),
            "{control:?}"
        );
        assert!(control.value <= 127);
        assert_eq!(control.offset % period, 0, "{control:?}");
        let before = last.insert(control.number, *control);
        if let Some(before) = before {
            assert!(
                before.offset < control.offset,
                "once at a time: {before:?}, {control:?}"
            );
            assert_ne!(before.value, control.value, "nothing new in {control:?}");
        }
    }
    assert_eq!(last.len(), 7, "each of them at least once");
    let ticks: Vec<_> = controls.iter().map(|control| control.offset / period).collect();
    let shortest = ticks
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .filter(|gap| *gap > 0)
        .min();
    assert_eq!(
        shortest,
        Some(1),
        "while something moves, as often as the rate says"
    );
}

#[test]
fn controllers_are_as_the_parameters_say_in_clap() {
    as_the_parameters_say::<Clap>();
}

#[test]
fn controllers_are_as_the_parameters_say_in_vst3() {
    as_the_parameters_say::<Vst3>();
}

#[test]
fn offsets_lie_in_their_blocks() {
    let music = music("dance", 6.0);
    let mut host = Clap::new();
    assert!(host.load_json(&state()));
    for block in [64, 5000] {
        host.activate(Setup::rendering(music.rate, block));
        let mut seen = 0;
        for start in (0..music.channels[0].len() - block).step_by(block) {
            let input = part(&music.channels, start..start + block);
            let played = host.process(&input, false);
            assert!(
                played
                    .controls
                    .iter()
                    .all(|control| (control.offset as usize) < block)
            );
            assert!(played.controls.is_sorted_by_key(|control| control.offset));
            seen += played.controls.len();
        }
        assert!(seen >= 7, "{seen} of blocks of {block}");
        host.deactivate();
    }
}

/// A render's controllers follow the song: neither the clock nor the host's block size shows in them.
#[test]
fn block_sizes_do_not_show() {
    let music = music("dance", 5.0);
    let expected = controls::<Clap>(&music, 256);
    for block in [64, 1024, 8192] {
        let controls = controls::<Clap>(&music, block);
        let first = controls.iter().zip(&expected).find(|(a, b)| a != b);
        assert_eq!(first, None, "blocks of {block}");
        assert_eq!(controls.len(), expected.len());
    }
}

fn off_and_frozen<H: Host>() {
    let music = music("dance", 6.0);
    let mut host = H::new();
    host.activate(Setup::rendering(music.rate, 512));
    let play = |host: &mut H| host.play(&music.channels, 512).controls.len();
    assert_eq!(play(&mut host), 0, "off by default");
    host.set("Send MIDI CC", 1.0);
    let on = play(&mut host);
    assert!(on >= 8, "{on}: each of them at least once");
    host.set("Freeze", 1.0);
    assert_eq!(play(&mut host), 0, "frozen");
    host.set("Freeze", 0.0);
    assert!(play(&mut host) > 0, "thawed");
    host.set("Send MIDI CC", 0.0);
    assert_eq!(play(&mut host), 0, "off again");
}

#[test]
fn nothing_is_sent_unless_asked_for_and_not_frozen_in_clap() {
    off_and_frozen::<Clap>();
}

#[test]
fn nothing_is_sent_unless_asked_for_and_not_frozen_in_vst3() {
    off_and_frozen::<Vst3>();
}
