//! Any number of channels to two, on the audio thread: arithmetic only.

/// Channels accepted.
pub const CHANNELS: std::ops::RangeInclusive<u16> = 1..=64;

/// One stereo sample pair, left then right.
pub type Stereo = [f32; 2];

/// A channel count outside [`CHANNELS`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("input has {0} channels, but must have {low}–{high}", low = CHANNELS.start(), high = CHANNELS.end())]
pub struct ChannelsError(pub u16);

/// Folds a frame of 1–64 channels to left and right.
///
/// Mono goes to both sides, stereo passes, 3–8 channels are taken as the usual WAV/ITU layouts and folded as ITU-R
/// BS.775 says (centre and surrounds at −3 dB, no LFE), more than 8 have no layout: both sides get their mean.
#[derive(Debug, Clone)]
pub struct Downmix {
    channels: usize,
    gains: [Stereo; Self::LAYOUT_MAX],
}

impl Downmix {
    const LAYOUT_MAX: usize = 8;

    /// A down-mix for interleaved frames of `channels`.
    pub fn new(channels: u16) -> Result<Self, ChannelsError> {
        if !CHANNELS.contains(&channels) {
            return Err(ChannelsError(channels));
        }
        let mut gains = [[0.0; 2]; Self::LAYOUT_MAX];
        let layout = layout(channels);
        gains[..layout.len()].copy_from_slice(layout);
        Ok(Self {
            channels: usize::from(channels),
            gains,
        })
    }

    /// Channels of a frame.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Channels that carry information after folding: 1 for mono input, else 2.
    pub fn width(&self) -> u16 {
        if self.channels == 1 { 1 } else { 2 }
    }

    /// Folds one frame; `sample(c)` is channel `c`. Unusable samples count as zero and are added to `replaced`.
    #[inline]
    pub fn fold(&self, sample: impl Fn(usize) -> f32, replaced: &mut u64) -> Stereo {
        if self.channels > Self::LAYOUT_MAX {
            let sum: f32 = (0..self.channels).map(|c| usable(sample(c), replaced)).sum();
            return [sum / self.channels as f32; 2];
        }
        let mut folded = [0.0; 2];
        for (c, gain) in self.gains[..self.channels].iter().enumerate() {
            let x = usable(sample(c), replaced);
            folded[0] += gain[0] * x;
            folded[1] += gain[1] * x;
        }
        folded
    }

    /// Folds interleaved samples and appends the pairs to `folded`; returns how many samples were replaced by zero.
    ///
    /// Samples after the last whole frame are ignored. For use off the audio thread: it may allocate.
    pub fn fold_interleaved(&self, interleaved: &[f32], folded: &mut Vec<Stereo>) -> u64 {
        // Nearly all files: nothing to fold, and nothing to replace.
        if self.channels <= 2 && are_usable(interleaved) {
            match self.channels {
                1 => folded.extend(interleaved.iter().map(|&sample| [sample; 2])),
                _ => folded.extend_from_slice(interleaved.as_chunks().0),
            }
            return 0;
        }
        let mut replaced = 0;
        folded.extend(
            interleaved
                .chunks_exact(self.channels)
                .map(|frame| self.fold(|c| frame[c], &mut replaced)),
        );
        replaced
    }
}

/// `sample`, or zero where it is NaN, infinite, subnormal, or so large that its power would overflow.
#[inline]
fn usable(sample: f32, replaced: &mut u64) -> f32 {
    if is_usable(sample) {
        sample
    } else {
        *replaced += 1;
        0.0
    }
}

/// Whether all are, without a branch for each.
fn are_usable(samples: &[f32]) -> bool {
    samples.iter().fold(true, |all, &sample| all & is_usable(sample))
}

#[inline]
fn is_usable(sample: f32) -> bool {
    let size = sample.abs();
    (size == 0.0) | (f32::MIN_POSITIVE..LARGEST).contains(&size)
}

/// No real signal comes near +120 dBFS; above it, power spectra would leave `f32`'s range.
const LARGEST: f32 = 1e6;

const H: f32 = std::f32::consts::FRAC_1_SQRT_2;
const LEFT: Stereo = [1.0, 0.0];
const RIGHT: Stereo = [0.0, 1.0];
const CENTRE: Stereo = [H, H];
const LFE: Stereo = [0.0, 0.0];
const LEFT_SURROUND: Stereo = [H, 0.0];
const RIGHT_SURROUND: Stereo = [0.0, H];

fn layout(channels: u16) -> &'static [Stereo] {
    match channels {
        1 => &[[1.0, 1.0]],
        2 => &[LEFT, RIGHT],
        3 => &[LEFT, RIGHT, CENTRE],
        4 => &[LEFT, RIGHT, LEFT_SURROUND, RIGHT_SURROUND],
        5 => &[LEFT, RIGHT, CENTRE, LEFT_SURROUND, RIGHT_SURROUND],
        6 => &[LEFT, RIGHT, CENTRE, LFE, LEFT_SURROUND, RIGHT_SURROUND],
        7 => &[LEFT, RIGHT, CENTRE, LFE, CENTRE, LEFT_SURROUND, RIGHT_SURROUND],
        8 => &[
            LEFT,
            RIGHT,
            CENTRE,
            LFE,
            LEFT_SURROUND,
            RIGHT_SURROUND,
            LEFT_SURROUND,
            RIGHT_SURROUND,
        ],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(frame: &[f32]) -> (Stereo, u64) {
        let mut replaced = 0;
        let downmix = Downmix::new(frame.len() as u16).unwrap();
        (downmix.fold(|c| frame[c], &mut replaced), replaced)
    }

    #[test]
    fn layouts() {
        assert_eq!(fold(&[0.5]).0, [0.5, 0.5]);
        assert_eq!(fold(&[0.5, -0.25]).0, [0.5, -0.25]);
        assert_eq!(fold(&[0.0, 0.0, 1.0, 9.0, 0.0, 0.0]).0, [H, H]); // 5.1: centre to both, LFE to none
        assert_eq!(fold(&[1.0; 64]).0, [1.0, 1.0]);
        assert_eq!(Downmix::new(0).unwrap_err(), ChannelsError(0));
        assert!(Downmix::new(65).unwrap_err().to_string().contains("65 channels"));
    }

    #[test]
    fn unusable_samples_become_zero_and_are_counted() {
        let frame = [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            1e-40,
            1e30,
            0.0,
            -0.0,
            0.5,
            1.0,
        ];
        let ([left, right], replaced) = fold(&frame);
        assert_eq!(replaced, 5);
        assert_eq!(left, 1.5 / 9.0);
        assert_eq!(right, left);
    }

    #[test]
    fn whole_blocks_fold_as_single_frames_do() {
        for channels in [1, 2, 6] {
            for odd in [0.25, f32::NAN, f32::INFINITY, 1e-42] {
                let downmix = Downmix::new(channels).unwrap();
                let width = usize::from(channels);
                let mut block: Vec<_> = (0..8 * width + width - 1).map(|i| i as f32 * 0.01).collect();
                block[width] = odd;
                let mut expected = 0;
                let frames = block.chunks_exact(width);
                let one_by_one: Vec<_> = frames
                    .map(|frame| downmix.fold(|c| frame[c], &mut expected))
                    .collect();
                let mut folded = Vec::new();
                assert_eq!(
                    downmix.fold_interleaved(&block, &mut folded),
                    expected,
                    "{channels} {odd}"
                );
                assert_eq!(folded, one_by_one);
            }
        }
    }
}
