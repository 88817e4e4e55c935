//! LeNet-5 (LeCun et al. 1998) with one output a feature.
//!
//! The thesis gives no figures: kernels, channels and dense layers are LeCun's; ReLU and maxima stand in place of his
//! scaled tangent and trained averages, as in today's editions of it. Nearly all of its weights lie in the first dense
//! layer, which sees every place of the clip on its own.
//!
//! | layer | shape after it | parameters | MACs a clip |
//! |---|---|--:|--:|
//! | conv 5×5, ReLU | 6 × 124 × 6621 | 156 | 123,150,600 |
//! | max pool 2×2 | 6 × 62 × 3310 | 0 | 0 |
//! | conv 5×5, ReLU | 16 × 58 × 3306 | 2,416 | 460,195,200 |
//! | max pool 2×2 | 16 × 29 × 1653 | 0 | 0 |
//! | flatten | 766992 | 0 | 0 |
//! | dense, ReLU | 120 | 92,039,160 | 92,039,040 |
//! | dense, ReLU | 84 | 10,164 | 10,080 |
//! | dense | 1 | 85 | 84 |
//! | all |  | 92,051,981 | 675,395,004 |

use super::layer::{Activation, Conv, Layer};

/// Its layers for `outputs` features.
pub(super) fn layers(outputs: i64) -> Vec<Layer> {
    let conv = |channels| {
        Layer::Conv(Conv {
            channels,
            kernel: 5,
            stride: 1,
            pad: 0,
            norm: false,
            activation: Activation::Relu,
        })
    };
    let pool = || Layer::MaxPool {
        kernel: [2, 2],
        stride: [2, 2],
        pad: 0,
    };
    let dense = |outputs, activation| Layer::Dense { outputs, activation };
    vec![
        conv(6),
        pool(),
        conv(16),
        pool(),
        Layer::Flatten,
        dense(120, Activation::Relu),
        dense(84, Activation::Relu),
        dense(outputs, Activation::None),
    ]
}

#[cfg(test)]
mod tests {
    use echometer_engine::Feature;

    use super::super::Architecture;
    use super::super::figures::tests::documented;

    #[test]
    fn it_is_as_documented() {
        documented(
            Architecture::LeNet5,
            include_str!("lenet5.rs"),
            &[Feature::Energy],
        );
    }
}
