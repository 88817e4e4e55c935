//! States: what was saved comes back, and what is damaged or of a newer version does no harm.
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
use serde_json::{Value, json};

/// What a project may hold: an instance with random parameters, and fields that are not the defaults.
fn changed<H: Host>(random: &mut Random) -> H {
    let mut host = H::new();
    let custom = json!({ "folder": "/a model/of my own ünïcode", "sha256": "0".repeat(64) });
    let fields = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "params": {},
        "fields": {
            "osc-target": json!("127.0.0.1:12345").to_string(),
            "custom-model": custom.to_string(),
            "light": "true",
            "reference": json!({ "name": "mix ünï.wav", "values": { "energy": 0.5 }, "range": 4.5 }).to_string(),
            "window": json!({ "width": 1000.0, "height": 700.0 }).to_string(),
        },
    });
    assert!(host.load_json(&fields));
    host.activate(Setup::playing(48_000, 64));
    for name in host.names() {
        // The default model stays: another one would be looked for.
        let value = if name == "Model" {
            0.0
        } else {
            f64::from(random.sample().abs())
        };
        host.set(&name, value);
    }
    host.process(&[&[0.0; 64], &[0.0; 64]], false);
    host.deactivate();
    host
}

fn round_trip<H: Host>(seed: u64) {
    let mut random = Random::new(seed);
    for _ in 0..5 {
        let mut first = changed::<H>(&mut random);
        let saved = first.save();
        let mut second = H::new();
        assert_ne!(second.values(), first.values(), "the test would prove nothing");
        assert!(second.load(&saved));
        assert_eq!(second.values(), first.values());
        let (a, b) = (first.save_json(), second.save_json());
        assert_eq!(a, b);
        assert_eq!(a["fields"]["osc-target"], "\"127.0.0.1:12345\"");
        assert_eq!(a["fields"]["light"], "true");
        assert!(a["fields"]["custom-model"].as_str().unwrap().contains("ünïcode"));
        let field =
            |name: &str| -> Value { serde_json::from_str(b["fields"][name].as_str().unwrap()).unwrap() };
        assert_eq!(field("reference")["name"], "mix ünï.wav");
        assert_eq!(field("reference")["values"], json!({ "energy": 0.5 }));
        assert_eq!(field("window"), json!({ "width": 1000.0, "height": 700.0 }));
        assert_eq!(a["version"], env!("CARGO_PKG_VERSION"));
    }
}

/// States of an Echometer that had no reference and no window size, and fields that hold nonsense.
fn older<H: Host>() {
    let mut host = changed::<H>(&mut Random::new(12));
    let state = |fields: Value| json!({ "version": "0.0.9", "params": {}, "fields": fields });
    assert!(host.load_json(&state(json!({ "light": "false" }))));
    let saved = host.save_json();
    assert_eq!(
        saved["fields"]["reference"], "null",
        "one of another project does not stay"
    );
    assert_eq!(saved["fields"]["light"], "false");
    for nonsense in [
        "",
        "3",
        "[]",
        "{\"width\": \"wide\"}",
        "{\"values\": {\"energy\": null}}",
    ] {
        let fields = json!({ "light": "true", "reference": nonsense, "window": nonsense });
        host.load_json(&state(fields));
        let saved = host.save_json();
        assert_eq!(saved["fields"]["light"], "true", "{nonsense}: the rest is taken");
        host.load_json(&state(json!({ "light": "false" })));
    }
}

#[test]
fn older_states_and_nonsense_are_taken_as_far_as_they_go() {
    older::<Clap>();
    older::<Vst3>();
}

#[test]
fn what_is_saved_comes_back_in_clap() {
    round_trip::<Clap>(10);
}

#[test]
fn what_is_saved_comes_back_in_vst3() {
    round_trip::<Vst3>(11);
}

/// Gives `host` a state that may be damaged. It must not crash; if it refuses the state, nothing may have changed, and
/// otherwise all parameters must be in their ranges. The plugin goes on playing.
fn survives<H: Host>(host: &mut H, bytes: &[u8], random: &mut Random) {
    let before = host.values();
    let taken = host.load(bytes);
    let after = host.values();
    if !taken {
        assert_eq!(
            after,
            before,
            "refused, and yet taken: {:?}",
            String::from_utf8_lossy(bytes)
        );
    }
    for (name, value) in after {
        assert!((0.0..=1.0).contains(&value), "{name} is {value}");
    }
    let block = random.noise(2, 32);
    let played = host.process(&slices(&block), false);
    assert_eq!(difference(&slices(&block), &played.audio), None);
}

