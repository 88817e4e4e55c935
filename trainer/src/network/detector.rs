//! Sounds that labelled songs hardly know – speech alone, a crowd – heard apart from what the songs say.

use tch::{Device, Tensor};

/// Draws features to what a sound makes of them, the further, the surer it is heard. Below a threshold nothing changes, so
/// that songs keep what was learned from songs.
pub(crate) struct Detector {
    /// The sound.
    pub(crate) name: String,
    /// From pooled values to the logit of the sound: `[pooled, 1]` and `[1]`.
    pub(crate) weight: Tensor,
    pub(crate) bias: Tensor,
    /// The probability from which on features are drawn.
    pub(crate) threshold: f64,
    /// Where to, as shares of the features' ranges, `[features]`; 1 for those that are drawn, 0 for the others.
    pub(crate) target: Tensor,
    pub(crate) drawn: Tensor,
}

/// Means `[batch, features]`, as shares of the range, after all `detectors` heard `[batch, pooled]`, one after the other.
pub(crate) fn heard(detectors: &[Detector], pooled: &Tensor, share: Tensor) -> Tensor {
    let draw = |share: Tensor, detector: &Detector| {
        &share + detector.pull(pooled) * &detector.drawn * (&detector.target - &share)
    };
    detectors.iter().fold(share, draw)
}

impl Detector {
    /// The same where a network computes.
    pub(crate) fn to_device(&self, device: Device) -> Self {
        Self {
            name: self.name.clone(),
            weight: self.weight.to_device(device),
            bias: self.bias.to_device(device),
            threshold: self.threshold,
            target: self.target.to_device(device),
            drawn: self.drawn.to_device(device),
        }
    }

    /// The probability of the sound in `[batch, pooled]`, `[batch, 1]`.
    pub(crate) fn probability(&self, pooled: &Tensor) -> Tensor {
        (pooled.matmul(&self.weight) + &self.bias).sigmoid()
    }

    /// How far it draws, `[batch, 1]`: from 0 at the threshold to 1 where the sound is certain.
    pub(crate) fn pull(&self, pooled: &Tensor) -> Tensor {
        ((self.probability(pooled) - self.threshold) * (1.0 / (1.0 - self.threshold))).clamp_min(0.0)
    }
}
