//! The networks of the thesis (§3.4.3): a whole window's mel frames to its features, without a rolling trunk.

mod crnn;
mod figures;
mod layer;
mod lenet5;
mod mtl_cnn;
mod part;
mod resnet34;
mod resnet34_heads;

pub(crate) use layer::{Activation, Cost, Layer};
pub(crate) use part::{BlockPart, ConvPart, DensePart, GruPart, Part};

use clap::ValueEnum;
use echometer_engine::{Feature, PerFeature};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

/// Which network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub(crate) enum Architecture {
    #[value(name = "lenet5")]
    LeNet5,
    #[value(name = "resnet34")]
    ResNet34,
    #[value(name = "crnn")]
    Crnn,
    #[value(name = "mtl-cnn")]
    MtlCnn,
    #[value(name = "resnet34-heads")]
    ResNet34Heads,
}

impl Architecture {
    /// Its name on the command line and in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::LeNet5 => "lenet5",
            Self::ResNet34 => "resnet34",
            Self::Crnn => "crnn",
            Self::MtlCnn => "mtl-cnn",
            Self::ResNet34Heads => "resnet34-heads",
        }
    }

    /// Its layers for `outputs` features.
    pub(crate) fn layers(self, outputs: i64) -> Vec<Layer> {
        match self {
            Self::LeNet5 => lenet5::layers(outputs),
            Self::ResNet34 => resnet34::layers(outputs),
            Self::Crnn => crnn::layers(outputs),
            Self::MtlCnn => mtl_cnn::layers(outputs),
            Self::ResNet34Heads => resnet34_heads::layers(outputs),
        }
    }
}

impl Architecture {
    /// What a network for `outputs` features costs; `None` where the input is too small.
    pub(crate) fn cost(self, outputs: i64, shape: InputShape) -> Option<Cost> {
        figures::cost(&self.layers(outputs), shape)
    }
}

/// What a network sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InputShape {
    /// Bands of a mel frame.
    pub(crate) mels: i64,
    /// Mel frames of a window.
    pub(crate) frames: i64,
}

/// Why a network cannot be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetworkError {
    #[error(
        "{network} on {mels} mels × {frames} frames: its pooling leaves nothing; it needs at least {least_mels} mels and \
         {least_frames} frames, so choose a longer window, a smaller hop or more mels"
    )]
    TooSmall {
        network: &'static str,
        mels: i64,
        frames: i64,
        least_mels: i64,
        least_frames: i64,
    },
    #[error("{network} was given no features, but needs at least one to learn")]
    NoFeatures { network: &'static str },
}

/// A network of the thesis with its weights and constants, all of them in `vars`.
pub(crate) struct ThesisNetwork {
    pub(crate) vars: VarStore,
    pub(crate) shape: InputShape,
    pub(crate) parts: Vec<Part>,
    /// Subtracted from each mel band, then multiplied with it.
    pub(crate) shift: Tensor,
    pub(crate) scale: Tensor,
    /// Standard deviation of each output.
    pub(crate) deviation: Tensor,
    /// Whether images lie in memory with the channels innermost, as the tensor cores of a GPU compute with them in half
    /// precision. The numbers stay the same; on a CPU it gains nothing. Off until set.
    pub(crate) channels_last: bool,
}

/// Smallest deviation of a mel band, as a share of the largest band's: 60 dB below it. Empty filters have none.
const LEAST_DEVIATION: f64 = 1e-6;

