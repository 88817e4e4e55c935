//! What a graph would come to: the shape of every value, and from these its memory and its work. A backend prepares only
//! graphs whose bounds are known.

use std::collections::HashMap;

use super::ModelError;
use super::node::{MOST_LISTED, Value};
use super::onnx::{FLOAT, GraphProto, INT64, TensorProto};
use super::shapes::after;
use crate::inference::Ports;

/// Values, of all that are alive at one time, for one stream: 1 GiB of floats. The largest network of the thesis, its CRNN,
/// takes six tenths of it for 30 s.
const MOST_VALUES: usize = 1 << 28;
/// Multiplications of one run, for one stream: four times those of the largest network of the thesis.
const MOST_WORK: usize = 1 << 38;
/// Nodes, many times those of any network of ours.
const MOST_NODES: usize = 1 << 14;
/// Axes of a value. Ours have four.
const MOST_AXES: usize = 8;

/// Checks that every value's shape follows from those of `ports` and that memory and work stay within their limits.
pub(super) fn check(file: &str, graph: &GraphProto, ports: &Ports, streams: usize) -> Result<(), ModelError> {
    walk(graph, ports, streams).map_err(|reason| ModelError::Onnx {
        file: file.into(),
        reason,
    })
}

fn walk(graph: &GraphProto, ports: &Ports, streams: usize) -> Result<(), String> {
    if graph.node.len() > MOST_NODES {
        let found = graph.node.len();
        return Err(format!("it has {found} nodes, but may have at most {MOST_NODES}"));
    }
    let mut values = HashMap::new();
    let put = |values: &mut HashMap<String, Value>, name: &str, value: Value| {
        let axes = value.shape.len();
        if name.is_empty() {
            return Err("it has a value without a name".into());
        }
        if axes > MOST_AXES {
            return Err(format!("`{name}` has {axes} axes, but may have {MOST_AXES}"));
        }
        let before = values.insert(name.to_owned(), value);
        let told = || format!("it has two values called `{name}`");
        before.is_none().then_some(()).ok_or_else(told)
    };
    for port in &ports.inputs {
        put(&mut values, &port.name, Value::of(port.shape.clone()))?;
    }
    for tensor in &graph.initializer {
        put(&mut values, &tensor.name, constant(tensor)?)?;
    }
    let last = last_uses(graph);
    let (mut alive, mut work) = (Alive::default(), 0usize);
    for (i, node) in graph.node.iter().enumerate() {
        let making = |reason: String| {
            let made = node.output.iter().find(|name| !name.is_empty());
            let made = made.map_or("", String::as_str);
            format!("its {} that makes `{made}`: {reason}", node.op_type)
        };
        let input = |name: &String| match values.get(name) {
            None if !name.is_empty() => Err(making(format!(
                "nothing before it makes `{name}`: nodes must be in order, without cycles"
            ))),
            known => Ok(known),
        };
        let inputs: Vec<Option<&Value>> = node.input.iter().map(input).collect::<Result<_, _>>()?;
        let made = after(node, &inputs).map_err(making)?;
        let most = made.values.len();
        if node.output.len() > most {
            return Err(making(format!("it can make {most} values at most")));
        }
        work = work.saturating_add(made.work);
        let within = |what: &str, found: usize, most: usize| {
            let most = most.saturating_mul(streams);
            let told = || making(format!("{found} {what}, but {most} may be"));
            (found <= most).then_some(()).ok_or_else(told)
        };
        within("multiplications up to here", work, MOST_WORK)?;
        let fresh = made.values.iter().map(Value::size);
        let fresh = fresh.fold(made.scratch, usize::saturating_add);
        within("values in memory", alive.total.saturating_add(fresh), MOST_VALUES)?;
        for (name, value) in node.output.iter().zip(made.values) {
            if !name.is_empty() {
                alive.add(name, value.size());
                put(&mut values, name, value).map_err(making)?;
            }
        }
        for name in node.input.iter().chain(&node.output) {
            if last.get(name.as_str()).is_none_or(|&last| last <= i) {
                alive.remove(name);
            }
        }
    }
    for port in &ports.outputs {
        let found = values.get(&port.name).map(|value| value.shape.as_slice());
        if found != Some(&port.shape) {
            let found = found.map_or("made by nothing".to_owned(), |shape| format!("{shape:?}"));
            let (name, shape) = (&port.name, &port.shape);
            return Err(format!("its output `{name}` is {found}, but must be {shape:?}"));
        }
    }
    Ok(())
}

/// What a run holds besides the weights. A value is given back after its last use; what a backend folds or reorders is
/// not known here.
#[derive(Default)]
struct Alive<'a> {
    sizes: HashMap<&'a str, usize>,
    total: usize,
}

impl<'a> Alive<'a> {
    fn add(&mut self, name: &'a str, size: usize) {
        self.sizes.insert(name, size);
        self.total = self.total.saturating_add(size);
    }

    fn remove(&mut self, name: &str) {
        self.total -= self.sizes.remove(name).unwrap_or(0);
    }
}

/// The last node that reads each value; outputs of the graph are read after all.
fn last_uses(graph: &GraphProto) -> HashMap<&str, usize> {
    let mut last = HashMap::new();
    for (i, node) in graph.node.iter().enumerate() {
        last.extend(node.input.iter().map(|name| (name.as_str(), i)));
    }
    last.extend(graph.output.iter().map(|value| (value.name.as_str(), usize::MAX)));
    last
}

/// A tensor whose bytes are there, of a type that our graphs use.
pub(super) fn constant(tensor: &TensorProto) -> Result<Value, String> {
    let name = &tensor.name;
    let width = match tensor.data_type {
        FLOAT => 4,
        INT64 => 8,
        other => {
            return Err(format!(
                "its tensor `{name}` is of type {other}, but must be float or int64"
            ));
        }
    };
    let shape: Option<Vec<_>> = (tensor.dims.iter())
        .map(|&dim| usize::try_from(dim).ok())
        .collect();
    let shape = shape.ok_or_else(|| format!("its tensor `{name}` has a negative size"))?;
    let bytes = tensor.raw_data.as_deref().unwrap_or_default();
    let value = Value::of(shape);
    let wanted = value.size().saturating_mul(width);
    if bytes.len() != wanted {
        let (found, dims) = (bytes.len(), &tensor.dims);
        return Err(format!(
            "its tensor `{name}` has {found} bytes, but {dims:?} take {wanted}"
        ));
    }
    let ints = (tensor.data_type == INT64 && value.size() <= MOST_LISTED).then(|| {
        let (words, _) = bytes.as_chunks::<8>();
        words.iter().map(|word| i64::from_le_bytes(*word)).collect()
    });
    Ok(Value { ints, ..value })
}
