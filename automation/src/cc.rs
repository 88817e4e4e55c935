//! Features as MIDI control changes.

use echometer_engine::{Feature, PerFeature};

/// The controller of each feature unless the user says otherwise: 20–27, which MIDI leaves undefined.
pub const DEFAULT_NUMBERS: [(Feature, u8); Feature::COUNT] = [
    (Feature::Danceability, 20),
    (Feature::Energy, 21),
    (Feature::Liveness, 22),
    (Feature::Valence, 23),
    (Feature::Acousticness, 24),
    (Feature::Instrumentalness, 25),
    (Feature::Speechiness, 26),
    (Feature::Loudness, 27),
];

/// Seconds in which a glide has come within a third of a new value: one reading to the next, so that what follows a
/// controller moves and does not step.
const GLIDE_S: f32 = 0.1;

/// Turns readings, a few a second, into evenly moving controllers. Real-time safe.
#[derive(Debug, Clone, Default)]
pub struct CcGlide {
    levels: PerFeature<Option<f32>>,
    sent: PerFeature<Option<u8>>,
}

impl CcGlide {
    /// Moves `feature` for `seconds` towards `target` and returns its controller's value, 0–127, if that changed.
    ///
    /// Without a target the controller stays where it is.
    pub fn step(&mut self, feature: Feature, target: Option<f32>, seconds: f32) -> Option<u8> {
        let target = target?;
        let share = 1.0 - (-seconds / GLIDE_S).exp();
        let level = self.levels[feature].map_or(target, |level| level + (target - level) * share);
        self.levels[feature] = Some(level);
        let value = (level * 127.0).round().clamp(0.0, 127.0) as u8;
        (self.sent[feature].replace(value) != Some(value)).then_some(value)
    }

    /// Forgets that `feature` was sent: its next step says its value even if that is the same. For when it did not arrive,
    /// or when another controller has taken over.
    pub fn resend(&mut self, feature: Feature) {
        self.sent[feature] = None;
    }

    /// Starts again: the next target is jumped to, and every controller sent anew.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_name_every_feature_once() {
        let mut features = DEFAULT_NUMBERS.map(|(feature, _)| feature);
        features.sort();
        assert_eq!(features, Feature::ALL);
        let mut numbers = DEFAULT_NUMBERS.map(|(_, number)| number).to_vec();
        numbers.dedup();
        assert_eq!(numbers.len(), Feature::COUNT);
    }

    #[test]
    fn glides_to_the_target_without_repeating_itself() {
        let mut glide = CcGlide::default();
        let mut step = |target| glide.step(Feature::Energy, target, 0.02);
        assert_eq!(step(None), None);
        assert_eq!(step(Some(0.0)), Some(0));
        assert_eq!(step(Some(0.0)), None);
        let moved: Vec<_> = (0..100).filter_map(|_| step(Some(1.0))).collect();
        assert!(moved.len() > 10 && moved.is_sorted(), "{moved:?}");
        assert_eq!(moved.last(), Some(&127));
        assert_eq!(step(None), None);
        glide.resend(Feature::Energy);
        assert_eq!(glide.step(Feature::Energy, Some(1.0), 0.02), Some(127));
        glide.reset();
        assert_eq!(glide.step(Feature::Energy, Some(0.5), 0.02), Some(64));
    }
}
