//! Models made to harm: what they ask for is refused before a backend sees them, with words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

mod graphs;

use echometer_engine::model::onnx::{
    AttributeProto, DimensionProto, FLOAT, GraphProto, INT64, ModelProto, NodeProto, TensorProto,
    ValueInfoProto,
};
use echometer_engine::model::sha256_hex;
use echometer_engine::{Device, Model, ModelFiles};
use echometer_models::default_model;
use graphs::{file, ints, list, node};
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};

/// 77 mel frames of 8 bands to one feature.
const COLUMNS: [usize; 3] = [1, 77, 8];

/// A model that is nothing but a head.
fn files(head: Vec<u8>) -> ModelFiles {
    let mut card: serde_json::Value = serde_json::from_slice(&default_model().card).unwrap();
    card["trunk"] = serde_json::Value::Null;
    card["window_s"] = 1.0.into();
    card["front_end"]["mels"] = 8.into();
    card["features"] = serde_json::json!([{ "name": "energy", "range": [0.0, 1.0], "metrics": null }]);
    card["head"]["sha256"] = sha256_hex(&head).into();
    ModelFiles {
        card: serde_json::to_vec(&card).unwrap().into(),
        trunk: None,
        head: head.into(),
    }
}

/// Why the embedded backend's model with this head is refused.
fn refused(head: Vec<u8>) -> String {
    Model::load(&files(head), Device::Embedded)
        .unwrap_err()
        .to_string()
}

fn floats(name: &str, dims: &[i64]) -> TensorProto {
    let count = dims.iter().product::<i64>() as usize;
    TensorProto {
        dims: dims.to_vec(),
        data_type: FLOAT,
        name: name.into(),
        raw_data: Some(vec![0; 4 * count]),
        data_location: None,
    }
}

/// `nodes` that make `x` of `columns`, and then the one number that a head gives.
fn model(nodes: Vec<NodeProto>, initializer: Vec<TensorProto>) -> ModelProto {
    let tail = [
        node("ReduceMean", &["x"], "reduced", vec![]),
        node("Reshape", &["reduced", "ones"], "mean", vec![]),
        node("Identity", &["mean"], "sd", vec![]),
    ];
    let fixed = |sizes: &[usize]| sizes.iter().map(|&size| DimensionProto::fixed(size)).collect();
    file(GraphProto {
        node: nodes.into_iter().chain(tail).collect(),
        name: "head".into(),
        initializer: initializer.into_iter().chain([list("ones", &[1, 1])]).collect(),
        input: vec![ValueInfoProto::float("columns", fixed(&COLUMNS))],
        output: vec![
            ValueInfoProto::float("mean", fixed(&[1, 1])),
            ValueInfoProto::float("sd", fixed(&[1, 1])),
        ],
    })
}

fn head(nodes: Vec<NodeProto>, initializer: Vec<TensorProto>) -> Vec<u8> {
    model(nodes, initializer).encode_to_vec()
}

fn assert_says(error: &str, words: &[&str]) {
    for word in words {
        assert!(error.contains(word), "no `{word}` in: {error}");
    }
}

#[test]
fn the_friendly_one_loads() {
    let nodes = vec![node("Relu", &["columns"], "x", vec![])];
    Model::load(&files(head(nodes, vec![])), Device::Embedded).unwrap();
}

#[test]
fn cycles_and_things_made_by_nothing() {
    let nodes = vec![
        node("Add", &["columns", "z"], "y", vec![]),
        node("Relu", &["y"], "z", vec![]),
        node("Relu", &["z"], "x", vec![]),
    ];
    let said = [
        "head.onnx",
        "its Add that makes `y`",
        "nothing before it makes `z`",
        "cycles",
    ];
    assert_says(&refused(head(nodes, vec![])), &said);
    let itself = vec![node("Relu", &["x"], "x", vec![])];
    assert_says(&refused(head(itself, vec![])), &["nothing before it makes `x`"]);
    let twice = vec![
        node("Relu", &["columns"], "x", vec![]),
        node("Exp", &["columns"], "x", vec![]),
    ];
    assert_says(&refused(head(twice, vec![])), &["two values called `x`"]);
    let mut model = model(vec![node("Relu", &["columns"], "x", vec![])], vec![]);
    model.graph.as_mut().unwrap().node.pop();
    assert_says(
        &refused(model.encode_to_vec()),
        &["output `sd` is made by nothing"],
    );
}

