//! The head as a graph: masked pooling, and the members side by side in two dense layers.

use echometer_engine::model::onnx::DimensionProto;
use tch::{Kind, Tensor};

use super::builder::{Builder, int};
use crate::network::{Detector, HIDDEN, Head, MEMBERS, SD_FLOOR, VARIANCE_FLOOR};

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
    pool(&mut b, window);

    let layers = Layers::of(head, features);
    let axis_1 = b.ints("members_axis", &[1]);
    let hidden = dense(&mut b, &layers.hidden, "pooled", "hidden")?;
    b.node("Relu", &[&hidden], "active", vec![]);
    b.node("Concat", &["active", "pooled"], "both", vec![int("axis", 1)]);
    let raw = dense(&mut b, &layers.output, "both", "raw")?;
    let zero = b.ints("from", &[0]);
    let middle = b.ints("middle", &[MEMBERS * features]);
    let end = b.ints("end", &[2 * MEMBERS * features]);
    let average = b.floats("average", &layers.average)?;

    let roots = b.node("Slice", &[&raw, &zero, &middle, &axis_1], "raw_mean", vec![]);
    let roots = b.node("Sigmoid", &[&roots], "roots", vec![]);
    let power = b.floats("power", &head.power.repeat([MEMBERS]))?;
    let shares = b.node("Pow", &[&roots, &power], "shares", vec![]);
    let share = b.node("MatMul", &[&shares, &average], "share", vec![]);
    let gain = b.floats("gain", &head.gain)?;
    let drawn = b.node("Mul", &[&share, &gain], "drawn", vec![]);
    let offset = b.floats("offset", &head.offset)?;
    let moved = b.node("Add", &[&drawn, &offset], "moved", vec![]);
    let least = b.floats("least", &head.offset.zeros_like())?;
    let most = b.floats("most", &head.offset.ones_like())?;
    let raised = b.node("Max", &[&moved, &least], "raised", vec![]);
    let mut bounded = b.node("Min", &[&raised, &most], "bounded", vec![]);
    for detector in &head.detectors {
        bounded = drawn_by(&mut b, detector, &bounded)?;
    }
    let span = b.floats("span", &head.span)?;
    let low = b.floats("low", &head.low)?;
    let scaled = b.node("Mul", &[&bounded, &span], "scaled", vec![]);
    b.node("Add", &[&scaled, &low], "mean", vec![]);

    let raw_sd = b.node("Slice", &[&raw, &middle, &end, &axis_1], "raw_sd", vec![]);
    let soft = b.node("Softplus", &[&raw_sd], "soft", vec![]);
    let deviation = b.node("MatMul", &[&soft, &average], "sd_share", vec![]);
    let least = b.scalar("sd_floor", SD_FLOOR as f32);
    let lifted = b.node("Add", &[&deviation, &least], "lifted", vec![]);
    let factor = b.floats("sd_factor", &(&head.span * &head.calibration))?;
    b.node("Mul", &[&lifted, &factor], "sd", vec![]);
    Ok(b.finish())
}

/// The shares `said` after a detector has looked at what is pooled.
fn drawn_by(b: &mut Builder, detector: &Detector, said: &str) -> anyhow::Result<String> {
    let name = |part: &str| format!("detector_{}_{part}", detector.name);
    let layer = (detector.weight.shallow_clone(), detector.bias.shallow_clone());
    let logit = dense(b, &layer, "pooled", &name("logit"))?;
    let probability = b.node("Sigmoid", &[&logit], &name("probability"), vec![]);
    let threshold = b.scalar(&name("threshold"), detector.threshold as f32);
    let beyond = b.node("Sub", &[&probability, &threshold], &name("beyond"), vec![]);
    let slope = b.scalar(&name("slope"), (1.0 / (1.0 - detector.threshold)) as f32);
    let steep = b.node("Mul", &[&beyond, &slope], &name("steep"), vec![]);
    let zero = b.scalar(&name("zero"), 0.0);
    let pull = b.node("Max", &[&steep, &zero], &name("pull"), vec![]);
    let target = b.floats(&name("target"), &detector.target)?;
    let off = b.node("Sub", &[&target, said], &name("off"), vec![]);
    let drawn = b.floats(&name("drawn"), &detector.drawn)?;
    let far = b.node("Mul", &[&off, &drawn], &name("far"), vec![]);
    let moved = b.node("Mul", &[&far, &pull], &name("moved"), vec![]);
    Ok(b.node("Add", &[said, &moved], &name("heard"), vec![]))
}

/// Mean, deviation and share heard of the columns under the mask, as `pooled`.
fn pool(b: &mut Builder, window: usize) {
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
    let share = b.node("Div", &[&count, &whole], "heard_share", vec![]);
    b.node(
        "Concat",
        &[&mean, &deviation, &share],
        "pooled",
        vec![int("axis", 1)],
    );
}

/// All members as two layers, each a weight `[in, out]` and a bias, and the matrix that averages them.
struct Layers {
    hidden: (Tensor, Tensor),
    /// From `[hidden, pooled]`; first the members' means, then their deviations.
    output: (Tensor, Tensor),
    average: Tensor,
}

impl Layers {
    fn of(head: &Head, features: i64) -> Self {
        tch::no_grad(|| {
            // What normalises the pooled values goes into the layers that read them.
            let wide = |x: &Tensor| x.permute([1, 0, 2]).reshape([x.size()[1], -1]);
            let take_in = |weight: &Tensor| {
                let bias = -(&row(&head.shift) * row(&head.scale)).matmul(weight);
                (weight * head.scale.unsqueeze(1), bias.view([-1]))
            };
            let (hidden, bias) = take_in(&wide(&head.hidden.0));
            let hidden = (hidden, bias + head.hidden.1.view([-1]));
            let (straight, straight_bias) = take_in(&wide(&head.straight));
            let members = |from: i64| {
                let blocks: Vec<_> = (0..MEMBERS)
                    .map(|member| head.output.0.get(member).narrow(1, from, features))
                    .collect();
                Tensor::block_diag(&blocks)
            };
            let bias = |from: i64| head.output.1.narrow(2, from, features).reshape([-1]);
            let nothing = straight.zeros_like();
            let weight = Tensor::cat(
                &[
                    Tensor::cat(&[members(0), members(features)], 1),
                    Tensor::cat(&[straight, nothing], 1),
                ],
                0,
            );
            debug_assert_eq!(weight.size()[0], MEMBERS * HIDDEN + head.scale.size()[0]);
            let average = Tensor::eye(features, (Kind::Float, head.low.device()));
            Self {
                hidden,
                output: (weight, Tensor::cat(&[bias(0) + straight_bias, bias(features)], 0)),
                average: average.repeat([MEMBERS, 1]) / MEMBERS as f64,
            }
        })
    }
}

/// A vector as a matrix of one row.
fn row(x: &Tensor) -> Tensor {
    x.unsqueeze(0)
}

fn dense(
    b: &mut Builder,
    (weight, bias): &(Tensor, Tensor),
    input: &str,
    name: &str,
) -> anyhow::Result<String> {
    let weight = b.floats(&format!("{name}_weight"), weight)?;
    let bias = b.floats(&format!("{name}_bias"), bias)?;
    Ok(b.node("Gemm", &[input, &weight, &bias], name, vec![]))
}
