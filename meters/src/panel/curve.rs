//! The last half minute of a value as a curve.

use egui::epaint::{Mesh, Vertex, WHITE_UV};
use egui::{Color32, Pos2, Rect, Shape, Stroke, pos2};

use super::meter::{Meter, Pen};
use crate::History;

/// Values further apart than this are not joined: in between there was nothing to score.
pub(super) const GAP_S: f64 = 2.5;

/// Width of a curve's line, in points of the drawing.
const WIDTH: f32 = 1.75;

/// Draws the curve into `rect`, newest at the right.
pub(super) fn draw(pen: &Pen<'_>, meter: &Meter<'_>, rect: Rect) {
    grid(pen, rect);
    trace(pen, rect, runs(meter, room(pen, rect)), meter.colour(pen.theme));
}

/// Where points of a curve in `rect` may be, so that all of its line is inside.
pub(super) fn room(pen: &Pen<'_>, rect: Rect) -> Rect {
    rect.shrink2(egui::vec2(0.0, pen.s(WIDTH) / 2.0))
}

/// Hairlines behind a curve: both ends of the scale, and its middle.
pub(super) fn grid(pen: &Pen<'_>, rect: Rect) {
    let hair = Stroke::new(1.0, pen.theme.grid);
    for part in [0.0, 0.5, 1.0] {
        let y = (rect.top() + rect.height() * part).round() + 0.5;
        pen.painter.hline(rect.x_range(), y, hair);
    }
}

/// Draws the pieces of a curve with the ground below it.
pub(super) fn trace(pen: &Pen<'_>, rect: Rect, runs: Vec<Vec<Pos2>>, colour: Color32) {
    let width = pen.s(WIDTH);
    for run in runs {
        if let [only] = run[..] {
            pen.painter.circle_filled(only, width * 0.75, colour);
            continue;
        }
        pen.painter.add(below(
            &run,
            rect.bottom(),
            rect.height(),
            colour.gamma_multiply(0.22),
        ));
        pen.painter.add(Shape::line(run, Stroke::new(width, colour)));
    }
}

/// The pieces of the curve, as points in `rect`.
fn runs(meter: &Meter<'_>, rect: Rect) -> Vec<Vec<Pos2>> {
    let mut runs: Vec<Vec<Pos2>> = Vec::new();
    let mut before = f64::NEG_INFINITY;
    let at = |time: f64, value: f32| {
        let age = ((meter.now - time) / History::SPAN_S).clamp(0.0, 1.0) as f32;
        pos2(
            rect.right() - rect.width() * age,
            rect.bottom() - rect.height() * meter.feature.position(value),
        )
    };
    let mut point = |time: f64, value: f32| {
        if !value.is_finite() || time > meter.now || meter.now - time > History::SPAN_S {
            return;
        }
        let joined = time - before <= GAP_S;
        before = time;
        match runs.last_mut() {
            Some(run) if joined => run.push(at(time, value)),
            _ => runs.push(vec![at(time, value)]),
        }
    };
    // More points than half the pixels cannot be seen, but would have to be drawn.
    let cells = (rect.width() / 2.0).clamp(16.0, 600.0) as usize;
    if meter.history.iter().count() > cells {
        let cell_s = History::SPAN_S / cells as f64;
        let end = (meter.now / cell_s).floor() * cell_s;
        for (i, value) in meter.history.resample(meter.now, cells).into_iter().enumerate() {
            if let Some(value) = value {
                point(end - (cells - 1 - i) as f64 * cell_s, value);
            }
        }
    } else {
        meter.history.iter().for_each(|(time, value)| point(time, value));
    }
    runs
}

/// The ground below a curve, fading towards `bottom`.
fn below(run: &[Pos2], bottom: f32, height: f32, colour: Color32) -> Shape {
    let mut mesh = Mesh::default();
    let mut vertex = |pos: Pos2| {
        let color = colour.gamma_multiply(((bottom - pos.y) / height).clamp(0.0, 1.0));
        mesh.vertices.push(Vertex {
            pos,
            uv: WHITE_UV,
            color,
        });
    };
    for at in run {
        vertex(*at);
        vertex(pos2(at.x, bottom));
    }
    for pair in 0..run.len().saturating_sub(1) as u32 {
        let i = pair * 2;
        mesh.add_triangle(i, i + 1, i + 2);
        mesh.add_triangle(i + 1, i + 2, i + 3);
    }
    Shape::mesh(mesh)
}
