//! What a front end does, as a value that a model card carries.

use serde::{Deserialize, Serialize};

/// Input rates accepted, in Hz.
pub const INPUT_RATES: std::ops::RangeInclusive<u32> = 8_000..=384_000;

/// Samples that go into FFTs in a second of input, overlaps counted each time: 200 times those of [`FrontEndConfig::live`].
const MOST_TRANSFORMED: f64 = 16_777_216.0;

/// Version of the front end's arithmetic, raised by any change that moves a frame by a bit. Part of every cache key.
pub const REVISION: u32 = 1;

/// Everything that decides what a mel frame looks like.
///
/// Two equal configurations give bit-identical frames for the same input, so a hash of this value keys feature caches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontEndConfig {
    /// Rate the STFT runs at, in Hz; other input is resampled to it.
    pub sample_rate: u32,
    /// Samples in a frame: length of the periodic Hann window and of the FFT.
    pub fft: usize,
    /// Samples between the starts of two frames.
    pub hop: usize,
    /// Whether half a window of zeros goes before and after the signal, so that frame 0 is centred on sample 0.
    pub center: bool,
    /// Mel bands in a frame.
    pub mels: usize,
    /// Mel formula.
    pub mel_scale: MelScale,
    /// Height of the mel filters.
    #[serde(default, skip_serializing_if = "MelNorm::is_peak")]
    pub mel_norm: MelNorm,
    /// Lower edge of the first filter, in Hz.
    pub low_hz: f64,
    /// Upper edge of the last filter, in Hz.
    pub high_hz: f64,
    /// What is done to a band's power.
    pub scale: Scale,
    /// Arithmetic of the STFT and the mel sums; frames are `f32` either way.
    pub precision: Precision,
}

/// Formula that spaces the mel filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MelScale {
    /// `m = 2595·log10(1 + f/700)`.
    Htk,
    /// Linear below 1 kHz, logarithmic above (Slaney's Auditory Toolbox).
    Slaney,
}

/// Height of the mel filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MelNorm {
    /// Peaks of 1.
    #[default]
    Peak,
    /// Areas of 1 over Hz, as in Slaney's Auditory Toolbox.
    Area,
}

impl MelNorm {
    fn is_peak(&self) -> bool {
        *self == Self::Peak
    }
}

/// What is done to a band's power.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind", deny_unknown_fields)]
pub enum Scale {
    /// Power as it is (the thesis).
    Power,
    /// `ln(1 + gain·power)`: logarithmic for music, zero for silence, finite everywhere.
    Log {
        /// Factor on the power before the logarithm.
        gain: f64,
    },
}

impl Scale {
    /// The band's power that was scaled to `value`.
    pub fn power(self, value: f32) -> f32 {
        match self {
            Self::Power => value,
            Self::Log { gain } => (f64::from(value).exp_m1() / gain) as f32,
        }
    }
}

/// Arithmetic of the STFT and the mel sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// `f32`: fast, for log-compressed frames.
    Single,
    /// `f64`: exact also in bands 100 dB below the frame's peak, which uncompressed power keeps visible.
    Double,
}

/// A configuration outside its limits.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("front end: {field} is {found}, but must be {rule}")]
pub struct ConfigError {
    /// Name of the field.
    pub field: &'static str,
    /// The value found.
    pub found: String,
    /// What it must be.
    pub rule: String,
}

impl FrontEndConfig {
    /// The thesis's front end (§2.2.2, §5.1): torchaudio's `MelSpectrogram` at 44.1 kHz, 400/200, 128 HTK mels, power.
    ///
    /// Its lowest filters are narrower than an FFT bin, and some are empty: that is part of it.
    pub fn thesis() -> Self {
        Self {
            sample_rate: 44_100,
            fft: 400,
            hop: 200,
            center: true,
            mels: 128,
            mel_scale: MelScale::Htk,
            mel_norm: MelNorm::Peak,
            low_hz: 0.0,
            high_hz: 22_050.0,
            scale: Scale::Power,
            precision: Precision::Double,
        }
    }

