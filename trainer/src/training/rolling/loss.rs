//! What is asked of a head.

use echometer_engine::Feature;
use tch::{Device, Kind, Tensor};

use super::examples::Example;
use crate::network::{Head, Opinions, power};
use crate::training::metrics::mean_and_variance;

/// How much the standard deviations weigh beside the means.
const LIKELIHOOD: f64 = 0.1;

/// Labels of a batch.
pub(super) struct Labels {
    /// Shares of the range, `[batch, features]`; zero where missing.
    share: Tensor,
    /// What each label weighs: 1, less for a weak one, 0 where there is none.
    weight: Tensor,
}

/// A feature's label as a share of its range; labels beyond it count as its ends.
fn share(example: &Example<'_>, feature: Feature) -> Option<f32> {
    let (low, high) = feature.range();
    example.clip.labels[feature].map(|label| ((label - low) / (high - low)).clamp(0.0, 1.0))
}

impl Labels {
    /// The labels of `batch`, each of which weighs `weight`.
    pub(super) fn of(batch: &[&Example<'_>], weight: f32, features: &[Feature], device: Device) -> Self {
        let list = |value: &dyn Fn(Option<f32>) -> f32| {
            let values = batch
                .iter()
                .flat_map(|example| features.iter().map(|&feature| value(share(example, feature))));
            Tensor::from_slice(&values.collect::<Vec<_>>())
                .view([batch.len() as i64, features.len() as i64])
                .to_device(device)
        };
        Self {
            share: list(&|share| share.unwrap_or(0.0)),
            weight: list(&|share| share.map_or(0.0, |_| weight)),
        }
    }

    /// Both batches as one.
    pub(super) fn and(self, more: &Self) -> Self {
        let join = |one: &Tensor, more: &Tensor| Tensor::cat(&[one, more], 0);
        Self {
            share: join(&self.share, &more.share),
            weight: join(&self.weight, &more.weight),
        }
    }

    /// How far predictions, shares of the range, lie below the labels on average, a feature.
    pub(super) fn excess_over(&self, predicted: &Tensor) -> Tensor {
        let sum = |x: Tensor| x.sum_dim_intlist([0].as_slice(), false, Kind::Float);
        sum((&self.share - predicted) * &self.weight) / sum(self.weight.shallow_clone()).clamp_min(1.0)
    }
}

/// One over each label's variance on the feature's scale, so that no feature outweighs another.
pub(super) fn weights(examples: &[&Example<'_>], features: &[Feature], device: Device) -> Tensor {
    let weights = features.iter().map(|&feature| {
        let labels = examples
            .iter()
            .filter_map(|example| share(example, feature))
            .map(|share| f64::from(share.powf(1.0 / power(feature))));
        let (_, variance) = mean_and_variance(&labels.collect::<Vec<_>>());
        (1.0 / variance.max(1e-6)) as f32
    });
    Tensor::from_slice(&weights.collect::<Vec<_>>()).to_device(device)
}

/// Masked loss of one batch over all members: squared error of the means on each feature's scale, in units of its labels'
/// variance there, and the Gaussian likelihood that fits the standard deviations to errors which do not feel it.
pub(super) fn loss(head: &Head, pooled: &Tensor, labels: &Labels, weights: &Tensor) -> Tensor {
    let Opinions { root, sd } = head.opinions(pooled, true);
    let wanted = labels.share.pow(&head.power.reciprocal());
    let error = (&root - wanted).square() * weights;
    let off = (root.pow(&head.power) - &labels.share).square().detach();
    let variance = sd.square();
    let likelihood = (variance.log() + off / variance) * 0.5;
    let each =
        (error + likelihood * LIKELIHOOD).mean_dim([0].as_slice(), false, Kind::Float) * &labels.weight;
    each.sum(Kind::Float) / labels.weight.sum(Kind::Float).clamp_min(1.0)
}
