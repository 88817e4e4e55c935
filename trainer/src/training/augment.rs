//! Changes to a clip's frames that leave its labels true.

use std::io;

use rand::Rng;
use rand::rngs::StdRng;
use tch::{Device, Kind, Tensor};

use crate::data::clips::Clip;

/// Largest random gain, in dB either way: another master of the same recording.
const GAIN_DB: f64 = 6.0;
/// Largest random tilt from the lowest to the highest band, in dB either way: another equaliser.
const TILT_DB: f64 = 6.0;
/// Widest band mask (SpecAugment, Park et al. 2019).
const WIDEST_MASK: i64 = 12;

/// `length` frames of each clip, from a random one on and augmented, `[clips, length, mels]`, and where they begin.
pub(crate) fn crops<'a>(
    clips: impl IntoIterator<Item = &'a Clip>,
    length: i64,
    device: Device,
    rng: &mut StdRng,
) -> io::Result<(Tensor, Vec<i64>)> {
    let (mut crops, mut starts) = (Vec::new(), Vec::new());
    for clip in clips {
        let start = rng.random_range(0..=clip.len() - length);
        crops.push(clip.tensor(start, length)?);
        starts.push(start);
    }
    Ok((augment(&Tensor::stack(&crops, 0).to_device(device), rng), starts))
}

/// Augments `[batch, frames, mels]` of frames on the scale `ln(1 + gain·power)`.
///
/// Gain and tilt are exact on that scale: `x' = ln(1 + g·(eˣ − 1))`.
fn augment(frames: &Tensor, rng: &mut StdRng) -> Tensor {
    let (batch, _, mels) = frames.size3().unwrap_or((1, 1, 1));
    let mut gains = Vec::with_capacity((batch * mels) as usize);
    for _ in 0..batch {
        let gain = rng.random_range(-GAIN_DB..GAIN_DB);
        let tilt = rng.random_range(-TILT_DB..TILT_DB);
        let mask = rng.random_range(0..=WIDEST_MASK);
        let masked = rng.random_range(0..=mels - mask.min(mels));
        gains.extend((0..mels).map(|band| {
            if (masked..masked + mask).contains(&band) {
                return 0.0;
            }
            let position = band as f64 / (mels - 1).max(1) as f64 - 0.5;
            10f64.powf((gain + tilt * position) / 10.0) as f32
        }));
    }
    let gains = Tensor::from_slice(&gains)
        .view([batch, 1, mels])
        .to_device(frames.device());
    (frames.expm1() * gains).log1p().to_kind(Kind::Float)
}
