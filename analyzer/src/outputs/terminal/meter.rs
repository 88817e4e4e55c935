//! One feature's meter, in three sizes.

use echometer_engine::Feature;
use echometer_meters::{self as meters, Rgb};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::bar::{Cell, bar, spark};
use super::state::State;
use super::theme::Theme;

/// Columns of the label at the left, and of the value at the right.
const LABEL: u16 = 14;
const VALUE: u16 = 13;
/// The same where there is little room.
const SHORT_LABEL: u16 = 9;
const SHORT_VALUE: u16 = 6;

/// How many rows go where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Rows of a large bar.
    pub(super) bar: u16,
    /// Rows of a large meter's history.
    pub(super) history: u16,
    /// Rows of a small meter, its history beside its bar.
    pub(super) small: u16,
    /// Empty rows between the small meters.
    pub(super) gap: u16,
    /// Empty rows above the small meters.
    pub(super) air: u16,
}

impl Shape {
    /// Spends `extra` rows above the least that is needed.
    pub(super) fn for_height(mut extra: u16) -> Self {
        let mut shape = Self {
            bar: 2,
            history: 1,
            small: 1,
            gap: 0,
            air: 0,
        };
        let mut spend = |cost: u16, rows: &mut u16| {
            if extra >= cost {
                extra -= cost;
                *rows += 1;
            }
        };
        spend(3, &mut shape.history);
        spend(4, &mut shape.gap);
        spend(3, &mut shape.bar);
        for _ in 0..4 {
            spend(3, &mut shape.history);
        }
        spend(1, &mut shape.air);
        // However high the terminal is: curves say more the higher they are, bars do not.
        for turn in 0..u16::MAX / 8 {
            let before = shape.rows();
            spend(5, &mut shape.small);
            spend(3, &mut shape.history);
            if turn % 3 == 2 {
                spend(3, &mut shape.bar);
            }
            if shape.rows() == before {
                break;
            }
        }
        shape
    }

    /// Rows of all meters.
    fn rows(&self) -> u16 {
        3 * (self.bar + self.history) + 5 * self.small
    }
}

/// Label, thick bar, value; history below.
pub(super) fn large(
    area: Rect,
    buffer: &mut Buffer,
    state: &State<'_>,
    theme: &Theme,
    feature: Feature,
    shape: &Shape,
) {
    let rgb = state.about.colour(feature);
    let (value, sd) = values(state, feature);
    let (left, middle, right) = columns(area);
    let label = if state.about.guesses[feature] {
        theme.quiet()
    } else {
        theme.strong(rgb).patch(theme.bright())
    };
    Line::styled(meters::label(feature), label).render(left, buffer);
    Line::styled(meters::value(feature, value), theme.bright())
        .right_aligned()
        .render(right, buffer);
    Line::styled(meters::deviation(feature, sd), theme.quiet())
        .right_aligned()
        .render(below(right, 1), buffer);
    let line = bar_line(usize::from(middle.width), feature, value, sd, theme, rgb);
    for y in 0..shape.bar {
        (&line).render(below(middle, y), buffer);
    }
    for (y, line) in (shape.bar..).zip(history(state, feature, middle.width, shape.history)) {
        Line::styled(line, theme.faint(rgb)).render(below(middle, y), buffer);
    }
    Line::styled("last 30 s", theme.track()).render(below(left, shape.bar + shape.history - 1), buffer);
}

