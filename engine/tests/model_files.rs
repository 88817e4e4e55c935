//! Broken model files: each gives an error that names the file, the value found and the rule, and never a panic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use std::fs;

use echometer_engine::model::onnx::{DimensionProto, ModelProto};
use echometer_engine::model::{Card, sha256_hex};
use echometer_engine::{Device, Model, ModelError, ModelFiles};
use echometer_models::default_model;
use proptest::prelude::*;
use prost::Message;

fn card() -> Card {
    serde_json::from_slice(&default_model().card).unwrap()
}

/// The error of the default model with its card changed by `change`.
fn error_with_card(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut files = default_model();
    let mut card: serde_json::Value = serde_json::from_slice(&files.card).unwrap();
    change(&mut card);
    files.card = serde_json::to_vec(&card).unwrap().into();
    load(&files).unwrap_err().to_string()
}

/// The error of the default model with its trunk changed by `change`, and the card's hash made to fit.
fn error_with_trunk(change: impl FnOnce(&mut ModelProto)) -> String {
    let mut files = default_model();
    let mut trunk = ModelProto::decode(&**files.trunk.as_ref().unwrap()).unwrap();
    change(&mut trunk);
    let bytes = trunk.encode_to_vec();
    let mut card = card();
    card.trunk.as_mut().unwrap().sha256 = sha256_hex(&bytes);
    files.trunk = Some(bytes.into());
    files.card = serde_json::to_vec(&card).unwrap().into();
    load(&files).unwrap_err().to_string()
}

fn load(files: &ModelFiles) -> Result<Model, ModelError> {
    Model::load(files, Device::Embedded)
}

fn assert_says(error: &str, words: &[&str]) {
    for word in words {
        assert!(error.contains(word), "no `{word}` in: {error}");
    }
}

#[test]
fn the_default_model_loads_and_its_clones_share_it() {
    let model = load(&default_model()).unwrap();
    assert_eq!(model.runtime().name(), "embedded");
    assert!(
        model.card().first_reading_s() <= 4.0,
        "{}",
        model.card().first_reading_s()
    );
    assert_eq!(model.clone().title(), model.title());
}

#[test]
fn a_newer_card_is_refused_before_its_fields_are_looked_at() {
    let error = error_with_card(|card| *card = serde_json::json!({"schema": 2, "unknown": true}));
    assert_says(
        &error,
        &["card.json", "schema is 2", "must be 1", "newer Echometer"],
    );
}

#[test]
fn card_values_outside_their_rules() {
    let error = error_with_card(|card| card["opset"] = 99.into());
    assert_says(&error, &["card.json", "opset is 99", "13–21"]);
    let error = error_with_card(|card| card["front_end"]["hop"] = 0.into());
    assert_says(&error, &["card.json", "front_end.hop is 0", "must be 1"]);
    let error = error_with_card(|card| card["features"][0]["range"] = serde_json::json!([0.0, 2.0]));
    assert_says(
        &error,
        &["card.json", "range of danceability is 0–2", "must be 0–1"],
    );
    let error = error_with_card(|card| {
        let features = card["features"].as_array_mut().unwrap();
        features.swap(0, 1);
    });
    assert_says(
        &error,
        &[
            "card.json",
            "features is energy, danceability",
            "in the order danceability, energy",
        ],
    );
    let error = error_with_card(|card| card["trunk"]["stride"] = 0.into());
    assert_says(&error, &["card.json", "trunk.stride is 0", "1–4096"]);
    let error = error_with_card(|card| card["trunk"]["receptive_field"] = 1_000_000.into());
    assert_says(&error, &["receptive_field is 1000000"]);
    let error = error_with_card(|card| card["trunk"]["receptive_field"] = 400.into());
    assert_says(&error, &["receptive_field is 400", "within 4 s"]);
    let huge = serde_json::json!([[u64::MAX], [1]]);
    let error = error_with_card(|card| card["trunk"]["state"] = huge);
    assert_says(&error, &["trunk.state is 18446744073709551615 values", "at most"]);
    let error = error_with_card(|card| card["window_s"] = 1e9.into());
    assert_says(&error, &["window_s is 1000000000 s", "1–600 s"]);
    let error = error_with_card(|card| card["trunk"]["channels"] = 97.into());
    assert_says(&error, &["trunk.onnx", "shape of output `columns`", "97"]);
    let error = error_with_card(|card| card["trunk"]["state"] = serde_json::json!([]));
    assert_says(
        &error,
        &[
            "trunk.onnx",
            "list of inputs is frames, state_0",
            "must be frames",
        ],
    );
    let error = error_with_card(|card| card["surprise"] = 1.into());
    assert_says(&error, &["card.json", "unknown field `surprise`"]);
    let error = error_with_card(|card| card["trunk"] = serde_json::Value::Null);
    assert_says(&error, &["card.json", "trunk"]);
}

