//! Text set by what can be seen of it: capitals and digits, not line boxes.

use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align, Align2, Color32, FontId, Galley, Painter, Pos2, Rect, pos2, vec2};

/// Height of capitals and digits of egui's proportional font, in sizes.
pub(super) const CAP: f32 = 0.693;

/// How a piece of text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Font size in points.
    pub(super) size: f32,
    /// Colour.
    pub(super) colour: Color32,
    /// Extra space between letters, in points.
    pub(super) spacing: f32,
    /// Whether strokes are drawn a little thicker: egui brings one weight only.
    pub(super) strong: bool,
}

impl Style {
    /// Plain text.
    pub(super) const fn new(size: f32, colour: Color32) -> Self {
        Self {
            size,
            colour,
            spacing: 0.0,
            strong: false,
        }
    }

    /// The same with thicker strokes.
    pub(super) const fn strong(self) -> Self {
        Self { strong: true, ..self }
    }

    /// The same with letters apart.
    pub(super) const fn spaced(self, spacing: f32) -> Self {
        Self { spacing, ..self }
    }
}

/// One line, cut with an ellipsis where it would be wider than `width`.
pub(super) fn line(painter: &Painter, text: &str, style: Style, width: f32) -> Arc<Galley> {
    layout(
        painter,
        text,
        style,
        TextWrapping {
            max_width: width.max(0.0),
            max_rows: 1,
            break_anywhere: true,
            ..TextWrapping::default()
        },
        Align::LEFT,
    )
}

/// Lines broken at `width`, at most `rows`.
pub(super) fn lines(painter: &Painter, text: &str, style: Style, width: f32, rows: usize) -> Arc<Galley> {
    layout(painter, text, style, wrapped(width, rows), Align::LEFT)
}

/// The same, each line centred on where the galley is put.
pub(super) fn centred(painter: &Painter, text: &str, style: Style, width: f32, rows: usize) -> Arc<Galley> {
    layout(painter, text, style, wrapped(width, rows), Align::Center)
}

fn wrapped(width: f32, rows: usize) -> TextWrapping {
    TextWrapping {
        max_width: width.max(0.0),
        max_rows: rows.max(1),
        ..TextWrapping::default()
    }
}

fn layout(painter: &Painter, text: &str, style: Style, wrap: TextWrapping, align: Align) -> Arc<Galley> {
    let format = TextFormat {
        font_id: FontId::proportional(style.size),
        extra_letter_spacing: style.spacing,
        color: style.colour,
        ..TextFormat::default()
    };
    let mut job = LayoutJob::single_section(text.to_owned(), format);
    job.wrap = wrap;
    job.halign = align;
    // One line is one line, whatever a model's name or a host's message contains.
    job.break_on_newline = job.wrap.max_rows != 1;
    painter.layout_job(job)
}

/// How wide `text` is on one line.
pub(super) fn width(painter: &Painter, text: &str, style: Style) -> f32 {
    line(painter, text, style, f32::INFINITY).size().x
}

/// Draws `galley` so that its capitals are aligned at `at`: `Align2::LEFT_TOP` puts the top of a capital letter there,
/// `LEFT_BOTTOM` the base line. For one line only.
pub(super) fn put(painter: &Painter, galley: Arc<Galley>, style: Style, at: Pos2, align: Align2) -> Rect {
    let cap = CAP * style.size;
    let first = galley.rows.first();
    let baseline = first
        .and_then(|row| row.glyphs.first().map(|glyph| row.pos.y + glyph.pos.y))
        .unwrap_or(0.0);
    let seen = align.anchor_size(at, vec2(galley.size().x, cap));
    let corner = pos2(seen.left(), seen.bottom() - baseline);
    if style.strong {
        // A second copy, a hair to the right, reads as the next heavier weight.
        let shift = vec2(style.size * 0.018, 0.0);
        painter.galley(corner + shift, galley.clone(), style.colour);
    }
    painter.galley(corner, galley, style.colour);
    seen
}

/// Sets one line of `text` at `at` and returns the box of its capitals.
pub(super) fn set(painter: &Painter, text: &str, style: Style, at: Pos2, align: Align2) -> Rect {
    put(
        painter,
        line(painter, text, style, f32::INFINITY),
        style,
        at,
        align,
    )
}

/// As [`set`], cut where it would be wider than `width`.
pub(super) fn set_within(
    painter: &Painter,
    text: &str,
    style: Style,
    at: Pos2,
    align: Align2,
    width: f32,
) -> Rect {
    put(painter, line(painter, text, style, width), style, at, align)
}

/// A number as it is drawn: with a minus sign instead of a hyphen.
pub(super) fn typeset(number: &str) -> String {
    number.replace('-', "\u{2212}")
}
