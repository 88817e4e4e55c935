//! EBU R128 loudness of the rolling window.

use ebur128::{EbuR128, Mode};

use crate::feature::Feature;
use crate::tap::Stereo;

/// Gated loudness (BS.1770 integrated loudness) of the last window, and of everything since the start.
pub(super) struct Loudness {
    window: EbuR128,
    whole: EbuR128,
    width: usize,
    scratch: Vec<f32>,
}

/// Seconds of input until there is any loudness.
pub(super) const FIRST_BLOCK_S: f64 = BLOCK_MS as f64 / 1000.0;
/// A gating block is 400 ms, and one starts every 100 ms.
const BLOCK_MS: usize = 400;

impl Loudness {
    pub(super) fn new(rate: u32, width: u16, window_s: f64) -> Result<Self, ebur128::Error> {
        let channels = u32::from(width);
        let mut window = EbuR128::new(channels, rate, Mode::I)?;
        // Keep only the blocks that lie inside the window, down to the last 100 ms step.
        let blocks = ((window_s * 1000.0) as usize).saturating_sub(BLOCK_MS) / 100 + 1;
        window.set_max_history(u32::try_from(blocks * 100).unwrap_or(u32::MAX))?;
        let whole = EbuR128::new(channels, rate, Mode::I | Mode::HISTOGRAM)?;
        Ok(Self {
            window,
            whole,
            width: usize::from(width),
            scratch: Vec::new(),
        })
    }

    pub(super) fn push(&mut self, samples: &[Stereo]) -> Result<(), ebur128::Error> {
        self.scratch.clear();
        let width = self.width;
        self.scratch
            .extend(samples.iter().flat_map(|pair| &pair[..width]));
        self.window.add_frames_f32(&self.scratch)?;
        self.whole.add_frames_f32(&self.scratch)
    }

    /// Loudness of the window in LUFS; `None` where all of it is below the absolute gate of −70 LUFS.
    pub(super) fn window(&self) -> Option<f32> {
        above_gate(self.window.loudness_global())
    }

    /// Loudness of everything since the start; `None` as in [`Self::window`].
    pub(super) fn whole(&self) -> Option<f32> {
        above_gate(self.whole.loudness_global())
    }

    pub(super) fn reset(&mut self) {
        self.window.reset();
        self.whole.reset();
    }
}

fn above_gate(lufs: Result<f64, ebur128::Error>) -> Option<f32> {
    lufs.ok()
        .filter(|lufs| lufs.is_finite())
        .map(|lufs| Feature::Loudness.clamp(lufs as f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(seconds: f64, amplitude: f32) -> Vec<Stereo> {
        (0..(48_000.0 * seconds) as usize)
            .map(|i| {
                let x = amplitude * (std::f32::consts::TAU * 997.0 * i as f32 / 48_000.0).sin();
                [x, x]
            })
            .collect()
    }

    #[test]
    fn calibration_tone_and_rolling_window() {
        let mut loudness = Loudness::new(48_000, 2, 3.0).unwrap();
        assert_eq!(loudness.window(), None);
        // EBU Tech 3341: a stereo 1 kHz sine at −23 dBFS reads −23 LUFS.
        let quiet = tone(3.0, 10f32.powf(-23.0 / 20.0));
        loudness.push(&quiet).unwrap();
        assert!(
            (loudness.window().unwrap() + 23.0).abs() < 0.1,
            "{:?}",
            loudness.window()
        );
        // Once 3 s of a louder tone have passed, the window has forgotten the quiet one; the whole has not.
        loudness.push(&tone(3.4, 10f32.powf(-13.0 / 20.0))).unwrap();
        assert!(
            (loudness.window().unwrap() + 13.0).abs() < 0.1,
            "{:?}",
            loudness.window()
        );
        assert!(loudness.whole().unwrap() < -14.0);
    }

    #[test]
    fn silence_has_no_loudness() {
        let mut loudness = Loudness::new(44_100, 1, 30.0).unwrap();
        loudness.push(&vec![[0.0; 2]; 44_100]).unwrap();
        assert_eq!(loudness.window(), None);
        assert_eq!(loudness.whole(), None);
    }
}
