//! Operators that slide a window: the shape of what convolutions and pools make, and what making it takes.

use super::node::{Made, Node, Value, size};

/// A convolution.
pub(super) fn conv(node: &Node<'_>) -> Result<Made, String> {
    let (input, weight) = (node.shape(0)?, node.shape(1)?);
    let (&[batch, channels, ref spatial @ ..], &[outputs, inner, ref kernel @ ..]) = (input, weight) else {
        return Err("its input and its weights must have three axes or more".into());
    };
    let group = node.count("group")?;
    if inner.checked_mul(group) != Some(channels) || outputs % group != 0 || kernel.len() != spatial.len() {
        return Err(format!(
            "weights {weight:?} in {group} groups do not fit {input:?}"
        ));
    }
    if node.has("kernel_shape") && node.sizes("kernel_shape", kernel.len(), 1)? != kernel {
        return Err("its `kernel_shape` is not its weights'".into());
    }
    let places = slid(node, spatial, kernel)?;
    let each = size(&[inner, size(kernel)]);
    let shape = [&[batch, outputs], places.as_slice()].concat();
    // A backend may copy out what every window sees.
    let scratch = size(&[channels, size(kernel), size(&places)]);
    Ok(Made {
        scratch,
        ..Made::one(shape, each)
    })
}

/// A pool of windows.
pub(super) fn pool(node: &Node<'_>) -> Result<Made, String> {
    let input = node.shape(0)?;
    let &[batch, channels, ref spatial @ ..] = input else {
        return Err("its input must have three axes or more".into());
    };
    if !node.has("kernel_shape") {
        return Err("it must have a `kernel_shape`".into());
    }
    let kernel = node.sizes("kernel_shape", spatial.len(), 1)?;
    let places = slid(node, spatial, &kernel)?;
    Ok(Made::one(
        [&[batch, channels], places.as_slice()].concat(),
        size(&kernel),
    ))
}

/// A pool of all there is.
pub(super) fn global(node: &Node<'_>) -> Result<Made, String> {
    let input = node.shape(0)?;
    let &[batch, channels, ref spatial @ ..] = input else {
        return Err("its input must have three axes or more".into());
    };
    let shape = [&[batch, channels], vec![1; spatial.len()].as_slice()].concat();
    Ok(Made {
        values: vec![Value::of(shape)],
        work: size(input),
        scratch: 0,
    })
}

/// How often a window fits along each axis.
fn slid(node: &Node<'_>, spatial: &[usize], kernel: &[usize]) -> Result<Vec<usize>, String> {
    if !matches!(node.text("auto_pad"), b"" | b"NOTSET") {
        return Err("its `auto_pad` must be NOTSET: say the pads".into());
    }
    let axes = spatial.len();
    let strides = node.sizes("strides", axes, 1)?;
    let dilations = node.sizes("dilations", axes, 1)?;
    let pads = node.sizes("pads", 2 * axes, 0)?;
    let mut places = Vec::new();
    for at in 0..axes {
        let (stride, dilation) = (strides[at], dilations[at]);
        if stride == 0 || dilation == 0 || kernel[at] == 0 {
            return Err("its kernel, strides and dilations must be 1 or more".into());
        }
        let padded = spatial[at]
            .saturating_add(pads[at])
            .saturating_add(pads[at + axes]);
        let seen = (kernel[at] - 1).saturating_mul(dilation).saturating_add(1);
        let rest = padded
            .checked_sub(seen)
            .ok_or("its window is larger than what it slides over")?;
        let up = node.flag("ceil_mode") && !rest.is_multiple_of(stride);
        places.push(rest / stride + 1 + usize::from(up));
    }
    Ok(places)
}
