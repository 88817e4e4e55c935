//! What the layers of a network come to: shapes, the least input, and the table in each network's documentation.

use super::InputShape;
use super::layer::{Cost, Layer, Shape};

/// The shape before each layer and behind the last; `None` where the input is too small.
pub(crate) fn shapes(layers: &[Layer], input: InputShape) -> Option<Vec<Shape>> {
    let mut shape = Shape::Image([1, input.mels, input.frames]);
    let mut shapes = vec![shape];
    for layer in layers {
        shape = layer.after(shape)?;
        shapes.push(shape);
    }
    Some(shapes)
}

/// The least input that leaves something behind every layer. Frequency and time do not touch each other until all is
/// flat, so each is looked for while the other is large.
pub(crate) fn least(layers: &[Layer]) -> Option<InputShape> {
    const LARGE: i64 = 1 << 14;
    let fits = |mels, frames| shapes(layers, InputShape { mels, frames }).is_some();
    Some(InputShape {
        mels: (1..=LARGE).find(|&mels| fits(mels, LARGE))?,
        frames: (1..=LARGE).find(|&frames| fits(LARGE, frames))?,
    })
}

/// What the whole network costs.
pub(crate) fn cost(layers: &[Layer], input: InputShape) -> Option<Cost> {
    let shapes = shapes(layers, input)?;
    let each = layers.iter().zip(shapes);
    Some(each.map(|(layer, shape)| layer.cost(shape)).sum())
}

#[cfg(test)]
pub(super) mod tests {
    use echometer_engine::{Feature, PerFeature};
    use tch::{Device, Kind, Tensor};

    use super::super::layer::{Activation, Conv};
    use super::super::{Architecture, ThesisNetwork};
    use super::*;

    /// 128 mel bands and the 6,625 frames of a 30 s MP3.
    const FULL: InputShape = InputShape {
        mels: 128,
        frames: 6625,
    };

    /// Holds the table in a network's documentation against what the network is when it is built and run.
    pub(crate) fn documented(architecture: Architecture, source: &str, features: &[Feature]) {
        let layers = architecture.layers(features.len() as i64);
        let table = table(&layers).join("\n");
        let found: Vec<_> = source
            .lines()
            .filter(|line| line.starts_with("//! |"))
            .map(|line| line.trim_start_matches("//! "))
            .collect();
        assert_eq!(found.join("\n"), table, "the table should be\n{table}");

        let network =
            ThesisNetwork::new(Device::Cpu, architecture, FULL, features, &PerFeature::default()).unwrap();
        let trained: i64 = network
            .vars
            .trainable_variables()
            .iter()
            .map(|tensor| tensor.numel() as i64)
            .sum();
        assert_eq!(trained, cost(&layers, FULL).unwrap().parameters);
        let mut x = Tensor::zeros([1, 1, FULL.mels, FULL.frames], (Kind::Float, Device::Cpu));
        let shapes = shapes(&layers, FULL).unwrap();
        tch::no_grad(|| {
            for (part, shape) in network.parts.iter().zip(&shapes[1..]) {
                x = part.forward(&x, false);
                let expected = match shape {
                    Shape::Image(image) => vec![1, image[0], image[1], image[2]],
                    Shape::Vector(values) => vec![1, *values],
                };
                assert_eq!(x.size(), expected);
            }
        });
    }

    /// One row a layer, like neighbours together, and the sum.
    fn table(layers: &[Layer]) -> Vec<String> {
        let shapes = shapes(layers, FULL).unwrap();
        let mut rows: Vec<(String, usize, Shape, Cost)> = Vec::new();
        for ((layer, before), after) in layers.iter().zip(&shapes).zip(&shapes[1..]) {
            let (name, cost) = (name(layer), layer.cost(*before));
            match rows.last_mut() {
                Some((last, times, shape, sum)) if *last == name && shape == after => {
                    *times += 1;
                    *sum = [*sum, cost].into_iter().sum();
                }
                _ => rows.push((name, 1, *after, cost)),
            }
        }
        let row = |name: &str, shape: &str, cost: Cost| {
            format!(
                "| {name} | {shape} | {} | {} |",
                digits(cost.parameters),
                digits(cost.macs)
            )
        };
        let head = [
            "| layer | shape after it | parameters | MACs a clip |",
            "|---|---|--:|--:|",
        ];
        let body = rows.iter().map(|(name, times, shape, cost)| {
            let times = if *times > 1 {
                format!("{times} × ")
            } else {
                String::new()
            };
            row(&format!("{times}{name}"), &shape.to_string(), *cost)
        });
        let sum = rows.iter().map(|(.., cost)| *cost).sum();
        head.into_iter()
            .map(String::from)
            .chain(body)
            .chain([row("all", "", sum)])
            .collect()
    }

    fn name(layer: &Layer) -> String {
        let stride = |stride: i64| {
            if stride == 1 {
                String::new()
            } else {
                format!(", stride {stride}")
            }
        };
        let ending = |activation| match activation {
            Activation::None => "",
            Activation::Relu => ", ReLU",
            Activation::Elu => ", ELU",
        };
        match layer {
            Layer::Conv(Conv {
                kernel,
                stride: step,
                norm,
                activation,
                ..
            }) => format!(
                "conv {kernel}×{kernel}{}{}{}",
                stride(*step),
                if *norm { ", batch norm" } else { "" },
                ending(*activation)
            ),
            Layer::MaxPool {
                kernel, stride: step, ..
            } => {
                let step = if step == kernel {
                    String::new()
                } else {
                    stride(step[0])
                };
                format!("max pool {}×{}{step}", kernel[0], kernel[1])
            }
            Layer::Block { stride: step, .. } => format!("basic block{}", stride(*step)),
            Layer::AveragePool => "average pool".into(),
            Layer::Flatten => "flatten".into(),
            Layer::Dropout(share) => format!("dropout {share}"),
            Layer::Gru { layers, .. } => format!("{layers} GRU layers"),
            Layer::Dense { activation, .. } => format!("dense{}", ending(*activation)),
            Layer::Heads { hidden, .. } => {
                let hidden: Vec<_> = hidden.iter().map(ToString::to_string).collect();
                format!("dense {} and 1, ReLU between, a feature", hidden.join(", "))
            }
        }
    }

    /// Digits in groups of three.
    fn digits(number: i64) -> String {
        let text = number.to_string();
        let groups = text.as_bytes().rchunks(3).rev();
        let groups: Vec<_> = groups.map(|group| String::from_utf8_lossy(group)).collect();
        groups.join(",")
    }
}
