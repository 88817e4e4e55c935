//! The head as a graph: masked pooling and two dense layers.

use anyhow::Context;
use echometer_engine::model::onnx::DimensionProto;

use super::builder::{Builder, int};
use crate::network::{Head, SD_FLOOR, VARIANCE_FLOOR};

/// `columns` `[N, W, channels]` and `mask` `[N, W]` to `mean` and `sd` `[N, features]`.
pub(super) fn graph(head: &Head, channels: i64, window: usize) -> anyhow::Result<Vec<u8>> {
    let features = head.low.size()[0];
    let mut b = Builder::new("head");
    let any = || DimensionProto::any("N");
    b.input(
        "columns",
        vec![
            any(),
            DimensionProto::fixed(window),
            DimensionProto::fixed(channels as usize),
        ],
    );
    b.input("mask", vec![any(), DimensionProto::fixed(window)]);
    b.output("mean", vec![any(), DimensionProto::fixed(features as usize)]);
    b.output("sd", vec![any(), DimensionProto::fixed(features as usize)]);

    let axis_1 = b.ints("axis_1", &[1]);
    let axis_2 = b.ints("axis_2", &[2]);
    let one = b.scalar("one", 1.0);
    let weight = b.node("Unsqueeze", &["mask", &axis_2], "weight", vec![]);
    let count = b.node("ReduceSum", &["mask", &axis_1], "count", vec![int("keepdims", 1)]);
    let heard = b.node("Max", &[&count, &one], "heard", vec![]);
    let flat = || vec![int("keepdims", 0)];
    let weighted = b.node("Mul", &["columns", &weight], "weighted", vec![]);
    let sum = b.node("ReduceSum", &[&weighted, &axis_1], "sum", flat());
    let mean = b.node("Div", &[&sum, &heard], "column_mean", vec![]);
    let wide = b.node("Unsqueeze", &[&mean, &axis_1], "column_mean_wide", vec![]);
    let off = b.node("Sub", &["columns", &wide], "off", vec![]);
    let centred = b.node("Mul", &[&off, &weight], "centred", vec![]);
    let squared = b.node("Mul", &[&centred, &centred], "squared", vec![]);
    let squares = b.node("ReduceSum", &[&squared, &axis_1], "squares", flat());
    let variance = b.node("Div", &[&squares, &heard], "variance", vec![]);
    let floor = b.scalar("variance_floor", VARIANCE_FLOOR as f32);
    let raised = b.node("Add", &[&variance, &floor], "variance_raised", vec![]);
    let deviation = b.node("Sqrt", &[&raised], "deviation", vec![]);
    let whole = b.scalar("window", window as f32);
    let share = b.node("Div", &[&count, &whole], "share", vec![]);
    let pooled = b.node(
        "Concat",
        &[&mean, &deviation, &share],
        "pooled",
        vec![int("axis", 1)],
    );

    let hidden = dense(&mut b, &head.hidden, &pooled, "hidden")?;
    let active = b.node("Relu", &[&hidden], "active", vec![]);
    let raw = dense(&mut b, &head.output, &active, "raw")?;
    let zero = b.ints("from", &[0]);
    let middle = b.ints("middle", &[features]);
    let end = b.ints("end", &[2 * features]);
    let low = b.floats("low", &head.low)?;
    let span = b.floats("span", &head.span)?;
    let raw_mean = b.node("Slice", &[&raw, &zero, &middle, &axis_1], "raw_mean", vec![]);
    let unit = b.node("Sigmoid", &[&raw_mean], "unit", vec![]);
    let scaled = b.node("Mul", &[&unit, &span], "scaled", vec![]);
    b.node("Add", &[&scaled, &low], "mean", vec![]);
    let raw_sd = b.node("Slice", &[&raw, &middle, &end, &axis_1], "raw_sd", vec![]);
    let soft = b.node("Softplus", &[&raw_sd], "soft", vec![]);
    let least = b.scalar("sd_floor", SD_FLOOR as f32);
    let lifted = b.node("Add", &[&soft, &least], "lifted", vec![]);
    let factor = b.floats("sd_factor", &(&head.span * &head.calibration))?;
    b.node("Mul", &[&lifted, &factor], "sd", vec![]);
    Ok(b.finish())
}

fn dense(b: &mut Builder, layer: &tch::nn::Linear, input: &str, name: &str) -> anyhow::Result<String> {
    let weight = b.floats(&format!("{name}_weight"), &layer.ws)?;
    let bias = layer.bs.as_ref().context("every dense layer has a bias")?;
    let bias = b.floats(&format!("{name}_bias"), bias)?;
    Ok(b.node("Gemm", &[input, &weight, &bias], name, vec![int("transB", 1)]))
}
