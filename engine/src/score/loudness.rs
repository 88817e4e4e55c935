//! EBU R128 loudness of the rolling window: BS.1770 gating over the window's own blocks, silent ones included. Of surround,
//! it is that of the channels, not of what they are folded down to.

use std::collections::VecDeque;

use ebur128::{EbuR128, Mode};

use super::ScoreError;
use super::levels::{LevelMeter, STEPS_PER_S};
use crate::feature::Feature;
use crate::reading::Levels;
use crate::tap::{Downmix, Folded};

/// A gating block is 400 ms …
const BLOCK_HOPS: usize = 4;
/// … a short-term block 3 s …
const SHORT_TERM_HOPS: usize = 30;
/// … and one of each ends every 100 ms.
const HOPS_PER_S: u32 = 10;
const HOP_MS: u32 = 1000 / HOPS_PER_S;
/// Seconds of input until there is any loudness.
pub(super) const FIRST_BLOCK_S: f64 = BLOCK_HOPS as f64 / HOPS_PER_S as f64;
/// BS.1770's absolute gate, in LUFS.
pub(super) const ABSOLUTE_GATE: f64 = -70.0;
/// BS.1770's relative gate, 10 LU below the loudness of what passes the absolute one.
const RELATIVE_GATE: f64 = 0.1;
/// Tech 3342's relative gate, 20 LU below the loudness of what passes the absolute one.
pub(super) const RANGE_GATE: f64 = 0.01;
/// Tech 3342's loudness range is between these shares of what passes both gates.
pub(super) const RANGE: [f64; 2] = [0.1, 0.95];
/// BS.1770's offset between K-weighted energy in dB and LUFS.
pub(super) const OFFSET: f64 = -0.691;

/// Gated loudness of the last window, and, where asked for, of everything since the start.
pub struct Loudness {
    meter: EbuR128,
    hears: Hears,
    /// Sample frames of 100 ms, and those of them still to come until the next block ends.
    hop: usize,
    until_hop: usize,
    hops: usize,
    /// Energies of the last block's hops, in order.
    last: [f64; BLOCK_HOPS],
    blocks: VecDeque<f64>,
    window: usize,
    /// Energies of all hops.
    whole: Option<Vec<f64>>,
    levels: Option<LevelMeter>,
    mono: Vec<f32>,
}

/// What the meter is given of an input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hears {
    /// One side of the pairs, which are alike.
    Mono,
    /// The pairs.
    Stereo,
    /// So many channels.
    Surround(usize),
}

impl Loudness {
    /// Version of what is measured, raised by any change that moves a value. Part of every cache key.
    pub const REVISION: u32 = 2;

    /// A meter for what `downmix` folds, at `rate` Hz, that looks at the last `window_s` seconds.
    ///
    /// Channels that have a layout count with their weights in ITU-R BS.1770: 1, 1.41 for surrounds, none for the LFE. Of more
    /// than 8 channels, which have none, the fold-down is measured.
    pub fn new(rate: u32, downmix: &Downmix, window_s: f64) -> Result<Self, ScoreError> {
        // As long as what the library sums: no sample is left out, and a block is at most four samples short of 400 ms.
        let hop = (rate / HOPS_PER_S) as usize;
        let hops = (window_s * f64::from(rate) / hop as f64) as usize;
        let window = hops.saturating_sub(BLOCK_HOPS) + 1;
        let (hears, width) = match (downmix.channels(), downmix.surround()) {
            (1, _) => (Hears::Mono, 1),
            (channels, Some(_)) => (Hears::Surround(channels), channels),
            _ => (Hears::Stereo, 2),
        };
        let mut meter = EbuR128::new(width as u32, rate, Mode::M)?;
        if let Some(layout) = downmix.surround() {
            meter.set_channel_map(&layout.loudness())?;
        }
        Ok(Self {
            meter,
            hears,
            hop,
            until_hop: hop,
            hops: 0,
            last: [0.0; BLOCK_HOPS],
            blocks: VecDeque::with_capacity(window + 1),
            window,
            whole: None,
            levels: None,
            mono: Vec::new(),
        })
    }

