//! What the thesis prints: tables 5.1–5.9, test errors, the labels' distributions and correlations.

use echometer_engine::Feature;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::data::row::Split;

/// One line of tables 5.1–5.9, with its numbers as rounded there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Printed {
    /// `5.1` to `5.9`.
    pub(crate) table: String,
    pub(crate) feature: Feature,
    /// As on the command line, like the optimiser.
    pub(crate) network: String,
    pub(crate) optimiser: String,
    pub(crate) learning_rate: f64,
    pub(crate) split: Split,
    pub(crate) mae: f64,
    pub(crate) mse: f64,
    pub(crate) r2: f64,
    /// Only of the single-task network that was chosen for the feature.
    pub(crate) test_mse: Option<f64>,
}

/// A feature's values in the thesis's data set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct PrintedLabels {
    pub(crate) feature: Feature,
    pub(crate) mean: f64,
    pub(crate) q25: f64,
    pub(crate) q50: f64,
    pub(crate) q75: f64,
    pub(crate) variance: f64,
}

/// The features in the order of the thesis's tables and figures.
pub(crate) const ORDER: [Feature; Feature::COUNT] = [
    Feature::Danceability,
    Feature::Acousticness,
    Feature::Instrumentalness,
    Feature::Speechiness,
    Feature::Liveness,
    Feature::Valence,
    Feature::Energy,
    Feature::Loudness,
];

/// The pairs that the thesis learns together.
pub(crate) const PAIRS: [[Feature; 2]; 4] = [
    [Feature::Danceability, Feature::Valence],
    [Feature::Acousticness, Feature::Energy],
    [Feature::Instrumentalness, Feature::Speechiness],
    [Feature::Liveness, Feature::Loudness],
];

/// The correlations that it prints (figure 4.2).
pub(crate) const CORRELATIONS: [(Feature, Feature, f64); 4] = [
    (Feature::Danceability, Feature::Valence, 0.530),
    (Feature::Energy, Feature::Loudness, 0.790),
    (Feature::Energy, Feature::Acousticness, -0.746),
    (Feature::Loudness, Feature::Acousticness, -0.622),
];

/// Where the thesis disagrees with itself, and what is taken here.
pub(crate) const CONTRADICTIONS: [&str; 5] = [
    "Tables 5.1–5.8 have the headings “learning rate” and “optimization algorithm” swapped; the values are taken for \
     what they are.",
    "Acousticness–Energy: the text gives an MSE of .018 for energy, table 5.9 gives .024. The table is taken.",
    "Acousticness: the text gives the best validation MSE as .046, table 5.2 as .018. The table is taken.",
    "Energy and loudness: the text gives the test MSE to ResNet-34 with Adam at 0.001, but SGD at 0.0001 is best in \
     tables 5.7 and 5.8. The test MSE is taken as that of the best.",
    "Loudness: the lower quartile is printed as 12.009 without its minus sign. −12.009 dB is taken.",
];

/// Number of the feature's table of single-task runs: 5.1–5.8.
pub(crate) fn table_number(feature: Feature) -> String {
    format!("5.{}", place(feature) + 1)
}

/// Number of the figure with the feature's learning curves: 5.1, 5.3–5.9.
pub(crate) fn curves_number(feature: Feature) -> String {
    format!(
        "5.{}",
        if place(feature) == 0 {
            1
        } else {
            place(feature) + 2
        }
    )
}

/// Number of the figure with the feature's distribution: 4.3–4.10.
pub(crate) fn distribution_number(feature: Feature) -> String {
    format!("4.{}", place(feature) + 3)
}

fn place(feature: Feature) -> usize {
    ORDER
        .iter()
        .position(|&other| other == feature)
        .unwrap_or_default()
}

/// Tables 5.1–5.9.
pub(crate) fn results() -> Result<Vec<Printed>, csv::Error> {
    parse(include_str!("thesis.csv"))
}

/// The distributions of §4.2.
pub(crate) fn labels() -> Result<Vec<PrintedLabels>, csv::Error> {
    parse(include_str!("thesis_labels.csv"))
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, csv::Error> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_numbers_are_there() {
        let results = results().unwrap();
        let pairs = results.iter().filter(|line| line.split == Split::Test).count();
        assert_eq!((results.len(), pairs), (104, 8));
        for feature in Feature::ALL {
            let single: Vec<_> = results
                .iter()
                .filter(|line| line.feature == feature && line.split == Split::Validation)
                .collect();
            assert_eq!(single.len(), 12, "{feature}");
            assert!(single.iter().all(|line| line.table == table_number(feature)));
            // The test error stands with the best on validation.
            let chosen = single.iter().find(|line| line.test_mse.is_some()).unwrap();
            assert!(single.iter().all(|line| line.mse >= chosen.mse), "{feature}");
        }
        assert_eq!(labels().unwrap().len(), 8);
    }

    #[test]
    fn known_values_are_right() {
        let results = results().unwrap();
        let find = |feature, network: &str, optimiser: &str, rate: f64| {
            let mut lines = results.iter().filter(|line| {
                line.feature == feature
                    && line.network == network
                    && line.optimiser == optimiser
                    && line.learning_rate == rate
            });
            let line = lines.next().unwrap();
            assert!(lines.next().is_none());
            (line.mae, line.mse, line.r2, line.test_mse)
        };
        let danceability = find(Feature::Danceability, "resnet34", "adam", 1e-4);
        assert_eq!(danceability, (0.071, 0.008, 0.767, Some(0.009)));
        let speechiness = find(Feature::Speechiness, "crnn", "adam", 1e-4);
        assert_eq!(speechiness, (0.088, 0.017, -0.231, None));
        let loudness = find(Feature::Loudness, "resnet34", "sgd", 1e-4);
        assert_eq!(loudness, (1.429, 5.314, 0.836, Some(5.608)));
        let energy = find(Feature::Energy, "mtl-cnn", "adam", 1e-3);
        assert_eq!(energy, (0.126, 0.024, 0.675, None));
    }

    #[test]
    fn figures_are_numbered_as_there() {
        assert_eq!(curves_number(Feature::Danceability), "5.1");
        assert_eq!(curves_number(Feature::Acousticness), "5.3");
        assert_eq!(curves_number(Feature::Loudness), "5.9");
        assert_eq!(distribution_number(Feature::Loudness), "4.10");
    }
}
