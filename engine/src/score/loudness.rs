//! EBU R128 loudness of the rolling window: BS.1770 gating over the window's own blocks, silent ones included.

use std::collections::VecDeque;

use ebur128::{EbuR128, Mode};

use crate::feature::Feature;
use crate::tap::Stereo;

/// A gating block is 400 ms …
const BLOCK_HOPS: usize = 4;
/// … and one ends every 100 ms.
const HOPS_PER_S: u32 = 10;
const HOP_MS: u32 = 1000 / HOPS_PER_S;
/// Seconds of input until there is any loudness.
pub(super) const FIRST_BLOCK_S: f64 = BLOCK_HOPS as f64 / HOPS_PER_S as f64;
/// BS.1770's absolute gate, in LUFS.
const ABSOLUTE_GATE: f64 = -70.0;
/// BS.1770's relative gate, 10 LU below the loudness of what passes the absolute one.
const RELATIVE_GATE: f64 = 0.1;
/// BS.1770's offset between K-weighted energy in dB and LUFS.
const OFFSET: f64 = -0.691;

/// Gated loudness of the last window, and, where asked for, of everything since the start.
pub struct Loudness {
    meter: EbuR128,
    width: usize,
    /// Sample frames of 100 ms, and those of them still to come until the next block ends.
    hop: usize,
    until_hop: usize,
    hops: usize,
    /// Energies of the last block's hops, in a ring.
    last: [f64; BLOCK_HOPS],
    blocks: VecDeque<f64>,
    window: usize,
    whole: Option<Vec<f64>>,
    mono: Vec<f32>,
}

impl Loudness {
    /// A meter for `width` channels (1 or 2) at `rate` Hz that looks at the last `window_s` seconds.
    pub fn new(rate: u32, width: u16, window_s: f64) -> Result<Self, ebur128::Error> {
        // As long as what the library sums: no sample is left out, and a block is at most four samples short of 400 ms.
        let hop = (rate / HOPS_PER_S) as usize;
        let hops = (window_s * f64::from(rate) / hop as f64) as usize;
        let window = hops.saturating_sub(BLOCK_HOPS) + 1;
        Ok(Self {
            meter: EbuR128::new(u32::from(width), rate, Mode::M)?,
            width: usize::from(width),
            hop,
            until_hop: hop,
            hops: 0,
            last: [0.0; BLOCK_HOPS],
            blocks: VecDeque::with_capacity(window + 1),
            window,
            whole: None,
            mono: Vec::new(),
        })
    }

    /// Also keeps what [`Self::whole`] needs: 80 bytes a second of input.
    pub(super) fn keep_whole(&mut self) {
        self.whole.get_or_insert_default();
    }

    /// Takes samples as [`Downmix`](crate::tap::Downmix) folds them.
    pub fn push(&mut self, mut samples: &[Stereo]) -> Result<(), ebur128::Error> {
        while !samples.is_empty() {
            let (now, later) = samples.split_at(self.until_hop.min(samples.len()));
            if self.width == 2 {
                self.meter.add_frames_f32(now.as_flattened())?;
            } else {
                self.mono.clear();
                self.mono.extend(now.iter().map(|[left, _]| left));
                self.meter.add_frames_f32(&self.mono)?;
            }
            self.until_hop -= now.len();
            if self.until_hop == 0 {
                self.until_hop = self.hop;
                // A hop at a time: asked for the block, the meter would sum each sample four times.
                let lufs = self.meter.loudness_window(HOP_MS)?;
                self.last[self.hops % BLOCK_HOPS] = energy_of(lufs); // Digital silence is −∞ LUFS: energy 0.
                self.hops += 1;
                if self.hops >= BLOCK_HOPS {
                    self.end_block(self.last.iter().sum::<f64>() / BLOCK_HOPS as f64);
                }
            }
            samples = later;
        }
        Ok(())
    }

    fn end_block(&mut self, energy: f64) {
        if self.blocks.len() == self.window {
            self.blocks.pop_front();
        }
        self.blocks.push_back(energy);
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
    pub(super) fn whole(&self) -> Option<f32> {
        gated(self.whole.iter().flatten().copied())
    }

    pub(super) fn reset(&mut self) {
        self.meter.reset();
        (self.until_hop, self.hops) = (self.hop, 0);
        self.blocks.clear();
        if let Some(whole) = &mut self.whole {
            whole.clear();
        }
    }
}

/// K-weighted energy at a loudness in LUFS.
fn energy_of(lufs: f64) -> f64 {
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

fn mean(energies: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = energies.fold((0.0, 0u64), |(sum, count), energy| (sum + energy, count + 1));
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut loudness = Loudness::new(48_000, 2, 3.0).unwrap();
        assert_eq!(loudness.window(), None);
        // EBU Tech 3341: a stereo 1 kHz sine at −23 dBFS reads −23 LUFS.
        loudness.push(&tone(48_000, 3.0, amplitude(-23.0))).unwrap();
        assert!(
            (loudness.window().unwrap() + 23.0).abs() < 0.1,
            "{:?}",
            loudness.window()
        );
        // Once a louder tone has filled the window, the quiet one is forgotten.
        loudness.push(&tone(48_000, 3.4, amplitude(-13.0))).unwrap();
        assert!(
            (loudness.window().unwrap() + 13.0).abs() < 0.1,
            "{:?}",
            loudness.window()
        );
    }

    #[test]
    fn silence_after_sound_is_silence_once_the_window_has_passed() {
        let mut loudness = Loudness::new(44_100, 2, 3.0).unwrap();
        loudness.push(&tone(44_100, 2.0, 0.1)).unwrap();
        loudness.push(&vec![[0.0; 2]; 2 * 44_100]).unwrap();
        assert!(
            loudness.window().is_some(),
            "the last second of sound is still in the window"
        );
        loudness.push(&vec![[0.0; 2]; 2 * 44_100]).unwrap();
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
            let mut loudness = Loudness::new(rate, 2, 30.0).unwrap();
            loudness.keep_whole();
            let mut library = EbuR128::new(2, rate, Mode::I).unwrap();
            for (seconds, dbfs) in [(4.0, -20.0), (3.0, -80.0), (5.0, -36.0), (6.0, -14.0)] {
                let part = tone(rate, seconds, amplitude(dbfs));
                for chunk in part.chunks(777) {
                    loudness.push(chunk).unwrap();
                }
                library.add_frames_f32(part.as_flattened()).unwrap();
            }
            let expected = library.loudness_global().unwrap() as f32;
            let apart = (loudness.window().unwrap() - expected).abs();
            assert!(apart < within, "{rate} Hz: {apart} LU");
            assert_eq!(loudness.window(), loudness.whole());
        }
    }
}