#[test]
fn tensors_that_claim_what_they_do_not_hold() {
    let nodes = || vec![node("Add", &["columns", "t"], "x", vec![])];
    for (dims, words) in [
        (
            vec![1 << 40],
            "has 4 bytes, but [1099511627776] take 4398046511104",
        ),
        (vec![1 << 40, 1 << 40], "take 18446744073709551615"),
        (vec![-1], "negative size"),
        (vec![0, i64::MAX], "has 4 bytes"),
        (vec![1; 9], "9 axes"),
    ] {
        let tensor = TensorProto {
            dims,
            ..floats("t", &[1])
        };
        assert_says(&refused(head(nodes(), vec![tensor])), &["`t`", words]);
    }
}

#[test]
fn tensors_of_other_types() {
    for data_type in [0, 2, 8, 10, 11, 99, -1] {
        let tensor = TensorProto {
            data_type,
            ..floats("t", &[1])
        };
        let nodes = vec![node("Add", &["columns", "t"], "x", vec![])];
        let said = format!("is of type {data_type}");
        assert_says(&refused(head(nodes, vec![tensor])), &[&said, "float or int64"]);
    }
    // An integer where a float should be is the backend's to refuse or to convert.
    let nodes = vec![node("Add", &["columns", "t"], "x", vec![])];
    let _ = Model::load(&files(head(nodes, vec![list("t", &[1])])), Device::Embedded);
    // A graph whose own inputs are integers.
    let mut model = model(vec![node("Relu", &["columns"], "x", vec![])], vec![]);
    let input = &mut model.graph.as_mut().unwrap().input[0];
    input
        .r#type
        .as_mut()
        .unwrap()
        .tensor_type
        .as_mut()
        .unwrap()
        .elem_type = INT64;
    assert_says(
        &refused(model.encode_to_vec()),
        &["shape of input `columns`", "float: false"],
    );
}

#[test]
fn memory_that_a_few_bytes_ask_for() {
    let wide = i64::from(u32::MAX);
    let all = |nodes, tensors| refused(head(nodes, tensors));
    let said = ["head.onnx", "may be"]; // So many values, or so many multiplications: whichever is seen first.

    let pads = list("pads", &[0, 0, 0, 1 << 20, 1 << 20, 1 << 20]);
    let pad = vec![node("Pad", &["columns", "pads"], "x", vec![])];
    assert_says(&all(pad, vec![pads]), &said);

    // Each step multiplies: 616 numbers, their products with each other, and so on.
    let lists = vec![list("row", &[1, -1]), list("column", &[-1, 1])];
    let products = vec![
        node("Reshape", &["columns", "row"], "a", vec![]),
        node("Reshape", &["columns", "column"], "b", vec![]),
        node("Mul", &["a", "b"], "c", vec![]),
        node("Reshape", &["c", "row"], "d", vec![]),
        node("Reshape", &["c", "column"], "e", vec![]),
        node("MatMul", &["e", "d"], "x", vec![]),
    ];
    assert_says(&all(products, lists), &said);

    // Doubled again and again.
    let mut doubled = vec![node("Relu", &["columns"], "v0", vec![])];
    for i in 0..60 {
        let last = format!("v{i}");
        let axis = AttributeProto {
            name: "axis".into(),
            i: Some(1),
            r#type: 2,
            ..Default::default()
        };
        doubled.push(node(
            "Concat",
            &[&last, &last],
            &format!("v{}", i + 1),
            vec![axis],
        ));
    }
    doubled.push(node("Relu", &["v60"], "x", vec![]));
    assert_says(&all(doubled, vec![]), &said);

    // A convolution over what its pads make.
    let image = list("image", &[1]);
    let conv = vec![
        node("Unsqueeze", &["columns", "image"], "i", vec![]),
        node(
            "Conv",
            &["i", "w"],
            "x",
            vec![ints("pads", &[wide, wide, wide, wide])],
        ),
    ];
    assert_says(
        &all(conv, vec![image.clone(), floats("w", &[1, 1, 3, 3])]),
        &["Conv"],
    );
    let pool = vec![
        node("Unsqueeze", &["columns", "image"], "i", vec![]),
        node(
            "MaxPool",
            &["i"],
            "x",
            vec![ints("kernel_shape", &[1, 1]), ints("pads", &[wide, 0, wide, 0])],
        ),
    ];
    assert_says(&all(pool, vec![image]), &said);

    // Picked a thousand times a thousand times.
    let picks = TensorProto {
        dims: vec![1 << 10, 1 << 8],
        data_type: INT64,
        name: "picks".into(),
        raw_data: Some(vec![0; 8 << 18]),
        data_location: None,
    };
    let gather = vec![
        node("Gather", &["columns", "picks"], "g", vec![]),
        node("Gather", &["g", "picks"], "x", vec![]),
    ];
    assert_says(&all(gather, vec![picks]), &["values in memory"]);
}