    /// Also keeps what [`Self::whole`] and [`Self::range`] need: 80 bytes a second of input. Call it before the first samples.
    pub fn keep_whole(&mut self) {
        self.whole.get_or_insert_default();
    }

    /// Also measures what [`Self::levels`] needs. Call it before the first samples.
    pub fn keep_levels(&mut self) -> Result<(), ScoreError> {
        let (channels, rate) = (self.meter.channels(), self.meter.rate());
        let mut meter = EbuR128::new(channels, rate, Mode::M | Mode::TRUE_PEAK)?;
        meter.set_channel_map(self.meter.channel_map())?;
        self.meter = meter;
        self.levels = Some(LevelMeter::new(rate));
        Ok(())
    }

    /// Takes samples as the [`Downmix`] that it was made for folds them; those of another are an error.
    pub fn push(&mut self, mut folded: Folded<'_>) -> Result<(), ScoreError> {
        let expected = match self.hears {
            Hears::Mono | Hears::Stereo => 0,
            Hears::Surround(channels) => channels,
        };
        if folded.width() != expected && !folded.is_empty() {
            return Err(ScoreError::Folded {
                found: folded.width(),
                expected,
            });
        }
        while !folded.is_empty() {
            let until_step = self.levels.as_ref().map_or(usize::MAX, LevelMeter::until);
            let (now, later) = folded.split_at(self.until_hop.min(until_step));
            match self.hears {
                Hears::Mono => {
                    self.mono.clear();
                    self.mono.extend(now.pairs().iter().map(|[left, _]| left));
                    self.meter.add_frames_f32(&self.mono)?;
                }
                Hears::Stereo => self.meter.add_frames_f32(now.pairs().as_flattened())?,
                Hears::Surround(_) => self.meter.add_frames_f32(now.channels())?,
            }
            if let Some(levels) = &mut self.levels
                && levels.passes(now.len())
            {
                let lufs = self.meter.loudness_window(1000 / STEPS_PER_S)?;
                levels.push(energy_of(lufs));
            }
            self.until_hop -= now.len();
            if self.until_hop == 0 {
                self.until_hop = self.hop;
                // A hop at a time: asked for the block, the meter would sum each sample four times.
                let lufs = self.meter.loudness_window(HOP_MS)?;
                self.end_hop(energy_of(lufs)); // Digital silence is −∞ LUFS: energy 0.
            }
            folded = later;
        }
        Ok(())
    }

    fn end_hop(&mut self, energy: f64) {
        self.last.rotate_left(1);
        self.last[BLOCK_HOPS - 1] = energy;
        self.hops += 1;
        if self.hops >= BLOCK_HOPS {
            if self.blocks.len() == self.window {
                self.blocks.pop_front();
            }
            self.blocks.push_back(block(&self.last));
        }
        if let Some(whole) = &mut self.whole {
            whole.push(energy);
        }
    }

    /// Loudness of the window in LUFS; `None` where all of it is below the absolute gate of −70 LUFS.
    pub fn window(&self) -> Option<f32> {
        gated(self.blocks.iter().copied())
    }

    /// Whether [`Self::window`] is `None`, for less work: the first loud block tells.
    pub(super) fn is_silent(&self) -> bool {
        let gate = energy_of(ABSOLUTE_GATE);
        !self.blocks.iter().any(|&energy| energy > gate)
    }

    /// Loudness of everything since the start, as [`Self::window`]; `None` also where it was not kept.
    pub fn whole(&self) -> Option<f32> {
        gated(self.whole_blocks(BLOCK_HOPS))
    }

