//! Learning curves: validation error of all runs of a feature, and training against validation error of one.

use std::fmt::Write;

use echometer_engine::Feature;
use maud::{Markup, html};

use super::axis::{Axis, Panel};
use super::{Figure, capital, mse_label, px};
use crate::data::row::Split;
use crate::report::grid::{Cell, Grid, NETWORKS, Setting, network_name, settings};
use crate::report::statistics::distribution::quantile;
use crate::report::thesis;
use crate::runs::read::Run;

/// More points than this cannot be told apart in a figure.
const POINTS: usize = 400;
const WIDTH: f64 = 580.0;
const HEIGHT: f64 = 430.0;

type Curve = Vec<(f64, f64)>;

/// Samples and MSE of one side; every so many points where there are too many, and always the last.
fn curve(run: &Run, split: Split, feature: Feature) -> Curve {
    let points = run
        .curve
        .iter()
        .filter(|point| point.split == split && point.feature == feature);
    let points: Curve = points.map(|point| (point.samples as f64, point.mse)).collect();
    let step = points.len().div_ceil(POINTS).max(1);
    let last = points.len().saturating_sub(1);
    let chosen = points
        .into_iter()
        .enumerate()
        .filter(|(i, _)| i % step == 0 || *i == last);
    chosen.map(|(_, point)| point).collect()
}

/// A panel for these curves. Its upper end cuts off rare peaks, which would flatten all else.
fn panel(curves: &[Curve], marks: &[f64], bottom: f64) -> Option<Panel> {
    let mut values: Vec<_> = curves.iter().flatten().map(|point| point.1).collect();
    values.sort_unstable_by(f64::total_cmp);
    let samples = curves.iter().flatten().map(|point| point.0).fold(0.0, f64::max);
    let lowest = *values.first()?;
    let highest = marks.iter().copied().fold(quantile(&values, 0.97), f64::max) * 1.06;
    let lowest = marks.iter().copied().fold(lowest, f64::min);
    let floor = if lowest < 0.5 * highest {
        0.0
    } else {
        0.92 * lowest
    };
    Some(Panel {
        x: Axis::linear(0.0, samples, 70.0, WIDTH - 18.0),
        y: Axis::linear(floor, highest, bottom, 40.0),
    })
}

fn path(panel: &Panel, curve: &Curve) -> String {
    curve
        .iter()
        .enumerate()
        .fold(String::new(), |mut path, (i, (samples, mse))| {
            let letter = if i == 0 { 'M' } else { 'L' };
            // Far outside is as good as just outside, and keeps the numbers short.
            let y = panel.y.at(*mse).clamp(-500.0, 2000.0);
            // Writing to a string cannot fail.
            let _ = write!(path, "{letter}{} {}", px(panel.x.at(*samples)), px(y));
            path
        })
}

fn class(setting: &Setting) -> String {
    let dashed = if setting.optimiser == "sgd" { " dashed" } else { "" };
    let wide = if setting.learning_rate > 5e-4 { " wide" } else { "" };
    format!("curve {}{dashed}{wide}", setting.network)
}

/// Validation MSE against samples seen, one curve a single-task run; `None` without a curve.
///
/// `baseline` is the MSE of always saying the training mean.
pub(crate) fn validation(
    grid: &Grid,
    feature: Feature,
    printed: f64,
    baseline: Option<f64>,
) -> Option<Figure> {
    let drawn: Vec<_> = settings()
        .into_iter()
        .zip(grid.single[feature])
        .filter_map(|(setting, cell)| Some((setting, cell, curve(cell.run()?, Split::Validation, feature))))
        .filter(|(_, _, curve)| !curve.is_empty())
        .collect();
    let curves: Vec<_> = drawn.iter().map(|drawn| drawn.2.clone()).collect();
    let bottom = HEIGHT - 106.0;
    let marks: Vec<_> = baseline.into_iter().chain([printed]).collect();
    let panel = panel(&curves, &marks, bottom)?;
    let clip = format!("clip-curves-{feature}");
    let body = html! {
        (panel.draw("training samples seen", mse_label(feature), (6, 6)))
        (clip_path(&clip, bottom))
        g clip-path={ "url(#" (clip) ")" } {
            @for (setting, _, curve) in &drawn {
                path class=(class(setting)) d=(path(&panel, curve)) {}
            }
            @if let Some(baseline) = baseline { (level(&panel, baseline, "baseline")) }
            (level(&panel, printed, "thesis"))
        }
        @for (setting, cell, curve) in &drawn {
            @if let (Cell::Failed(..), Some((samples, mse))) = (cell, curve.last()) {
                @let (x, y) = (panel.x.at(*samples), panel.y.at_most(*mse));
                path class={ "curve wide " (setting.network) }
                    d={ "M" (px(x - 4.0)) " " (px(y - 4.0)) "l8 8m0 -8l-8 8" } {}
            }
        }
        (legend(bottom + 58.0, baseline.is_some()))
    };
    Some(Figure {
        name: format!("curves-{feature}"),
        title: format!("{}: validation error while training", capital(feature.name())),
        caption: format!(
            "As figure {} of the thesis: {} on the validation clips against training samples seen, one curve a model. Dotted: the \
             thesis’s best. A cross ends a run that failed; peaks above the frame are cut off.",
            thesis::curves_number(feature),
            mse_label(feature)
        ),
        width: WIDTH,
        height: HEIGHT,
        body,
    })
}

