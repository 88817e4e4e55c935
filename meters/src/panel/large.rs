//! A large meter: name, numerals, scale and history on a card.

use egui::{Align2, CornerRadius, Rect, Stroke, StrokeKind, pos2, vec2};

use super::curve;
use super::ink::{CAP, Style, line, put, set, set_within, typeset, width};
use super::meter::{Meter, Pen};
use super::scale::{self, CAPTION, NUMBERS};
use crate::{label, number};

/// The largest numerals, in points of the drawing.
const NUMERALS: f32 = 88.0;

/// What the font leaves free before a digit: taken back so that numerals align with what is below.
pub(super) fn bearing(meter: &Meter<'_>, size: f32) -> f32 {
    if meter.value.is_some() { size * 0.045 } else { 0.0 }
}

/// The card behind a meter.
pub(super) fn card(pen: &Pen<'_>, rect: Rect) {
    let round = CornerRadius::same(pen.s(8.0).min(255.0) as u8);
    let edge = Stroke::new(1.0, pen.theme.edge);
    pen.painter
        .rect(rect, round, pen.theme.card, edge, StrokeKind::Inside);
}

/// The feature's colour and name, aligned by capitals to `at`, not wider than `width`.
pub(super) fn name(pen: &Pen<'_>, meter: &Meter<'_>, text: &str, size: f32, at: egui::Pos2, width: f32) {
    let cap = pen.s(size) * CAP;
    let chip = Rect::from_min_size(at, vec2(pen.s(3.0), cap));
    pen.painter.rect_filled(
        chip.expand2(vec2(0.0, pen.s(1.0))),
        pen.s(1.5) as u8,
        meter.colour(pen.theme),
    );
    let indent = pen.s(size * 0.7);
    let style = Style::new(pen.s(size), pen.theme.text);
    set_within(
        &pen.painter,
        text,
        style,
        at + vec2(indent, 0.0),
        Align2::LEFT_TOP,
        width - indent,
    );
}

/// The colour of a meter's numerals.
pub(super) fn numeral_colour(pen: &Pen<'_>, meter: &Meter<'_>) -> egui::Color32 {
    if meter.value.is_none() || meter.stale || meter.guess {
        pen.theme.soft
    } else {
        pen.theme.text
    }
}

/// Draws `meter` into `rect`.
pub(super) fn draw(pen: &Pen<'_>, meter: &Meter<'_>, rect: Rect) {
    card(pen, rect);
    let narrow = rect.width() < pen.s(176.0);
    let pad = pen.s(if narrow { 12.0 } else { 16.0 });
    let inner = rect.shrink(pad);
    let roomy = inner.height() >= pen.s(120.0);
    let title = if narrow { 12.0 } else { 14.0 };
    let cap = pen.s(title) * CAP;
    let gap = pen.s(if roomy { 16.0 } else { 12.0 });
    let track = pen.s(if roomy && !narrow { 12.0 } else { 8.0 });

    // The deviation beside the numerals is set at a quarter of their size, but readable.
    let widest = width(&pen.painter, "0.00", Style::new(100.0, pen.theme.text)) / 100.0;
    let across = inner.width() - pen.s(8.0);
    let size = (across / (widest + 0.26 * 2.7)).min((across - pen.s(CAPTION) * 2.8) / widest);

    // Numerals come first, up to a size; then the curve, then the numbers of the scale. Numerals take what is left.
    let fixed = cap + 2.0 * gap + pen.s(4.0) + track;
    let first = inner.height() - fixed - size.min(pen.s(56.0)) * CAP;
    let (curve, numbers) = (gap + pen.s(24.0), pen.s(NUMBERS));
    let with_curve = first >= curve;
    let with_numbers = first >= numbers + if with_curve { curve } else { 0.0 };
    let below = if with_numbers { numbers } else { 0.0 };
    let history = if with_curve {
        gap + (inner.height() * 0.24).max(pen.s(24.0))
    } else {
        0.0
    };
    let left = inner.height() - fixed - below - history;
    let size = size.min(left / CAP).clamp(pen.s(20.0), pen.s(NUMERALS));

    name(pen, meter, label(meter.feature), title, inner.min, inner.width());
    let top = inner.top() + cap + gap;
    numerals(
        pen,
        meter,
        Rect::from_min_size(pos2(inner.left(), top), vec2(inner.width(), size * CAP)),
        size,
    );
    let bar = Rect::from_min_size(
        pos2(inner.left(), top + size * CAP + gap + pen.s(4.0)),
        vec2(inner.width(), track),
    );
    scale::draw(pen, meter, bar);
    if with_numbers {
        scale::numbers(pen, meter.feature, bar);
    }
    if with_curve {
        let rest = Rect::from_min_max(pos2(inner.left(), bar.bottom() + below + gap), inner.max);
        curve::draw(pen, meter, rest);
    }
}

