//! The bundled excerpts: the meters differ in the direction any listener would expect.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use echometer_engine::{Feature, Reading};
use echometer_models::DEMOS;
use echometer_tests::{demo, score};

fn reading(name: &str) -> Reading {
    let (samples, format) = demo(name);
    score(&samples, format)
}

fn value(reading: &Reading, feature: Feature) -> f32 {
    reading.values[feature].unwrap()
}

/// `dance` is loud driving electronic music, `acoustic` a calm acoustic theme, `voice` a loud song with a singer.
#[test]
fn meters_differ_as_a_listener_expects() {
    let [dance, acoustic, voice] = ["dance", "acoustic", "voice"].map(reading);
    let more = |a: &Reading, b: &Reading, feature: Feature, by: f32| {
        let (a, b) = (value(a, feature), value(b, feature));
        assert!(a >= b + by, "{feature}: {a} should exceed {b} by {by}");
    };
    more(&dance, &acoustic, Feature::Energy, 0.3);
    more(&dance, &acoustic, Feature::Danceability, 0.2);
    more(&dance, &acoustic, Feature::Valence, 0.2);
    more(&acoustic, &dance, Feature::Acousticness, 0.4);
    more(&dance, &voice, Feature::Instrumentalness, 0.1);
    more(&voice, &acoustic, Feature::Energy, 0.3);
    more(&voice, &acoustic, Feature::Loudness, 3.0);
    more(&acoustic, &voice, Feature::Acousticness, 0.4);
    more(&acoustic, &voice, Feature::Instrumentalness, 0.2);
}

#[test]
fn excerpts_are_small_attributed_and_thirty_seconds_long() {
    let size: usize = DEMOS.iter().map(|demo| demo.ogg.len()).sum();
    assert!(size <= 2_000_000, "{size} bytes");
    let attribution = include_str!("../../models/demo/ATTRIBUTION.md");
    for entry in DEMOS {
        assert!(
            attribution.contains(entry.artist) && attribution.contains(entry.licence),
            "{}",
            entry.name
        );
        assert!(attribution.contains(entry.title), "{}", entry.title);
        let (samples, format) = demo(entry.name);
        assert_eq!(
            samples.len(),
            30 * 44_100 * usize::from(format.channels),
            "{}",
            entry.name
        );
    }
}