#[test]
fn a_changed_file_is_noticed() {
    let mut files = default_model();
    let mut head = files.head.to_vec();
    *head.last_mut().unwrap() ^= 1;
    files.head = head.into();
    let found = sha256_hex(&files.head);
    assert_says(
        &load(&files).unwrap_err().to_string(),
        &["head.onnx", "SHA-256", &found, "card says"],
    );
}

#[test]
fn graphs_that_do_not_keep_the_cards_promises() {
    let error = error_with_trunk(|trunk| trunk.opset_import[0].version = 12);
    assert_says(&error, &["trunk.onnx", "opset is 12", "17"]);
    // Streams and time may be open in a trunk's frames, mel bands not.
    for (bands, shown) in [(Some(64), "×64"), (None, "×?")] {
        let error = error_with_trunk(|trunk| {
            let graph = trunk.graph.as_mut().unwrap();
            let tensor = graph.input[0].r#type.as_mut().unwrap().tensor_type.as_mut();
            tensor.unwrap().shape.as_mut().unwrap().dim[2] = DimensionProto {
                dim_value: bands,
                dim_param: None,
            };
        });
        let wanted = "float 1 or open×16 or open×80, as the card says";
        assert_says(&error, &["trunk.onnx", "shape of input `frames`", shown, wanted]);
    }
    let error = error_with_trunk(|trunk| trunk.graph = None);
    assert_says(&error, &["trunk.onnx", "no graph"]);
    let error = error_with_trunk(|trunk| {
        trunk.graph.as_mut().unwrap().initializer[0].data_location = Some(1);
    });
    assert_says(&error, &["trunk.onnx", "external data is refused"]);
    let error = error_with_trunk(|trunk| {
        trunk.graph.as_mut().unwrap().node[0].op_type = "NoSuchOperator".into();
    });
    assert_says(&error, &["trunk.onnx"]);
}

#[test]
fn folders_with_missing_files_or_wandering_names() {
    let folder = tempfile::tempdir().unwrap();
    let error = ModelFiles::read(folder.path()).unwrap_err().to_string();
    assert_says(&error, &["card.json is not there, so there is no model"]);
    assert!(!error.contains("did you mean"), "{error}");
    let inside = folder.path().join("model");
    fs::create_dir(&inside).unwrap();
    fs::write(inside.join("card.json"), "{}").unwrap();
    let error = ModelFiles::read(folder.path()).unwrap_err().to_string();
    assert_says(&error, &["did you mean", &inside.display().to_string()]);
    let mut card = card();
    fs::write(
        folder.path().join("card.json"),
        serde_json::to_vec(&card).unwrap(),
    )
    .unwrap();
    let error = ModelFiles::read(folder.path()).unwrap_err().to_string();
    assert_says(&error, &["trunk.onnx"]);
    card.head.file = "../head.onnx".into();
    card.trunk = None;
    fs::write(
        folder.path().join("card.json"),
        serde_json::to_vec(&card).unwrap(),
    )
    .unwrap();
    let error = ModelFiles::read(folder.path()).unwrap_err().to_string();
    assert_says(&error, &["card.json", "`../head.onnx`", "plain file name"]);
}

#[test]
fn a_folder_loads_like_the_embedded_files() {
    let folder = tempfile::tempdir().unwrap();
    let files = default_model();
    fs::write(folder.path().join("card.json"), &files.card).unwrap();
    fs::write(folder.path().join("trunk.onnx"), files.trunk.as_ref().unwrap()).unwrap();
    fs::write(folder.path().join("head.onnx"), &files.head).unwrap();
    let model = load(&ModelFiles::read(folder.path()).unwrap()).unwrap();
    assert_eq!(model.card(), &card());
}

proptest! {
    #[test]
    fn random_cards_give_errors_only(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut files = default_model();
        files.card = bytes.into();
        prop_assert!(load(&files).is_err());
    }

    #[test]
    fn damaged_cards_never_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut files = default_model();
        let mut bytes = files.card.to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        files.card = bytes.into();
        let _ = load(&files);
    }

    #[test]
    fn random_graphs_give_errors_only(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut files = default_model();
        let mut card = card();
        card.head.sha256 = sha256_hex(&bytes);
        files.head = bytes.into();
        files.card = serde_json::to_vec(&card).unwrap().into();
        prop_assert!(load(&files).is_err());
    }

    #[test]
    fn damaged_graphs_never_panic(trunk in any::<bool>(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let files = default_model();
        let mut card = card();
        let mut bytes = if trunk { files.trunk.unwrap() } else { files.head }.to_vec();
        // The first and last kilobyte hold nodes, names and shapes; what lies between are weights.
        let at = at.index(bytes.len().min(2048));
        let at = if at < 1024 { at } else { bytes.len() - 1 - (at - 1024) };
        bytes[at] = byte;
        let hash = sha256_hex(&bytes);
        let mut files = default_model();
        if trunk {
            card.trunk.as_mut().unwrap().sha256 = hash;
            files.trunk = Some(bytes.into());
        } else {
            card.head.sha256 = hash;
            files.head = bytes.into();
        }
        files.card = serde_json::to_vec(&card).unwrap().into();
        let _ = load(&files);
    }
}
