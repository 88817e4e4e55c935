//! A network of the thesis as a graph, its batch normalisation inside the convolutions.

use anyhow::Context;
use echometer_engine::model::onnx::DimensionProto;
use tch::Tensor;

use super::super::builder::{Builder, int, ints};
use crate::network::thesis::{Activation, BlockPart, ConvPart, DensePart, GruPart, Part, ThesisNetwork};

/// `columns` `[N, frames, mels]` to `mean` and `sd` `[N, features]`.
pub(super) fn graph(network: &ThesisNetwork) -> anyhow::Result<Vec<u8>> {
    let shape = network.shape;
    let features = network.deviation.size()[0];
    let mut b = Builder::new("head");
    let dims = |sizes: &[i64]| {
        let fixed = sizes.iter().map(|&size| DimensionProto::fixed(size as usize));
        std::iter::once(DimensionProto::any("N")).chain(fixed).collect()
    };
    b.input("columns", dims(&[shape.frames, shape.mels]));
    b.output("mean", dims(&[features]));
    b.output("sd", dims(&[features]));

    let shift = b.floats("shift", &network.shift)?;
    let scale = b.floats("scale", &network.scale)?;
    let centred = b.node("Sub", &["columns", &shift], "centred", vec![]);
    let normal = b.node("Mul", &[&centred, &scale], "normal", vec![]);
    let turned = b.node("Transpose", &[&normal], "turned", vec![ints("perm", &[0, 2, 1])]);
    let channel_axis = b.ints("channel_axis", &[1]);
    let mut x = b.node("Unsqueeze", &[&turned, &channel_axis], "image", vec![]);
    for (i, part) in network.parts.iter().enumerate() {
        x = self::part(&mut b, part, &x, &format!("layer_{i}"))?;
    }
    let mean = b.node("Identity", &[&x], "mean", vec![]);
    // A constant, as many times as there are clips.
    let zero = b.scalar("zero", 0.0);
    let deviation = b.floats("deviation", &network.deviation)?;
    let nothing = b.node("Mul", &[&mean, &zero], "nothing", vec![]);
    b.node("Add", &[&nothing, &deviation], "sd", vec![]);
    Ok(b.finish())
}

fn part(b: &mut Builder, part: &Part, x: &str, name: &str) -> anyhow::Result<String> {
    Ok(match part {
        Part::Conv(part) => conv(b, part, x, name)?,
        Part::MaxPool { kernel, stride, pad } => {
            let attributes = vec![
                ints("kernel_shape", kernel),
                ints("strides", stride),
                ints("pads", &[*pad; 4]),
            ];
            b.node("MaxPool", &[x], name, attributes)
        }
        Part::Block(block) => {
            let BlockPart {
                first,
                second,
                shortcut,
            } = &**block;
            let inner = conv(b, first, x, &format!("{name}_first"))?;
            let inner = conv(b, second, &inner, &format!("{name}_second"))?;
            let around = match shortcut {
                Some(shortcut) => conv(b, shortcut, x, &format!("{name}_shortcut"))?,
                None => x.into(),
            };
            let sum = b.node("Add", &[&inner, &around], &format!("{name}_sum"), vec![]);
            b.node("Relu", &[&sum], name, vec![])
        }
        Part::AveragePool => {
            let pooled = b.node("GlobalAveragePool", &[x], &format!("{name}_pooled"), vec![]);
            b.node("Flatten", &[&pooled], name, vec![int("axis", 1)])
        }
        Part::Flatten => b.node("Flatten", &[x], name, vec![int("axis", 1)]),
        Part::Dropout(_) => x.into(),
        Part::Gru(part) => gru(b, part, x, name)?,
        Part::Dense(part) => dense(b, part, x, name)?,
        Part::Heads(heads) => {
            let mut outputs = Vec::new();
            for (task, stack) in heads.iter().enumerate() {
                let mut y = x.to_owned();
                for (i, part) in stack.iter().enumerate() {
                    y = dense(b, part, &y, &format!("{name}_task_{task}_dense_{i}"))?;
                }
                outputs.push(y);
            }
            let outputs: Vec<_> = outputs.iter().map(String::as_str).collect();
            b.node("Concat", &outputs, name, vec![int("axis", 1)])
        }
    })
}

