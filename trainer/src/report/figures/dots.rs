//! The MSE of every network that learns a feature, with its interval, beside the thesis's.

use echometer_engine::Feature;
use maud::{Markup, html};

use super::axis::{Axis, Panel};
use super::{Figure, capital, mse_label, px};
use crate::report::statistics::bootstrap::Interval;

/// One line of the plot.
pub(crate) struct Dot {
    /// `ResNet-34 · Adam · 0.001`.
    pub(crate) name: String,
    /// As on the command line; decides the colour.
    pub(crate) network: String,
    pub(crate) mse: Option<f64>,
    pub(crate) interval: Option<Interval>,
    /// The thesis's value.
    pub(crate) printed: Option<f64>,
    /// What stands there without a value: `failed`.
    pub(crate) state: &'static str,
}

const WIDTH: f64 = 520.0;
const LEFT: f64 = 190.0;
const ROW: f64 = 20.0;

/// On the validation clips; `baseline` is the MSE of always saying the training mean.
pub(crate) fn dots(feature: Feature, lines: &[Dot], baseline: Option<f64>) -> Figure {
    let values = lines
        .iter()
        .flat_map(|line| [line.mse, line.interval.map(|i| i.high), line.printed]);
    let high = values
        .chain([baseline])
        .flatten()
        .filter(|value| value.is_finite())
        .fold(0.0, f64::max);
    // One diverged model must not flatten all others.
    let limit = baseline.map_or(high, |baseline| high.min(2.5 * baseline));
    let bottom = 44.0 + ROW * lines.len() as f64;
    let panel = Panel {
        x: Axis::linear(0.0, limit * 1.05, LEFT, WIDTH - 18.0),
        y: Axis::linear(0.0, 1.0, bottom, 36.0),
    };
    let body = html! {
        (panel.columns(5))
        text class="middle" x=(px((LEFT + WIDTH - 18.0) / 2.0)) y=(px(bottom + 36.0)) { (mse_label(feature)) " on the validation clips" }
        @if let Some(baseline) = baseline {
            path class="baseline" d={ "M" (px(panel.x.at(baseline))) " 36V" (px(bottom)) } {}
        }
        @for (i, line) in lines.iter().enumerate() { (row(&panel, line, 54.0 + ROW * i as f64)) }
        @let below = bottom + 60.0;
        circle class="dot soft" cx="30" cy=(px(below - 4.0)) r="4.5" {}
        text x="40" y=(px(below)) { "ours, 95 % interval" }
        (diamond(190.0, below - 4.0))
        text x="200" y=(px(below)) { "thesis" }
        @if baseline.is_some() {
            path class="baseline" d={ "M268 " (px(below - 4.0)) "h26" } {}
            text x="300" y=(px(below)) { "saying the training mean" }
        }
    };
    Figure {
        name: format!("networks-{feature}"),
        title: format!("{}: every network", capital(feature.name())),
        caption: "MSE on the validation clips with 95 % bootstrap intervals.".into(),
        width: WIDTH,
        height: bottom + 74.0,
        body,
    }
}

fn row(panel: &Panel, line: &Dot, y: f64) -> Markup {
    html! {
        text class="end small" x=(px(LEFT - 10.0)) y=(px(y + 3.5)) { (line.name) }
        @if let Some(interval) = line.interval {
            path class={ "interval " (line.network) }
                d={ "M" (px(panel.x.at_most(interval.low))) " " (px(y)) "H" (px(panel.x.at_most(interval.high))) } {}
        }
        @if let Some(mse) = line.mse {
            circle class={ "dot " (line.network) } cx=(px(panel.x.at_most(mse))) cy=(px(y)) r="4.8" {}
            @if !panel.x.contains(mse) {
                text class="end small strong" x=(px(WIDTH - 26.0)) y=(px(y + 3.5)) { "beyond →" }
            }
        } @else {
            text class="small" x=(px(LEFT + 6.0)) y=(px(y + 3.5)) { (line.state) }
        }
        @if let Some(printed) = line.printed { (diamond(panel.x.at_most(printed), y)) }
    }
}

/// The thesis's mark.
fn diamond(x: f64, y: f64) -> Markup {
    html! { path class="diamond" fill-opacity="0" d={ "M" (px(x)) " " (px(y - 5.0)) "l5 5l-5 5l-5 -5z" } {} }
}
