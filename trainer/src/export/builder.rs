//! Puts an ONNX graph together.

use echometer_engine::model::onnx::{
    AttributeProto, DimensionProto, FLOAT, GraphProto, INT64, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, ValueInfoProto,
};
use prost::Message;
use tch::{Kind, Tensor};

use super::OPSET;

/// ONNX file format version that goes with the operator set.
const IR_VERSION: i64 = 8;

/// A graph under construction; every method that adds a node returns the name of its output.
pub(super) struct Builder {
    graph: GraphProto,
}

impl Builder {
    pub(super) fn new(name: &str) -> Self {
        Self {
            graph: GraphProto {
                name: name.into(),
                ..Default::default()
            },
        }
    }

    pub(super) fn input(&mut self, name: &str, shape: Vec<DimensionProto>) {
        self.graph.input.push(ValueInfoProto::float(name, shape));
    }

    pub(super) fn output(&mut self, name: &str, shape: Vec<DimensionProto>) {
        self.graph.output.push(ValueInfoProto::float(name, shape));
    }

    /// Adds weights under `name`.
    pub(super) fn floats(&mut self, name: &str, tensor: &Tensor) -> anyhow::Result<String> {
        let values: Vec<f32> = Vec::try_from(tensor.to_kind(Kind::Float).contiguous().view([-1]))?;
        // A dense layer may hold a hundred million of them.
        let mut raw = Vec::with_capacity(4 * values.len());
        for value in values {
            raw.extend_from_slice(&value.to_le_bytes());
        }
        self.tensor(name, tensor.size(), FLOAT, raw);
        Ok(name.into())
    }

    /// Adds a single number under `name`.
    pub(super) fn scalar(&mut self, name: &str, value: f32) -> String {
        self.tensor(name, Vec::new(), FLOAT, value.to_le_bytes().to_vec());
        name.into()
    }

    /// Adds a list of integers (axes, sizes) under `name`.
    pub(super) fn ints(&mut self, name: &str, values: &[i64]) -> String {
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(name, vec![values.len() as i64], INT64, raw);
        name.into()
    }

    fn tensor(&mut self, name: &str, dims: Vec<i64>, data_type: i32, raw: Vec<u8>) {
        self.graph.initializer.push(TensorProto {
            dims,
            data_type,
            name: name.into(),
            raw_data: Some(raw),
            data_location: None,
        });
    }

    /// Adds a node with one output, which also names the node.
    pub(super) fn node(
        &mut self,
        op: &str,
        inputs: &[&str],
        output: &str,
        attributes: Vec<AttributeProto>,
    ) -> String {
        self.node_with(op, inputs, &[output], attributes)
    }

    /// [`Self::node`] where the wanted output is the last of several; those before it that nobody wants are called "".
    pub(super) fn node_with(
        &mut self,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> String {
        let name = outputs.last().copied().unwrap_or_default();
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|&name| name.into()).collect(),
            output: outputs.iter().map(|&name| name.into()).collect(),
            name: name.into(),
            op_type: op.into(),
            attribute: attributes,
        });
        name.into()
    }

    /// The file's bytes.
    pub(super) fn finish(self) -> Vec<u8> {
        ModelProto {
            ir_version: IR_VERSION,
            producer_name: "echometer trainer".into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            graph: Some(self.graph),
            opset_import: vec![OperatorSetIdProto {
                domain: String::new(),
                version: OPSET,
            }],
        }
        .encode_to_vec()
    }
}

/// An integer attribute.
pub(super) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        i: Some(value),
        r#type: 2,
        ..Default::default()
    }
}

/// An attribute that is a list of integers.
pub(super) fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        ints: values.to_vec(),
        r#type: 7,
        ..Default::default()
    }
}
