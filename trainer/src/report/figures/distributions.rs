//! Histograms of the labels over boxplots: ours, and the thesis's quartiles.

use echometer_engine::Feature;
use maud::{Markup, html};

use super::axis::{Axis, Panel};
use super::{Figure, capital, count, number, px, values_label};
use crate::report::statistics::distribution::{Summary, histogram};
use crate::report::thesis::{self, PrintedLabels};

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 310.0;
const BINS: usize = 40;

/// The feature's labels of all clips; `summary` is theirs.
pub(crate) fn distribution(
    feature: Feature,
    values: &[f64],
    summary: &Summary,
    printed: Option<&PrintedLabels>,
) -> Figure {
    // Nothing is quieter than −60 dB; hardly any music is quieter than −30.
    let (low, high) = match feature {
        Feature::Loudness => (
            if summary.low < -32.0 { -60.0 } else { -32.0 },
            summary.high.max(0.0),
        ),
        _ => (0.0, 1.0),
    };
    let bins = BINS.min((values.len() / 4).max(8));
    let counts = histogram(values, low, high, bins);
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let panel = Panel {
        x: Axis::linear(low, high, 62.0, WIDTH - 16.0),
        y: Axis::linear(0.0, most as f64 * 1.05, 196.0, 38.0),
    };
    let width = (high - low) / bins as f64;
    let body = html! {
        @for (value, label) in panel.y.ticks(4) {
            @let y = px(panel.y.at(value));
            path class="grid" d={ "M62 " (y) "H" (px(WIDTH - 16.0)) } {}
            text class="end" x="55" y=(px(panel.y.at(value) + 4.0)) { (label) }
        }
        text class="middle" transform="translate(16 117) rotate(-90)" { "clips" }
        @for (i, clips) in counts.iter().enumerate().filter(|(_, clips)| **clips > 0) {
            @let (left, right) = (panel.x.at(low + i as f64 * width), panel.x.at(low + (i + 1) as f64 * width));
            @let top = panel.y.at(*clips as f64);
            rect class="bar" x=(px(left + 0.5)) y=(px(top)) width=(px((right - left - 1.0).max(0.5)))
                height=(px(196.0 - top)) {}
        }
        path class="axis" d={ "M62 196H" (px(WIDTH - 16.0)) } {}
        (row(&panel.x, 214.0, "ours", [summary.low, summary.q25, summary.q50, summary.q75, summary.high], summary.mean, ""))
        @if let Some(p) = printed {
            (row(&panel.x, 240.0, "thesis", [p.q25, p.q25, p.q50, p.q75, p.q75], p.mean, " hollow"))
        }
        @let below = Panel { x: panel.x, y: Axis::linear(0.0, 1.0, 258.0, 258.0) };
        (below.columns(5))
        text class="middle" x=(px((62.0 + WIDTH - 16.0) / 2.0)) y="298" { (values_label(feature)) }
    };
    Figure {
        name: format!("distribution-{feature}"),
        title: format!(
            "{}: {} labels",
            capital(feature.name()),
            count(summary.count as u64)
        ),
        caption: format!(
            "As figure {} of the thesis. Boxes: quartiles; whiskers: smallest and largest; dots: means ({} here).",
            thesis::distribution_number(feature),
            number(summary.mean, 3)
        ),
        width: WIDTH,
        height: HEIGHT,
        body,
    }
}

/// A boxplot on one line: smallest, quartiles, largest; a dot for the mean.
fn row(x: &Axis, y: f64, name: &str, values: [f64; 5], mean: f64, more: &str) -> Markup {
    let [low, q25, q50, q75, high] = values.map(|value| x.at_most(value));
    html! {
        text class="end small" x="55" y=(px(y + 4.0)) { (name) }
        path class={ "whisker" (more) } d={ "M" (px(low)) " " (px(y)) "H" (px(q25)) "M" (px(q75)) " " (px(y)) "H" (px(high)) } {}
        rect class={ "box" (more) } x=(px(q25)) y=(px(y - 8.0)) width=(px((q75 - q25).max(1.0))) height="16" {}
        path class={ "whisker" (more) } stroke-width="2.4" d={ "M" (px(q50)) " " (px(y - 8.0)) "v16" } {}
        circle class="dot accent" cx=(px(x.at_most(mean))) cy=(px(y)) r="3.4" {}
    }
}
