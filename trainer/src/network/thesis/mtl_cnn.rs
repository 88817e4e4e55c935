//! Multi-task network: one small trunk, then a stack of dense layers a task (after Singh and Biswas 2021).
//!
//! The thesis gives no figures. Here three convolutions, each before a pool of 4×4, keep the trunk at 23,296 weights, and
//! a task's stack is 64 and 32 wide: a small network, as the thesis's was.
//!
//! | layer | shape after it | parameters | MACs a clip |
//! |---|---|--:|--:|
//! | conv 3×3, ReLU | 16 × 128 × 6625 | 160 | 122,112,000 |
//! | max pool 4×4 | 16 × 32 × 1656 | 0 | 0 |
//! | conv 3×3, ReLU | 32 × 32 × 1656 | 4,640 | 244,187,136 |
//! | max pool 4×4 | 32 × 8 × 414 | 0 | 0 |
//! | conv 3×3, ReLU | 64 × 8 × 414 | 18,496 | 61,046,784 |
//! | max pool 4×4 | 64 × 2 × 103 | 0 | 0 |
//! | flatten | 13184 | 0 | 0 |
//! | dense 64, 32 and 1, ReLU between, a feature | 2 | 1,691,906 | 1,691,712 |
//! | all |  | 1,715,202 | 429,037,632 |

use super::layer::{Activation, Conv, Layer};

/// Sizes of a task's hidden layers.
const HIDDEN: [i64; 2] = [64, 32];

/// Its layers for `tasks` features.
pub(super) fn layers(tasks: i64) -> Vec<Layer> {
    let block = |channels| {
        let conv = Conv {
            channels,
            kernel: 3,
            stride: 1,
            pad: 1,
            norm: false,
            activation: Activation::Relu,
        };
        let pool = Layer::MaxPool {
            kernel: [4, 4],
            stride: [4, 4],
            pad: 0,
        };
        [Layer::Conv(conv), pool]
    };
    let mut layers: Vec<_> = [16, 32, 64].into_iter().flat_map(block).collect();
    layers.push(Layer::Flatten);
    layers.push(Layer::Heads {
        hidden: HIDDEN.to_vec(),
        tasks,
    });
    layers
}

#[cfg(test)]
mod tests {
    use echometer_engine::Feature;

    use super::super::Architecture;
    use super::super::figures::tests::documented;

    #[test]
    fn it_is_as_documented() {
        let pair = [Feature::Danceability, Feature::Valence];
        documented(Architecture::MtlCnn, include_str!("mtl_cnn.rs"), &pair);
    }
}