fn damaged<H: Host>(seed: u64) {
    let mut random = Random::new(seed);
    let good = changed::<H>(&mut random).save();
    let mut host = H::new();
    host.activate(Setup::playing(48_000, 64));
    for length in (0..good.len()).step_by(7) {
        survives(&mut host, &good[..length], &mut random);
    }
    for _ in 0..400 {
        let mut bytes = good.clone();
        for _ in 0..random.below(3) + 1 {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
        survives(&mut host, &bytes, &mut random);
    }
    for _ in 0..200 {
        let length = random.below(300);
        let bytes: Vec<_> = (0..length).map(|_| random.bits() as u8).collect();
        survives(&mut host, &bytes, &mut random);
        // Noise with a header that is right comes as far as the JSON.
        let mut headed = H::STATE_HEADER(&bytes);
        headed.extend(bytes);
        survives(&mut host, &headed, &mut random);
    }
    for header in [u64::MAX, 1 << 62, 1 << 32] {
        let mut bytes = header.to_le_bytes().to_vec();
        bytes.extend(b"{}");
        survives(&mut host, &bytes, &mut random);
    }
    assert!(host.load(&good), "a good state is still taken");
}

#[test]
fn damaged_states_do_no_harm_in_clap() {
    damaged::<Clap>(12);
}

#[test]
fn damaged_states_do_no_harm_in_vst3() {
    damaged::<Vst3>(13);
}

/// Valid JSON of the right form with values that no parameter has.
fn absurd<H: Host>() {
    let mut random = Random::new(14);
    let mut host = H::new();
    host.activate(Setup::rendering(48_000, 64));
    let ids = [
        "midi",
        "chan",
        "rate",
        "energy_cc",
        "osc",
        "model",
        "bypass",
        "nonsense",
    ];
    let values = [
        json!({ "i32": i32::MAX }),
        json!({ "i32": i32::MIN }),
        json!({ "i32": 0 }),
        json!({ "bool": true }),
        json!({ "f32": 1e30 }),
        json!({ "string": "nonsense" }),
    ];
    for value in &values {
        let params: serde_json::Map<_, _> = ids.iter().map(|id| ((*id).to_owned(), value.clone())).collect();
        let state = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "params": params,
            "fields": { "osc-target": "17", "custom-model": "[]", "light": "", "refused": "\"1\"", "other": "1" },
        });
        let mut bytes = H::STATE_HEADER(&serde_json::to_vec(&state).unwrap());
        bytes.extend(serde_json::to_vec(&state).unwrap());
        survives(&mut host, &bytes, &mut random);
    }
    let saved = host.save_json();
    assert!(
        saved["fields"]["osc-target"]
            .as_str()
            .unwrap()
            .starts_with("\"127.0.0.1:")
    );
}

#[test]
fn absurd_values_stay_in_range_in_clap() {
    absurd::<Clap>();
}

#[test]
fn absurd_values_stay_in_range_in_vst3() {
    absurd::<Vst3>();
}

fn newer<H: Host>(seed: u64) {
    let mut random = Random::new(seed);
    let mut newer = changed::<H>(&mut random).save_json();
    let mut host = changed::<H>(&mut random);
    host.activate(Setup::playing(48_000, 64));
    let (values, mut before) = (host.values(), host.save_json());
    for version in ["99.0.0", "0.1.1", "1.0.0-beta", "", "none"] {
        newer["version"] = version.into();
        newer["fields"]["light"] = "false".into();
        newer["fields"]["osc-target"] = json!("10.0.0.1:1").to_string().into();
        host.load_json(&newer);
        assert_eq!(host.values(), values, "{version}");
        let mut after = host.save_json();
        // What is told the user is no setting.
        for state in [&mut before, &mut after] {
            state["fields"]["refused"] = Value::Null;
        }
        assert_eq!(after, before, "{version}");
        let block = random.noise(2, 64);
        let played = host.process(&slices(&block), false);
        assert_eq!(difference(&slices(&block), &played.audio), None);
    }
}

#[test]
fn states_of_a_newer_version_change_nothing_in_clap() {
    newer::<Clap>(15);
}

#[test]
fn states_of_a_newer_version_change_nothing_in_vst3() {
    newer::<Vst3>(16);
}
