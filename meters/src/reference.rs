//! What meters are compared with.

use echometer_engine::{Feature, Levels, PerFeature, Reading};

/// Values to aim at: those of a finished track, or of a moment that was held.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reference {
    /// What it is of.
    pub name: String,
    /// The features.
    pub values: PerFeature<Option<f32>>,
    /// Its levels.
    pub levels: Levels,
}

impl Reference {
    /// What `reading` says.
    pub fn of(name: impl Into<String>, reading: &Reading) -> Self {
        Self {
            name: name.into(),
            values: reading.values,
            levels: reading.levels,
        }
    }

    /// How far `value` is above it.
    pub fn difference(&self, feature: Feature, value: Option<f32>) -> Option<f32> {
        difference(value, self.values[feature])
    }
}

/// How far `value` is above `reference`, where there are both.
pub fn difference(value: Option<f32>, reference: Option<f32>) -> Option<f32> {
    let [value, reference] = [value, reference].map(|value| value.filter(|value| value.is_finite()));
    Some(value? - reference?)
}
