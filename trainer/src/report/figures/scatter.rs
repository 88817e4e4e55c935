//! Clouds of points: dots for few, shaded squares for many, so that no picture grows with the data.

use std::collections::BTreeMap;
use std::fmt::Write;

use maud::{Markup, html};

use super::axis::Panel;
use super::px;

/// From so many points on, squares are shaded instead.
const MANY: usize = 500;
/// Shades, which are paths of the figure.
const SHADES: usize = 6;
/// Paths that the dots are spread over, so that overlapping ones look denser.
const LAYERS: usize = 8;

/// Draws the points inside `panel`; `squares` along each side where there are many.
pub(crate) fn cloud(panel: &Panel, points: &[(f64, f64)], squares: usize, fine: bool) -> Markup {
    let inside: Vec<_> = points
        .iter()
        .filter(|(x, y)| panel.x.contains(*x) && panel.y.contains(*y))
        .collect();
    if inside.len() >= MANY {
        return shades(panel, &inside, squares);
    }
    let class = if fine { "cloud fine" } else { "cloud" };
    html! {
        @for layer in 0..LAYERS.min(inside.len()) {
            path class=(class) d=(dots(panel, inside.iter().skip(layer).step_by(LAYERS))) {}
        }
    }
}

fn dots<'a>(panel: &Panel, points: impl Iterator<Item = &'a &'a (f64, f64)>) -> String {
    points.fold(String::new(), |mut path, (x, y)| {
        // Writing to a string cannot fail.
        let _ = write!(path, "M{} {}h0", px(panel.x.at(*x)), px(panel.y.at(*y)));
        path
    })
}

fn shades(panel: &Panel, points: &[&(f64, f64)], squares: usize) -> Markup {
    let (x, y) = (panel.x.ends(), panel.y.ends());
    let side = (
        (x.1 - x.0).abs() / squares as f64,
        (y.1 - y.0).abs() / squares as f64,
    );
    let (left, top) = (x.0.min(x.1), y.0.min(y.1));
    let index = |at: f64, start: f64, side: f64| (((at - start) / side) as usize).min(squares - 1);
    let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for point in points {
        let place = (
            index(panel.x.at(point.0), left, side.0),
            index(panel.y.at(point.1), top, side.1),
        );
        *counts.entry(place).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or(1) as f64;
    let mut paths = vec![String::new(); SHADES];
    for ((column, row), count) in counts {
        // Logarithmic: one clip is seen beside a thousand.
        let share = (1.0 + count as f64).ln() / (1.0 + most).ln();
        let shade = ((share * SHADES as f64) as usize).min(SHADES - 1);
        let (w, h) = (px(side.0), px(side.1));
        // Writing to a string cannot fail.
        let _ = write!(
            paths[shade],
            "M{} {}h{w}v{h}h-{w}z",
            px(left + column as f64 * side.0),
            px(top + row as f64 * side.1)
        );
    }
    html! {
        @for (shade, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
            path class="density" fill-opacity=(px(0.15 + 0.8 * shade as f64 / (SHADES - 1) as f64)) d=(path) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::figures::axis::Axis;

    #[test]
    fn a_picture_does_not_grow_with_the_data() {
        let panel = Panel {
            x: Axis::linear(0.0, 1.0, 0.0, 300.0),
            y: Axis::linear(0.0, 1.0, 300.0, 0.0),
        };
        let points = |n: usize| -> Vec<_> {
            (0..n)
                .map(|i| {
                    (
                        (i * 7919 % 1009) as f64 / 1009.0,
                        (i * 104_729 % 997) as f64 / 997.0,
                    )
                })
                .collect()
        };
        let few = cloud(&panel, &points(100), 30, false).into_string();
        assert_eq!(few.matches("h0").count(), 100);
        let many = cloud(&panel, &points(100_000), 30, false).into_string();
        assert!(
            many.len() < 30 * 30 * 45 && many.contains("density"),
            "{}",
            many.len()
        );
        assert!(
            cloud(&panel, &[(f64::NAN, 0.5)], 30, false)
                .into_string()
                .is_empty()
        );
    }
}