    /// EBU Tech 3342's loudness range of everything since the start, in LU: how far its quiet and its loud parts lie apart.
    ///
    /// `None` where it was not kept ([`Self::keep_whole`]), for less than 3 s, and where all of it is below −70 LUFS. As the
    /// document says, it means little for less than a minute.
    pub fn range(&self) -> Option<f32> {
        let absolute = energy_of(ABSOLUTE_GATE);
        let loud = self.whole_blocks(SHORT_TERM_HOPS);
        let mut loud: Vec<_> = loud.filter(|&energy| energy >= absolute).collect();
        let gate = RANGE_GATE * mean(loud.iter().copied())?;
        loud.retain(|&energy| energy >= gate);
        loud.sort_unstable_by(f64::total_cmp);
        let last = loud.len().checked_sub(1)?;
        let [quiet, loud] = RANGE.map(|share| loud[(share * last as f64).round() as usize]);
        Some((10.0 * (loud / quiet).log10()) as f32)
    }

    /// Momentary and short-term loudness, loudness range and true peak; all `None` where they were not asked for
    /// ([`Self::keep_levels`]).
    pub fn levels(&self) -> Levels {
        let Some(levels) = &self.levels else {
            return Levels::default();
        };
        let peaks = (0..self.meter.channels()).filter_map(|channel| self.meter.true_peak(channel).ok());
        levels.levels(peaks.fold(0.0, f64::max))
    }

    /// Energies of all blocks of so many hops since the start.
    fn whole_blocks(&self, hops: usize) -> impl Iterator<Item = f64> + Clone {
        self.whole.as_deref().unwrap_or_default().windows(hops).map(block)
    }

    pub(super) fn reset(&mut self) {
        self.meter.reset();
        (self.until_hop, self.hops) = (self.hop, 0);
        self.blocks.clear();
        if let Some(whole) = &mut self.whole {
            whole.clear();
        }
        if let Some(levels) = &mut self.levels {
            levels.reset();
        }
    }
}

/// Energy of a block, given those of its hops.
fn block(hops: &[f64]) -> f64 {
    hops.iter().sum::<f64>() / hops.len() as f64
}

/// K-weighted energy at a loudness in LUFS.
pub(super) fn energy_of(lufs: f64) -> f64 {
    10f64.powf((lufs - OFFSET) / 10.0)
}

/// BS.1770-4's two gates and the mean of what passes both.
fn gated(energies: impl Iterator<Item = f64> + Clone) -> Option<f32> {
    let absolute = energy_of(ABSOLUTE_GATE);
    let above = |gate: f64| mean(energies.clone().filter(move |&energy| energy > gate));
    let loud = above(absolute)?;
    let mean = above(absolute.max(loud * RELATIVE_GATE))?;
    Some(Feature::Loudness.clamp((10.0 * mean.log10() + OFFSET) as f32))
}

