//! The front end: mono samples at any rate to mel frames. Training and live analysis share it.

mod config;
mod mel;
mod resample;
mod spectrum;

pub use config::{ConfigError, FrontEndConfig, INPUT_RATES, MelNorm, MelScale, Precision, REVISION, Scale};

pub use resample::Resampler;
use spectrum::Spectrum;

use crate::tap::Stereo;

/// Why a front end could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FrontEndError {
    /// The configuration is outside its limits.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The input's rate is outside [`INPUT_RATES`].
    #[error("input rate is {0} Hz, but must be {low}–{high} Hz", low = INPUT_RATES.start(), high = INPUT_RATES.end())]
    InputRate(u32),
    /// The resampler refused the pair of rates.
    #[error("cannot resample from {from} Hz to {to} Hz: {reason}")]
    Resampler {
        /// Input rate, Hz.
        from: u32,
        /// Model rate, Hz.
        to: u32,
        /// The resampler's own words.
        reason: String,
    },
}

/// A streaming front end. The frames depend on the samples alone, never on how they were chunked.
pub struct FrontEnd {
    config: FrontEndConfig,
    resampler: Option<Resampler>,
    spectrum: Box<dyn Spectrum>,
    /// Samples at the model's rate from the start of the next frame on.
    samples: Vec<f32>,
    mono: Vec<f32>,
    taken: u64,
}

impl FrontEnd {
    /// A front end for mono input at `input_rate` Hz.
    pub fn new(config: &FrontEndConfig, input_rate: u32) -> Result<Self, FrontEndError> {
        config.validate()?;
        if !INPUT_RATES.contains(&input_rate) {
            return Err(FrontEndError::InputRate(input_rate));
        }
        let resampler = (input_rate != config.sample_rate)
            .then(|| Resampler::new(input_rate, config.sample_rate))
            .transpose()?;
        let mut front_end = Self {
            config: config.clone(),
            resampler,
            spectrum: spectrum::spectrum(config),
            samples: Vec::new(),
            mono: Vec::new(),
            taken: 0,
        };
        front_end.reset();
        Ok(front_end)
    }

    /// The configuration it was made with.
    pub fn config(&self) -> &FrontEndConfig {
        &self.config
    }

    /// [`Self::push`] for down-mixed pairs: mono is the mean of left and right.
    pub fn push_stereo(&mut self, samples: &[Stereo], frames: &mut Vec<f32>) {
        let mut mono = std::mem::take(&mut self.mono);
        mono.clear();
        mono.extend(samples.iter().map(|[left, right]| 0.5 * (left + right)));
        self.push(&mono, frames);
        self.mono = mono;
    }

    /// Takes mono samples and appends every frame they complete to `frames`, `mels` values each.
    pub fn push(&mut self, mono: &[f32], frames: &mut Vec<f32>) {
        self.taken += mono.len() as u64;
        match &mut self.resampler {
            Some(resampler) => resampler.push(mono, &mut self.samples),
            None => self.samples.extend_from_slice(mono),
        }
        self.drain(frames);
    }

    /// Ends the input: appends the frames still inside (resampler tail, padding of a centred STFT).
    ///
    /// Call [`Self::reset`] before pushing again.
    pub fn finish(&mut self, frames: &mut Vec<f32>) {
        if self.taken == 0 {
            return;
        }
        if let Some(resampler) = &mut self.resampler {
            resampler.finish(&mut self.samples);
        }
        if self.config.center {
            self.samples.resize(self.samples.len() + self.config.fft / 2, 0.0);
        }
        self.drain(frames);
    }

    /// Forgets all input.
    pub fn reset(&mut self) {
        if let Some(resampler) = &mut self.resampler {
            resampler.reset();
        }
        self.taken = 0;
        self.samples.clear();
        if self.config.center {
            self.samples.resize(self.config.fft / 2, 0.0);
        }
    }

    fn drain(&mut self, frames: &mut Vec<f32>) {
        let (fft, hop, mels) = (self.config.fft, self.config.hop, self.config.mels);
        let mut start = 0;
        while self.samples.len() - start >= fft {
            let at = frames.len();
            frames.resize(at + mels, 0.0);
            self.spectrum
                .mel_frame(&self.samples[start..start + fft], &mut frames[at..]);
            start += hop;
        }
        self.samples.drain(..start);
    }
}
