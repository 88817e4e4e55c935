//! A small meter: the same parts as a large one, as far as there is room.

use egui::{Align2, Rect, pos2, vec2};

use super::curve;
use super::ink::{CAP, Style, set, typeset, width};
use super::large::{apart, bearing, card, largest, name, numeral_colour};
use super::meter::{Meter, Pen};
use super::scale::{self, CAPTION, NUMBERS};
use crate::{label, short_label};

/// The largest numerals, in points of the drawing.
const NUMERALS: f32 = 40.0;

/// Draws `meter` into `rect`.
pub(super) fn draw(pen: &Pen<'_>, meter: &Meter<'_>, rect: Rect) {
    card(pen, rect);
    let narrow = rect.width() < pen.s(120.0);
    let pad = pen.s(if narrow { 8.0 } else { 12.0 });
    let inner = rect.shrink(pad);
    let title = if narrow { CAPTION } else { 13.0 };
    let cap = pen.s(title) * CAP;
    let gap = pen.s(if inner.height() < pen.s(72.0) { 8.0 } else { 12.0 });
    let track = pen.s(if narrow { 4.0 } else { 6.0 });

    // What stands beside the numerals goes below the scale where it does not fit beside.
    let plain = |size: f32| Style::new(size, pen.theme.soft);
    let widest = width(&pen.painter, "\u{2212}00.0", plain(100.0)) / 100.0;
    let caption = plain(pen.s(CAPTION));
    let beside = width(&pen.painter, "\u{b1}0.00", caption) + pen.s(8.0);
    let aside = inner.width() < beside + widest * pen.s(20.0);

    // As on a large meter: numerals up to a size, then the line below the scale, then the curve.
    let across = inner.width() - if aside { 0.0 } else { beside };
    let size = (across / widest).min(pen.s(NUMERALS));
    let fixed = cap + 2.0 * gap + pen.s(2.0) + track;
    let first = inner.height() - fixed - size.min(pen.s(28.0)) * CAP;
    let (under, curve) = (pen.s(NUMBERS), gap + pen.s(20.0));
    let with_under = first >= under;
    let with_curve = first >= under + curve;
    let history = if with_curve {
        gap + (inner.height() * 0.22).max(pen.s(20.0))
    } else {
        0.0
    };
    let left = inner.height() - fixed - if with_under { under } else { 0.0 } - history;
    let size = size.min(left / CAP).max(pen.s(14.0));

    let full = label(meter.feature);
    let fits =
        width(&pen.painter, full, Style::new(pen.s(title), pen.theme.text)) + pen.s(title) <= inner.width();
    let text = if fits { full } else { short_label(meter.feature) };
    name(pen, meter, text, title, inner.min, inner.width());

    let base = inner.top() + cap + gap + size * CAP;
    let style = Style::new(size, numeral_colour(pen, meter)).strong();
    let right = if inner.width() > size * 5.5 {
        inner.left() + size * 4.0
    } else {
        inner.right()
    };
    let seen = set(
        &pen.painter,
        &typeset(&meter.digits()),
        style,
        pos2(inner.left() - bearing(meter, size), base),
        Align2::LEFT_BOTTOM,
    );
    let bar = Rect::from_min_size(
        pos2(inner.left(), base + gap + pen.s(2.0)),
        vec2(inner.width(), track),
    );
    scale::draw(pen, meter, bar);

    let note = meter.beside();
    if aside {
        if with_under {
            let at = pos2(inner.left(), bar.bottom() + pen.s(8.0));
            let seen = set(&pen.painter, &note, caption, at, Align2::LEFT_TOP);
            let text = meter.apart().map(|text| typeset(&text)).unwrap_or_default();
            let style = Style::new(caption.size, pen.theme.focus);
            if seen.right() + pen.s(4.0) + width(&pen.painter, &text, style) <= inner.right() {
                set(
                    &pen.painter,
                    &text,
                    style,
                    pos2(inner.right(), at.y),
                    Align2::RIGHT_TOP,
                );
            }
        }
    } else {
        set(
            &pen.painter,
            &note,
            caption,
            pos2(right, base),
            Align2::RIGHT_BOTTOM,
        );
        let style = Style::new(pen.s(13.0), pen.theme.focus);
        let above = apart(pen, meter, style, seen, pos2(right, base - caption.size * CAP));
        largest(pen, meter, caption, seen, above);
        if with_under {
            scale::numbers(pen, meter.feature, bar);
        }
    }
    if with_curve {
        let rest = Rect::from_min_max(pos2(inner.left(), bar.bottom() + under + gap), inner.max);
        curve::draw(pen, meter, rest);
    }
}
