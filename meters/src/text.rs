//! Names and numbers as every face writes them.

use echometer_engine::{Feature, Reading};

/// What stands where there is no value yet.
const NOTHING: &str = "–";

/// The feature's name for a meter.
pub const fn label(feature: Feature) -> &'static str {
    match feature {
        Feature::Danceability => "Danceability",
        Feature::Energy => "Energy",
        Feature::Speechiness => "Speechiness",
        Feature::Acousticness => "Acousticness",
        Feature::Instrumentalness => "Instrumental",
        Feature::Liveness => "Liveness",
        Feature::Valence => "Valence",
        Feature::Loudness => "Loudness",
    }
}

/// The feature's name where there is little room: at most eight characters.
pub const fn short_label(feature: Feature) -> &'static str {
    match feature {
        Feature::Danceability => "Dance",
        Feature::Energy => "Energy",
        Feature::Speechiness => "Speech",
        Feature::Acousticness => "Acoustic",
        Feature::Instrumentalness => "Instrum.",
        Feature::Liveness => "Liveness",
        Feature::Valence => "Valence",
        Feature::Loudness => "Loudness",
    }
}

/// The value's digits: `0.63`, `-9.8`, or a dash where there is none.
pub fn number(feature: Feature, value: Option<f32>) -> String {
    match (feature, value) {
        (_, None) => NOTHING.into(),
        (Feature::Loudness, Some(value)) => decimal(value),
        (_, Some(value)) => format!("{value:.2}"),
    }
}

/// A level's digits: `-9.8`. Rounding makes no negative zero.
pub fn decimal(value: f32) -> String {
    format!("{:.1}", (value * 10.0).round() / 10.0 + 0.0)
}

/// A difference of the feature, with its sign: `+0.05`, `-1.2`, and `+0.00` for none.
pub fn signed(feature: Feature, difference: f32) -> String {
    let scale = if feature == Feature::Loudness { 10.0 } else { 100.0 };
    let rounded = (difference * scale).round() / scale + 0.0;
    match feature {
        Feature::Loudness => format!("{rounded:+.1}"),
        _ => format!("{rounded:+.2}"),
    }
}

/// The value with its unit: `0.63`, `-9.8 LUFS`.
pub fn value(feature: Feature, value: Option<f32>) -> String {
    match (feature, value) {
        (Feature::Loudness, Some(_)) => number(feature, value) + " LUFS",
        _ => number(feature, value),
    }
}

/// The standard deviation: `±0.08`; empty where there is none, or where the value is measured.
pub fn deviation(feature: Feature, sd: Option<f32>) -> String {
    match sd {
        Some(sd) if sd > 0.0 => format!("±{}", number(feature, Some(sd))),
        _ => String::new(),
    }
}

/// How much of the window was heard: `12.4 of 30 s heard`, or `30 s heard`.
pub fn coverage(reading: Option<&Reading>, window_s: f64) -> String {
    let share = reading.map_or(0.0, |reading| f64::from(reading.coverage));
    if share >= 1.0 {
        format!("{window_s} s heard")
    } else {
        format!("{:.1} of {window_s} s heard", share * window_s)
    }
}

#[cfg(test)]
mod tests {
    use echometer_engine::{Levels, PerFeature};

    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(value(Feature::Energy, Some(0.634)), "0.63");
        assert_eq!(value(Feature::Loudness, Some(-9.84)), "-9.8 LUFS");
        assert_eq!(value(Feature::Loudness, Some(-0.01)), "0.0 LUFS");
        assert_eq!(value(Feature::Loudness, None), NOTHING);
        assert_eq!(signed(Feature::Energy, -0.001), "+0.00");
        assert_eq!(signed(Feature::Energy, -0.071), "-0.07");
        assert_eq!(signed(Feature::Loudness, 1.26), "+1.3");
        assert_eq!(deviation(Feature::Energy, Some(0.081)), "±0.08");
        assert_eq!(deviation(Feature::Loudness, Some(0.0)), "");
    }

    #[test]
    fn coverage_counts_up_to_the_window() {
        let mut reading = Reading {
            time: 12.4,
            coverage: 12.4 / 30.0,
            silent: false,
            values: PerFeature::default(),
            sd: PerFeature::default(),
            levels: Levels::default(),
            dropped: 0,
            replaced: 0,
        };
        assert_eq!(coverage(Some(&reading), 30.0), "12.4 of 30 s heard");
        assert_eq!(coverage(None, 30.0), "0.0 of 30 s heard");
        reading.coverage = 1.0;
        assert_eq!(coverage(Some(&reading), 30.0), "30 s heard");
    }

    #[test]
    fn short_labels_are_short() {
        assert!(
            Feature::ALL
                .into_iter()
                .all(|feature| short_label(feature).len() <= 8)
        );
    }
}
