//! The default model's promise: within one version, the bundled excerpts give the same readings.
//!
//! After a deliberate change of the numbers, raise the model's version and write them anew:
//! `ECHOMETER_WRITE_GOLDEN=1 cargo test -p echometer-tests --test golden`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use std::collections::BTreeMap;
use std::path::Path;

use echometer_engine::Feature;
use echometer_models::DEMOS;
use echometer_tests::{demo, model, score};
use serde_json::{Value, json};

/// What backends may differ by, as a share of a feature's range, and what four digits round away.
const TOLERANCE: f64 = 1e-4 + 5e-5;

/// Values and deviations of each excerpt's last reading, as shares of the range, to four digits.
fn readings() -> Value {
    let digits = |share: f32| (f64::from(share) * 1e4).round() / 1e4;
    let excerpts = DEMOS.iter().map(|excerpt| {
        let (samples, format) = demo(excerpt.name);
        let reading = score(&samples, format);
        let features = Feature::ALL.into_iter().map(|feature| {
            let (low, high) = feature.range();
            let value = (reading.values[feature].unwrap() - low) / (high - low);
            let sd = reading.sd[feature].unwrap() / (high - low);
            (feature.name(), json!([digits(value), digits(sd)]))
        });
        (excerpt.name, features.collect::<BTreeMap<_, _>>())
    });
    let excerpts: BTreeMap<_, _> = excerpts.collect();
    json!({ "model": model().title(), "readings": excerpts })
}

#[test]
fn excerpts_read_as_this_version_promised() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/default/readings.json");
    let found = readings();
    if std::env::var_os("ECHOMETER_WRITE_GOLDEN").is_some() {
        let text = serde_json::to_string_pretty(&found).unwrap();
        std::fs::write(&path, text + "\n").unwrap();
    }
    let promised: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(
        found["model"], promised["model"],
        "readings.json is of another version; see this file's first lines"
    );
    for excerpt in DEMOS {
        for feature in Feature::ALL.map(Feature::name) {
            let [found, promised] = [&found, &promised].map(|all| &all["readings"][excerpt.name][feature]);
            for i in 0..2 {
                let (found, promised) = (found[i].as_f64().unwrap(), promised[i].as_f64().unwrap());
                assert!(
                    (found - promised).abs() <= TOLERANCE,
                    "{}: {feature} is {found}, but this version promised {promised}; a change of numbers is a new version",
                    excerpt.name
                );
            }
        }
    }
}
