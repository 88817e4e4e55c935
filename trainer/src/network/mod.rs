//! The rolling network: a trunk from mel frames to columns and a head from a window's columns to features.

mod detector;
mod geometry;
mod head;
pub(crate) mod thesis;
mod trunk;

pub(crate) use detector::{Detector, heard};
pub(crate) use geometry::{Conv, Geometry};
pub(crate) use head::{HIDDEN, Head, MEMBERS, Opinions, SD_FLOOR, VARIANCE_FLOOR, power};
pub(crate) use trunk::Trunk;

use echometer_engine::{Feature, PerFeature};
use tch::nn::VarStore;
use tch::{Device, Tensor};

/// Trunk and head with their weights.
pub(crate) struct Network {
    pub(crate) vars: VarStore,
    pub(crate) trunk: Trunk,
    pub(crate) head: Head,
    /// Columns of a full window.
    window: i64,
}

/// What the head says of a batch: `[batch, features]` each, in the features' own units.
pub(crate) struct Prediction {
    pub(crate) mean: Tensor,
    pub(crate) sd: Tensor,
}

impl Network {
    /// A fresh network for windows of `window` columns; `prior` is what it says of every clip before it has learned anything.
    pub(crate) fn new(
        device: Device,
        mels: i64,
        window: i64,
        features: &[Feature],
        prior: &PerFeature<f32>,
    ) -> Self {
        let vars = VarStore::new(device);
        let geometry = Geometry::standard(mels);
        let trunk = Trunk::new(&(vars.root() / "trunk"), &geometry);
        let head = Head::new(&(vars.root() / "head"), geometry.channels(), features, prior);
        Self {
            vars,
            trunk,
            head,
            window,
        }
    }

    /// What the head is given of clips `[batch, frames, mels]` of at most a window: what the window lacks is masked, as in
    /// the engine after hearing just them.
    pub(crate) fn pooled(&self, frames: &Tensor, train: bool) -> Tensor {
        let columns = self.trunk.forward(frames, train);
        let (batch, heard) = (columns.size()[0], columns.size()[1]);
        let mask = Tensor::ones([batch, heard], (columns.kind(), columns.device()));
        let missing = (self.window - heard).max(0);
        let columns = columns.constant_pad_nd([0, 0, missing, 0]);
        self.head.pool(&columns, &mask.constant_pad_nd([missing, 0]))
    }

    /// Scores clips `[batch, frames, mels]` of at most a window, as the engine does after hearing just them.
    pub(crate) fn forward(&self, frames: &Tensor) -> Prediction {
        self.head.read(&self.pooled(frames, false))
    }
}