#[test]
fn work_without_end() {
    // Nothing is large, but each of 1,500 steps multiplies two matrices of 616 by 616.
    let mut nodes = vec![node("Flatten", &["columns"], "flat", vec![])];
    nodes.push(node("Reshape", &["flat", "column"], "column_of", vec![]));
    nodes.push(node("MatMul", &["column_of", "flat"], "v0", vec![]));
    for i in 0..1_500 {
        let (from, to) = (format!("v{i}"), format!("v{}", i + 1));
        nodes.push(node("MatMul", &[&from, &from], &to, vec![]));
    }
    nodes.push(node("Relu", &["v1500"], "x", vec![]));
    let error = refused(head(nodes, vec![list("column", &[616, 1])]));
    assert_says(&error, &["multiplications up to here"]);
    // Many nodes that each do nothing.
    let mut nodes = vec![node("Relu", &["columns"], "v0", vec![])];
    nodes.extend((0..20_000).map(|i| node("Relu", &[&format!("v{i}")], &format!("v{}", i + 1), vec![])));
    nodes.push(node("Relu", &["v20000"], "x", vec![]));
    assert_says(&refused(head(nodes, vec![])), &["20005 nodes"]);
}

#[test]
fn sizes_that_only_a_run_would_tell() {
    let nodes = vec![
        node("Mul", &["ones", "ones"], "sizes", vec![]),
        node("Reshape", &["columns", "sizes"], "x", vec![]),
    ];
    assert_says(
        &refused(head(nodes, vec![])),
        &["input 1 must be a list of integers in the file"],
    );
}

/// `onnx.proto` has fields that Echometer does not read, but a backend does.
#[test]
fn what_the_checks_would_not_see() {
    fn field(tag: u32, inside: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode_key(tag, WireType::LengthDelimited, &mut bytes);
        encode_varint(inside.len() as u64, &mut bytes);
        bytes.extend(inside);
        bytes
    }
    let good = || head(vec![node("Relu", &["columns"], "x", vec![])], vec![]);
    // A function that stands for an operator; training.
    for tag in [20, 25] {
        let bytes = [good(), field(tag, b"\x0a\x01x")].concat();
        let said = format!("a model in it has field {tag}");
        assert_says(&refused(bytes), &[&said]);
    }
    // Where the same field comes twice, the parts are put together.
    let graph = |inside: Vec<u8>| [good(), field(7, &inside)].concat();
    assert_says(
        &refused(graph(field(15, b"\x0a\x01x"))),
        &["a graph in it has field 15"],
    );
    for (tag, inside, said) in [
        (1, field(7, b"com.microsoft"), "a node in it has field 7"),
        (
            1,
            field(5, &field(11, b"\x12\x01g")),
            "an attribute in it has field 11",
        ),
        (5, field(4, &[0; 4]), "a tensor in it has field 4"),
        (
            1,
            field(5, &field(5, &field(7, &[1]))),
            "a tensor in it has field 7",
        ),
    ] {
        assert_says(&refused(graph(field(tag, &inside))), &[said]);
    }
    // Two bytes a node, a hundred once parsed.
    let dust: Vec<u8> = field(1, b"").repeat(1 << 20);
    assert_says(
        &refused(graph(dust)),
        &["bytes that are not weights", "at most 1048576"],
    );
}

