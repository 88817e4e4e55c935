//! The head: the columns of a window to a mean and a standard deviation a feature.

use echometer_engine::{Feature, PerFeature};
use tch::nn::{self, Init, Path};
use tch::{Kind, Tensor};

use super::Prediction;

/// Pools columns under a mask (mean, standard deviation, share heard), then two dense layers.
pub(crate) struct Head {
    pub(crate) hidden: nn::Linear,
    pub(crate) output: nn::Linear,
    /// Low end and width of each feature's range.
    pub(crate) low: Tensor,
    pub(crate) span: Tensor,
    /// Calibration of the standard deviations, 1 until [`Head::calibrate`].
    pub(crate) calibration: Tensor,
    features: i64,
}

/// Keeps the root of a vanishing variance differentiable.
pub(crate) const VARIANCE_FLOOR: f64 = 1e-4;
/// Smallest standard deviation, as a share of the range: no meter is surer than 1 %.
pub(crate) const SD_FLOOR: f64 = 0.01;
const HIDDEN: i64 = 64;
const DROPOUT: f64 = 0.3;

impl Head {
    pub(super) fn new(path: &Path<'_>, channels: i64, features: &[Feature], prior: &PerFeature<f32>) -> Self {
        let count = features.len() as i64;
        let output_config = nn::LinearConfig {
            ws_init: Init::Randn {
                mean: 0.0,
                stdev: 0.01,
            },
            ..Default::default()
        };
        let output = nn::linear(path / "output", HIDDEN, 2 * count, output_config);
        let column = |values: Vec<f32>| Tensor::from_slice(&values);
        let start = features.iter().map(|&feature| {
            let (low, high) = feature.range();
            let share = ((prior[feature] - low) / (high - low)).clamp(0.01, 0.99);
            (share / (1.0 - share)).ln()
        });
        // softplus(−1.8) ≈ 0.15 of the range: about what an untrained guess deserves.
        let start: Vec<f32> = start.chain(features.iter().map(|_| -1.8)).collect();
        tch::no_grad(|| {
            if let Some(bias) = &output.bs {
                bias.shallow_clone().copy_(&column(start));
            }
        });
        let constant = |name: &str, values: Vec<f32>| path.add(name, column(values), false);
        Self {
            hidden: nn::linear(path / "hidden", 2 * channels + 1, HIDDEN, Default::default()),
            output,
            low: constant("low", features.iter().map(|f| f.range().0).collect()),
            span: constant(
                "span",
                features.iter().map(|f| f.range().1 - f.range().0).collect(),
            ),
            calibration: path.ones_no_train("calibration", &[count]),
            features: count,
        }
    }

    /// Sets the factors on the standard deviations, one a feature.
    pub(crate) fn calibrate(&self, factors: &[f32]) {
        tch::no_grad(|| {
            self.calibration
                .shallow_clone()
                .copy_(&Tensor::from_slice(factors))
        });
    }

    /// `columns` `[batch, columns, channels]` under `mask` `[batch, columns]` (1 heard, 0 not).
    pub(crate) fn forward(&self, columns: &Tensor, mask: &Tensor, train: bool) -> Prediction {
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
        let pooled = Tensor::cat(&[mean, (variance + VARIANCE_FLOOR).sqrt(), share], 1);
        let hidden = pooled
            .dropout(DROPOUT, train)
            .apply(&self.hidden)
            .relu()
            .dropout(DROPOUT, train);
        let raw = hidden.apply(&self.output);
        Prediction {
            mean: &self.low + &self.span * raw.narrow(1, 0, self.features).sigmoid(),
            sd: (raw.narrow(1, self.features, self.features).softplus() + SD_FLOOR)
                * &self.span
                * &self.calibration,
        }
    }
}
