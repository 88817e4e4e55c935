//! What the trainer tells a person: progress and the table of metrics.

use std::fmt::Write;

use echometer_engine::model::FeatureMetrics;
use echometer_engine::{Feature, PerFeature};
use indicatif::{ProgressBar, ProgressStyle};

use super::statistics::bootstrap::Interval;

/// A bar with position, rate and time left, for something that takes `length` steps.
pub(crate) fn progress_bar(length: u64, name: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{prefix:>14} {wide_bar:.cyan/dim} {pos}/{len} · {per_sec} · {eta} left {msg}",
    )
    .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length)
        .with_style(style)
        .with_prefix(name.to_owned())
}

/// The metrics as a Markdown table, with 95 % intervals of R².
pub(crate) fn table(
    features: &[Feature],
    metrics: &PerFeature<Option<FeatureMetrics>>,
    intervals: &PerFeature<Option<Interval>>,
) -> String {
    let mut text = String::from(
        "| feature | clips | MAE | of the mean | MSE | of the mean | R² | 95 % | in 80 % band |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for &feature in features {
        let _ = match metrics[feature] {
            Some(m) => writeln!(
                text,
                "| {feature} | {} | {:.4} | {:.4} | {:.4} | {:.4} | {} | {} | {:.0} % |",
                m.clips,
                m.mae,
                m.baseline_mae,
                m.mse,
                m.baseline_mse,
                // Of one clip, or of equal truths, it says nothing.
                if m.clips > 1 && m.r2 != 0.0 {
                    format!("{:.3}", m.r2)
                } else {
                    "–".into()
                },
                intervals[feature].map_or("–".into(), |i| format!("{:.2} to {:.2}", i.low, i.high)),
                100.0 * m.band80
            ),
            None => writeln!(text, "| {feature} | 0 | – | – | – | – | – | – | – |"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_clip_has_no_r2() {
        let of = |clips, r2| {
            let metrics = FeatureMetrics {
                clips,
                mae: 0.1,
                mse: 0.01,
                r2,
                baseline_mae: 0.1,
                baseline_mse: 0.01,
                band80: 1.0,
            };
            let metrics = PerFeature::from_fn(|_| Some(metrics));
            table(&[Feature::Energy], &metrics, &PerFeature::default())
        };
        assert!(
            of(1, 0.0).contains("| 0.0100 | – | – | 100 % |"),
            "{}",
            of(1, 0.0)
        );
        assert!(of(2, 0.5).contains("| 0.500 | – |"));
    }
}
