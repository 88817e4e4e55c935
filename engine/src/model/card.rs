//! `card.json`: everything a model needs to be run as it was trained.

use serde::{Deserialize, Serialize};

use crate::feature::Feature;
use crate::frontend::FrontEndConfig;

/// Version of the card's own format; a card with a higher one is refused.
pub const SCHEMA: u32 = 1;
/// File name of the card in a model folder.
pub const CARD_FILE: &str = "card.json";

/// A model's card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Format of this card, [`SCHEMA`].
    pub schema: u32,
    /// The model's name.
    pub name: String,
    /// The model's version. Within one version, the same input gives the same numbers.
    pub version: String,
    /// Licence of the model files.
    pub licence: String,
    /// ONNX operator set of both graphs.
    pub opset: i64,
    /// How samples become mel frames.
    pub front_end: FrontEndConfig,
    /// Length of the rolling window in seconds.
    pub window_s: f64,
    /// Mel frames to columns; a full-window model has none, and its columns are the mel frames themselves.
    pub trunk: Option<TrunkCard>,
    /// The window's columns to features.
    pub head: HeadCard,
    /// What the head's outputs are, in canonical order.
    pub features: Vec<FeatureCard>,
    /// Where the loudness of a reading comes from.
    pub loudness: LoudnessSource,
    /// What it was trained on.
    pub training: TrainingCard,
}

/// The trunk's file and geometry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrunkCard {
    /// File name beside the card.
    pub file: String,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// Frames from one column to the next.
    pub stride: usize,
    /// Frames that one column depends on.
    pub receptive_field: usize,
    /// Values in a column.
    pub channels: usize,
    /// Shapes, without the batch dimension, of what each layer keeps between two calls. Input `state_I` goes in, output
    /// `state_I_out` comes out; all start as zeros.
    pub state: Vec<Vec<usize>>,
}

/// The head's file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadCard {
    /// File name beside the card.
    pub file: String,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
}

/// One output of the head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureCard {
    /// Which feature.
    pub name: Feature,
    /// Smallest and largest value; equal to [`Feature::range`].
    pub range: (f32, f32),
    /// How good it is on clips it was not fitted on; absent where not measured.
    pub metrics: Option<FeatureMetrics>,
}

/// Errors of one feature on unseen clips, beside those of always predicting the training mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureMetrics {
    /// Clips scored.
    pub clips: usize,
    /// Mean absolute error.
    pub mae: f64,
    /// Mean squared error.
    pub mse: f64,
    /// Coefficient of determination, 1 − SSE/SST.
    pub r2: f64,
    /// Mean absolute error of the training mean.
    pub baseline_mae: f64,
    /// Mean squared error of the training mean.
    pub baseline_mse: f64,
    /// Share of truths inside the model's 80 % band.
    pub band80: f64,
}

/// Share of the mean's squared error above which a model is said to guess.
const GUESS: f64 = 0.95;

impl FeatureMetrics {
    /// Whether the model was hardly better on unseen clips than always saying the mean: it knows next to nothing of the
    /// feature, and whoever shows its values should say so.
    pub fn is_guess(&self) -> bool {
        self.mse > GUESS * self.baseline_mse || !self.mse.is_finite()
    }
}

/// Where the loudness of a reading comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LoudnessSource {
    /// EBU R128, measured.
    Measured,
    /// The head's output (the thesis profile).
    Learned,
}

/// What a model was trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingCard {
    /// The data in words, with its terms.
    pub data: String,
    /// Clips in the manifest that had any label.
    pub clips: usize,
    /// How [`FeatureMetrics`] were measured.
    pub evaluation: String,
    /// Seed of the run.
    pub seed: u64,
}

/// Share of the window that a head without a mask must have heard before it is asked; what is missing is zeros before the
/// sound. A 30 s MP3 decodes to 6,625 mel frames of the thesis, but exactly 30 s of samples to 6,616.
const LEAST_HEARD: f64 = 0.99;

/// Fewest columns, of a window of `window`, that a head without a mask is asked about; the trainer takes no shorter clips.
pub fn least_columns(window: usize) -> usize {
    (window as f64 * LEAST_HEARD).ceil() as usize
}

/// Columns whose receptive field lies inside `frames`.
pub fn columns_in(frames: usize, receptive_field: usize, stride: usize) -> usize {
    frames
        .checked_sub(receptive_field)
        .map_or(0, |rest| rest / stride.max(1) + 1)
}

impl Card {
    /// Whether the model hardly knows this feature: [`FeatureMetrics::is_guess`]. Measured loudness is never a guess.
    pub fn is_guess(&self, feature: Feature) -> bool {
        let measured = feature == Feature::Loudness && self.loudness == LoudnessSource::Measured;
        let known = self.features.iter().find(|known| known.name == feature);
        !measured
            && known
                .and_then(|known| known.metrics)
                .is_some_and(|metrics| metrics.is_guess())
    }

    /// Mel frames in a full window.
    pub fn window_frames(&self) -> usize {
        self.front_end.frames_in_s(self.window_s)
    }

    /// Frames from one column to the next.
    pub fn stride(&self) -> usize {
        self.trunk.as_ref().map_or(1, |trunk| trunk.stride)
    }

