//! Predicted against true values of the test clips.

use echometer_engine::Feature;
use maud::html;

use super::axis::{Axis, Panel};
use super::scatter::cloud;
use super::{Figure, capital, count, number, px, values_label};
use crate::runs::record::Errors;

const SIDE: f64 = 360.0;

/// `points` are truth and prediction; `model` says whose.
pub(crate) fn predictions(feature: Feature, model: &str, points: &[(f64, f64)], errors: &Errors) -> Figure {
    let (low, high) = match feature {
        Feature::Loudness => {
            let lowest = points
                .iter()
                .flat_map(|point| [point.0, point.1])
                .fold(0.0, f64::min);
            ((lowest / 5.0).floor().clamp(-12.0, -4.0) * 5.0, 0.0)
        }
        _ => (0.0, 1.0),
    };
    let panel = Panel {
        x: Axis::linear(low, high, 62.0, SIDE - 16.0),
        y: Axis::linear(low, high, SIDE - 54.0, 40.0),
    };
    // A network may say more than the range holds: such points lie on the frame, not outside the picture.
    let shown: Vec<_> = points
        .iter()
        .map(|(x, y)| (x.clamp(low, high), y.clamp(low, high)))
        .collect();
    let label = values_label(feature);
    let body = html! {
        (panel.draw(&format!("true {label}"), "predicted", (5, 5)))
        path class="diagonal" d={ "M" (px(panel.x.at(low))) " " (px(panel.y.at(low))) "L" (px(panel.x.at(high))) " "
            (px(panel.y.at(high))) } {}
        (cloud(&panel, &shown, 40, false))
        text class="strong" x="72" y="56" { "R² " (number(errors.known_r2().unwrap_or(f64::NAN), 3)) }
    };
    Figure {
        name: format!("predictions-{feature}"),
        title: format!(
            "{}: {} test clips",
            capital(feature.name()),
            count(points.len() as u64)
        ),
        caption: format!("Predicted by {model}. On the diagonal, prediction and truth are equal."),
        width: SIDE,
        height: SIDE,
        body,
    }
}