#[test]
fn weights_in_other_files() {
    for path in ["../secrets", "/etc/passwd", "weights.bin"] {
        let mut tensor = floats("t", &[1]);
        (tensor.data_location, tensor.raw_data) = (Some(1), None);
        let mut bytes = tensor.encode_to_vec();
        // external_data: location = path
        let entry = [&b"\x0a\x08location\x12"[..], &[path.len() as u8], path.as_bytes()].concat();
        bytes.extend([&[0x6A, entry.len() as u8], entry.as_slice()].concat());
        let mut graph = Vec::new();
        encode_key(5, WireType::LengthDelimited, &mut graph);
        encode_varint(bytes.len() as u64, &mut graph);
        graph.extend(bytes);
        let mut all = head(vec![node("Add", &["columns", "t"], "x", vec![])], vec![]);
        encode_key(7, WireType::LengthDelimited, &mut all);
        encode_varint(graph.len() as u64, &mut all);
        all.extend(graph);
        assert_says(&refused(all), &["head.onnx", "external data is refused"]);
    }
}

#[test]
fn cards_that_ask_for_too_much() {
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut files = default_model();
        let mut card: serde_json::Value = serde_json::from_slice(&files.card).unwrap();
        change(&mut card);
        files.card = serde_json::to_vec(&card).unwrap().into();
        Model::load(&files, Device::Embedded).unwrap_err().to_string()
    };
    let error = with(&|card| card["name"] = "x".repeat(1 << 20).into());
    assert_says(&error, &["card.json", "size", "at most 1048576 bytes"]);
    let error = with(&|card| {
        card["front_end"]["fft"] = 65_536.into();
        card["front_end"]["hop"] = 1.into();
    });
    assert_says(&error, &["card.json", "front_end.hop is 1", "must be"]);
    let deep = [b"[".repeat(1 << 19), b"]".repeat(1 << 19)].concat();
    let mut files = default_model();
    files.card = deep.into();
    assert_says(
        &Model::load(&files, Device::Embedded).unwrap_err().to_string(),
        &["card.json"],
    );
}

#[test]
fn cards_that_point_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("outside.onnx");
    std::fs::write(&outside, default_model().head).unwrap();
    let inside = folder.path().join("model");
    std::fs::create_dir(&inside).unwrap();
    for name in [
        outside.to_str().unwrap(),
        "../outside.onnx",
        "model/../../outside.onnx",
        "..",
        ".",
        "",
        "a/",
    ] {
        for part in ["head", "trunk"] {
            let mut card: serde_json::Value = serde_json::from_slice(&default_model().card).unwrap();
            card[part]["file"] = name.into();
            std::fs::write(inside.join("card.json"), serde_json::to_vec(&card).unwrap()).unwrap();
            std::fs::write(inside.join("trunk.onnx"), b"").unwrap();
            let error = ModelFiles::read(&inside).unwrap_err().to_string();
            assert_says(&error, &["card.json", &format!("`{name}`"), "plain file name"]);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_in_a_folder_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("card.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: no mkfifo");
        return;
    }
    assert_says(
        &ModelFiles::read(folder.path()).unwrap_err().to_string(),
        &["no plain file"],
    );
}