impl ThesisNetwork {
    /// A fresh network; `prior` is about what it says of every clip before it has learned anything.
    pub(crate) fn new(
        device: Device,
        architecture: Architecture,
        shape: InputShape,
        features: &[Feature],
        prior: &PerFeature<f32>,
    ) -> Result<Self, NetworkError> {
        let network = architecture.name();
        let count = features.len() as i64;
        if count == 0 {
            return Err(NetworkError::NoFeatures { network });
        }
        let layers = architecture.layers(count);
        let too_small = || {
            let least = figures::least(&layers).unwrap_or(shape);
            NetworkError::TooSmall {
                network,
                mels: shape.mels,
                frames: shape.frames,
                least_mels: least.mels,
                least_frames: least.frames,
            }
        };
        let shapes = figures::shapes(&layers, shape).ok_or_else(too_small)?;
        let vars = VarStore::new(device);
        let root = vars.root();
        let parts = layers
            .iter()
            .zip(shapes)
            .enumerate()
            .map(|(i, (layer, shape))| Part::new(&(&root / format!("layer_{i}")), layer, shape));
        let parts = parts.collect::<Option<Vec<_>>>().ok_or_else(too_small)?;
        let input = &root / "input";
        let built = Self {
            shift: input.zeros_no_train("shift", &[shape.mels]),
            scale: input.ones_no_train("scale", &[shape.mels]),
            deviation: (&root / "output").zeros_no_train("deviation", &[count]),
            vars,
            shape,
            parts,
            channels_last: false,
        };
        built.start_at(features, prior);
        Ok(built)
    }

    fn start_at(&self, features: &[Feature], prior: &PerFeature<f32>) {
        let prior: Vec<_> = features.iter().map(|&feature| prior[feature]).collect();
        let mut rest = Tensor::from_slice(&prior);
        tch::no_grad(|| {
            for bias in self.parts.last().iter().flat_map(|part| part.last_biases()) {
                let count = bias.size()[0];
                bias.shallow_clone().copy_(&rest.narrow(0, 0, count));
                rest = rest.narrow(0, count, rest.size()[0] - count);
            }
        });
    }

    /// Normalises the input with each mel band's mean and standard deviation over the training clips. The thesis does not
    /// say how its input was scaled; plain power diverges without.
    pub(crate) fn normalise_with(&self, mean: &Tensor, deviation: &Tensor) {
        tch::no_grad(|| {
            let floor = (deviation.max() * LEAST_DEVIATION).clamp_min(f64::from(f32::MIN_POSITIVE));
            self.shift.shallow_clone().copy_(mean);
            self.scale
                .shallow_clone()
                .copy_(&deviation.maximum(&floor).reciprocal());
        });
    }

    /// Sets the standard deviation of each output: its root mean squared error on the validation clips.
    pub(crate) fn set_deviation(&self, deviation: &[f32]) {
        tch::no_grad(|| {
            self.deviation
                .shallow_clone()
                .copy_(&Tensor::from_slice(deviation))
        });
    }

    /// Clips `[batch, frames, mels]`, as the front end gives them, to `[batch, features]` in the features' own units.
    ///
    /// Normalisation, recurrent layers and outputs are in single precision under autocast too.
    pub(crate) fn forward(&self, frames: &Tensor, train: bool) -> Tensor {
        let mut normal = frames.to_kind(Kind::Float) - &self.shift;
        normal *= &self.scale;
        let bands = normal.transpose(1, 2).contiguous();
        let image = if self.channels_last {
            bands.unsqueeze(3).permute([0, 3, 1, 2]) // One channel: only the strides differ, and all layers follow them.
        } else {
            bands.unsqueeze(1)
        };
        let Some((last, rest)) = self.parts.split_last() else {
            return image;
        };
        let x = rest.iter().fold(image, |x, part| part.forward(&x, train));
        tch::autocast(false, || last.forward(&x.to_kind(Kind::Float), train))
    }

