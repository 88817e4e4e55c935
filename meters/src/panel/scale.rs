//! The scale of a meter: how far the value reaches, its band, its largest value, and the numbers below.

use echometer_engine::Feature;
use egui::{Align2, CornerRadius, Rect, Shape, Stroke, pos2, vec2};

use super::ink::{Style, set};
use super::meter::{Meter, Pen};

/// Draws the scale into `track`; needle and mark stand out of it by up to four points.
pub(super) fn draw(pen: &Pen<'_>, meter: &Meter<'_>, track: Rect) {
    let painter = &pen.painter;
    let round = (track.height() / 2.0).round() as u8;
    painter.rect_filled(track, round, pen.theme.track);
    let colour = meter.colour(pen.theme);
    let x = |at: f32| track.left() + track.width() * at.clamp(0.0, 1.0);
    if let Some(at) = meter.needle {
        let spread = meter.spread();
        let (low, high) = (x(at - spread), x(at + spread));
        let part = |from: f32, to: f32| Rect::from_x_y_ranges(from..=to, track.y_range());
        let left = CornerRadius {
            nw: round,
            sw: round,
            ne: 0,
            se: 0,
        };
        let strength = if meter.stale { 0.5 } else { 1.0 };
        painter.rect_filled(part(track.left(), low), left, colour.gamma_multiply(strength));
        if spread > 0.0 {
            let ends = CornerRadius {
                nw: if low <= track.left() { round } else { 0 },
                sw: if low <= track.left() { round } else { 0 },
                ne: if high >= track.right() { round } else { 0 },
                se: if high >= track.right() { round } else { 0 },
            };
            painter.rect_filled(part(low, high), ends, colour.gamma_multiply(0.45 * strength));
        }
        needle(pen, track, x(at));
    }
    if let Some(reference) = meter.reference {
        aim(pen, track, x(meter.feature.position(reference)));
    }
    if let Some(peak) = meter.peak {
        mark(pen, track, x(meter.feature.position(peak)));
    }
}

/// The line at the value, set off from what it crosses.
fn needle(pen: &Pen<'_>, track: Rect, x: f32) {
    let reach = if track.height() < pen.s(8.0) { 2.0 } else { 4.0 };
    let width = if track.height() < pen.s(8.0) { 2.0 } else { 3.0 };
    let middle = x.clamp(
        track.left() + pen.s(width / 2.0),
        track.right() - pen.s(width / 2.0),
    );
    let line = Rect::from_center_size(
        pos2(middle, track.center().y),
        vec2(pen.s(width), track.height() + pen.s(2.0 * reach)),
    );
    let gap = line
        .expand2(vec2(pen.s(1.5), 0.0))
        .intersect(track.expand2(vec2(0.0, pen.s(1.0))));
    pen.painter.rect_filled(gap, 0, pen.theme.card);
    pen.painter
        .rect_filled(line, (pen.s(width) / 2.0) as u8, pen.theme.text);
}

/// The reference: a diamond on the scale.
fn aim(pen: &Pen<'_>, track: Rect, x: f32) {
    let half = pen.s(if track.height() < pen.s(8.0) { 4.0 } else { 6.0 });
    let centre = pos2(x, track.center().y);
    let corners = [
        vec2(0.0, -half),
        vec2(half, 0.0),
        vec2(0.0, half),
        vec2(-half, 0.0),
    ];
    let diamond = corners.map(|corner| centre + corner).to_vec();
    let edge = Stroke::new(pen.s(1.5), pen.theme.card);
    pen.painter
        .add(Shape::convex_polygon(diamond, pen.theme.focus, edge));
}

/// The largest value of late: a wedge above the scale.
fn mark(pen: &Pen<'_>, track: Rect, x: f32) {
    let top = track.top() - pen.s(1.0);
    let half = pen.s(if track.height() < pen.s(8.0) { 3.0 } else { 4.0 });
    let wedge = vec![
        pos2(x - half, top - 1.5 * half),
        pos2(x + half, top - 1.5 * half),
        pos2(x, top),
    ];
    pen.painter
        .add(Shape::convex_polygon(wedge, pen.theme.soft, Stroke::NONE));
}

/// The numbers of the scale below `track`, with ticks; at most what fits.
pub(super) fn numbers(pen: &Pen<'_>, feature: Feature, track: Rect) {
    let steps: &[(f32, &str)] = match feature {
        Feature::Loudness if track.width() < pen.s(112.0) => {
            &[(-60.0, "\u{2212}60"), (-30.0, "\u{2212}30"), (0.0, "0")]
        }
        Feature::Loudness => &[
            (-60.0, "\u{2212}60"),
            (-40.0, "\u{2212}40"),
            (-20.0, "\u{2212}20"),
            (0.0, "0"),
        ],
        _ => &[(0.0, "0"), (0.5, "0.5"), (1.0, "1")],
    };
    let style = Style::new(pen.s(CAPTION), pen.theme.soft);
    let last = steps.len() - 1;
    for (i, (value, text)) in steps.iter().enumerate() {
        let x = track.left() + track.width() * feature.position(*value);
        let align = match i {
            0 => Align2::LEFT_TOP,
            i if i == last => Align2::RIGHT_TOP,
            _ => Align2::CENTER_TOP,
        };
        set(
            &pen.painter,
            text,
            style,
            pos2(x, track.bottom() + pen.s(8.0)),
            align,
        );
        if i != 0 && i != last {
            let tick = (track.bottom() + pen.s(2.0))..=(track.bottom() + pen.s(5.0));
            pen.painter
                .vline(x, tick, Stroke::new(pen.s(1.0), pen.theme.track));
        }
    }
}

/// Size of captions, in points of the drawing.
pub(super) const CAPTION: f32 = 11.0;

/// What [`numbers`] takes below the track, in points of the drawing.
pub(super) const NUMBERS: f32 = 16.0;
