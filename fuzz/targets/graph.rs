//! Graphs that are well-formed ONNX of allowed operators, put together at random: most pass the parser, many pass the
//! checks, and the embedded backend prepares and runs those.
#![no_main]

mod common;

use arbitrary::{Result, Unstructured};
use echometer_engine::model::onnx::{
    AttributeProto, DimensionProto, FLOAT, GraphProto, INT64, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    ValueInfoProto,
};
use libfuzzer_sys::fuzz_target;
use prost::Message;

/// Operators, and how many inputs each is given at most.
const OPERATORS: [(&str, usize); 40] = [
    ("Add", 2), ("AveragePool", 1), ("BatchNormalization", 5), ("Clip", 3), ("Concat", 3), ("Constant", 0), ("Conv", 3),
    ("Div", 2), ("Elu", 1), ("Exp", 1), ("Flatten", 1), ("GRU", 4), ("Gather", 2), ("Gemm", 3), ("GlobalAveragePool", 1),
    ("GlobalMaxPool", 1), ("Identity", 1), ("LeakyRelu", 1), ("Log", 1), ("MatMul", 2), ("Max", 3), ("MaxPool", 1),
    ("Min", 3), ("Mul", 2), ("Pad", 3), ("Pow", 2), ("ReduceMax", 1), ("ReduceMean", 1), ("ReduceSum", 2), ("Relu", 1),
    ("Reshape", 2), ("Sigmoid", 1), ("Slice", 5), ("Softplus", 1), ("Sqrt", 1), ("Squeeze", 2), ("Sub", 2), ("Tanh", 1),
    ("Transpose", 1), ("Unsqueeze", 2),
];

/// Attributes that are lists, and those that are numbers.
const LISTS: [&str; 6] = ["kernel_shape", "strides", "pads", "dilations", "perm", "axes"];
const NUMBERS: [&str; 11] = [
    "axis", "keepdims", "group", "transA", "transB", "ceil_mode", "hidden_size", "linear_before_reset", "allowzero",
    "count_include_pad", "noop_with_empty_axes",
];

/// A size: mostly small, sometimes as large as an attacker would say.
fn size(u: &mut Unstructured<'_>) -> Result<i64> {
    Ok(match u.int_in_range(0..=15)? {
        0 => 1i64 << u.int_in_range(0..=40u32)?,
        1 => u.arbitrary()?,
        2 => -1,
        n => n - 2,
    })
}

fn sizes(u: &mut Unstructured<'_>, most: usize) -> Result<Vec<i64>> {
    let count = u.int_in_range(0..=most)?;
    (0..count).map(|_| size(u)).collect()
}

/// A tensor whose bytes are there, unless the attacker says otherwise.
fn tensor(u: &mut Unstructured<'_>, name: String) -> Result<TensorProto> {
    let ints = u.ratio(1, 2)?;
    let raw_data = if ints {
        let list = sizes(u, 6)?;
        return Ok(TensorProto {
            dims: vec![list.len() as i64],
            data_type: INT64,
            name,
            raw_data: Some(list.iter().flat_map(|value| value.to_le_bytes()).collect()),
            data_location: None,
        });
    } else {
        let dims: Vec<i64> = (0..u.int_in_range(0..=4u8)?).map(|_| u.int_in_range(1..=9)).collect::<Result<_>>()?;
        let count = dims.iter().product::<i64>() as usize;
        let raw = (0..count).flat_map(|i| (i as f32 - 3.0).to_le_bytes()).collect();
        (dims, raw)
    };
    Ok(TensorProto {
        dims: raw_data.0,
        data_type: FLOAT,
        name,
        raw_data: Some(raw_data.1),
        data_location: None,
    })
}

fn node(u: &mut Unstructured<'_>, names: &[String], output: String) -> Result<NodeProto> {
    let (op, most) = *u.choose(&OPERATORS)?;
    let inputs = if most == 0 { 0 } else { u.int_in_range(1..=most)? };
    let input = (0..inputs)
        .map(|i| match i {
            // Most nodes go on with what was made last.
            0 if u.ratio(3, 4)? => Ok(names.last().cloned().unwrap_or_default()),
            _ => Ok(u.choose(names)?.clone()),
        })
        .collect::<Result<_>>()?;
    let mut attribute = Vec::new();
    while u.ratio(1, 2)? && attribute.len() < 5 {
        let list = u.ratio(1, 2)?;
        attribute.push(AttributeProto {
            name: (*(if list { u.choose(&LISTS)? } else { u.choose(&NUMBERS)? })).into(),
            i: if list { None } else { Some(size(u)?) },
            ints: if list { sizes(u, 6)? } else { Vec::new() },
            r#type: if list { 7 } else { 2 },
            ..Default::default()
        });
    }
    if op == "Constant" {
        attribute = vec![AttributeProto {
            name: "value".into(),
            t: Some(tensor(u, String::new())?),
            r#type: 4,
            ..Default::default()
        }];
    }
    Ok(NodeProto {
        input,
        output: vec![output.clone()],
        name: output,
        op_type: op.into(),
        attribute,
    })
}

fn graph(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut graph = GraphProto {
        name: "head".into(),
        ..Default::default()
    };
    let mut names = vec!["columns".to_owned()];
    for i in 0..u.int_in_range(0..=5u8)? {
        let name = format!("t{i}");
        graph.initializer.push(tensor(u, name.clone())?);
        names.insert(0, name);
    }
    for i in 0..u.int_in_range(1..=8u8)? {
        let name = format!("n{i}");
        graph.node.push(node(u, &names, name.clone())?);
        names.push(name);
    }
    // Whatever came of it becomes one number.
    let ones = [1i64, 1].iter().flat_map(|value| value.to_le_bytes()).collect();
    graph.initializer.push(TensorProto {
        dims: vec![2],
        data_type: INT64,
        name: "ones".into(),
        raw_data: Some(ones),
        data_location: None,
    });
    let last = names.last().cloned().unwrap_or_default();
    let tail = [
        ("ReduceMean", vec![last], "reduced"),
        ("Reshape", vec!["reduced".into(), "ones".into()], "mean"),
        ("Identity", vec!["mean".into()], "sd"),
    ];
    graph.node.extend(tail.map(|(op, input, output)| NodeProto {
        input,
        output: vec![output.into()],
        name: output.into(),
        op_type: op.into(),
        attribute: Vec::new(),
    }));
    let fixed = |sizes: &[usize]| sizes.iter().map(|&size| DimensionProto::fixed(size)).collect();
    graph.input.push(ValueInfoProto::float("columns", fixed(&[1, 77, 8])));
    graph.output.push(ValueInfoProto::float("mean", fixed(&[1, 1])));
    graph.output.push(ValueInfoProto::float("sd", fixed(&[1, 1])));
    Ok(ModelProto {
        ir_version: 8,
        producer_name: String::new(),
        producer_version: String::new(),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 17 }],
    }
    .encode_to_vec())
}

fuzz_target!(init: common::keep_caught_panics(), |data: &[u8]| {
    if let Ok(head) = graph(&mut Unstructured::new(data)) {
        let loaded = common::load(head);
        if std::env::var_os("SHOW_PANICS").is_some() {
            eprintln!("{:?}", loaded.map(|model| model.title()).map_err(|error| error.to_string()));
        }
    }
});