fn activate(b: &mut Builder, activation: Activation, x: &str, name: &str) -> String {
    match activation {
        Activation::None => x.into(),
        Activation::Relu => b.node("Relu", &[x], &format!("{name}_relu"), vec![]),
        Activation::Elu => b.node("Elu", &[x], &format!("{name}_elu"), vec![]), // Its alpha is 1.
    }
}

fn conv(b: &mut Builder, part: &ConvPart, x: &str, name: &str) -> anyhow::Result<String> {
    let spec = part.spec;
    let (weight, bias) = part.folded();
    let weight = b.floats(&format!("{name}_weight"), &weight)?;
    let bias = b.floats(&format!("{name}_bias"), &bias)?;
    let attributes = vec![
        ints("kernel_shape", &[spec.kernel; 2]),
        ints("strides", &[spec.stride; 2]),
        ints("pads", &[spec.pad; 4]),
    ];
    let sums = b.node("Conv", &[x, &weight, &bias], name, attributes);
    Ok(activate(b, spec.activation, &sums, name))
}

fn dense(b: &mut Builder, part: &DensePart, x: &str, name: &str) -> anyhow::Result<String> {
    let bias = part.linear.bs.as_ref();
    let bias = bias.context("every dense layer of these networks has a bias")?;
    let weight = b.floats(&format!("{name}_weight"), &part.linear.ws)?;
    let bias = b.floats(&format!("{name}_bias"), bias)?;
    let sums = b.node("Gemm", &[x, &weight, &bias], name, vec![int("transB", 1)]);
    Ok(activate(b, part.activation, &sums, name))
}

/// Image to the last step of the last layer.
fn gru(b: &mut Builder, part: &GruPart, x: &str, name: &str) -> anyhow::Result<String> {
    let order = vec![ints("perm", &[3, 0, 1, 2])];
    let steps = b.node("Transpose", &[x], &format!("{name}_steps"), order);
    // Steps and clips as they are, channels and bands together.
    let flat = b.ints(&format!("{name}_flat"), &[0, 0, -1]);
    let mut x = b.node("Reshape", &[&steps, &flat], &format!("{name}_in"), vec![]);
    let last = part.weights.len().saturating_sub(1);
    for (i, [input, state, input_bias, state_bias]) in part.weights.iter().enumerate() {
        let name = format!("{name}_gru_{i}");
        let hidden = state.size()[1];
        let weight = b.floats(&format!("{name}_w"), &gates(input, hidden).unsqueeze(0))?;
        let recurrent = b.floats(&format!("{name}_r"), &gates(state, hidden).unsqueeze(0))?;
        let biases = Tensor::cat(&[gates(input_bias, hidden), gates(state_bias, hidden)], 0);
        let biases = b.floats(&format!("{name}_b"), &biases.unsqueeze(0))?;
        // libtorch resets what the state's weights and bias have made of it, not the state before.
        let attributes = vec![int("hidden_size", hidden), int("linear_before_reset", 1)];
        let inputs = [x.as_str(), &weight, &recurrent, &biases];
        // The first output is every step, `[steps, directions, N, hidden]`, the second the last, `[directions, N, hidden]`.
        let (outputs, direction) = if i < last {
            (vec![name.as_str()], 1)
        } else {
            (vec!["", name.as_str()], 0)
        };
        let y = b.node_with("GRU", &inputs, &outputs, attributes);
        let axis = b.ints(&format!("{name}_direction"), &[direction]);
        x = b.node("Squeeze", &[&y, &axis], &format!("{name}_out"), vec![]);
    }
    Ok(x)
}

/// Rows in libtorch's order of the gates (reset, update, new) in that of ONNX (update, reset, new).
fn gates(rows: &Tensor, hidden: i64) -> Tensor {
    let [reset, update, new] = [0, 1, 2].map(|gate| rows.narrow(0, gate * hidden, hidden));
    Tensor::cat(&[update, reset, new], 0)
}
