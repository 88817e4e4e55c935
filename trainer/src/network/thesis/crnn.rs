//! Convolutional recurrent network (Choi et al. 2017, as used by Nasrullah and Zhao 2019).
//!
//! Pooling leaves one frequency band (of 128) and one step in sixteen frames; two recurrent layers go along these, and
//! the last step's output is what the dense layer sees.
//!
//! | layer | shape after it | parameters | MACs a clip |
//! |---|---|--:|--:|
//! | conv 3×3, batch norm, ELU | 64 × 128 × 6625 | 704 | 488,448,000 |
//! | max pool 2×2 | 64 × 64 × 3312 | 0 | 0 |
//! | dropout 0.1 | 64 × 64 × 3312 | 0 | 0 |
//! | conv 3×3, batch norm, ELU | 128 × 64 × 3312 | 73,984 | 15,627,976,704 |
//! | max pool 4×2 | 128 × 16 × 1656 | 0 | 0 |
//! | dropout 0.1 | 128 × 16 × 1656 | 0 | 0 |
//! | conv 3×3, batch norm, ELU | 128 × 16 × 1656 | 147,712 | 3,906,994,176 |
//! | max pool 4×2 | 128 × 4 × 828 | 0 | 0 |
//! | dropout 0.1 | 128 × 4 × 828 | 0 | 0 |
//! | conv 3×3, batch norm, ELU | 128 × 4 × 828 | 147,712 | 488,374,272 |
//! | max pool 4×2 | 128 × 1 × 414 | 0 | 0 |
//! | dropout 0.1 | 128 × 1 × 414 | 0 | 0 |
//! | 2 GRU layers | 32 | 21,888 | 8,902,656 |
//! | dense | 1 | 33 | 32 |
//! | all |  | 392,033 | 20,520,695,840 |

use super::layer::{Activation, Conv, Layer};

const DROPOUT: f64 = 0.1;
const HIDDEN: i64 = 32;

/// Its layers for `outputs` features.
pub(super) fn layers(outputs: i64) -> Vec<Layer> {
    let block = |(channels, pool): (i64, [i64; 2])| {
        let conv = Conv {
            channels,
            kernel: 3,
            stride: 1,
            pad: 1,
            norm: true,
            activation: Activation::Elu,
        };
        let pool = Layer::MaxPool {
            kernel: pool,
            stride: pool,
            pad: 0,
        };
        [Layer::Conv(conv), pool, Layer::Dropout(DROPOUT)]
    };
    let blocks = [(64, [2, 2]), (128, [4, 2]), (128, [4, 2]), (128, [4, 2])];
    let mut layers: Vec<_> = blocks.into_iter().flat_map(block).collect();
    layers.push(Layer::Gru {
        hidden: HIDDEN,
        layers: 2,
    });
    layers.push(Layer::Dense {
        outputs,
        activation: Activation::None,
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
        documented(Architecture::Crnn, include_str!("crnn.rs"), &[Feature::Energy]);
    }
}
