//! The trunk as a stateful graph: what each layer keeps comes in and goes out.

use echometer_engine::model::onnx::DimensionProto;

use super::builder::{Builder, ints};
use crate::network::{Geometry, Trunk};

/// Shapes, without the batch dimension, of what the layers keep; layers that keep nothing have none.
pub(super) fn state_shapes(geometry: &Geometry) -> Vec<Vec<usize>> {
    let keeping = geometry.convs.iter().filter(|conv| conv.kept() > 0);
    keeping
        .map(|conv| {
            [conv.channels_in, conv.kept(), conv.bands_in]
                .map(|n| n as usize)
                .to_vec()
        })
        .collect()
}

/// `frames` `[N, T, mels]` and the state to `columns` `[N, T / stride, channels]` and the next state. `T` is any multiple
/// of the stride.
pub(super) fn graph(trunk: &Trunk) -> anyhow::Result<Vec<u8>> {
    let geometry = &trunk.geometry;
    let mut b = Builder::new("trunk");
    let any = || DimensionProto::any("N");
    b.input(
        "frames",
        vec![
            any(),
            DimensionProto::any("T"),
            DimensionProto::fixed(geometry.mels as usize),
        ],
    );
    b.output(
        "columns",
        vec![
            any(),
            DimensionProto::any("columns"),
            DimensionProto::fixed(geometry.channels() as usize),
        ],
    );
    for (i, shape) in state_shapes(geometry).into_iter().enumerate() {
        let shape = || {
            std::iter::once(any())
                .chain(shape.iter().copied().map(DimensionProto::fixed))
                .collect()
        };
        b.input(&format!("state_{i}"), shape());
        b.output(&format!("state_{i}_out"), shape());
    }
    let shift = b.floats("shift", &trunk.shift)?;
    let scale = b.floats("scale", &trunk.scale)?;
    let centred = b.node("Sub", &["frames", &shift], "centred", vec![]);
    let normal = b.node("Mul", &[&centred, &scale], "normal", vec![]);
    let image_axis = b.ints("image_axis", &[1]);
    let mut x = b.node("Unsqueeze", &[&normal, &image_axis], "image", vec![]);
    let time_axis = b.ints("time_axis", &[2]);
    let end = b.ints("end", &[i64::MAX]);
    let mut state = 0;
    for (i, layer) in trunk.layers.iter().enumerate() {
        let spec = layer.spec;
        if spec.kept() > 0 {
            let axis = vec![super::builder::int("axis", 2)];
            x = b.node(
                "Concat",
                &[&format!("state_{state}"), &x],
                &format!("joined_{i}"),
                axis,
            );
            let start = b.ints(&format!("start_{i}"), &[-spec.kept()]);
            b.node(
                "Slice",
                &[&x, &start, &end, &time_axis],
                &format!("state_{state}_out"),
                vec![],
            );
            state += 1;
        }
        let (weight, bias) = layer.folded();
        let weight = b.floats(&format!("weight_{i}"), &weight)?;
        let bias = b.floats(&format!("bias_{i}"), &bias)?;
        let attributes = vec![
            ints("kernel_shape", &spec.kernel),
            ints("strides", &spec.stride),
            ints("pads", &[0, spec.pad, 0, spec.pad]),
        ];
        let y = b.node("Conv", &[&x, &weight, &bias], &format!("conv_{i}"), attributes);
        x = b.node("Relu", &[&y], &format!("relu_{i}"), vec![]);
    }
    let band_axis = b.ints("band_axis", &[3]);
    let flat = b.node("Squeeze", &[&x, &band_axis], "flat", vec![]);
    b.node("Transpose", &[&flat], "columns", vec![ints("perm", &[0, 2, 1])]);
    Ok(b.finish())
}
