//! The layers of the thesis's networks as numbers, from which shapes, weights, costs and the exported graph derive.

/// What a convolution or a dense layer ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    None,
    Relu,
    Elu,
}

/// One square convolution, alike in frequency and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Conv {
    /// Channels that go out.
    pub(crate) channels: i64,
    pub(crate) kernel: i64,
    pub(crate) stride: i64,
    /// Zeros on all four sides.
    pub(crate) pad: i64,
    /// Batch normalisation between the sums and the activation, instead of a bias.
    pub(crate) norm: bool,
    pub(crate) activation: Activation,
}

/// One layer. Pairs are frequency, time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Layer {
    Conv(Conv),
    MaxPool {
        kernel: [i64; 2],
        stride: [i64; 2],
        pad: i64,
    },
    /// He's basic block: two 3×3 convolutions, the first with the stride, and a shortcut around them.
    Block {
        channels: i64,
        stride: i64,
    },
    /// The mean of each channel.
    AveragePool,
    Flatten,
    /// Share of the values that training leaves out.
    Dropout(f64),
    /// Recurrent layers along time, each step all channels and bands; the last step goes on.
    Gru {
        hidden: i64,
        layers: i64,
    },
    Dense {
        outputs: i64,
        activation: Activation,
    },
    /// One stack of dense layers with ReLU a task, each ending in one linear output.
    Heads {
        hidden: Vec<i64>,
        tasks: i64,
    },
}

/// What goes from one layer to the next, without the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Channels, frequency bands, time.
    Image([i64; 3]),
    Vector(i64),
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Image([channels, bands, time]) => write!(f, "{channels} × {bands} × {time}"),
            Self::Vector(values) => write!(f, "{values}"),
        }
    }
}

/// Positions of a window of `kernel` that moves by `stride` over `size` values padded at both ends; 0 where it does not fit.
fn positions(size: i64, kernel: i64, stride: i64, pad: i64) -> i64 {
    (size + 2 * pad - kernel).div_euclid(stride) + 1
}

impl Conv {
    /// The shape after it.
    pub(crate) fn after(&self, [_, bands, time]: [i64; 3]) -> [i64; 3] {
        let along = |size| positions(size, self.kernel, self.stride, self.pad);
        [self.channels, along(bands), along(time)]
    }

    fn cost(&self, image: [i64; 3]) -> Cost {
        let weights = self.channels * image[0] * self.kernel * self.kernel;
        let [_, bands, time] = self.after(image);
        Cost {
            // Beside the weights a bias, or the gain and the bias of the normalisation.
            parameters: weights + self.channels * if self.norm { 2 } else { 1 },
            macs: weights * bands * time,
        }
    }
}

/// What a layer costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Trained numbers.
    pub(crate) parameters: i64,
    /// Multiplications with weights that one clip takes.
    pub(crate) macs: i64,
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), |sum, cost| Self {
            parameters: sum.parameters + cost.parameters,
            macs: sum.macs + cost.macs,
        })
    }
}

fn dense_cost((inputs, outputs): (i64, i64)) -> Cost {
    Cost {
        parameters: inputs * outputs + outputs,
        macs: inputs * outputs,
    }
}

/// A recurrent layer of three gates over `steps` steps.
fn gru_cost(inputs: i64, hidden: i64, steps: i64) -> Cost {
    let weights = 3 * hidden * (inputs + hidden);
    Cost {
        parameters: weights + 6 * hidden,
        macs: weights * steps,
    }
}

/// The convolutions of a basic block, in order; the third is the shortcut, where the shape changes.
pub(crate) fn block_convs(channels_in: i64, channels: i64, stride: i64) -> (Conv, Conv, Option<Conv>) {
    let conv = |kernel, stride, activation| Conv {
        channels,
        kernel,
        stride,
        pad: kernel / 2,
        norm: true,
        activation,
    };
    let changes = stride != 1 || channels != channels_in;
    (
        conv(3, stride, Activation::Relu),
        conv(3, 1, Activation::None),
        changes.then(|| conv(1, stride, Activation::None)),
    )
}

/// Sizes of a task's dense layers, one after the other: inputs, outputs.
pub(crate) fn stack(inputs: i64, hidden: &[i64]) -> Vec<(i64, i64)> {
    let sizes: Vec<_> = std::iter::once(inputs)
        .chain(hidden.iter().copied())
        .chain([1])
        .collect();
    sizes.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

impl Layer {
    /// The shape after it; `None` where the input is too small or of the wrong sort.
    pub(crate) fn after(&self, shape: Shape) -> Option<Shape> {
        use Shape::{Image, Vector};
        let after = match (self, shape) {
            (Self::Conv(conv), Image(image)) => Image(conv.after(image)),
            (Self::MaxPool { kernel, stride, pad }, Image([channels, bands, time])) => Image([
                channels,
                positions(bands, kernel[0], stride[0], *pad),
                positions(time, kernel[1], stride[1], *pad),
            ]),
            (Self::Block { channels, stride }, Image(image)) => {
                let (first, second, _) = block_convs(image[0], *channels, *stride);
                Image(second.after(first.after(image)))
            }
            (Self::AveragePool, Image([channels, ..])) => Vector(channels),
            (Self::Flatten, Image([channels, bands, time])) => Vector(channels * bands * time),
            (Self::Dropout(_), shape) => shape,
            (Self::Gru { hidden, .. }, Image(_)) => Vector(*hidden),
            (Self::Dense { outputs, .. }, Vector(_)) => Vector(*outputs),
            (Self::Heads { tasks, .. }, Vector(_)) => Vector(*tasks),
            _ => return None,
        };
        let fits = match after {
            Image(image) => image.iter().all(|&size| size > 0),
            Vector(values) => values > 0,
        };
        fits.then_some(after)
    }

    /// What the layer behind `shape` costs.
    pub(crate) fn cost(&self, shape: Shape) -> Cost {
        match (self, shape) {
            (Self::Conv(conv), Shape::Image(image)) => conv.cost(image),
            (Self::Block { channels, stride }, Shape::Image(image)) => {
                let (first, second, shortcut) = block_convs(image[0], *channels, *stride);
                let shortcut = shortcut.iter().map(|conv| conv.cost(image));
                let path = [first.cost(image), second.cost(first.after(image))];
                path.into_iter().chain(shortcut).sum()
            }
            (Self::Gru { hidden, layers }, Shape::Image([channels, bands, steps])) => (0..*layers)
                .map(|layer| {
                    gru_cost(
                        if layer == 0 { channels * bands } else { *hidden },
                        *hidden,
                        steps,
                    )
                })
                .sum(),
            (Self::Dense { outputs, .. }, Shape::Vector(inputs)) => dense_cost((inputs, *outputs)),
            (Self::Heads { hidden, tasks }, Shape::Vector(inputs)) => (0..*tasks)
                .flat_map(|_| stack(inputs, hidden))
                .map(dense_cost)
                .sum(),
            _ => Cost::default(),
        }
    }
}
