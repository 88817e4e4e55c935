//! The eight features, in Spotify's names and ranges.

use std::fmt;
use std::ops::{Index, IndexMut};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of the eight features, in the order every model, file and face uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(usize)]
pub enum Feature {
    /// Suitability for dancing: tempo, rhythm stability, beat strength, regularity (0–1).
    Danceability,
    /// Perceived intensity and activity (0–1).
    Energy,
    /// Share of spoken word: below 0.33 music, above 0.66 speech (0–1).
    Speechiness,
    /// Confidence that the music is acoustic (0–1).
    Acousticness,
    /// Probability that there are no vocals (0–1).
    Instrumentalness,
    /// Probability of an audience in the recording (0–1).
    Liveness,
    /// Musical positiveness (0–1).
    Valence,
    /// Loudness in dB relative to full scale; measured as EBU R128 loudness in LUFS (−60–0).
    Loudness,
}

impl Feature {
    /// How many features there are.
    pub const COUNT: usize = 8;

    /// All features in canonical order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Danceability,
        Self::Energy,
        Self::Speechiness,
        Self::Acousticness,
        Self::Instrumentalness,
        Self::Liveness,
        Self::Valence,
        Self::Loudness,
    ];

    /// The feature's name as Spotify's audio-features object spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Danceability => "danceability",
            Self::Energy => "energy",
            Self::Speechiness => "speechiness",
            Self::Acousticness => "acousticness",
            Self::Instrumentalness => "instrumentalness",
            Self::Liveness => "liveness",
            Self::Valence => "valence",
            Self::Loudness => "loudness",
        }
    }

    /// Smallest and largest value: 0–1, or −60–0 dB for loudness.
    pub const fn range(self) -> (f32, f32) {
        match self {
            Self::Loudness => (-60.0, 0.0),
            _ => (0.0, 1.0),
        }
    }

    /// Where `value` lies in the range, 0–1: what a bar shows and a controller carries.
    pub fn position(self, value: f32) -> f32 {
        let (low, high) = self.range();
        ((value - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// `value` limited to [`Feature::range`].
    pub fn clamp(self, value: f32) -> f32 {
        let (low, high) = self.range();
        value.clamp(low, high)
    }

    /// One sentence for hover texts and help pages.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Danceability => "How suitable for dancing: steady tempo, strong and regular beat.",
            Self::Energy => "How intense and active: loud, dense, bright and busy against calm.",
            Self::Speechiness => "How much of it is spoken word: below 0.33 music, above 0.66 speech alone.",
            Self::Acousticness => "How sure it is that acoustic instruments play.",
            Self::Instrumentalness => "How likely there are no vocals; above 0.5 is meant as instrumental.",
            Self::Liveness => "How likely an audience is heard in the recording.",
            Self::Valence => "How positive the music sounds: cheerful against sad or angry.",
            Self::Loudness => "EBU R128 loudness of the window, in LUFS.",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is none of the eight.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown feature `{0}`: known are danceability, energy, speechiness, acousticness, instrumentalness, liveness, valence, loudness"
)]
pub struct UnknownFeature(pub String);

impl FromStr for Feature {
    type Err = UnknownFeature;

    fn from_str(name: &str) -> Result<Self, UnknownFeature> {
        let wanted = name.trim();
        Self::ALL
            .into_iter()
            .find(|feature| feature.name().eq_ignore_ascii_case(wanted))
            .ok_or_else(|| UnknownFeature(wanted.to_owned()))
    }
}

/// One `T` for each feature.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PerFeature<T>(pub [T; Feature::COUNT]);

impl<T> PerFeature<T> {
    /// Asks `value` for each feature's value.
    pub fn from_fn(mut value: impl FnMut(Feature) -> T) -> Self {
        Self(std::array::from_fn(|i| value(Feature::ALL[i])))
    }

    /// Features with their values in canonical order.
    pub fn iter(&self) -> impl Iterator<Item = (Feature, &T)> {
        Feature::ALL.into_iter().zip(&self.0)
    }
}

impl<T> Index<Feature> for PerFeature<T> {
    type Output = T;

    fn index(&self, feature: Feature) -> &T {
        &self.0[feature as usize]
    }
}

impl<T> IndexMut<Feature> for PerFeature<T> {
    fn index_mut(&mut self, feature: Feature) -> &mut T {
        &mut self.0[feature as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_in_any_case() {
        for feature in Feature::ALL {
            assert_eq!(feature.name().parse(), Ok(feature));
            assert_eq!(feature.name().to_uppercase().parse(), Ok(feature));
        }
        let error = "tempo".parse::<Feature>().unwrap_err();
        assert!(error.to_string().contains("`tempo`"), "{error}");
    }

    #[test]
    fn index_follows_canonical_order() {
        let names = PerFeature::from_fn(Feature::name);
        for (i, feature) in Feature::ALL.into_iter().enumerate() {
            assert_eq!(feature as usize, i);
            assert_eq!(names[feature], feature.name());
        }
    }
}
