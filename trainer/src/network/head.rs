//! The head: the columns of a window to a mean and a standard deviation a feature.

use echometer_engine::{Feature, PerFeature};
use tch::nn::{Init, Path};
use tch::{Kind, Tensor};

use super::{Detector, Prediction, heard};

/// Pools columns under a mask (mean, standard deviation, share heard); a few small networks, each of one hidden layer and
/// a straight way past it, then read the features from that, and their average counts.
pub(crate) struct Head {
    /// What pooled values are shifted by and multiplied with; constants to the optimiser.
    pub(crate) shift: Tensor,
    pub(crate) scale: Tensor,
    /// `[MEMBERS, pooled, HIDDEN]` and `[MEMBERS, 1, HIDDEN]`.
    pub(crate) hidden: (Tensor, Tensor),
    /// `[MEMBERS, HIDDEN, 2·features]` and `[MEMBERS, 1, 2·features]`: means, then deviations.
    pub(crate) output: (Tensor, Tensor),
    /// The straight way, to the means only: `[MEMBERS, pooled, features]`.
    pub(crate) straight: Tensor,
    /// Low end and width of each feature's range, and the power of its scale: see [`power`].
    pub(crate) low: Tensor,
    pub(crate) span: Tensor,
    pub(crate) power: Tensor,
    /// What the means, as shares of the range, are multiplied with and what is then added: 1 and 0 until [`Head::centre`]
    /// and [`Head::shrink`].
    pub(crate) gain: Tensor,
    pub(crate) offset: Tensor,
    /// Factors on the standard deviations, 1 until [`Head::calibrate`].
    pub(crate) calibration: Tensor,
    /// What is heard beside what labels taught, in this order; none until it is set.
    pub(crate) detectors: Vec<Detector>,
    features: i64,
}

/// What the members say of a batch: `[MEMBERS, batch, features]` each.
pub(crate) struct Opinions {
    /// The feature's share of its range, on its scale: the [`power`]-th root.
    pub(crate) root: Tensor,
    /// Standard deviation of the feature as a share of its range.
    pub(crate) sd: Tensor,
}

/// Keeps the root of a vanishing variance differentiable.
pub(crate) const VARIANCE_FLOOR: f64 = 1e-4;
/// Smallest standard deviation, as a share of the range: no meter is surer than 1 %.
pub(crate) const SD_FLOOR: f64 = 0.01;
/// Networks whose average counts.
pub(crate) const MEMBERS: i64 = 8;
/// Hidden units of each.
pub(crate) const HIDDEN: i64 = 64;
const DROPOUT: f64 = 0.5;
/// Deviations of columns say less than their means, and count as much less beside them.
const DEVIATIONS: f64 = 0.5;

/// The power that turns a scale on which a feature's values lie evenly into its own. Most values of these features crowd at
/// zero, where differences mean most.
pub(crate) fn power(feature: Feature) -> f32 {
    match feature {
        Feature::Acousticness | Feature::Instrumentalness => 2.0,
        Feature::Liveness => 3.0,
        Feature::Speechiness => 4.0,
        Feature::Danceability | Feature::Energy | Feature::Valence | Feature::Loudness => 1.0,
    }
}

impl Head {
    pub(super) fn new(path: &Path<'_>, channels: i64, features: &[Feature], prior: &PerFeature<f32>) -> Self {
        let (count, pooled) = (features.len() as i64, 2 * channels + 1);
        let list = |value: &dyn Fn(Feature) -> f32| {
            Tensor::from_slice(&features.iter().map(|&feature| value(feature)).collect::<Vec<_>>())
        };
        let constant = |name: &str, values: Tensor| path.add(name, values, false);
        let start = list(&|feature| {
            let (low, high) = feature.range();
            let share = ((prior[feature] - low) / (high - low)).clamp(0.0, 1.0);
            let root = share.powf(1.0 / power(feature)).clamp(0.01, 0.99);
            (root / (1.0 - root)).ln()
        });
        // softplus(−1.8) ≈ 0.15 of the range: about what an untrained guess deserves.
        let start = Tensor::cat(&[&start, &start.full_like(-1.8)], 0);
        let small = Init::Randn {
            mean: 0.0,
            stdev: 0.01,
        };
        let normal = Init::Randn {
            mean: 0.0,
            stdev: (2.0 / pooled as f64).sqrt(),
        };
        Self {
            shift: path.zeros_no_train("shift", &[pooled]),
            scale: path.ones_no_train("scale", &[pooled]),
            hidden: (
                path.var("hidden_weight", &[MEMBERS, pooled, HIDDEN], normal),
                path.zeros("hidden_bias", &[MEMBERS, 1, HIDDEN]),
            ),
            output: (
                path.var("output_weight", &[MEMBERS, HIDDEN, 2 * count], small),
                path.var_copy("output_bias", &start.repeat([MEMBERS, 1, 1])),
            ),
            straight: path.zeros("straight", &[MEMBERS, pooled, count]),
            low: constant("low", list(&|feature| feature.range().0)),
            span: constant("span", list(&|feature| feature.range().1 - feature.range().0)),
            power: constant("power", list(&power)),
            gain: path.ones_no_train("gain", &[count]),
            offset: path.zeros_no_train("offset", &[count]),
            calibration: path.ones_no_train("calibration", &[count]),
            detectors: Vec::new(),
            features: count,
        }
    }

