//! The ring that fills while the first window is heard, and the signs that take its place.

use std::f32::consts::TAU;

use egui::{Color32, Pos2, Shape, Stroke, pos2, vec2};

use super::meter::Pen;

/// What the ring shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Ring {
    /// Turning: nobody knows for how long.
    Busy,
    /// Nothing comes in.
    Empty,
    /// This share of the window was heard.
    Share(f32),
    /// Standing still.
    Frozen,
    /// Out of order.
    Broken,
}

/// Draws the ring around `centre` with the outer `radius`.
pub(super) fn draw(pen: &Pen<'_>, ring: Ring, centre: Pos2, radius: f32) {
    let theme = pen.theme;
    let thick = pen.s(3.0);
    let middle = radius - thick / 2.0;
    let track = Stroke::new(thick, theme.track);
    match ring {
        Ring::Share(share) if share >= 1.0 => {
            // Full: nothing more to wait for, so nothing draws the eye.
            pen.painter
                .circle_stroke(centre, radius - pen.s(0.75), Stroke::new(pen.s(1.5), theme.soft));
            pen.painter.circle_filled(centre, radius * 0.36, theme.soft);
        }
        Ring::Share(share) => {
            pen.painter.circle_stroke(centre, middle, track);
            arc(pen, centre, middle, 0.0, share, thick, theme.text);
        }
        Ring::Empty => {
            pen.painter.circle_stroke(centre, middle, track);
        }
        Ring::Busy => {
            pen.painter.circle_stroke(centre, middle, track);
            let turn = (pen.painter.ctx().input(|input| input.time) / 1.6).fract() as f32;
            arc(pen, centre, middle, turn, 0.25, thick, theme.text);
            pen.painter.ctx().request_repaint_after_secs(1.0 / 30.0);
        }
        Ring::Frozen => {
            pen.painter
                .circle_stroke(centre, radius - pen.s(0.75), Stroke::new(pen.s(1.5), theme.soft));
            for side in [-1.0, 1.0] {
                let x = centre.x + side * radius * 0.24;
                let y = (centre.y - radius * 0.38)..=(centre.y + radius * 0.38);
                pen.painter.vline(x, y, Stroke::new(pen.s(2.0), theme.text));
            }
        }
        Ring::Broken => warning(pen, centre, radius, theme.error),
    }
}

/// A triangle with a stroke and a dot: something is wrong.
pub(super) fn warning(pen: &Pen<'_>, centre: Pos2, radius: f32, colour: Color32) {
    let corner = |x: f32, y: f32| centre + vec2(x, y) * radius;
    let line = Stroke::new(pen.s(1.5), colour);
    pen.painter.add(Shape::closed_line(
        vec![corner(0.0, -0.85), corner(0.95, 0.8), corner(-0.95, 0.8)],
        line,
    ));
    pen.painter
        .line_segment([corner(0.0, -0.25), corner(0.0, 0.25)], line);
    pen.painter.circle_filled(corner(0.0, 0.52), pen.s(1.0), colour);
}

/// Part of a circle, clockwise; `from` and `share` in turns from the top.
fn arc(pen: &Pen<'_>, centre: Pos2, radius: f32, from: f32, share: f32, thick: f32, colour: Color32) {
    let share = share.clamp(0.0, 1.0);
    if share <= 0.0 {
        return;
    }
    let steps = (share * 64.0).ceil().max(2.0) as usize;
    let points = (0..=steps).map(|i| {
        let angle = (from + share * i as f32 / steps as f32 - 0.25) * TAU;
        pos2(centre.x + radius * angle.cos(), centre.y + radius * angle.sin())
    });
    pen.painter
        .add(Shape::line(points.collect(), Stroke::new(thick, colour)));
}
