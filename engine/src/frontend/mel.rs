//! Triangular mel filters.

use super::config::{FrontEndConfig, MelNorm, MelScale};

/// A bank of triangular filters over the power spectrum's bins, each kept as its non-zero run.
#[derive(Debug, Clone)]
pub(super) struct MelBank<T> {
    filters: Vec<Filter<T>>,
}

#[derive(Debug, Clone)]
struct Filter<T> {
    first_bin: usize,
    weights: Vec<T>,
}

impl<T: realfft::FftNum> MelBank<T> {
    pub(super) fn new(config: &FrontEndConfig) -> Self {
        let bins = config.fft / 2 + 1;
        let bin_hz = f64::from(config.sample_rate) / config.fft as f64;
        let (low, high) = (
            config.mel_scale.mel(config.low_hz),
            config.mel_scale.mel(config.high_hz),
        );
        let edge = |i: usize| {
            config
                .mel_scale
                .hz(low + (high - low) * i as f64 / (config.mels + 1) as f64)
        };
        let filters = (0..config.mels)
            .map(|m| {
                let (left, centre, right) = (edge(m), edge(m + 1), edge(m + 2));
                let peak = match config.mel_norm {
                    MelNorm::Peak => 1.0,
                    MelNorm::Area => 2.0 / (right - left),
                };
                let weight = |bin: usize| {
                    let hz = bin as f64 * bin_hz;
                    let share = ((hz - left) / (centre - left)).min((right - hz) / (right - centre));
                    peak * share.max(0.0)
                };
                let first_bin = (0..bins).find(|&bin| weight(bin) > 0.0).unwrap_or(bins);
                let weights = (first_bin..bins)
                    .map(weight)
                    .take_while(|&w| w > 0.0)
                    .map(to::<T>)
                    .collect();
                Filter { first_bin, weights }
            })
            .collect();
        Self { filters }
    }

    /// Sums the power of each band into `bands` (one value a filter).
    pub(super) fn apply(&self, power: &[T], bands: &mut [T]) {
        for (filter, band) in self.filters.iter().zip(bands) {
            let bins = power[filter.first_bin.min(power.len())..].iter();
            *band = bins
                .zip(&filter.weights)
                .fold(T::zero(), |sum, (&p, &w)| sum + p * w);
        }
    }

    /// Indices of filters narrower than a bin, which never see any power.
    #[cfg(test)]
    fn empty(&self) -> Vec<usize> {
        (0..self.filters.len())
            .filter(|&i| self.filters[i].weights.is_empty())
            .collect()
    }
}

/// `f64` to the arithmetic in use; both `f32` and `f64` hold any finite `f64` (rounded).
pub(super) fn to<T: realfft::FftNum>(value: f64) -> T {
    T::from_f64(value).unwrap_or_else(T::zero)
}

impl MelScale {
    fn mel(self, hz: f64) -> f64 {
        match self {
            Self::Htk => 2595.0 * (1.0 + hz / 700.0).log10(),
            Self::Slaney if hz < SLANEY_BREAK_HZ => hz / SLANEY_HZ_PER_MEL,
            Self::Slaney => {
                SLANEY_BREAK_HZ / SLANEY_HZ_PER_MEL + (hz / SLANEY_BREAK_HZ).ln() / slaney_log_step()
            }
        }
    }

    fn hz(self, mel: f64) -> f64 {
        let break_mel = SLANEY_BREAK_HZ / SLANEY_HZ_PER_MEL;
        match self {
            Self::Htk => 700.0 * (10f64.powf(mel / 2595.0) - 1.0),
            Self::Slaney if mel < break_mel => mel * SLANEY_HZ_PER_MEL,
            Self::Slaney => SLANEY_BREAK_HZ * ((mel - break_mel) * slaney_log_step()).exp(),
        }
    }
}

/// Slaney's scale is linear below this frequency …
const SLANEY_BREAK_HZ: f64 = 1000.0;
/// … at this many Hz a mel …
const SLANEY_HZ_PER_MEL: f64 = 200.0 / 3.0;
/// … and above it 27 mels span a factor of 6.4.
fn slaney_log_step() -> f64 {
    6.4f64.ln() / 27.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_invert_themselves() {
        for scale in [MelScale::Htk, MelScale::Slaney] {
            for hz in [0.0, 20.0, 999.0, 1000.0, 1001.0, 22_050.0] {
                assert!((scale.hz(scale.mel(hz)) - hz).abs() < 1e-6, "{scale:?} {hz}");
            }
        }
        assert!((MelScale::Htk.mel(1000.0) - 999.985_537).abs() < 1e-4);
        assert!((MelScale::Slaney.mel(1000.0) - 15.0).abs() < 1e-9);
        assert!((MelScale::Slaney.mel(6400.0) - 42.0).abs() < 1e-9);
    }

    #[test]
    fn a_band_holds_the_power_of_its_bins_as_they_weigh() {
        let bank = MelBank::<f64>::new(&FrontEndConfig::live());
        let mut bands = vec![f64::NAN; bank.filters.len()];
        // One bin at a time: what it gives a band is its weight there.
        for bin in [1, 2, 100, 511] {
            let mut power = vec![0.0; 513];
            power[bin] = 3.0;
            bank.apply(&power, &mut bands);
            for (filter, band) in bank.filters.iter().zip(&bands) {
                let weight = bin
                    .checked_sub(filter.first_bin)
                    .and_then(|i| filter.weights.get(i));
                assert_eq!(*band, 3.0 * weight.unwrap_or(&0.0), "bin {bin}");
            }
            assert!(bands.iter().sum::<f64>() > 0.0, "bin {bin} is in no band");
        }
        let whole = vec![1.0; 513];
        bank.apply(&whole, &mut bands);
        for (filter, band) in bank.filters.iter().zip(&bands) {
            assert_eq!(*band, filter.weights.iter().sum::<f64>());
        }
    }

    #[test]
    fn live_profile_has_no_empty_filter_and_thesis_profile_has_some() {
        assert!(MelBank::<f64>::new(&FrontEndConfig::live()).empty().is_empty());
        assert!(!MelBank::<f64>::new(&FrontEndConfig::thesis()).empty().is_empty());
    }

    #[test]
    fn filters_of_unit_area_have_it() {
        let config = FrontEndConfig {
            mel_norm: MelNorm::Area,
            ..FrontEndConfig::live()
        };
        let bin_hz = f64::from(config.sample_rate) / config.fft as f64;
        for filter in &MelBank::<f64>::new(&config).filters[40..] {
            let area = filter.weights.iter().sum::<f64>() * bin_hz;
            assert!((area - 1.0).abs() < 0.02, "{area}");
        }
    }

    #[test]
    fn neighbouring_triangles_sum_to_one_between_first_and_last_centre() {
        let config = FrontEndConfig::live();
        let bank = MelBank::<f64>::new(&config);
        let mut total = vec![0.0; config.fft / 2 + 1];
        for filter in &bank.filters {
            for (i, w) in filter.weights.iter().enumerate() {
                total[filter.first_bin + i] += w;
            }
        }
        for sum in &total[2..480] {
            assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        }
    }
}
