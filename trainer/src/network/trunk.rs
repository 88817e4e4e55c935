//! The trunk: mel frames to columns.

use std::sync::atomic::AtomicBool;

use tch::nn::{self, Init, ModuleT, Path};
use tch::{Kind, Tensor};

use super::{Conv, Geometry};
use crate::data::clips::Clip;
use crate::training::bands::Bands;

/// Convolutions with batch normalisation and ReLU, unpadded in time.
pub(crate) struct Trunk {
    pub(crate) geometry: Geometry,
    /// Mean and inverse standard deviation of each mel band over the training clips; constants to the optimiser.
    pub(crate) shift: Tensor,
    pub(crate) scale: Tensor,
    pub(crate) layers: Vec<Layer>,
}

/// One convolution and its normalisation.
pub(crate) struct Layer {
    pub(crate) spec: Conv,
    weight: Tensor,
    norm: nn::BatchNorm,
}

impl Trunk {
    pub(crate) fn new(path: &Path<'_>, geometry: &Geometry) -> Self {
        let layers = geometry.convs.iter().enumerate();
        let layers = layers
            .map(|(i, spec)| Layer::new(&(path / format!("conv_{i}")), *spec))
            .collect();
        Self {
            shift: path.zeros_no_train("shift", &[geometry.mels]),
            scale: path.ones_no_train("scale", &[geometry.mels]),
            geometry: geometry.clone(),
            layers,
        }
    }

    /// Normalises the input by the mel bands of the training clips; `false` where `stop` came first.
    pub(crate) fn normalise_over(&self, clips: &[&Clip], stop: &AtomicBool) -> std::io::Result<bool> {
        let Some(bands) = Bands::of(clips, self.geometry.mels as usize, stop)? else {
            return Ok(false);
        };
        tch::no_grad(|| {
            self.shift.shallow_clone().copy_(&bands.mean());
            self.scale
                .shallow_clone()
                .copy_(&(bands.deviation() + 1e-3).reciprocal());
        });
        Ok(true)
    }

    /// `[batch, frames, mels]` to `[batch, columns, channels]`, aligned with a streaming pass over the same frames.
    pub(crate) fn forward(&self, frames: &Tensor, train: bool) -> Tensor {
        self.forward_in(Kind::Float, frames, train)
    }

    /// As [`Trunk::forward`], with the layers computed in `kind`, and columns in single precision.
    pub(crate) fn forward_in(&self, kind: Kind, frames: &Tensor, train: bool) -> Tensor {
        let aligned = frames.narrow(
            1,
            self.geometry.offset(),
            frames.size()[1] - self.geometry.offset(),
        );
        let mut x = ((aligned - &self.shift) * &self.scale).unsqueeze(1).to_kind(kind);
        for layer in &self.layers {
            x = layer.forward(&x, train);
        }
        x.squeeze_dim(3).transpose(1, 2).to_kind(Kind::Float)
    }
}

impl Layer {
    fn new(path: &Path<'_>, spec: Conv) -> Self {
        let [time, bands] = spec.kernel;
        let config = nn::BatchNormConfig {
            ws_init: Init::Const(1.0),
            ..Default::default()
        };
        Self {
            weight: path.kaiming_normal("weight", &[spec.channels_out, spec.channels_in, time, bands]),
            norm: nn::batch_norm2d(path / "norm", spec.channels_out, config),
            spec,
        }
    }

    fn forward(&self, x: &Tensor, train: bool) -> Tensor {
        let none: Option<Tensor> = None;
        let y = x.conv2d(
            &self.weight.to_kind(x.kind()),
            none,
            self.spec.stride,
            [0, self.spec.pad],
            [1, 1],
            1,
        );
        self.norm.forward_t(&y, train).relu()
    }

    /// Weight and bias of the one convolution that equals this layer's convolution and normalisation in evaluation.
    pub(crate) fn folded(&self) -> (Tensor, Tensor) {
        tch::no_grad(|| {
            let deviation = (&self.norm.running_var + nn::BatchNormConfig::default().eps).sqrt();
            let ones = self.norm.running_var.ones_like();
            let gain = self.norm.ws.as_ref().unwrap_or(&ones) / deviation;
            let zeros = ones.zeros_like();
            let bias = self.norm.bs.as_ref().unwrap_or(&zeros) - &self.norm.running_mean * &gain;
            (&self.weight * gain.view([-1, 1, 1, 1]), bias)
        })
    }
}
