//! The trunk of ResNet-34 with one small dense stack a feature: the thesis's open question, whether its multi-task
//! networks did worse because they shared a trunk or because that trunk was small.
//!
//! | layer | shape after it | parameters | MACs a clip |
//! |---|---|--:|--:|
//! | conv 7×7, stride 2, batch norm, ReLU | 64 × 64 × 3313 | 3,264 | 664,932,352 |
//! | max pool 3×3, stride 2 | 64 × 32 × 1657 | 0 | 0 |
//! | 3 × basic block | 64 × 32 × 1657 | 221,952 | 11,728,060,416 |
//! | basic block, stride 2 | 128 × 16 × 829 | 230,144 | 3,042,443,264 |
//! | 3 × basic block | 128 × 16 × 829 | 886,272 | 11,735,138,304 |
//! | basic block, stride 2 | 256 × 8 × 415 | 919,040 | 3,046,113,280 |
//! | 5 × basic block | 256 × 8 × 415 | 5,903,360 | 19,582,156,800 |
//! | basic block, stride 2 | 512 × 4 × 208 | 3,673,088 | 3,053,453,312 |
//! | 2 × basic block | 512 × 4 × 208 | 9,441,280 | 7,851,737,088 |
//! | average pool | 512 | 0 | 0 |
//! | dense 64 and 1, ReLU between, a feature | 8 | 263,176 | 262,656 |
//! | all |  | 21,541,576 | 60,704,297,472 |

use super::layer::Layer;
use super::resnet34;

/// Sizes of a feature's hidden layers.
const HIDDEN: [i64; 1] = [64];

/// Its layers for `features` features.
pub(super) fn layers(features: i64) -> Vec<Layer> {
    let mut layers = resnet34::trunk();
    layers.push(Layer::Heads {
        hidden: HIDDEN.to_vec(),
        tasks: features,
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
        let source = include_str!("resnet34_heads.rs");
        documented(Architecture::ResNet34Heads, source, &Feature::ALL);
    }
}
