//! What the plugin reads is what the engine reads of the same samples, however the host cuts them.
// The whole file is tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unsafe_code,
    missing_docs
)]

mod hosts;

use std::process::Command;

use hosts::audio::{Music, Random, music};
use hosts::clap::Clap;
use hosts::osc::{Ear, difference, expected, rendered};
use hosts::vst3::Vst3;
use hosts::{Host, Setup};
use serde_json::json;

/// Same code, same backend: only what the compiler may do with floats in another library is left.
const TOLERANCE: f32 = 1e-6;

#[test]
fn renders_read_what_the_engine_reads() {
    for (name, seconds) in [("dance", 8.0), ("voice", 5.0)] {
        let music = music(name, seconds);
        let expected = expected(&music);
        assert_eq!(expected.len(), seconds as usize * 10);
        assert_eq!(
            expected.last().unwrap().len(),
            9,
            "eight features and the coverage"
        );
        for (block, longest) in [(512, 512), (4096, 4096), (777, 1024)] {
            let readings = rendered::<Clap>(&music, longest, || block);
            assert_eq!(
                difference(&readings, &expected, TOLERANCE),
                None,
                "CLAP, {name}, {block}"
            );
        }
        let mut random = Random::new(8);
        let readings = rendered::<Clap>(&music, 2000, || random.below(2000) + 1);
        assert_eq!(
            difference(&readings, &expected, TOLERANCE),
            None,
            "CLAP, {name}, random"
        );
        let readings = rendered::<Vst3>(&music, 1000, || 1000);
        assert_eq!(difference(&readings, &expected, TOLERANCE), None, "VST3, {name}");
    }
}

/// Most hosts are started without the variable that ONNX Runtime must have: the embedded backend reads there.
#[test]
fn so_they_do_in_a_host_that_was_started_like_any_other() {
    let (variable, _) = echometer_engine::QUIET;
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "renders_read_what_the_engine_reads"])
        .env_remove(variable)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// A block of silence in a song is part of it.
#[test]
fn a_render_hears_silence() {
    let mut music = music("acoustic", 3.0);
    let gap = 2 * music.rate as usize;
    for channel in &mut music.channels {
        let later = channel.split_off(music.rate as usize);
        channel.extend(vec![0.0; gap]);
        channel.extend(later);
    }
    let readings = rendered::<Clap>(&music, 512, || 512);
    assert_eq!(difference(&readings, &expected(&music), TOLERANCE), None);
}

/// Also a silence longer than the plugin stays awake for while playing.
#[test]
fn a_render_hears_long_silence() {
    let rate = 8_000;
    let mut random = Random::new(9);
    let mut channels = random.noise(1, rate as usize);
    channels[0].extend(vec![0.0; 45 * rate as usize]);
    channels[0].extend(random.noise(1, 2 * rate as usize).remove(0));
    let music = Music { rate, channels };
    let expected = expected(&music);
    for block in [512, 4000] {
        let readings = rendered::<Clap>(&music, block, || block);
        assert_eq!(
            difference(&readings, &expected, TOLERANCE),
            None,
            "blocks of {block}"
        );
    }
}

/// Rendering twice with one instance: the second song starts at zero.
#[test]
fn starting_again_and_the_reset_parameter_forget_all_input() {
    let music = music("dance", 2.0);
    let ear = Ear::new();
    let mut host = Clap::new();
    assert!(host.load_json(&ear.state()));
    let expected = expected(&music);
    let setup = Setup::rendering(music.rate, 512);
    host.activate(setup);
    let listen = |host: &mut Clap, what: &str| {
        host.play(&music.channels, 512);
        assert_eq!(difference(&ear.heard(), &expected, TOLERANCE), None, "{what}");
    };
    listen(&mut host, "first");
    host.reset();
    listen(&mut host, "after a reset by the host");
    host.set("Reset", 1.0);
    listen(&mut host, "after the reset parameter went on");
    host.set("Reset", 0.0);
    host.process(&[&[0.1; 16], &[0.1; 16]], false);
    host.set("Reset", 1.0);
    listen(&mut host, "after it went off and on again");
    host.deactivate();
    host.activate(setup);
    listen(&mut host, "after another activation");
}

/// Frozen meters send nothing, and what is heard meanwhile counts all the same.
#[test]
fn freeze_holds_the_readings() {
    let music = music("dance", 3.0);
    let second = music.rate as usize;
    let ear = Ear::new();
    let mut host = Clap::new();
    assert!(host.load_json(&ear.state()));
    host.activate(Setup::rendering(music.rate, 512));
    let mut all = Vec::new();
    for (i, freeze) in [0.0, 1.0, 0.0].into_iter().enumerate() {
        host.set("Freeze", freeze);
        let part: Vec<_> = music
            .channels
            .iter()
            .map(|c| c[i * second..][..second].to_vec())
            .collect();
        host.play(&part, 512);
        all.extend(ear.heard());
    }
    let mut expected = expected(&music);
    expected.drain(10..20);
    assert_eq!(difference(&all, &expected, TOLERANCE), None);
}

/// A model that is changed while a render goes on starts the window again; nothing hangs, and nothing is lost.
fn model_changes_in_a_render<H: Host>() {
    let music = music("dance", 6.0);
    let ear = Ear::new();
    let mut state = ear.state();
    state["params"]["midi"] = json!({ "bool": true });
    let mut host = H::new();
    assert!(host.load_json(&state));
    host.activate(Setup::rendering(music.rate, 4800));
    let half = music.channels[0].len() / 2;
    let parts = [0..half, half..2 * half].map(|part| {
        music
            .channels
            .iter()
            .map(|channel| channel[part.clone()].to_vec())
            .collect::<Vec<_>>()
    });
    host.play(&parts[0], 4800);
    let before = ear.heard_at_least(30);
    assert_eq!(before.len(), 30);
    // There is no such folder: the default model is loaded again in its place.
    let custom = json!({ "folder": "/nowhere", "sha256": "0".repeat(64) });
    state["params"]["model"] = json!({ "string": "custom" });
    state["fields"]["custom-model"] = json!(custom.to_string());
    assert!(host.load_json(&state));
    host.play(&parts[1], 4800);
    let after = ear.heard_at_least(30);
    assert_eq!(after.len(), 30);
    assert!(after[0]["/echometer/coverage"] < before[29]["/echometer/coverage"]);
    host.deactivate();
}

#[test]
fn a_model_may_change_in_a_clap_render() {
    model_changes_in_a_render::<Clap>();
}

#[test]
fn a_model_may_change_in_a_vst3_render() {
    model_changes_in_a_render::<Vst3>();
}
