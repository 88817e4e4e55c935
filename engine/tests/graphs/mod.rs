//! Small ONNX graphs, for tests that make models of their own.

#![allow(dead_code)] // Each test uses a part of this.

use echometer_engine::model::onnx::{
    AttributeProto, DimensionProto, GraphProto, INT64, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, ValueInfoProto,
};

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
