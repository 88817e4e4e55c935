//! Layers with their weights.

use tch::nn::init::{FanInOut, NonLinearity, NormalOrUniform};
use tch::nn::{self, Init, Module, ModuleT, Path, RNN};
use tch::{Kind, Tensor};

use super::layer::{Activation, Conv, Layer, Shape, block_convs, stack};

/// One layer ready to run.
pub(crate) enum Part {
    Conv(ConvPart),
    MaxPool {
        kernel: [i64; 2],
        stride: [i64; 2],
        pad: i64,
    },
    Block(Box<BlockPart>),
    AveragePool,
    Flatten,
    Dropout(f64),
    Gru(GruPart),
    Dense(DensePart),
    Heads(Vec<Vec<DensePart>>),
}

/// A convolution with its bias or its normalisation.
pub(crate) struct ConvPart {
    pub(crate) spec: Conv,
    weight: Tensor,
    bias: Option<Tensor>,
    norm: Option<nn::BatchNorm>,
}

/// A basic block.
pub(crate) struct BlockPart {
    pub(crate) first: ConvPart,
    pub(crate) second: ConvPart,
    pub(crate) shortcut: Option<ConvPart>,
}

/// A dense layer.
pub(crate) struct DensePart {
    pub(crate) linear: nn::Linear,
    pub(crate) activation: Activation,
}

/// Recurrent layers.
pub(crate) struct GruPart {
    gru: nn::GRU,
    /// Of each layer the weights of input and state and their biases, gates in the order reset, update, new.
    pub(crate) weights: Vec<[Tensor; 4]>,
}

/// Uniform between ± 1/√inputs.
fn uniform(inputs: i64) -> Init {
    let bound = 1.0 / (inputs as f64).sqrt();
    Init::Uniform {
        lo: -bound,
        up: bound,
    }
}

fn activate(mut x: Tensor, activation: Activation) -> Tensor {
    // In place: what goes in here is never looked at again, not even by the gradients.
    match activation {
        Activation::None => x,
        Activation::Relu => x.relu_(),
        Activation::Elu => x.elu_(),
    }
}

impl ConvPart {
    fn new(path: &Path<'_>, channels_in: i64, spec: Conv) -> Self {
        let shape = [spec.channels, channels_in, spec.kernel, spec.kernel];
        let inputs = channels_in * spec.kernel * spec.kernel;
        let he = Init::Kaiming {
            dist: NormalOrUniform::Normal,
            fan: FanInOut::FanOut,
            non_linearity: NonLinearity::ReLU,
        };
        let config = nn::BatchNormConfig {
            ws_init: Init::Const(1.0),
            ..Default::default()
        };
        Self {
            weight: path.var("weight", &shape, if spec.norm { he } else { uniform(inputs) }),
            bias: (!spec.norm).then(|| path.var("bias", &shape[..1], uniform(inputs))),
            norm: spec
                .norm
                .then(|| nn::batch_norm2d(path / "norm", spec.channels, config)),
            spec,
        }
    }

    fn forward(&self, x: &Tensor, train: bool) -> Tensor {
        activate(self.sums(x, train), self.spec.activation)
    }

    /// What goes into the activation.
    fn sums(&self, x: &Tensor, train: bool) -> Tensor {
        let Conv { stride, pad, .. } = self.spec;
        let y = x.conv2d(
            &self.weight,
            self.bias.as_ref(),
            [stride, stride],
            [pad, pad],
            [1, 1],
            1,
        );
        match &self.norm {
            Some(norm) => norm.forward_t(&y, train),
            None => y,
        }
    }

    /// Weight and bias of the one convolution that equals this layer in evaluation, before its activation.
    pub(crate) fn folded(&self) -> (Tensor, Tensor) {
        tch::no_grad(|| {
            let channels = [self.spec.channels];
            let (kind, device) = (Kind::Double, self.weight.device());
            let bias = || {
                let bias = self.bias.as_ref().map(|bias| bias.to_kind(kind));
                bias.unwrap_or_else(|| Tensor::zeros(channels, (kind, device)))
            };
            let Some(norm) = &self.norm else {
                return (self.weight.shallow_clone(), bias().to_kind(Kind::Float));
            };
            let deviation = (norm.running_var.to_kind(kind) + nn::BatchNormConfig::default().eps).sqrt();
            let ones = deviation.ones_like();
            let gain = norm.ws.as_ref().unwrap_or(&ones) / deviation;
            let shift = norm.bs.as_ref().map_or_else(bias, |shift| shift.to_kind(kind));
            let bias = shift - &norm.running_mean * &gain;
            let weight = &self.weight * gain.view([-1, 1, 1, 1]);
            (weight.to_kind(Kind::Float), bias.to_kind(Kind::Float))
        })
    }
}

impl BlockPart {
    fn forward(&self, x: &Tensor, train: bool) -> Tensor {
        let mut y = self.second.forward(&self.first.forward(x, train), train);
        match &self.shortcut {
            Some(shortcut) => y += shortcut.forward(x, train),
            None => y += x,
        }
        activate(y, Activation::Relu)
    }
}

