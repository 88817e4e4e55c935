//! Every promise of a card, checked against the files before a backend sees them.

use prost::Message;
use sha2::{Digest, Sha256};

use super::card::{CARD_FILE, Card, LoudnessSource};
use super::node::size;
use super::onnx::{EXTERNAL, GraphProto, ModelProto, ValueInfoProto};
use super::ports::ModelPorts;
use super::{ModelError, ModelFiles, bounds, rule, wire};
use crate::feature::Feature;
use crate::inference::{Port, Ports};

/// Operator sets that every backend runs.
const OPSETS: std::ops::RangeInclusive<i64> = 13..=21;

/// A rolling model's meters start within this many seconds (design point 3).
const FIRST_READING_S: f64 = 4.0;

/// Lower-case hexadecimal SHA-256.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Checks card and graphs against each other; what goes in and out of the graphs, for `streams` at once, comes back.
pub(super) fn check(card: &Card, files: &ModelFiles, streams: usize) -> Result<ModelPorts, ModelError> {
    check_card(card)?;
    check_hash(&card.head.file, &files.head, &card.head.sha256)?;
    let head = parse(&card.head.file, &files.head, card.opset)?;
    // A full-window network sees nothing but a whole window, so it may have no use for a mask.
    let mut ports = ModelPorts::of(card, head.input.len() != 1, streams);
    if let (Some(trunk), Some(bytes)) = (&card.trunk, &files.trunk) {
        check_hash(&trunk.file, bytes, &trunk.sha256)?;
        let graph = parse(&trunk.file, bytes, card.opset)?;
        check_ports(&trunk.file, &graph, &ports.trunk)?;
        bounds::check(&trunk.file, &graph, &ports.trunk, streams)?;
        // What would be too much for a second at once goes a column at a time.
        ports.ahead = ports
            .ahead
            .filter(|ahead| bounds::check(&trunk.file, &graph, ahead, streams).is_ok());
    }
    check_ports(&card.head.file, &head, &ports.head)?;
    bounds::check(&card.head.file, &head, &ports.head, streams)?;
    Ok(ports)
}

fn check_card(card: &Card) -> Result<(), ModelError> {
    card.front_end.validate().map_err(|error| ModelError::Rule {
        file: CARD_FILE.into(),
        what: format!("front_end.{}", error.field),
        found: error.found,
        rule: error.rule,
    })?;
    let card_rule =
        |ok, what: &str, found: String, text: &str| rule(ok, CARD_FILE, what, found, || text.to_owned());
    card_rule(
        OPSETS.contains(&card.opset),
        "opset",
        card.opset.to_string(),
        &format!("{}–{}", OPSETS.start(), OPSETS.end()),
    )?;
    card_rule(
        (1.0..=600.0).contains(&card.window_s),
        "window_s",
        format!("{} s", card.window_s),
        "1–600 s",
    )?;
    card_rule(
        (1..=4096).contains(&card.stride()),
        "trunk.stride",
        card.stride().to_string(),
        "1–4096 frames",
    )?;
    card_rule(
        (1..=card.window_frames()).contains(&card.receptive_field()),
        "trunk.receptive_field",
        card.receptive_field().to_string(),
        &format!("1–{} frames, the window", card.window_frames()),
    )?;
    card_rule(
        card.trunk.is_none() || card.first_reading_s() <= FIRST_READING_S,
        "trunk.receptive_field",
        format!(
            "{}: first values after {:.1} s",
            card.receptive_field(),
            card.first_reading_s()
        ),
        "such that the first values come within 4 s",
    )?;
    let shapes = card.trunk.iter().flat_map(|trunk| &trunk.state);
    let state = shapes.map(|shape| size(shape)).fold(0, usize::saturating_add);
    card_rule(
        state <= 1 << 24,
        "trunk.state",
        format!("{state} values"),
        "at most 16777216 values",
    )?;
    let window = card.window_columns().saturating_mul(card.channels());
    card_rule(
        (1..=1 << 26).contains(&window),
        "trunk.channels",
        format!("{}, {window} values a window", card.channels()),
        "1–67108864 values a window",
    )?;
    check_features(card)
}

fn check_features(card: &Card) -> Result<(), ModelError> {
    let names: Vec<_> = card.features.iter().map(|feature| feature.name).collect();
    let canonical: Vec<_> = Feature::ALL
        .into_iter()
        .filter(|feature| names.contains(feature))
        .collect();
    rule(
        !names.is_empty() && names == canonical,
        CARD_FILE,
        "features",
        list(&names),
        || format!("each at most once, in the order {}", list(&Feature::ALL)),
    )?;
    for feature in &card.features {
        let (low, high) = feature.name.range();
        let what = format!("range of {}", feature.name);
        rule(
            feature.range == (low, high),
            CARD_FILE,
            &what,
            format!("{}–{}", feature.range.0, feature.range.1),
            || format!("{low}–{high}"),
        )?;
    }
    let learned = card.loudness == LoudnessSource::Learned;
    rule(
        !learned || names.contains(&Feature::Loudness),
        CARD_FILE,
        "loudness",
        "learned",
        || "measured, unless `loudness` is among the features".into(),
    )
}

fn list(features: &[Feature]) -> String {
    features
        .iter()
        .map(|feature| feature.name())
        .collect::<Vec<_>>()
        .join(", ")
}

fn check_hash(file: &str, bytes: &[u8], expected: &str) -> Result<(), ModelError> {
    let found = sha256_hex(bytes);
    rule(
        found == expected.to_ascii_lowercase(),
        file,
        "SHA-256",
        &found,
        || format!("{expected}, as the card says; the file was changed or damaged"),
    )
}