    /// Trained numbers.
    pub(crate) fn parameters(&self) -> u64 {
        let each = self.vars.trainable_variables();
        each.iter().map(|tensor| tensor.numel() as u64).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: InputShape = InputShape {
        mels: 128,
        frames: 216,
    };
    const PAIR: [Feature; 2] = [Feature::Energy, Feature::Loudness];
    const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

    fn network(architecture: Architecture) -> ThesisNetwork {
        tch::manual_seed(1);
        let prior = PerFeature::from_fn(|feature| if feature == Feature::Loudness { -10.0 } else { 0.5 });
        ThesisNetwork::new(Device::Cpu, architecture, SMALL, &PAIR, &prior).unwrap()
    }

    fn clips(count: i64) -> Tensor {
        tch::manual_seed(2);
        Tensor::rand([count, SMALL.frames, SMALL.mels], CPU) * 50.0
    }

    #[test]
    fn every_network_starts_at_the_prior_and_learns_with_all_its_weights() {
        for &architecture in Architecture::value_variants() {
            let network = network(architecture);
            let clips = clips(4);
            let bands = [0, 1].as_slice();
            network.normalise_with(
                &clips.mean_dim(bands, false, Kind::Float),
                &clips.std_dim(bands, true, false),
            );
            let name = architecture.name();
            let output = network.forward(&clips, true);
            assert_eq!(
                (output.size(), output.kind()),
                (vec![4, 2], Kind::Float),
                "{name}"
            );
            let start = output.mean_dim([0].as_slice(), false, Kind::Float);
            let from_prior = (start - Tensor::from_slice(&[0.5f32, -10.0])).abs().max();
            assert!(from_prior.double_value(&[]) < 3.0, "{name}: {from_prior:?}");
            output.square().sum(Kind::Float).backward();
            for (variable, tensor) in network.vars.variables().iter().filter(|(_, t)| t.requires_grad()) {
                assert!(tensor.grad().defined(), "{name}: {variable}");
                let gradient = tensor.grad().abs().sum(Kind::Float).double_value(&[]);
                assert!(gradient.is_finite(), "{name}: {variable} {gradient}");
            }
            assert!(network.parameters() > 1000);
        }
    }

    #[test]
    fn one_file_holds_all_of_a_network() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("weights.safetensors");
        for &architecture in Architecture::value_variants() {
            let (clips, network) = (clips(2), network(architecture));
            network.normalise_with(&Tensor::full([128], 25.0, CPU), &Tensor::full([128], 10.0, CPU));
            network.set_deviation(&[0.1, 3.0]);
            network.vars.save(&file).unwrap();
            let mut restored = self::network(architecture);
            restored.vars.load(&file).unwrap();
            restored.channels_last = true;
            let forward = |network: &ThesisNetwork| tch::no_grad(|| network.forward(&clips, false));
            // The layout in memory makes no difference either.
            let difference = (forward(&network) - forward(&restored))
                .abs()
                .max()
                .double_value(&[]);
            assert!(difference < 1e-4, "{}: {difference}", architecture.name());
            assert_eq!(Vec::<f32>::try_from(&restored.deviation).unwrap(), [0.1, 3.0]);
        }
    }

    #[test]
    fn silent_bands_do_not_blow_up() {
        let network = network(Architecture::LeNet5);
        let deviation = Tensor::full([SMALL.mels], 100.0, CPU);
        let _ = deviation.get(0).fill_(0.0);
        network.normalise_with(&Tensor::zeros([SMALL.mels], CPU), &deviation);
        assert!((network.scale.max().double_value(&[]) - 1e4).abs() < 1.0);
    }

    #[test]
    fn what_pooling_leaves_nothing_of_is_an_error_that_names_the_least() {
        for (architecture, mels, frames) in [
            (Architecture::LeNet5, 16, 16),
            (Architecture::Crnn, 128, 16),
            (Architecture::MtlCnn, 64, 64),
            (Architecture::ResNet34, 1, 1),
        ] {
            let new = |mels, frames| {
                let (shape, prior) = (InputShape { mels, frames }, PerFeature::default());
                ThesisNetwork::new(Device::Cpu, architecture, shape, &PAIR, &prior)
            };
            assert!(new(mels, frames).is_ok(), "{}", architecture.name());
            let error = new(mels, frames - 1).err().unwrap().to_string();
            let least = format!("at least {mels} mels and {frames} frames");
            assert!(
                error.contains(&least) && error.contains(architecture.name()),
                "{error}"
            );
            assert!(new(mels - 1, frames).is_err());
        }
        let shape = SMALL;
        let none = ThesisNetwork::new(
            Device::Cpu,
            Architecture::Crnn,
            shape,
            &[],
            &PerFeature::default(),
        );
        assert!(none.err().unwrap().to_string().contains("no features"));
    }
}
