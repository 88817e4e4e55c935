//! Any number of channels to two: arithmetic only.

use super::Block;
use super::layout::{self, Layout};

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
/// Mono goes to both sides, stereo passes, 3–8 channels are folded as ITU-R BS.775 says (centre and surrounds at −3 dB, no
/// LFE), by the [`Layout`] that is given or else the usual one; more than 8 have no layout: both sides get their mean.
#[derive(Debug, Clone)]
pub struct Downmix {
    channels: usize,
    layout: Option<Layout>,
    gains: [Stereo; layout::MOST],
}

impl Downmix {
    /// A down-mix for interleaved frames of `channels` in their usual layout.
    pub fn new(channels: u16) -> Result<Self, ChannelsError> {
        if let Some(layout) = Layout::of_count(channels) {
            return Ok(Self::of(layout));
        }
        if !CHANNELS.contains(&channels) {
            return Err(ChannelsError(channels));
        }
        Ok(Self {
            channels: usize::from(channels),
            layout: None,
            gains: [[0.0; 2]; layout::MOST],
        })
    }

    /// A down-mix for interleaved frames in a layout.
    pub fn of(layout: Layout) -> Self {
        let mut gains = [[0.0; 2]; layout::MOST];
        gains.iter_mut().zip(layout.gains()).for_each(|(to, of)| *to = of);
        Self {
            channels: usize::from(layout.channels()),
            layout: Some(layout),
            gains,
        }
    }

    /// Channels of a frame.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The speakers of the channels; `None` for more than 8.
    pub fn layout(&self) -> Option<Layout> {
        self.layout
    }

    /// The layout where loudness is measured of the channels themselves, because the fold-down would change it.
    pub(crate) fn surround(&self) -> Option<Layout> {
        self.layout.filter(|_| self.channels > 2)
    }

    /// Folds one frame; `sample(c)` is channel `c`. Unusable samples count as zero and are added to `replaced`.
    #[inline]
    pub fn fold(&self, sample: impl Fn(usize) -> f32, replaced: &mut u64) -> Stereo {
        if self.layout.is_none() {
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

    /// [`Self::fold_interleaved`] for a block, which also keeps what loudness needs.
    pub fn fold_block(&self, interleaved: &[f32], block: &mut Block) -> u64 {
        if self.surround().is_none() {
            block.width = 0;
            return self.fold_interleaved(interleaved, &mut block.pairs);
        }
        block.width = self.channels;
        let (mut replaced, start) = (0, block.channels.len());
        let whole = &interleaved[..interleaved.len() - interleaved.len() % self.channels];
        let samples = whole.iter().map(|&sample| usable(sample, &mut replaced));
        block.channels.extend(samples);
        self.fold_interleaved(&block.channels[start..], &mut block.pairs);
        replaced
    }
}

/// `sample`, or zero where it is NaN, infinite, subnormal, or so large that its power would overflow.
#[inline]
pub(super) fn usable(sample: f32, replaced: &mut u64) -> f32 {
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

#[cfg(test)]
mod tests {
    use super::*;

    const H: f32 = std::f32::consts::FRAC_1_SQRT_2;

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
        // Each channel alone: what goes to the left, and to the right.
        for (channels, left, right) in [
            (3, &[1.0, 0.0, H][..], &[0.0, 1.0, H][..]),
            (4, &[1.0, 0.0, H, 0.0], &[0.0, 1.0, 0.0, H]),
            (5, &[1.0, 0.0, H, H, 0.0], &[0.0, 1.0, H, 0.0, H]),
            (6, &[1.0, 0.0, H, 0.0, H, 0.0], &[0.0, 1.0, H, 0.0, 0.0, H]),
            (7, &[1.0, 0.0, H, 0.0, H, H, 0.0], &[0.0, 1.0, H, 0.0, H, 0.0, H]),
            (
                8,
                &[1.0, 0.0, H, 0.0, H, 0.0, H, 0.0],
                &[0.0, 1.0, H, 0.0, 0.0, H, 0.0, H],
            ),
        ] {
            for channel in 0..channels {
                let mut frame = vec![0.0; channels];
                frame[channel] = 1.0;
                assert_eq!(
                    fold(&frame).0,
                    [left[channel], right[channel]],
                    "{channel} of {channels}"
                );
            }
        }
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
                // A block has the same pairs, and of surround the channels.
                let mut whole = Block::default();
                assert_eq!(downmix.fold_block(&block, &mut whole), expected);
                assert_eq!(whole.folded().pairs(), one_by_one);
                let channels = whole.folded().channels();
                match width {
                    6 => {
                        assert_eq!(channels[7..], block[7..8 * width]);
                        assert_eq!(channels[6], if odd == 0.25 { 0.25 } else { 0.0 });
                    }
                    _ => assert!(channels.is_empty()),
                }
            }
        }
    }
}
