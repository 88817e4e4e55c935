//! The rules for the cells of every kind of table.

use echometer_engine::Feature;

use crate::data::row::Split;

/// How far above and below its range a loudness may lie: Spotify's goes a little above full scale.
const LOUDNESS_SLACK: f32 = 10.0;

/// A label, kept inside its feature's range; otherwise what it must be.
pub(super) fn label(feature: Feature, text: &str) -> Result<f32, String> {
    let (low, high) = feature.range();
    let slack = if feature == Feature::Loudness {
        LOUDNESS_SLACK
    } else {
        0.0
    };
    text.parse()
        .ok()
        .filter(|value| (low - slack..=high + slack).contains(value))
        .map(|value| feature.clamp(value))
        .ok_or_else(|| format!("empty or a number from {low} to {high}"))
}

/// A side of the split, `None` for an empty cell; otherwise what it must be.
pub(super) fn split(text: &str) -> Result<Option<Split>, String> {
    match text.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "training" | "train" => Ok(Some(Split::Training)),
        "validation" | "val" => Ok(Some(Split::Validation)),
        "test" => Ok(Some(Split::Test)),
        _ => Err("empty, training, validation or test".to_owned()),
    }
}

/// Whether a cell says no.
pub(super) fn is_no(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "no" | "false" | "0" | "n")
}

/// Whether a cell of a published table stands for a missing number, as pandas, R and databases write it.
pub(super) fn is_missing(text: &str) -> bool {
    matches!(
        text.to_ascii_lowercase().as_str(),
        "" | "nan" | "na" | "n/a" | "null" | "none"
    )
}

/// Column names in an error: enough to recognise the table.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 30;
    let names: Vec<_> = names.into_iter().collect();
    let more = if names.len() > MOST { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(MOST)].join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_lie_in_their_range() {
        assert_eq!(label(Feature::Energy, "1"), Ok(1.0));
        assert_eq!(label(Feature::Energy, "1.72e-05"), Ok(1.72e-5));
        assert_eq!(label(Feature::Loudness, "1.5"), Ok(0.0));
        assert_eq!(label(Feature::Loudness, "-64"), Ok(-60.0));
        for text in ["", "1.01", "-0.1", "NaN", "inf", "high", "0,5"] {
            let rule = label(Feature::Energy, text).unwrap_err();
            assert_eq!(rule, "empty or a number from 0 to 1");
        }
        assert!(label(Feature::Loudness, "11").is_err());
    }

    #[test]
    fn splits_have_a_long_and_a_short_name() {
        for side in Split::ALL {
            assert_eq!(split(side.name()), Ok(Some(side)));
        }
        assert_eq!(split("Train"), Ok(Some(Split::Training)));
        assert_eq!(split("val"), Ok(Some(Split::Validation)));
        assert_eq!(split(""), Ok(None));
        assert!(split("dev").is_err());
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(listed(["a", "b"]), "a, b");
        assert!(listed(["a"; 31]).ends_with("a, …"));
    }
}
