//! Ratios of errors with their intervals, one line each: left of the middle is better.

use maud::{Markup, html};

use super::axis::{Axis, Panel};
use super::{Figure, px};
use crate::report::ratio::Verdict;
use crate::report::statistics::bootstrap::Interval;

/// One line.
pub(crate) struct Line {
    pub(crate) name: String,
    /// Class of its colour: a network, or `accent`.
    pub(crate) class: &'static str,
    pub(crate) ratio: f64,
    pub(crate) interval: Option<Interval>,
    /// Faint where there is not enough data to tell.
    pub(crate) verdict: Verdict,
    /// Sets a sum off from its parts.
    pub(crate) is_total: bool,
}

const WIDTH: f64 = 520.0;
const LEFT: f64 = 178.0;
const ROW: f64 = 23.0;

/// `name` is the file's stem; `better` and `worse` stand above the two sides.
pub(crate) fn forest(
    name: String,
    title: String,
    caption: String,
    sides: (&str, &str),
    axis: &str,
    lines: &[Line],
) -> Figure {
    let ends = lines.iter().flat_map(|line| {
        let interval = line.interval.unwrap_or(Interval {
            low: line.ratio,
            high: line.ratio,
        });
        [interval.low, interval.high, line.ratio]
    });
    let ends: Vec<_> = ends.filter(|end| end.is_finite() && *end > 0.0).collect();
    let low = ends.iter().copied().fold(1.0, f64::min).max(0.05);
    let high = ends.iter().copied().fold(1.0, f64::max).min(20.0);
    let bottom = 64.0 + ROW * lines.len() as f64;
    let panel = Panel {
        x: Axis::ratios(low / 1.06, high * 1.06, LEFT, WIDTH - 24.0),
        y: Axis::linear(0.0, 1.0, bottom, 54.0),
    };
    let middle = panel.x.at(1.0);
    let body = html! {
        text class="small" x=(px(LEFT)) y="44" { "← " (sides.0) }
        text class="small end" x=(px(WIDTH - 24.0)) y="44" { (sides.1) " →" }
        (panel.columns(6))
        path class="axis" d={ "M" (px(middle)) " 50V" (px(bottom)) } {}
        @for (i, line) in lines.iter().enumerate() { (row(&panel, line, 72.0 + ROW * i as f64)) }
        text class="middle" x=(px((LEFT + WIDTH - 24.0) / 2.0)) y=(px(bottom + 37.0)) { (axis) }
    };
    Figure {
        name,
        title,
        caption,
        width: WIDTH,
        height: bottom + 50.0,
        body,
    }
}

fn row(panel: &Panel, line: &Line, y: f64) -> Markup {
    let opacity = if line.verdict == Verdict::Unknown {
        "0.45"
    } else {
        "1"
    };
    let class = if line.is_total { "end strong" } else { "end" };
    let x = panel.x.at_most(line.ratio);
    html! {
        text class=(class) x=(px(LEFT - 12.0)) y=(px(y + 4.0)) { (line.name) }
        g opacity=(opacity) {
            @if let Some(interval) = line.interval {
                path class={ "interval " (line.class) }
                    d={ "M" (px(panel.x.at_most(interval.low))) " " (px(y)) "H" (px(panel.x.at_most(interval.high))) } {}
            }
            @if line.is_total {
                path class={ "dot " (line.class) } d={ "M" (px(x)) " " (px(y - 7.0)) "l7 7l-7 7l-7 -7z" } {}
            } @else {
                circle class={ "dot " (line.class) } cx=(px(x)) cy=(px(y)) r="5" {}
            }
            @if !panel.x.contains(line.ratio) {
                @if line.ratio > 1.0 {
                    text class="end small strong" x=(px(WIDTH - 34.0)) y=(px(y + 3.5)) { "beyond →" }
                } @else {
                    text class="small strong" x=(px(LEFT + 10.0)) y=(px(y + 3.5)) { "← beyond" }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beyond_is_marked() {
        let line = |ratio| Line {
            name: "energy".into(),
            class: "accent",
            ratio,
            interval: None,
            verdict: Verdict::Worse,
            is_total: false,
        };
        let drawn = |lines: &[Line]| {
            let figure = forest("a".into(), "b".into(), "c".into(), ("d", "e"), "f", lines);
            figure.body.into_string()
        };
        let inside = drawn(&[line(0.5), line(12.0)]);
        assert!(!inside.contains("beyond"), "{inside}");
        let outside = drawn(&[line(0.01), line(300.0)]);
        assert!(
            outside.contains("← beyond") && outside.contains("beyond →"),
            "{outside}"
        );
    }
}
