//! The rolling network: a trunk from mel frames to columns and a head from a window's columns to features.

mod geometry;
mod head;
mod trunk;

pub(crate) use geometry::{Conv, Geometry};
pub(crate) use head::{Head, SD_FLOOR, VARIANCE_FLOOR};
pub(crate) use trunk::Trunk;

use echometer_engine::{Feature, PerFeature};
use tch::nn::VarStore;
use tch::{Device, Tensor};

/// Trunk and head with their weights.
pub(crate) struct Network {
    pub(crate) vars: VarStore,
    pub(crate) trunk: Trunk,
    pub(crate) head: Head,
}

/// What the head says of a batch: `[batch, features]` each, in the features' own units.
pub(crate) struct Prediction {
    pub(crate) mean: Tensor,
    pub(crate) sd: Tensor,
}

impl Network {
    /// A fresh network; `prior` is what it says of every clip before it has learned anything.
    pub(crate) fn new(device: Device, mels: i64, features: &[Feature], prior: &PerFeature<f32>) -> Self {
        let vars = VarStore::new(device);
        let geometry = Geometry::standard(mels);
        let trunk = Trunk::new(&(vars.root() / "trunk"), &geometry);
        let head = Head::new(&(vars.root() / "head"), geometry.channels(), features, prior);
        Self { vars, trunk, head }
    }

    /// Scores whole clips `[batch, frames, mels]`.
    pub(crate) fn forward(&self, frames: &Tensor, train: bool) -> Prediction {
        let columns = self.trunk.forward(frames, train);
        let mask = Tensor::ones(
            [columns.size()[0], columns.size()[1]],
            (columns.kind(), columns.device()),
        );
        self.head.forward(&columns, &mask, train)
    }
}