    /// Normalises pooled values as `[views, pooled]` of the training clips vary.
    pub(crate) fn normalise_with(&self, pooled: &Tensor) {
        tch::no_grad(|| {
            let deviation = pooled.std_dim([0].as_slice(), false, false) + 1e-3;
            let channels = (self.scale.size()[0] - 1) / 2;
            let scale = deviation.reciprocal();
            let _ = scale.narrow(0, channels, channels).g_mul_scalar_(DEVIATIONS);
            self.shift
                .shallow_clone()
                .copy_(&pooled.mean_dim([0].as_slice(), false, Kind::Float));
            self.scale.shallow_clone().copy_(&scale);
        });
    }

    /// Sets what is added to the means, as shares of the range.
    pub(crate) fn centre(&self, offsets: &Tensor) {
        tch::no_grad(|| self.offset.shallow_clone().copy_(offsets));
    }

    /// Draws the means towards `centres`, in the features' own units, until only `gains` of what they differ is left.
    pub(crate) fn shrink(&self, gains: &[f32], centres: &[f32]) {
        tch::no_grad(|| {
            let gains = Tensor::from_slice(gains).to_device(self.gain.device());
            let centres = Tensor::from_slice(centres).to_device(self.gain.device());
            let centres = (centres - &self.low) / &self.span;
            let offset = &self.offset * &gains + centres * (1.0 - &gains);
            self.offset.shallow_clone().copy_(&offset);
            self.gain.shallow_clone().copy_(&(&self.gain * gains));
        });
    }

    /// Sets the factors on the standard deviations, one a feature.
    pub(crate) fn calibrate(&self, factors: &[f32]) {
        tch::no_grad(|| {
            self.calibration
                .shallow_clone()
                .copy_(&Tensor::from_slice(factors))
        });
    }

    /// `columns` `[batch, columns, channels]` under `mask` `[batch, columns]` (1 heard, 0 not) to `[batch, pooled]`.
    pub(crate) fn pool(&self, columns: &Tensor, mask: &Tensor) -> Tensor {
        let weight = mask.unsqueeze(2);
        let heard = mask
            .sum_dim_intlist([1].as_slice(), true, Kind::Float)
            .clamp_min(1.0);
        let mean = (columns * &weight).sum_dim_intlist([1].as_slice(), false, Kind::Float) / &heard;
        let centred = (columns - mean.unsqueeze(1)) * &weight;
        let variance = centred
            .square()
            .sum_dim_intlist([1].as_slice(), false, Kind::Float)
            / &heard;
        let share = mask.mean_dim([1].as_slice(), true, Kind::Float);
        Tensor::cat(&[mean, (variance + VARIANCE_FLOOR).sqrt(), share], 1)
    }

    /// What each member says of `[batch, pooled]`.
    pub(crate) fn opinions(&self, pooled: &Tensor, train: bool) -> Opinions {
        let seen = ((pooled - &self.shift) * &self.scale)
            .unsqueeze(0)
            .expand([MEMBERS, -1, -1], false)
            .dropout(DROPOUT, train);
        let hidden = (seen.matmul(&self.hidden.0) + &self.hidden.1)
            .relu()
            .dropout(DROPOUT, train);
        let raw = hidden.matmul(&self.output.0) + &self.output.1;
        let means = raw.narrow(2, 0, self.features) + seen.matmul(&self.straight);
        Opinions {
            root: means.sigmoid(),
            sd: raw.narrow(2, self.features, self.features).softplus() + SD_FLOOR,
        }
    }

    /// The average of all members.
    pub(crate) fn read(&self, pooled: &Tensor) -> Prediction {
        let Opinions { root, sd } = self.opinions(pooled, false);
        let average = |x: Tensor| x.mean_dim([0].as_slice(), false, Kind::Float);
        let share = (average(root.pow(&self.power)) * &self.gain + &self.offset).clamp(0.0, 1.0);
        let share = heard(&self.detectors, pooled, share);
        Prediction {
            mean: &self.low + &self.span * share,
            sd: average(sd) * &self.span * &self.calibration,
        }
    }
}