impl DensePart {
    fn new(path: &Path<'_>, inputs: i64, outputs: i64, activation: Activation) -> Self {
        let config = nn::LinearConfig {
            ws_init: uniform(inputs),
            bs_init: Some(uniform(inputs)),
            bias: true,
        };
        Self {
            linear: nn::linear(path, inputs, outputs, config),
            activation,
        }
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        activate(self.linear.forward(x), self.activation)
    }
}

impl GruPart {
    fn new(path: &Path<'_>, inputs: i64, hidden: i64, layers: i64) -> Self {
        let init = uniform(hidden);
        let config = nn::RNNConfig {
            num_layers: layers,
            w_ih_init: init,
            w_hh_init: init,
            b_ih_init: Some(init),
            b_hh_init: Some(init),
            ..Default::default()
        };
        let gru = nn::gru(path, inputs, hidden, config);
        let weight = |layer, name: &str| path.get(&format!("{name}_l{layer}"));
        let weights = (0..layers).filter_map(|layer| {
            let [a, b] = ["weight_ih", "weight_hh"].map(|name| weight(layer, name));
            let [c, d] = ["bias_ih", "bias_hh"].map(|name| weight(layer, name));
            Some([a?, b?, c?, d?])
        });
        Self {
            weights: weights.collect(),
            gru,
        }
    }

    /// Image to the last step's output. In single precision: its steps are many, and small.
    fn forward(&self, x: &Tensor) -> Tensor {
        tch::autocast(false, || {
            let steps = x.flatten(1, 2).transpose(1, 2).to_kind(Kind::Float);
            let (outputs, _) = self.gru.seq(&steps.contiguous());
            outputs.select(1, -1)
        })
    }
}

impl Part {
    /// The layer behind `shape` with fresh weights under `path`; `None` where it cannot follow that shape.
    pub(crate) fn new(path: &Path<'_>, layer: &Layer, shape: Shape) -> Option<Self> {
        let part = match (layer, shape) {
            (Layer::Conv(conv), Shape::Image(image)) => Self::Conv(ConvPart::new(path, image[0], *conv)),
            (Layer::MaxPool { kernel, stride, pad }, _) => Self::MaxPool {
                kernel: *kernel,
                stride: *stride,
                pad: *pad,
            },
            (Layer::Block { channels, stride }, Shape::Image(image)) => {
                let (first, second, shortcut) = block_convs(image[0], *channels, *stride);
                Self::Block(Box::new(BlockPart {
                    first: ConvPart::new(&(path / "first"), image[0], first),
                    second: ConvPart::new(&(path / "second"), *channels, second),
                    shortcut: shortcut.map(|conv| ConvPart::new(&(path / "shortcut"), image[0], conv)),
                }))
            }
            (Layer::AveragePool, _) => Self::AveragePool,
            (Layer::Flatten, _) => Self::Flatten,
            (Layer::Dropout(share), _) => Self::Dropout(*share),
            (Layer::Gru { hidden, layers }, Shape::Image(image)) => {
                Self::Gru(GruPart::new(path, image[0] * image[1], *hidden, *layers))
            }
            (Layer::Dense { outputs, activation }, Shape::Vector(inputs)) => {
                Self::Dense(DensePart::new(path, inputs, *outputs, *activation))
            }
            (Layer::Heads { hidden, tasks }, Shape::Vector(inputs)) => {
                let head = |task: i64| {
                    let sizes = stack(inputs, hidden);
                    let last = sizes.len() - 1;
                    let each = sizes.into_iter().enumerate().map(move |(i, (inputs, outputs))| {
                        let activation = if i < last {
                            Activation::Relu
                        } else {
                            Activation::None
                        };
                        DensePart::new(
                            &(path / format!("task_{task}") / format!("dense_{i}")),
                            inputs,
                            outputs,
                            activation,
                        )
                    });
                    each.collect()
                };
                Self::Heads((0..*tasks).map(head).collect())
            }
            _ => return None,
        };
        Some(part)
    }

    pub(crate) fn forward(&self, x: &Tensor, train: bool) -> Tensor {
        match self {
            Self::Conv(conv) => conv.forward(x, train),
            Self::MaxPool { kernel, stride, pad } => {
                x.max_pool2d(kernel, stride, [*pad, *pad], [1, 1], false)
            }
            Self::Block(block) => block.forward(x, train),
            Self::AveragePool => x.mean_dim([2, 3].as_slice(), false, Kind::Float),
            Self::Flatten => x.flatten(1, -1),
            Self::Dropout(share) if train => x.dropout(*share, true),
            Self::Dropout(_) => x.shallow_clone(),
            Self::Gru(gru) => gru.forward(x),
            Self::Dense(dense) => dense.forward(x),
            Self::Heads(heads) => {
                let each = heads.iter().map(|stack| {
                    let (first, rest) = stack.split_first()?;
                    Some(rest.iter().fold(first.forward(x), |x, dense| dense.forward(&x)))
                });
                Tensor::cat(&each.flatten().collect::<Vec<_>>(), 1)
            }
        }
    }

    /// The biases of the last outputs, in their order: one tensor of all, or one a task.
    pub(crate) fn last_biases(&self) -> Vec<&Tensor> {
        match self {
            Self::Dense(dense) => dense.linear.bs.iter().collect(),
            Self::Heads(heads) => heads
                .iter()
                .filter_map(|stack| stack.last()?.linear.bs.as_ref())
                .collect(),
            _ => Vec::new(),
        }
    }
}