fn parse(file: &str, bytes: &[u8], opset: i64) -> Result<GraphProto, ModelError> {
    wire::check(file, bytes)?;
    let model = ModelProto::decode(bytes).map_err(|error| ModelError::Onnx {
        file: file.into(),
        reason: error.to_string(),
    })?;
    let found: Vec<_> = model.opset_import.iter().filter(|set| set.version != 0).collect();
    let ok =
        matches!(found[..], [set] if set.version == opset && matches!(set.domain.as_str(), "" | "ai.onnx"));
    let shown = found
        .iter()
        .map(|set| format!("{}{}", set.domain, set.version))
        .collect::<Vec<_>>();
    rule(ok, file, "opset", shown.join(", "), || {
        format!("{opset}, as the card says, and no other")
    })?;
    let graph = model.graph.ok_or_else(|| ModelError::Onnx {
        file: file.into(),
        reason: "it holds no graph".into(),
    })?;
    refuse_unsafe(file, &graph)?;
    Ok(graph)
}

/// Operators that Echometer's networks are made of. Backends are built for friendly graphs: what they never met in our
/// tests, they do not get from a file either.
const OPERATORS: [&str; 40] = [
    "Add",
    "AveragePool",
    "BatchNormalization",
    "Clip",
    "Concat",
    "Constant",
    "Conv",
    "Div",
    "Elu",
    "Exp",
    "Flatten",
    "GRU",
    "Gather",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Identity",
    "LeakyRelu",
    "Log",
    "MatMul",
    "Max",
    "MaxPool",
    "Min",
    "Mul",
    "Pad",
    "Pow",
    "ReduceMax",
    "ReduceMean",
    "ReduceSum",
    "Relu",
    "Reshape",
    "Sigmoid",
    "Slice",
    "Softplus",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Tanh",
    "Transpose",
    "Unsqueeze",
];

/// Unknown operators, unprintable names, values in other files and nested graphs have no place in a model of ours.
fn refuse_unsafe(file: &str, graph: &GraphProto) -> Result<(), ModelError> {
    let unknown = graph
        .node
        .iter()
        .find(|node| !OPERATORS.contains(&node.op_type.as_str()));
    rule(
        unknown.is_none(),
        file,
        "operator",
        unknown.map_or("", |node| &node.op_type).escape_debug(),
        || format!("one of {}", OPERATORS.join(", ")),
    )?;
    let nodes = graph.node.iter();
    let names = nodes.flat_map(|node| node.input.iter().chain(&node.output).chain([&node.name]));
    let names = names.chain(graph.initializer.iter().map(|tensor| &tensor.name));
    let names = names.chain(
        graph
            .node
            .iter()
            .flat_map(|node| &node.attribute)
            .map(|attribute| &attribute.name),
    );
    let odd = names
        .into_iter()
        .find(|name| !name.chars().all(|c| c.is_ascii_graphic()));
    rule(
        odd.is_none(),
        file,
        "name",
        odd.map_or("", String::as_str).escape_debug(),
        || "printable ASCII without spaces".into(),
    )?;
    let attributes = || graph.node.iter().flat_map(|node| &node.attribute);
    let tensors = graph
        .initializer
        .iter()
        .chain(attributes().filter_map(|attribute| attribute.t.as_ref()));
    let external = tensors
        .filter(|tensor| tensor.data_location == Some(EXTERNAL))
        .map(|t| t.name.as_str());
    let external: Vec<_> = external.collect();
    rule(
        external.is_empty(),
        file,
        "data location",
        external.join(", "),
        || "inside the file: external data is refused".into(),
    )?;
    let nested = attributes().any(|attribute| attribute.g.is_some());
    rule(!nested, file, "graph", "nested", || "a single flat graph".into())
}

fn check_ports(file: &str, graph: &GraphProto, ports: &Ports) -> Result<(), ModelError> {
    check_values(file, "input", &graph.input, &ports.inputs)?;
    check_values(file, "output", &graph.output, &ports.outputs)
}

fn check_values(
    file: &str,
    kind: &str,
    found: &[ValueInfoProto],
    expected: &[Port],
) -> Result<(), ModelError> {
    let names: Vec<_> = found.iter().map(|value| value.name.as_str()).collect();
    let wanted: Vec<_> = expected.iter().map(|port| port.name.as_str()).collect();
    rule(
        names == wanted,
        file,
        &format!("list of {kind}s"),
        names.join(", "),
        || wanted.join(", "),
    )?;
    for (value, port) in found.iter().zip(expected) {
        let dims = value.dims().unwrap_or_default();
        let fits = value.is_float()
            && dims.len() == port.shape.len()
            && dims
                .iter()
                .zip(&port.shape)
                .enumerate()
                .all(|(axis, (dim, size))| {
                    dim.dim_value
                        .map_or(axis < port.open, |value| usize::try_from(value) == Ok(*size))
                });
        let shown = dims.iter().map(ToString::to_string).collect::<Vec<_>>().join("×");
        rule(
            fits,
            file,
            &format!("shape of {kind} `{}`", port.name),
            format!("{shown} (float: {})", value.is_float()),
            || {
                let sizes = port.shape.iter().enumerate().map(|(axis, size)| {
                    let or_open = if axis < port.open { " or open" } else { "" };
                    format!("{size}{or_open}")
                });
                format!("float {}, as the card says", sizes.collect::<Vec<_>>().join("×"))
            },
        )?;
    }
    Ok(())
}
