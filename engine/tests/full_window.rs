//! A model without a trunk: its columns are the mel frames themselves, and it says nothing before its window is full.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use echometer_engine::frontend::FrontEndConfig;
use echometer_engine::model::onnx::{
    AttributeProto, DimensionProto, GraphProto, INT64, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, ValueInfoProto,
};
use echometer_engine::model::{
    Card, FeatureCard, HeadCard, LoudnessSource, SCHEMA, TrainingCard, sha256_hex,
};
use echometer_engine::{Device, Feature, InputFormat, Model, ModelFiles, Scorer};
use prost::Message;

fn value(name: &str, sizes: &[usize]) -> ValueInfoProto {
    let fixed = sizes.iter().copied().map(DimensionProto::fixed);
    ValueInfoProto::float(
        name,
        std::iter::once(DimensionProto::any("N")).chain(fixed).collect(),
    )
}

fn node(op: &str, input: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        input: input.iter().map(|&name| name.into()).collect(),
        output: vec![output.into()],
        name: output.into(),
        op_type: op.into(),
        attribute,
    }
}

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        ints: values.to_vec(),
        r#type: 7,
        ..Default::default()
    }
}

/// The sigmoid of the window's mean band power, the same as its own deviation.
fn head(frames: usize, mels: usize) -> Vec<u8> {
    let axis = TensorProto {
        dims: vec![1],
        data_type: INT64,
        name: "axis".into(),
        raw_data: Some(1i64.to_le_bytes().to_vec()),
        data_location: None,
    };
    let keep = AttributeProto {
        name: "keepdims".into(),
        i: Some(0),
        r#type: 2,
        ..Default::default()
    };
    let graph = GraphProto {
        node: vec![
            node(
                "ReduceMean",
                &["columns"],
                "power",
                vec![ints("axes", &[1, 2]), keep],
            ),
            node("Unsqueeze", &["power", "axis"], "wide", vec![]),
            node("Sigmoid", &["wide"], "mean", vec![]),
            node("Identity", &["mean"], "sd", vec![]),
        ],
        name: "head".into(),
        initializer: vec![axis],
        input: vec![value("columns", &[frames, mels])],
        output: vec![value("mean", &[1]), value("sd", &[1])],
    };
    ModelProto {
        ir_version: 8,
        producer_name: "test".into(),
        producer_version: String::new(),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto {
            domain: String::new(),
            version: 17,
        }],
    }
    .encode_to_vec()
}

#[test]
fn thesis_front_end_and_a_single_graph() {
    let front_end = FrontEndConfig::thesis();
    let bytes = head(221, 128); // One second: 44,100 / 200 + 1 frames.
    let card = Card {
        schema: SCHEMA,
        name: "one graph".into(),
        version: "1".into(),
        licence: "none".into(),
        opset: 17,
        front_end,
        window_s: 1.0,
        trunk: None,
        head: HeadCard {
            file: "head.onnx".into(),
            sha256: sha256_hex(&bytes),
        },
        features: vec![FeatureCard {
            name: Feature::Energy,
            range: Feature::Energy.range(),
            metrics: None,
        }],
        loudness: LoudnessSource::Measured,
        training: TrainingCard {
            data: String::new(),
            clips: 0,
            evaluation: String::new(),
            seed: 0,
        },
    };
    let card = serde_json::to_vec(&card).unwrap();
    let model = Model::load(
        &ModelFiles {
            card: card.into(),
            trunk: None,
            head: bytes.into(),
        },
        Device::Embedded,
    )
    .unwrap();

    let tone: Vec<f32> = (0..44_100).map(|i| 0.5 * (i as f32 * 0.1).sin()).collect();
    let mut scorer = Scorer::new(
        &model,
        InputFormat {
            rate: 44_100,
            channels: 1,
        },
        10.0,
    )
    .unwrap();
    let mut readings = Vec::new();
    scorer.push(&tone, &mut readings).unwrap();
    assert_eq!(readings.len(), 10);
    // The last frame of a centred STFT needs what comes after the window, so nothing is said before the end is known.
    assert!(
        readings
            .iter()
            .all(|reading| reading.values[Feature::Energy].is_none())
    );
    let end = scorer.finish().unwrap().unwrap();
    assert!(end.values[Feature::Energy].unwrap() > 0.9, "{end:?}");
    assert_eq!(end.values[Feature::Valence], None);
    assert!(end.values[Feature::Loudness].is_some());
}
