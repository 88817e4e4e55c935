//! Axes: from values to pixels, with ticks at round values.

use maud::{Markup, html};

use super::{number, px};

/// Values along one side of a panel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    /// Pixels of `low` and `high`.
    from: f64,
    to: f64,
    logarithmic: bool,
}

/// A panel: two axes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Panel {
    pub(crate) x: Axis,
    pub(crate) y: Axis,
}

impl Axis {
    /// Linear. Where `low` is not below `high`, there is still some room around them.
    pub(crate) fn linear(low: f64, high: f64, from: f64, to: f64) -> Self {
        let (low, high) = match (low.is_finite(), high.is_finite()) {
            (true, true) if low < high => (low, high),
            (true, true) => (low - 0.5 * low.abs().max(1e-3), low + 0.5 * low.abs().max(1e-3)),
            _ => (0.0, 1.0),
        };
        Self {
            low,
            high,
            from,
            to,
            logarithmic: false,
        }
    }

    /// Logarithmic, of ratios around 1.
    pub(crate) fn ratios(low: f64, high: f64, from: f64, to: f64) -> Self {
        Self {
            logarithmic: true,
            ..Self::linear(low.clamp(1e-3, 0.8), high.clamp(1.25, 1e3), from, to)
        }
    }

    /// Where `value` lies, in pixels; outside the axis's range too.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let place = if self.logarithmic {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + place * (self.to - self.from)
    }

    /// [`Axis::at`] with values outside put on the nearer end.
    pub(crate) fn at_most(&self, value: f64) -> f64 {
        self.at(value.clamp(self.low, self.high))
    }

    /// Whether the value lies inside.
    pub(crate) fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Pixels of the lowest and the highest value.
    pub(crate) fn ends(&self) -> (f64, f64) {
        (self.from, self.to)
    }

    /// About `wanted` round values with their labels.
    pub(crate) fn ticks(&self, wanted: usize) -> Vec<(f64, String)> {
        if self.logarithmic {
            return self.ratio_ticks();
        }
        let rough = (self.high - self.low) / wanted.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|factor| factor * power)
            .into_iter()
            .find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last)
            .map(|i| i as f64 * step)
            .map(|value| {
                (
                    value,
                    if step >= 1000.0 {
                        thousands(value)
                    } else {
                        number(value, decimals)
                    },
                )
            })
            .collect()
    }

    /// Ratios as differences in percent: from 1 outwards, as many as have room.
    fn ratio_ticks(&self) -> Vec<(f64, String)> {
        const ROOM: f64 = 52.0;
        const ROUND: [f64; 24] = [
            1.0, 0.9, 1.1, 0.8, 1.25, 0.7, 1.5, 0.5, 2.0, 0.6, 0.4, 3.0, 0.3, 0.2, 5.0, 0.1, 4.0, 10.0, 0.05,
            0.02, 20.0, 0.01, 50.0, 100.0,
        ];
        // A wide axis has no use for small steps.
        let wide = (self.high / self.low).ln() > 1.2;
        let mut shown: Vec<f64> = Vec::new();
        for value in ROUND {
            let small = wide && [0.9, 1.1, 0.8, 0.6].contains(&value);
            let free = shown
                .iter()
                .all(|other| (self.at(*other) - self.at(value)).abs() >= ROOM);
            if self.contains(value) && free && !small {
                shown.push(value);
            }
        }
        shown.sort_unstable_by(f64::total_cmp);
        let label = |value: f64| match 100.0 * (value - 1.0) {
            0.0 => "equal".to_owned(),
            percent if percent > 0.0 => format!("+{percent:.0} %"),
            percent => format!("{} %", number(percent, 0)),
        };
        shown.into_iter().map(|value| (value, label(value))).collect()
    }
}

/// `250 k`, `1.2 M`.
fn thousands(value: f64) -> String {
    match value {
        _ if value >= 1e6 => format!("{} M", number(value / 1e6, 1).trim_end_matches(".0")),
        _ if value >= 1e3 => format!("{} k", number(value / 1e3, 1).trim_end_matches(".0")),
        _ => number(value, 0),
    }
}

impl Panel {
    /// Grid lines, ticks and the names of both axes.
    pub(crate) fn draw(&self, x_label: &str, y_label: &str, ticks: (usize, usize)) -> Markup {
        let (left, right) = (self.x.from, self.x.to);
        let (bottom, top) = (self.y.from, self.y.to);
        html! {
            (self.columns(ticks.0))
            @for (value, label) in self.y.ticks(ticks.1) {
                @let y = self.y.at(value);
                path class="grid" d={ "M" (px(left)) " " (px(y)) "H" (px(right)) } {}
                text class="end" x=(px(left - 7.0)) y=(px(y + 4.0)) { (label) }
            }
            path class="axis" d={ "M" (px(left)) " " (px(bottom)) "H" (px(right)) } {}
            text class="middle" x=(px((left + right) / 2.0)) y=(px(bottom + 36.0)) { (x_label) }
            text class="middle" transform={ "translate(16 " (px((top + bottom) / 2.0)) ") rotate(-90)" } { (y_label) }
        }
    }

    /// Vertical grid lines and the ticks below them.
    pub(crate) fn columns(&self, ticks: usize) -> Markup {
        let (bottom, top) = (self.y.from, self.y.to);
        html! {
            @for (value, label) in self.x.ticks(ticks) {
                @let x = self.x.at(value);
                path class="grid" d={ "M" (px(x)) " " (px(top)) "V" (px(bottom)) } {}
                text class="middle" x=(px(x)) y=(px(bottom + 17.0)) { (label) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: Axis, wanted: usize) -> Vec<String> {
        axis.ticks(wanted).into_iter().map(|tick| tick.1).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(
            labels(Axis::linear(0.0, 1.0, 0.0, 1.0), 5),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(
            labels(Axis::linear(-60.0, 0.0, 0.0, 1.0), 3),
            ["−60", "−40", "−20", "0"]
        );
        assert_eq!(
            labels(Axis::linear(0.0, 1_265_228.0, 0.0, 1.0), 3),
            ["0", "500 k", "1 M"]
        );
        assert_eq!(
            labels(Axis::ratios(0.4, 2.1, 0.0, 340.0), 5),
            ["−50 %", "−30 %", "equal", "+50 %", "+100 %"]
        );
    }

    #[test]
    fn values_map_to_pixels_and_odd_ranges_do_no_harm() {
        let axis = Axis::linear(-60.0, 0.0, 100.0, 0.0);
        assert_eq!(
            (axis.at(-60.0), axis.at(-30.0), axis.at_most(5.0)),
            (100.0, 50.0, 0.0)
        );
        for (low, high) in [
            (0.0, 0.0),
            (3.0, 3.0),
            (f64::NAN, 1.0),
            (2.0, 1.0),
            (0.0, f64::INFINITY),
        ] {
            let axis = Axis::linear(low, high, 0.0, 100.0);
            assert!(axis.at(1.0).is_finite() && axis.ticks(5).len() < 20);
        }
        assert_eq!(Axis::ratios(0.5, 2.0, 0.0, 100.0).at(1.0), 50.0);
    }
}