    /// The live front end: 24 kHz, 1024/300 (80 frames a second), 80 log-compressed HTK mels, no empty filter.
    ///
    /// The rate divides 48 kHz and keeps everything below 12 kHz; sixteen hops are exactly 0.2 s.
    pub fn live() -> Self {
        Self {
            sample_rate: 24_000,
            fft: 1024,
            hop: 300,
            center: false,
            mels: 80,
            mel_scale: MelScale::Htk,
            mel_norm: MelNorm::Peak,
            low_hz: 0.0,
            high_hz: 12_000.0,
            scale: Scale::Log { gain: 100.0 },
            precision: Precision::Single,
        }
    }

    /// Checks every field against its limits.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let nyquist = f64::from(self.sample_rate) / 2.0;
        let check = |ok: bool, field, found: String, rule: String| {
            if ok {
                Ok(())
            } else {
                Err(ConfigError { field, found, rule })
            }
        };
        check(
            INPUT_RATES.contains(&self.sample_rate),
            "sample_rate",
            format!("{} Hz", self.sample_rate),
            format!("{}–{} Hz", INPUT_RATES.start(), INPUT_RATES.end()),
        )?;
        check(
            (16..=65_536).contains(&self.fft) && self.fft.is_multiple_of(2),
            "fft",
            self.fft.to_string(),
            "an even number of samples from 16 to 65536".into(),
        )?;
        check(
            (1..=self.fft).contains(&self.hop),
            "hop",
            self.hop.to_string(),
            format!("1–{} samples (at most one frame)", self.fft),
        )?;
        let transformed = f64::from(self.sample_rate) / self.hop as f64 * self.fft as f64;
        check(
            transformed <= MOST_TRANSFORMED,
            "hop",
            self.hop.to_string(),
            format!("such that at most {MOST_TRANSFORMED} samples a second are transformed"),
        )?;
        check(
            (1..=1024).contains(&self.mels),
            "mels",
            self.mels.to_string(),
            "1–1024".into(),
        )?;
        check(
            (0.0..nyquist).contains(&self.low_hz),
            "low_hz",
            format!("{} Hz", self.low_hz),
            format!("0 Hz or more and below {nyquist} Hz"),
        )?;
        check(
            self.high_hz > self.low_hz && self.high_hz <= nyquist,
            "high_hz",
            format!("{} Hz", self.high_hz),
            format!(
                "above low_hz ({} Hz) and at most half the rate ({nyquist} Hz)",
                self.low_hz
            ),
        )?;
        if let Scale::Log { gain } = self.scale {
            check(
                gain.is_finite() && gain > 0.0,
                "scale.gain",
                gain.to_string(),
                "a positive number".into(),
            )?;
        }
        Ok(())
    }

    /// Frames a second.
    pub fn frame_rate(&self) -> f64 {
        f64::from(self.sample_rate) / self.hop as f64
    }

    /// Frames that `samples` at [`Self::sample_rate`] give in all.
    pub fn frames_in(&self, samples: u64) -> u64 {
        let padded = samples + if self.center { self.fft as u64 } else { 0 };
        if samples == 0 || padded < self.fft as u64 {
            return 0;
        }
        (padded - self.fft as u64) / self.hop as u64 + 1
    }

    /// Frames that `seconds` of input give in all.
    pub fn frames_in_s(&self, seconds: f64) -> usize {
        let samples = (seconds * f64::from(self.sample_rate)).round();
        self.frames_in(samples as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_valid_and_survive_json() {
        let area = FrontEndConfig {
            mel_norm: MelNorm::Area,
            ..FrontEndConfig::live()
        };
        for config in [FrontEndConfig::thesis(), FrontEndConfig::live(), area] {
            config.validate().unwrap();
            let json = serde_json::to_string(&config).unwrap();
            // Cards that are older than the field have filters with peaks of 1.
            assert_eq!(
                json.contains("mel_norm"),
                config.mel_norm == MelNorm::Area,
                "{json}"
            );
            assert_eq!(serde_json::from_str::<FrontEndConfig>(&json).unwrap(), config);
        }
    }

    #[test]
    fn a_bands_power_is_found_again() {
        let gain = 100.0;
        for power in [0.0, 1e-4, 0.5, 30.0_f32] {
            assert_eq!(Scale::Power.power(power), power);
            let scaled = (1.0 + gain * f64::from(power)).ln() as f32;
            let found = Scale::Log { gain }.power(scaled);
            assert!((found - power).abs() <= 1e-5 * power, "{found} is not {power}");
        }
    }

    #[test]
    fn a_frame_needs_all_of_its_samples() {
        let live = FrontEndConfig::live();
        for (samples, frames) in [(0, 0), (1, 0), (1023, 0), (1024, 1), (1323, 1), (1324, 2)] {
            assert_eq!(live.frames_in(samples), frames, "{samples} samples");
        }
        // Zeros are put around what there is, but not around nothing.
        let centred = FrontEndConfig { center: true, ..live };
        for (samples, frames) in [(0, 0), (1, 1), (299, 1), (300, 2)] {
            assert_eq!(centred.frames_in(samples), frames, "{samples} samples, centred");
        }
    }

    #[test]
    fn what_is_at_a_limit_is_within_it_or_not_as_its_rule_says() {
        let live = FrontEndConfig::live;
        let busy = |sample_rate| FrontEndConfig {
            sample_rate,
            hop: 1,
            high_hz: 8_000.0,
            ..live()
        };
        assert_eq!(busy(16_384).validate(), Ok(()));
        assert_eq!(busy(16_385).validate().unwrap_err().field, "hop");
        let empty = FrontEndConfig {
            low_hz: 300.0,
            high_hz: 300.0,
            ..live()
        };
        assert_eq!(empty.validate().unwrap_err().field, "high_hz");
        let silent = FrontEndConfig {
            scale: Scale::Log { gain: 0.0 },
            ..live()
        };
        assert_eq!(silent.validate().unwrap_err().field, "scale.gain");
    }

    #[test]
    fn thesis_counts_frames_as_the_thesis_does() {
        let thesis = FrontEndConfig::thesis();
        assert_eq!(thesis.frames_in(1_323_000), 6_616); // 30 s of PCM
        assert_eq!(thesis.frames_in(1_324_800), 6_625); // a 30 s MP3: 1,150 MPEG frames
    }

    #[test]
    fn errors_name_field_value_and_rule() {
        let bad = [
            FrontEndConfig {
                sample_rate: 7_999,
                ..FrontEndConfig::live()
            },
            FrontEndConfig {
                fft: 1023,
                ..FrontEndConfig::live()
            },
            FrontEndConfig {
                hop: 0,
                ..FrontEndConfig::live()
            },
            FrontEndConfig {
                hop: 1025,
                ..FrontEndConfig::live()
            },
            FrontEndConfig {
                mels: 0,
                ..FrontEndConfig::live()
            },
            FrontEndConfig {
                low_hz: f64::NAN,
                ..FrontEndConfig::live()
            },
            FrontEndConfig {
                high_hz: 12_001.0,
                ..FrontEndConfig::live()
            },
            FrontEndConfig {
                scale: Scale::Log { gain: -1.0 },
                ..FrontEndConfig::live()
            },
        ];
        let fields = [
            "sample_rate",
            "fft",
            "hop",
            "hop",
            "mels",
            "low_hz",
            "high_hz",
            "scale.gain",
        ];
        for (config, field) in bad.iter().zip(fields) {
            let error = config.validate().unwrap_err();
            assert_eq!(error.field, field);
            assert!(error.to_string().contains("must be"), "{error}");
        }
    }
}
