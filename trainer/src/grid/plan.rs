//! The runs of the grid.

use std::fmt;

use echometer_engine::Feature;

use crate::network::thesis::Architecture;
use crate::training::optimiser::Method;

/// The thesis's optimisers (§4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Optimiser {
    Adam,
    Sgd,
}

impl Optimiser {
    /// Its name on the command line and in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Adam => "adam",
            Self::Sgd => "sgd",
        }
    }

    pub(crate) fn method(self) -> Method {
        match self {
            Self::Adam => Method::Adam { weight_decay: 0.0 },
            Self::Sgd => Method::Sgd,
        }
    }
}

/// One run of the grid.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unit {
    pub(crate) architecture: Architecture,
    pub(crate) features: Vec<Feature>,
    pub(crate) optimiser: Optimiser,
    pub(crate) learning_rate: f64,
}

/// The thesis's single-task networks, learning rates and multi-task pairs (§4.3).
const SINGLE: [Architecture; 3] = [Architecture::LeNet5, Architecture::ResNet34, Architecture::Crnn];
const RATES: [f64; 2] = [1e-3, 1e-4];
const PAIRS: [[Feature; 2]; 4] = [
    [Feature::Danceability, Feature::Valence],
    [Feature::Energy, Feature::Acousticness],
    [Feature::Speechiness, Feature::Instrumentalness],
    [Feature::Liveness, Feature::Loudness],
];

impl Unit {
    /// The feature of a single-task run.
    pub(super) fn only_feature(&self) -> Option<Feature> {
        match self.features.as_slice() {
            &[feature] => Some(feature),
            _ => None,
        }
    }
}

impl fmt::Display for Unit {
    /// The name of its folder.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.architecture == Architecture::ResNet34Heads {
            f.write_str("all")?;
        } else {
            let names: Vec<_> = self.features.iter().map(|feature| feature.name()).collect();
            f.write_str(&names.join("+"))?;
        }
        let (network, optimiser) = (self.architecture.name(), self.optimiser.name());
        write!(f, "-{network}-{optimiser}-{:e}", self.learning_rate)
    }
}

/// All runs for `features`, in a fixed order: 12 a feature, the thesis's pairs that lie within them, and the shared trunk
/// with a head a feature where there are several.
pub(crate) fn units(features: &[Feature]) -> Vec<Unit> {
    let mut units = Vec::new();
    for &feature in features {
        for architecture in SINGLE {
            for optimiser in [Optimiser::Adam, Optimiser::Sgd] {
                for learning_rate in RATES {
                    units.push(Unit {
                        architecture,
                        features: vec![feature],
                        optimiser,
                        learning_rate,
                    });
                }
            }
        }
    }
    let several = |architecture, features: Vec<Feature>| Unit {
        architecture,
        features,
        optimiser: Optimiser::Adam,
        learning_rate: RATES[0],
    };
    let inside = |pair: &&[Feature; 2]| pair.iter().all(|feature| features.contains(feature));
    for pair in PAIRS.iter().filter(inside) {
        units.push(several(Architecture::MtlCnn, pair.to_vec()));
    }
    if features.len() > 1 {
        units.push(several(Architecture::ResNet34Heads, features.to_vec()));
    }
    units
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_grid_is_the_thesis_s_and_one_more() {
        let units = units(&Feature::ALL);
        let of = |architecture| {
            units
                .iter()
                .filter(|unit| unit.architecture == architecture)
                .count()
        };
        assert_eq!(units.iter().filter(|unit| unit.features.len() == 1).count(), 96);
        assert_eq!(
            (of(Architecture::MtlCnn), of(Architecture::ResNet34Heads)),
            (4, 1)
        );
        let names: BTreeSet<_> = units.iter().map(Unit::to_string).collect();
        assert_eq!(names.len(), 101);
        for name in [
            "energy-resnet34-adam-1e-3",
            "loudness-crnn-sgd-1e-4",
            "danceability+valence-mtl-cnn-adam-1e-3",
            "all-resnet34-heads-adam-1e-3",
        ] {
            assert!(names.contains(name), "{name}: {names:?}");
        }
    }

    #[test]
    fn fewer_features_make_a_smaller_grid() {
        assert_eq!(units(&[Feature::Energy]).len(), 12);
        assert_eq!(units(&[Feature::Energy, Feature::Acousticness]).len(), 26);
    }
}
