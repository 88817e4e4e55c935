//! The labels against each other: scatter matrix, and heat maps of their correlations.

use echometer_engine::Feature;
use maud::{Markup, html};

use super::axis::{Axis, Panel};
use super::scatter::cloud;
use super::{Figure, number, px};
use crate::report::statistics::distribution::histogram;
use crate::report::thesis::ORDER;
use crate::runs::read::LabelledClip;

/// Correlation of two features, in [`ORDER`]; `None` where it is not defined.
pub(crate) type Correlations = Vec<Vec<Option<f64>>>;

/// All pairs of labels of two features.
pub(crate) fn pairs(clips: &[LabelledClip], x: Feature, y: Feature) -> Vec<(f64, f64)> {
    clips
        .iter()
        .filter_map(|clip| Some((clip.labels[x]?, clip.labels[y]?)))
        .collect()
}

/// Correlations of all features by `measure`.
pub(crate) fn correlations(
    clips: &[LabelledClip],
    measure: fn(&[(f64, f64)]) -> Option<f64>,
) -> Correlations {
    use rayon::prelude::*;
    let row = |y: &Feature| ORDER.iter().map(|x| measure(&pairs(clips, *x, *y))).collect();
    ORDER.par_iter().map(row).collect()
}

/// Short enough for a narrow column.
fn short(feature: Feature) -> &'static str {
    match feature {
        Feature::Danceability => "dance",
        Feature::Acousticness => "acoustic",
        Feature::Instrumentalness => "instrum.",
        Feature::Speechiness => "speech",
        Feature::Liveness => "live",
        Feature::Valence => "valence",
        Feature::Energy => "energy",
        Feature::Loudness => "loudness",
    }
}

fn range(feature: Feature) -> (f64, f64) {
    match feature {
        Feature::Loudness => (-40.0, 0.0),
        _ => (0.0, 1.0),
    }
}

/// Scatter plots below the diagonal, histograms on it, Pearson's correlations above.
pub(crate) fn scatter_matrix(clips: &[LabelledClip], pearson: &Correlations) -> Figure {
    const SIDE: f64 = 94.0;
    const STEP: f64 = 100.0;
    const LEFT: f64 = 72.0;
    const TOP: f64 = 40.0;
    let body = html! {
        @for (row, y) in ORDER.into_iter().enumerate() {
            @let top = TOP + row as f64 * STEP;
            text class="end" x=(px(LEFT - 8.0)) y=(px(top + SIDE / 2.0 + 4.0)) { (short(y)) }
            text class="middle" x=(px(LEFT + row as f64 * STEP + SIDE / 2.0)) y=(px(TOP + 8.0 * STEP + 12.0)) { (short(y)) }
            @for (column, x) in ORDER.into_iter().enumerate() {
                @let left = LEFT + column as f64 * STEP;
                rect class="panel" x=(px(left)) y=(px(top)) width=(SIDE) height=(SIDE) rx="3" {}
                @let inner = Panel {
                    x: Axis::linear(range(x).0, range(x).1, left + 3.0, left + SIDE - 3.0),
                    y: Axis::linear(range(y).0, range(y).1, top + SIDE - 3.0, top + 3.0),
                };
                @if row > column {
                    (cloud(&inner, &pairs(clips, x, y), 24, true))
                } @else if row == column {
                    (bars(clips, x, left + 3.0, top + 3.0, SIDE - 6.0))
                } @else {
                    (correlation(pearson[row][column], left + SIDE / 2.0, top + SIDE / 2.0))
                }
            }
        }
    };
    Figure {
        name: "labels-scatter".into(),
        title: "Labels against each other".into(),
        caption: "As figure 4.2 of the thesis: each pair of features below the diagonal, distributions on it, Pearson’s \
                  correlations above. All axes 0–1; loudness −40–0 dB."
            .into(),
        width: LEFT + 8.0 * STEP + 8.0,
        height: TOP + 8.0 * STEP + 26.0,
        body,
    }
}

fn bars(clips: &[LabelledClip], feature: Feature, left: f64, top: f64, side: f64) -> Markup {
    let values: Vec<_> = clips.iter().filter_map(|clip| clip.labels[feature]).collect();
    let (low, high) = range(feature);
    let counts = histogram(&values, low, high, 22);
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let width = side / counts.len() as f64;
    html! {
        @for (i, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            @let height = side * *count as f64 / most;
            rect class="bar" x=(px(left + i as f64 * width)) y=(px(top + side - height)) width=(px(width - 0.6))
                height=(px(height)) {}
        }
    }
}

/// The number, larger the stronger.
fn correlation(value: Option<f64>, x: f64, y: f64) -> Markup {
    let size = 12.0 + 12.0 * value.unwrap_or(0.0).abs();
    let class = match value {
        Some(value) if value.abs() >= 0.3 => "middle strong",
        _ => "middle",
    };
    html! {
        text class=(class) x=(px(x)) y=(px(y + size / 3.0)) style={ "font-size:" (px(size)) "px" } {
            (value.map_or("–".to_owned(), |value| number(value, 2)))
        }
    }
}

/// Correlations as coloured squares with their numbers.
pub(crate) fn heat_map(name: &str, who: &str, correlations: &Correlations) -> Figure {
    const STEP: f64 = 46.0;
    const LEFT: f64 = 76.0;
    const TOP: f64 = 40.0;
    let body = html! {
        @for (row, y) in ORDER.into_iter().enumerate() {
            @let top = TOP + row as f64 * STEP;
            text class="end" x=(px(LEFT - 8.0)) y=(px(top + STEP / 2.0 + 3.0)) { (short(y)) }
            @let x = LEFT + row as f64 * STEP + STEP / 2.0;
            @let below = TOP + 8.0 * STEP + 12.0;
            text class="end" transform={ "translate(" (px(x + 4.0)) " " (px(below)) ") rotate(-40)" } { (short(y)) }
            @for column in 0..Feature::COUNT {
                @let left = LEFT + column as f64 * STEP;
                @let value = correlations[row][column];
                @let strength = value.unwrap_or(0.0);
                rect class="panel" x=(px(left)) y=(px(top)) width=(STEP - 2.0) height=(STEP - 2.0) rx="4" {}
                rect class=(if strength < 0.0 { "negative" } else { "positive" }) fill-opacity=(number(0.72 * strength.abs(), 3))
                    x=(px(left)) y=(px(top)) width=(STEP - 2.0) height=(STEP - 2.0) rx="4" {}
                text class="middle small strong" x=(px(left + STEP / 2.0 - 1.0)) y=(px(top + STEP / 2.0 + 3.0)) {
                    (value.map_or("–".to_owned(), |value| number(value, 2)))
                }
            }
        }
    };
    Figure {
        name: format!("labels-{name}"),
        title: format!("{who} correlation of the labels"),
        caption: "Blue: they rise together. Orange: one falls where the other rises.".into(),
        width: LEFT + 8.0 * STEP + 10.0,
        height: TOP + 8.0 * STEP + 62.0,
        body,
    }
}