pub(super) fn mean(energies: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = energies.fold((0.0, 0u64), |(sum, count), energy| (sum + energy, count + 1));
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tap::Stereo;

    fn stereo(rate: u32, window_s: f64) -> Loudness {
        Loudness::new(rate, &Downmix::new(2).unwrap(), window_s).unwrap()
    }

    fn push(loudness: &mut Loudness, pairs: &[Stereo]) {
        loudness.push(pairs.into()).unwrap();
    }

    fn tone(rate: u32, seconds: f64, amplitude: f32) -> Vec<Stereo> {
        (0..(f64::from(rate) * seconds) as usize)
            .map(|i| {
                let x = amplitude * (std::f32::consts::TAU * 997.0 * i as f32 / rate as f32).sin();
                [x, x]
            })
            .collect()
    }

    fn amplitude(dbfs: f32) -> f32 {
        10f32.powf(dbfs / 20.0)
    }

    #[test]
    fn calibration_tone_and_rolling_window() {
        let mut loudness = stereo(48_000, 3.0);
        assert_eq!(loudness.window(), None);
        // EBU Tech 3341: a stereo 1 kHz sine at −23 dBFS reads −23 LUFS.
        push(&mut loudness, &tone(48_000, 3.0, amplitude(-23.0)));
        assert!(
            (loudness.window().unwrap() + 23.0).abs() < 0.1,
            "{:?}",
            loudness.window()
        );
        // Once a louder tone has filled the window, the quiet one is forgotten.
        push(&mut loudness, &tone(48_000, 3.4, amplitude(-13.0)));
        assert!(
            (loudness.window().unwrap() + 13.0).abs() < 0.1,
            "{:?}",
            loudness.window()
        );
    }

    #[test]
    fn silence_after_sound_is_silence_once_the_window_has_passed() {
        let mut loudness = stereo(44_100, 3.0);
        push(&mut loudness, &tone(44_100, 2.0, 0.1));
        push(&mut loudness, &vec![[0.0; 2]; 2 * 44_100]);
        assert!(
            loudness.window().is_some(),
            "the last second of sound is still in the window"
        );
        push(&mut loudness, &vec![[0.0; 2]; 2 * 44_100]);
        assert_eq!(loudness.window(), None);
    }

    #[test]
    fn equals_the_library_s_integrated_loudness_over_the_same_blocks() {
        // At rates not divisible by ten the library's blocks are a sample longer, and lie elsewhere after a while.
        for (rate, within) in [
            (8_000, 0.01),
            (11_025, 0.1),
            (44_100, 0.01),
            (47_999, 0.1),
            (48_000, 0.01),
            (96_000, 0.01),
        ] {
            let mut loudness = stereo(rate, 30.0);
            loudness.keep_whole();
            let mut library = EbuR128::new(2, rate, Mode::I | Mode::LRA).unwrap();
            for (seconds, dbfs) in [(4.0, -20.0), (3.0, -80.0), (5.0, -36.0), (6.0, -14.0)] {
                let part = tone(rate, seconds, amplitude(dbfs));
                for chunk in part.chunks(777) {
                    push(&mut loudness, chunk);
                }
                library.add_frames_f32(part.as_flattened()).unwrap();
            }
            let expected = library.loudness_global().unwrap() as f32;
            let apart = (loudness.window().unwrap() - expected).abs();
            assert!(apart < within, "{rate} Hz: {apart} LU");
            assert_eq!(loudness.window(), loudness.whole());
            let expected = library.loudness_range().unwrap() as f32;
            let apart = (loudness.range().unwrap() - expected).abs();
            assert!(apart < 0.3, "{rate} Hz: {apart} LU of the range");
        }
    }

    #[test]
    fn there_is_no_range_of_little_or_nothing() {
        let mut loudness = stereo(8_000, 3.0);
        push(&mut loudness, &tone(8_000, 10.0, 0.1));
        assert_eq!((loudness.range(), loudness.whole()), (None, None), "not kept");
        loudness.reset();
        loudness.keep_whole();
        push(&mut loudness, &tone(8_000, 2.9, 0.1));
        assert_eq!(loudness.range(), None, "too short");
        push(&mut loudness, &tone(8_000, 0.2, 0.1));
        assert!(loudness.range().unwrap() < 0.1);
        loudness.reset();
        push(&mut loudness, &vec![[0.0; 2]; 80_000]);
        assert_eq!(loudness.range(), None, "silent");
    }

    #[test]
    fn frames_of_another_input_are_refused() {
        let surround = Downmix::new(6).unwrap();
        let mut loudness = Loudness::new(8_000, &surround, 3.0).unwrap();
        let error = loudness.push([[0.0; 2]; 8].as_slice().into()).unwrap_err();
        assert!(
            matches!(
                error,
                ScoreError::Folded {
                    found: 0,
                    expected: 6
                }
            ),
            "{error}"
        );
        let mut block = crate::tap::Block::default();
        surround.fold_block(&[0.0; 60], &mut block);
        loudness.push(block.folded()).unwrap();
        let error = stereo(8_000, 3.0).push(block.folded()).unwrap_err();
        assert!(
            matches!(
                error,
                ScoreError::Folded {
                    found: 6,
                    expected: 0
                }
            ),
            "{error}"
        );
    }
}