    /// Columns of a second: those a trunk makes in one run where its input need not be waited for. 1 without a trunk.
    pub(crate) fn columns_ahead(&self) -> usize {
        match &self.trunk {
            Some(trunk) => ((self.front_end.frame_rate() / trunk.stride as f64) as usize).max(1),
            None => 1,
        }
    }

    /// Frames that one column depends on.
    pub fn receptive_field(&self) -> usize {
        self.trunk.as_ref().map_or(1, |trunk| trunk.receptive_field)
    }

    /// Values in a column.
    pub fn channels(&self) -> usize {
        self.trunk
            .as_ref()
            .map_or(self.front_end.mels, |trunk| trunk.channels)
    }

    /// Columns whose receptive field lies inside a full window.
    pub fn window_columns(&self) -> usize {
        columns_in(self.window_frames(), self.receptive_field(), self.stride())
    }

    /// Fewest columns that a head without a mask is asked about.
    pub fn least_columns(&self) -> usize {
        least_columns(self.window_columns())
    }

    /// First columns after a start that still depend on the zeros before it, and are thrown away.
    pub fn warm_up_columns(&self) -> usize {
        self.receptive_field().div_ceil(self.stride()) - 1
    }

    /// Seconds of input until the first values: one column of a rolling model, nearly all of the window without a trunk.
    pub fn first_reading_s(&self) -> f64 {
        let columns = self.trunk.as_ref().map_or(self.least_columns(), |_| 1);
        let frames = (self.warm_up_columns() + columns) * self.stride();
        let overlap = self.front_end.fft.saturating_sub(self.front_end.hop);
        let lead = if self.front_end.center {
            self.front_end.fft / 2
        } else {
            0
        };
        (frames * self.front_end.hop + overlap - lead) as f64 / f64::from(self.front_end.sample_rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The default model's: 24 kHz, an FFT of 1,024, a hop of 300, windows of 30 s; a column of 177 frames each 16.
    fn card() -> Card {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/default/card.json");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn a_rolling_model_counts_in_columns() {
        let card = card();
        assert_eq!(card.window_frames(), 2_397); // (720,000 − 1,024) ÷ 300, and one.
        assert_eq!(card.window_columns(), 139); // (2,397 − 177) ÷ 16, and one.
        assert_eq!(card.least_columns(), 138); // 99 %, rounded up.
        assert_eq!(card.columns_ahead(), 5); // 80 frames a second.
        assert_eq!(card.warm_up_columns(), 11); // 11 × 16 frames are still short of 177.
        // Twelve columns of 16 hops, and what the last frame reaches beyond its hop.
        assert_eq!(card.first_reading_s(), (12.0 * 16.0 * 300.0 + 724.0) / 24_000.0);
    }

    #[test]
    fn without_a_trunk_a_column_is_a_frame() {
        let mut card = card();
        card.trunk = None;
        card.front_end.center = true;
        assert_eq!(
            (card.stride(), card.receptive_field(), card.channels()),
            (1, 1, 80)
        );
        assert_eq!(card.window_columns(), 2_401); // 720,000 ÷ 300, and one.
        assert_eq!((card.columns_ahead(), card.warm_up_columns()), (1, 0));
        assert_eq!(card.least_columns(), 2_377);
        // Centred frames lean half an FFT over the start.
        assert_eq!(
            card.first_reading_s(),
            (2_377.0 * 300.0 + 724.0 - 512.0) / 24_000.0
        );
    }

    #[test]
    fn a_feature_is_guessed_as_its_metrics_say() {
        let mut card = card();
        let guessed = |card: &Card| Feature::ALL.map(|feature| card.is_guess(feature));
        let only_liveness = Feature::ALL.map(|feature| feature == Feature::Liveness);
        assert_eq!(guessed(&card), only_liveness);
        for feature in &mut card.features {
            if let Some(metrics) = &mut feature.metrics {
                metrics.mse = 2.0 * metrics.baseline_mse;
            }
        }
        // What is measured is no guess, however bad a head would be at it.
        assert_eq!(
            guessed(&card),
            Feature::ALL.map(|feature| feature != Feature::Loudness)
        );
        card.loudness = LoudnessSource::Learned;
        assert_eq!(guessed(&card), [true; 8]);
        for feature in &mut card.features {
            feature.metrics = None;
        }
        assert_eq!(guessed(&card), [false; 8]);
        card.features.clear();
        assert_eq!(guessed(&card), [false; 8]);
    }

    #[test]
    fn hardly_better_than_the_mean_is_a_guess() {
        let metrics = |mse| FeatureMetrics {
            clips: 10,
            mae: 0.1,
            mse,
            r2: 0.0,
            baseline_mae: 0.2,
            baseline_mse: 0.04,
            band80: 0.8,
        };
        for (mse, guess) in [
            (0.02, false),
            (0.0379, false),
            (GUESS * 0.04, false),
            (0.0381, true),
            (0.05, true),
            (f64::NAN, true),
            (f64::INFINITY, true),
        ] {
            assert_eq!(metrics(mse).is_guess(), guess, "{mse}");
        }
    }
}
