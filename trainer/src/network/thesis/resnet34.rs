//! ResNet-34 (He et al. 2016) with one input channel and one output a feature.
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
//! | dense | 1 | 513 | 512 |
//! | all |  | 21,278,913 | 60,704,035,328 |

use super::layer::{Activation, Conv, Layer};

/// Its layers for `outputs` features.
pub(super) fn layers(outputs: i64) -> Vec<Layer> {
    let mut layers = trunk();
    layers.push(Layer::Dense {
        outputs,
        activation: Activation::None,
    });
    layers
}

/// Everything up to the 512 averages.
pub(super) fn trunk() -> Vec<Layer> {
    let mut layers = vec![
        Layer::Conv(Conv {
            channels: 64,
            kernel: 7,
            stride: 2,
            pad: 3,
            norm: true,
            activation: Activation::Relu,
        }),
        Layer::MaxPool {
            kernel: [3, 3],
            stride: [2, 2],
            pad: 1,
        },
    ];
    for (stage, (channels, blocks)) in [(64, 3), (128, 4), (256, 6), (512, 3)].into_iter().enumerate() {
        layers.extend((0..blocks).map(|block| Layer::Block {
            channels,
            stride: if block == 0 && stage > 0 { 2 } else { 1 },
        }));
    }
    layers.push(Layer::AveragePool);
    layers
}

#[cfg(test)]
mod tests {
    use echometer_engine::Feature;

    use super::super::Architecture;
    use super::super::figures::tests::documented;

    #[test]
    fn it_is_as_documented() {
        documented(
            Architecture::ResNet34,
            include_str!("resnet34.rs"),
            &[Feature::Energy],
        );
    }
}