/// The value, and beside it what it is worth.
fn numerals(pen: &Pen<'_>, meter: &Meter<'_>, rect: Rect, size: f32) {
    let style = Style::new(size, numeral_colour(pen, meter)).strong();
    let galley = line(&pen.painter, &typeset(&meter.digits()), style, f32::INFINITY);
    // On a wide card the deviation stays near the numerals it belongs to.
    let right = if rect.width() > size * 4.5 {
        rect.left() + size * 3.1
    } else {
        rect.right()
    };
    let seen = put(
        &pen.painter,
        galley,
        style,
        rect.left_bottom() - vec2(bearing(meter, size), 0.0),
        Align2::LEFT_BOTTOM,
    );
    let side = Style::new((size * 0.26).max(pen.s(CAPTION)), pen.theme.soft);
    let beside = if meter.silent {
        "Silence".into()
    } else {
        meter.beside()
    };
    set(
        &pen.painter,
        &beside,
        side,
        pos2(right, rect.bottom()),
        Align2::RIGHT_BOTTOM,
    );
    let small = Style::new(side.size.min(pen.s(13.0)), pen.theme.soft);
    let style = Style::new(side.size, pen.theme.focus);
    let above = apart(
        pen,
        meter,
        style,
        seen,
        pos2(right, rect.bottom() - side.size * CAP),
    );
    largest(pen, meter, small, seen, above);
}

/// Writes how far the value is from its reference to the right of the numerals and above what ends at `below`, if there is room;
/// returns where that ends.
pub(super) fn apart(
    pen: &Pen<'_>,
    meter: &Meter<'_>,
    style: Style,
    numerals: Rect,
    below: egui::Pos2,
) -> egui::Pos2 {
    let Some(text) = meter.apart().map(|text| typeset(&text)) else {
        return below;
    };
    let at = pos2(below.x, below.y - pen.s(6.0));
    let high = style.size * CAP;
    if at.x - width(&pen.painter, &text, style) - pen.s(6.0) < numerals.right()
        || at.y - high < numerals.top() - 1.0
    {
        return below;
    }
    set(&pen.painter, &text, style, at, Align2::RIGHT_BOTTOM);
    pos2(at.x, at.y - high)
}

/// Writes the largest value of late to the right of the numerals and above what ends at `below`, if there is room.
pub(super) fn largest(pen: &Pen<'_>, meter: &Meter<'_>, style: Style, numerals: Rect, below: egui::Pos2) {
    let Some(peak) = meter.peak else { return };
    let text = format!("max {}", typeset(&number(meter.feature, Some(peak))));
    let wide = width(&pen.painter, &text, style) + pen.s(8.0);
    let high = style.size * CAP + pen.s(4.0);
    if below.x - wide >= numerals.right() && below.y - high >= numerals.top() {
        set(
            &pen.painter,
            &text,
            style,
            pos2(below.x, numerals.top()),
            Align2::RIGHT_TOP,
        );
    }
}
