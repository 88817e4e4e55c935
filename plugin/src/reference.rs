//! The reference as a project saves it: values and a name, not the sound.

use std::collections::BTreeMap;

use echometer_engine::{Feature, Levels, PerFeature};
use echometer_meters::Reference;
use serde::{Deserialize, Serialize};

/// Letters of a name that are kept: a project may hold anything.
const NAME: usize = 80;

/// Values under their features' names; what another version adds or leaves out does no harm.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SavedReference {
    name: String,
    values: BTreeMap<String, f32>,
    momentary: Option<f32>,
    short_term: Option<f32>,
    range: Option<f32>,
    true_peak: Option<f32>,
}

impl From<&Reference> for SavedReference {
    fn from(reference: &Reference) -> Self {
        let named = |feature: Feature| Some((feature.name().to_owned(), finite(reference.values[feature])?));
        Self {
            name: reference.name.clone(),
            values: Feature::ALL.into_iter().filter_map(named).collect(),
            momentary: finite(reference.levels.max_momentary),
            short_term: finite(reference.levels.max_short_term),
            range: finite(reference.levels.range),
            true_peak: finite(reference.levels.true_peak),
        }
    }
}

impl SavedReference {
    /// As the meters take it; every value is in its range, whatever was saved.
    pub(crate) fn reference(&self) -> Reference {
        let value = |feature: Feature| {
            let value = self.values.get(feature.name()).copied();
            finite(value).map(|value| feature.clamp(value))
        };
        let level = |value: Option<f32>| finite(value).map(|value| value.clamp(-200.0, 200.0));
        let shown = |letter: char| if letter.is_control() { ' ' } else { letter };
        Reference {
            name: self.name.chars().take(NAME).map(shown).collect(),
            values: PerFeature::from_fn(value),
            levels: Levels {
                max_momentary: level(self.momentary),
                max_short_term: level(self.short_term),
                range: level(self.range),
                true_peak: level(self.true_peak),
                ..Levels::default()
            },
        }
    }
}

fn finite(value: Option<f32>) -> Option<f32> {
    value.filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_comes_back() {
        let reference = Reference {
            name: "mix 3.wav".into(),
            values: PerFeature::from_fn(|feature| (feature != Feature::Valence).then(|| feature.clamp(0.25))),
            levels: Levels {
                max_momentary: Some(-7.5),
                max_short_term: Some(-8.5),
                range: Some(4.25),
                true_peak: Some(-0.5),
                ..Levels::default()
            },
        };
        let text = serde_json::to_string(&SavedReference::from(&reference)).unwrap();
        let saved: SavedReference = serde_json::from_str(&text).unwrap();
        assert_eq!(saved.reference(), reference);
    }

    #[test]
    fn whatever_a_project_holds_is_made_safe() {
        for text in [
            "{}",
            r#"{"name": "x", "values": {"energy": 1e30, "no such feature": 1}, "added later": [1, 2]}"#,
            r#"{"values": {"loudness": -1e38}, "true_peak": 3e38, "range": null}"#,
        ] {
            let reference = serde_json::from_str::<SavedReference>(text).unwrap().reference();
            for feature in Feature::ALL {
                let position = reference.values[feature].map(|value| feature.position(value));
                assert!(
                    position.is_none_or(|at| (0.0..=1.0).contains(&at)),
                    "{text}: {feature}"
                );
            }
            assert!(
                reference.levels.true_peak.is_none_or(|peak| peak <= 200.0),
                "{text}"
            );
        }
        let long = SavedReference {
            name: "\u{7}".repeat(10_000),
            ..SavedReference::default()
        };
        assert_eq!(long.reference().name, " ".repeat(NAME));
    }
}