/// Label, bar, history and value beside each other, in as many rows as `area` has.
pub(super) fn small(
    area: Rect,
    buffer: &mut Buffer,
    state: &State<'_>,
    theme: &Theme,
    feature: Feature,
    shape: &Shape,
) {
    let rgb = state.about.colour(feature);
    let (value, sd) = values(state, feature);
    let (left, middle, right) = columns(area);
    let width = (middle.width / 3).min(60);
    let bar = Rect {
        width: middle.width - width - 2,
        ..middle
    };
    let past = Rect {
        x: middle.right() - width,
        width,
        ..middle
    };
    Line::styled(meters::label(feature), theme.strong(rgb)).render(left, buffer);
    let line = bar_line(usize::from(bar.width), feature, value, sd, theme, rgb);
    // Never as thick as a large one.
    for y in 0..area.height.min(shape.bar - 1) {
        (&line).render(below(bar, y), buffer);
    }
    for (y, line) in (0..).zip(history(state, feature, width, area.height)) {
        Line::styled(line, theme.faint(rgb)).render(below(past, y), buffer);
    }
    let mut text = vec![Span::styled(meters::value(feature, value), theme.bright())];
    if sd.is_some_and(|sd| sd > 0.0) {
        text.push(Span::styled(
            format!(" {}", meters::deviation(feature, sd)),
            theme.quiet(),
        ));
    }
    Line::from(text).right_aligned().render(right, buffer);
}

/// Short label, bar and number in one row.
pub(super) fn tiny(area: Rect, buffer: &mut Buffer, state: &State<'_>, theme: &Theme, feature: Feature) {
    let rgb = state.about.colour(feature);
    let (value, sd) = values(state, feature);
    let number = meters::number(feature, value);
    let width = area.width.saturating_sub(SHORT_LABEL + SHORT_VALUE);
    let label = theme.strong(rgb);
    Line::styled(meters::short_label(feature), label).render(
        Rect {
            width: area.width.min(SHORT_LABEL),
            ..area
        },
        buffer,
    );
    let middle = Rect {
        x: area.x + SHORT_LABEL,
        width,
        ..area
    }
    .intersection(area);
    bar_line(usize::from(middle.width), feature, value, sd, theme, rgb).render(middle, buffer);
    Line::styled(number, theme.bright())
        .right_aligned()
        .render(area, buffer);
}

fn columns(area: Rect) -> (Rect, Rect, Rect) {
    let row = Rect { height: 1, ..area };
    let middle = row.width.saturating_sub(LABEL + VALUE);
    (
        Rect { width: LABEL, ..row },
        Rect {
            x: row.x + LABEL,
            width: middle,
            ..row
        },
        Rect {
            x: row.right() - VALUE,
            width: VALUE,
            ..row
        },
    )
}

fn below(row: Rect, y: u16) -> Rect {
    Rect { y: row.y + y, ..row }
}

fn values(state: &State<'_>, feature: Feature) -> (Option<f32>, Option<f32>) {
    state.reading.as_ref().map_or((None, None), |reading| {
        (reading.values[feature], reading.sd[feature])
    })
}

fn bar_line(
    width: usize,
    feature: Feature,
    value: Option<f32>,
    sd: Option<f32>,
    theme: &Theme,
    rgb: Rgb,
) -> Line<'static> {
    let Some(value) = value else {
        return Line::styled(Cell::Empty.glyph().repeat(width), theme.track());
    };
    let band = meters::band(feature, value, sd.unwrap_or(0.0));
    let cells = bar(width, feature.position(value), band);
    let style = |cell: Cell| -> Style {
        match cell {
            Cell::Full => theme.strong(rgb),
            Cell::Below => theme.light(rgb),
            Cell::Mark => theme.bright(),
            Cell::Above => theme.light(rgb),
            Cell::Empty => theme.track(),
        }
    };
    cells
        .into_iter()
        .map(|cell| Span::styled(cell.glyph(), style(cell)))
        .collect()
}

fn history(state: &State<'_>, feature: Feature, width: u16, rows: u16) -> Vec<String> {
    let now = state.reading.as_ref().map_or(0.0, |reading| reading.time);
    let values = state.histories[feature].resample(now, usize::from(width));
    let positions: Vec<_> = values
        .into_iter()
        .map(|value| value.map(|value| feature.position(value)))
        .collect();
    spark(&positions, usize::from(rows))
}
