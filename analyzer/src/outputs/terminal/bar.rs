//! Bars and sparklines as characters.

/// A part of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// Surely covered: below the band.
    Full,
    /// In the band, below the value.
    Below,
    /// The value.
    Mark,
    /// In the band, above the value.
    Above,
    /// Nothing.
    Empty,
}

impl Cell {
    /// Its character: shape tells what colour tells, for eyes and terminals without colour.
    pub(super) fn glyph(self) -> &'static str {
        match self {
            Self::Full => "█",
            Self::Below => "▓",
            Self::Mark => "┃",
            Self::Above => "░",
            Self::Empty => "·",
        }
    }
}

/// A bar of `width` cells for a value with its band, all 0–1.
pub(super) fn bar(width: usize, value: f32, band: (f32, f32)) -> Vec<Cell> {
    let cell = |position: f32| ((position * width as f32) as usize).min(width.saturating_sub(1));
    let (low, mark, high) = (cell(band.0), cell(value), cell(band.1));
    let part = |i: usize| match i {
        _ if i == mark => Cell::Mark,
        _ if i < mark && (i < low || low == mark) => Cell::Full,
        _ if i < mark => Cell::Below,
        _ if i <= high => Cell::Above,
        _ => Cell::Empty,
    };
    (0..width).map(part).collect()
}

/// Lines from top to bottom that show `values` (0–1) as columns of eighths.
pub(super) fn spark(values: &[Option<f32>], rows: usize) -> Vec<String> {
    const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let line = |row: usize| {
        let below = (rows - 1 - row) * 8;
        values
            .iter()
            .map(|value| {
                // Even the lowest value leaves a trace: it was heard.
                let eighths = value.map_or(0, |value| ((value * (rows * 8) as f32).round() as usize).max(1));
                EIGHTHS[eighths.saturating_sub(below).min(8)]
            })
            .collect()
    };
    (0..rows).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(cells: Vec<Cell>) -> String {
        cells.into_iter().map(Cell::glyph).collect()
    }

    #[test]
    fn bars_show_value_and_band() {
        assert_eq!(text(bar(10, 0.5, (0.3, 0.7))), "███▓▓┃░░··");
        assert_eq!(text(bar(10, 0.5, (0.5, 0.5))), "█████┃····");
        assert_eq!(text(bar(10, 0.0, (0.0, 0.0))), "┃·········");
        assert_eq!(text(bar(10, 1.0, (0.9, 1.0))), "█████████┃");
        assert_eq!(text(bar(1, 0.4, (0.0, 1.0))), "┃");
        assert_eq!(text(bar(0, 0.4, (0.0, 1.0))), "");
    }

    #[test]
    fn sparklines_stack_rows() {
        let values = [None, Some(0.0), Some(0.5), Some(0.75), Some(1.0)];
        assert_eq!(spark(&values, 1), [" ▁▄▆█"]);
        assert_eq!(spark(&values, 2), ["   ▄█", " ▁███"]);
    }
}
