//! Small ONNX graphs, for tests that make models of their own.

#![allow(dead_code)] // Each test uses a part of this.

use echometer_engine::frontend::FrontEndConfig;
use echometer_engine::model::onnx::{
    AttributeProto, DimensionProto, GraphProto, INT64, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, ValueInfoProto,
};
use echometer_engine::model::{
    Card, FeatureCard, HeadCard, LoudnessSource, SCHEMA, TrainingCard, sha256_hex,
};
use echometer_engine::{Feature, ModelFiles};
use prost::Message;

/// A float value whose first axis is left open.
pub(crate) fn value(name: &str, sizes: &[usize]) -> ValueInfoProto {
    let fixed = sizes.iter().copied().map(DimensionProto::fixed);
    ValueInfoProto::float(
        name,
        std::iter::once(DimensionProto::any("N")).chain(fixed).collect(),
    )
}

pub(crate) fn node(op: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        input: inputs.iter().map(|&name| name.into()).collect(),
        output: vec![output.into()],
        name: output.into(),
        op_type: op.into(),
        attribute,
    }
}

pub(crate) fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        ints: values.to_vec(),
        r#type: 7,
        ..Default::default()
    }
}

pub(crate) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        i: Some(value),
        r#type: 2,
        ..Default::default()
    }
}

pub(crate) fn list(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        dims: vec![values.len() as i64],
        data_type: INT64,
        name: name.into(),
        raw_data: Some(values.iter().flat_map(|value| value.to_le_bytes()).collect()),
        data_location: None,
    }
}

/// A file's content around a graph.
pub(crate) fn file(graph: GraphProto) -> ModelProto {
    ModelProto {
        ir_version: 8,
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto {
            domain: String::new(),
            version: 17,
        }],
        ..Default::default()
    }
}

/// The sigmoid of the window's mean band power, the same as its own deviation.
fn head(frames: usize, mels: usize) -> Vec<u8> {
    let graph = GraphProto {
        node: vec![
            node(
                "ReduceMean",
                &["columns"],
                "power",
                vec![ints("axes", &[1, 2]), int("keepdims", 0)],
            ),
            node("Unsqueeze", &["power", "axis"], "wide", vec![]),
            node("Sigmoid", &["wide"], "mean", vec![]),
            node("Identity", &["mean"], "sd", vec![]),
        ],
        name: "head".into(),
        initializer: vec![list("axis", &[1])],
        input: vec![value("columns", &[frames, mels])],
        output: vec![value("mean", &[1]), value("sd", &[1])],
    };
    file(graph).encode_to_vec()
}

/// A model without a trunk that costs next to nothing, of windows of `window_s`; it knows energy, and measures loudness.
pub(crate) fn one_graph(front_end: FrontEndConfig, window_s: f64) -> ModelFiles {
    let head = head(front_end.frames_in_s(window_s), front_end.mels);
    let card = Card {
        schema: SCHEMA,
        name: "one graph".into(),
        version: "1".into(),
        licence: "none".into(),
        opset: 17,
        front_end,
        window_s,
        trunk: None,
        head: HeadCard {
            file: "head.onnx".into(),
            sha256: sha256_hex(&head),
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
    ModelFiles {
        card: serde_json::to_vec(&card).unwrap().into(),
        trunk: None,
        head: head.into(),
    }
}