fn clip_path(name: &str, bottom: f64) -> Markup {
    html! {
        clipPath id=(name) {
            rect x="70" y="36" width=(px(WIDTH - 86.0)) height=(px(bottom - 34.0)) {}
        }
    }
}

fn level(panel: &Panel, value: f64, class: &str) -> Markup {
    html! { path class=(class) d={ "M70 " (px(panel.y.at(value))) "H" (px(WIDTH - 18.0)) } {} }
}

fn legend(y: f64, has_baseline: bool) -> Markup {
    let entry = |x: f64, y: f64, class: &str, text: &str| {
        html! {
            path class=(class) d={ "M" (px(x)) " " (px(y - 4.0)) "h26" } {}
            text x=(px(x + 32.0)) y=(px(y)) { (text) }
        }
    };
    html! {
        @for (i, network) in NETWORKS.into_iter().enumerate() {
            (entry(70.0 + 105.0 * i as f64, y, &format!("curve wide {network}"), network_name(network)))
        }
        (entry(390.0, y, "thesis", "best of the thesis"))
        (entry(70.0, y + 22.0, "curve soft", "Adam"))
        (entry(150.0, y + 22.0, "curve soft dashed", "SGD"))
        (entry(230.0, y + 22.0, "curve soft wide", "0.001"))
        (entry(310.0, y + 22.0, "curve soft", "0.0001"))
        @if has_baseline {
            (entry(390.0, y + 22.0, "baseline", "saying the training mean"))
        }
    }
}

/// Training against validation error of the chosen run; `None` without a curve.
pub(crate) fn training(grid: &Grid, feature: Feature) -> Option<Figure> {
    let (index, _) = grid.chosen(feature)?;
    let run = grid.single[feature][index].run()?;
    let (training, validation) = (
        curve(run, Split::Training, feature),
        curve(run, Split::Validation, feature),
    );
    let curves = [training, validation];
    let height = 360.0;
    let bottom = height - 82.0;
    let panel = panel(&curves, &[], bottom)?;
    let clip = format!("clip-training-{feature}");
    let setting = settings()[index];
    let body = html! {
        (panel.draw("training samples seen", mse_label(feature), (6, 5)))
        (clip_path(&clip, bottom))
        g clip-path={ "url(#" (clip) ")" } {
            path class="curve soft" d=(path(&panel, &curves[0])) {}
            path class={ "curve wide " (setting.network) } d=(path(&panel, &curves[1])) {}
        }
        path class="curve soft" d={ "M70 " (px(bottom + 56.0)) "h26" } {}
        text x="102" y=(px(bottom + 60.0)) { "training, over the samples since the last point" }
        path class={ "curve wide " (setting.network) } d={ "M400 " (px(bottom + 56.0)) "h26" } {}
        text x="432" y=(px(bottom + 60.0)) { "validation" }
    };
    Some(Figure {
        name: format!("training-{feature}"),
        title: format!("{}: {}", capital(feature.name()), setting.name()),
        caption: "As figure 5.2 of the thesis: training against validation error of the chosen model.".into(),
        width: WIDTH,
        height,
        body,
    })
}
