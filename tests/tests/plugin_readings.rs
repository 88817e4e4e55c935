//! The plugin in a host reads what the analyzer reads of the same audio.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unsafe_code,
    missing_docs
)] // The whole file is tests.

#[path = "../../plugin/tests/hosts/mod.rs"]
mod hosts;

use echometer_engine::Feature;
use echometer_tests::{analyze, json, skip};
use hosts::audio::music;
use hosts::clap::Clap;
use hosts::osc::rendered;

/// Half of the analyzer's last digit, and a little.
const ROUNDING: f64 = 0.000_051;

#[test]
fn the_plugin_reads_what_the_analyzer_reads() {
    if !hosts::library().is_file() {
        return skip("the plugin is built with the whole workspace's tests: `cargo xtask test`");
    }
    for name in ["dance", "acoustic", "voice"] {
        let input = format!("demo:{name}");
        let analyzed = json(&analyze(&[
            "--input", &input, "--rate", "10", "--format", "jsonl",
        ]));
        let played = rendered::<Clap>(&music(name, 60.0), 512, || 512);
        assert!(played.len() >= 299, "{name}: {} readings", played.len());
        // The analyzer may read once more at the end of a file, of what is less than a tenth of a second.
        assert!(
            analyzed.len() - played.len() <= 1,
            "{name}: {} and {}",
            analyzed.len(),
            played.len()
        );
        for (analyzed, played) in analyzed.iter().zip(&played) {
            for feature in Feature::ALL.map(Feature::name) {
                let found = played
                    .get(&format!("/echometer/{feature}"))
                    .map(|value| f64::from(*value));
                match (analyzed[feature].as_f64(), found) {
                    // Loudness has one digit.
                    (Some(a), Some(b)) if feature == "loudness" => {
                        assert!((a - b).abs() <= 0.051, "{a} and {b}")
                    }
                    (Some(a), Some(b)) => {
                        assert!((a - b).abs() <= ROUNDING, "{name}, {feature}: {a} and {b}")
                    }
                    (a, b) => assert_eq!(a, b, "{name}, {feature} in {analyzed}"),
                }
            }
        }
    }
}
