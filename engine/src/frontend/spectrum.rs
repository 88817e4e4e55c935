//! One frame of samples to one mel frame: window, FFT, power, bands, scale.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{FftNum, RealFftPlanner, RealToComplex};

use super::config::{FrontEndConfig, Precision, Scale};
use super::mel::{MelBank, to};

/// Turns `fft` samples into `mels` values, in the arithmetic the configuration asks for.
pub(super) trait Spectrum: Send {
    /// `samples` holds one frame; `mel` receives one value a band.
    fn mel_frame(&mut self, samples: &[f32], mel: &mut [f32]);
}

/// A spectrum for a valid configuration.
pub(super) fn spectrum(config: &FrontEndConfig) -> Box<dyn Spectrum> {
    match config.precision {
        Precision::Single => Box::new(MelSpectrum::<f32>::new(config)),
        Precision::Double => Box::new(MelSpectrum::<f64>::new(config)),
    }
}

struct MelSpectrum<T: FftNum> {
    fft: Arc<dyn RealToComplex<T>>,
    window: Vec<T>,
    frame: Vec<T>,
    bins: Vec<Complex<T>>,
    scratch: Vec<Complex<T>>,
    power: Vec<T>,
    bank: MelBank<T>,
    bands: Vec<T>,
    scale: Scale,
}

impl<T: FftNum> MelSpectrum<T> {
    fn new(config: &FrontEndConfig) -> Self {
        let fft = RealFftPlanner::<T>::new().plan_fft_forward(config.fft);
        Self {
            window: periodic_hann(config.fft),
            frame: fft.make_input_vec(),
            bins: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            power: vec![T::zero(); config.fft / 2 + 1],
            bank: MelBank::new(config),
            bands: vec![T::zero(); config.mels],
            scale: config.scale,
            fft,
        }
    }
}

impl<T: FftNum + Into<f64>> Spectrum for MelSpectrum<T> {
    fn mel_frame(&mut self, samples: &[f32], mel: &mut [f32]) {
        for ((x, &sample), &w) in self.frame.iter_mut().zip(samples).zip(&self.window) {
            *x = to::<T>(f64::from(sample)) * w;
        }
        // The planner made every buffer at the length it asks for, so this cannot fail.
        let done = self
            .fft
            .process_with_scratch(&mut self.frame, &mut self.bins, &mut self.scratch);
        debug_assert!(done.is_ok(), "{done:?}");
        for (p, bin) in self.power.iter_mut().zip(&self.bins) {
            *p = bin.norm_sqr();
        }
        self.bank.apply(&self.power, &mut self.bands);
        for (out, band) in mel.iter_mut().zip(&self.bands) {
            let power: f64 = (*band).into();
            *out = match self.scale {
                Scale::Power => power as f32,
                Scale::Log { gain } => (gain * power).ln_1p() as f32,
            };
        }
    }
}

/// Hann window with denominator `n`, as torch's default: the period is `n`, not `n − 1`.
fn periodic_hann<T: FftNum>(n: usize) -> Vec<T> {
    (0..n)
        .map(|i| to(0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / n as f64).cos()))
        .collect()
}
