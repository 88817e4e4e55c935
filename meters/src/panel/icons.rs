//! Signs on the controls, drawn as lines so that they are sharp at every size.

use std::f32::consts::{PI, TAU};

use egui::{Color32, Pos2, Shape, Stroke, pos2, vec2};

use super::meter::Pen;

/// A sign on a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Icon {
    /// Two bars.
    Pause,
    /// A wedge to the right.
    Play,
    /// An arrow in a circle.
    Again,
    /// A bar below a line it once reached.
    Peak,
    /// Go to a light ground.
    Sun,
    /// Go to a dark ground.
    Moon,
    /// Sliders.
    Sliders,
    /// A cross.
    Close,
    /// A ring with a dot: something to aim at.
    Aim,
    /// A curve between its axes.
    Curve,
    /// Two sheets.
    Copy,
    /// A tick.
    Done,
}

/// Draws `icon` around `centre`, sixteen points of the drawing wide.
pub(super) fn draw(pen: &Pen<'_>, icon: Icon, centre: Pos2, colour: Color32) {
    let unit = pen.s(1.0);
    let at = |x: f32, y: f32| pos2(centre.x + x * unit, centre.y + y * unit);
    let line = Stroke::new(1.5 * unit, colour);
    let painter = &pen.painter;
    let segment = |a: (f32, f32), b: (f32, f32)| {
        painter.line_segment([at(a.0, a.1), at(b.0, b.1)], line);
    };
    match icon {
        Icon::Pause => {
            for x in [-2.5, 2.5] {
                painter.line_segment([at(x, -4.5), at(x, 4.5)], Stroke::new(2.0 * unit, colour));
            }
        }
        Icon::Play => {
            let wedge = vec![at(-3.0, -4.5), at(4.5, 0.0), at(-3.0, 4.5)];
            painter.add(Shape::convex_polygon(wedge, colour, Stroke::NONE));
        }
        Icon::Again => {
            let points = (0..=24).map(|i| {
                let angle = -0.35 * PI + i as f32 / 24.0 * 0.82 * TAU;
                at(4.75 * angle.cos(), 4.75 * angle.sin())
            });
            painter.add(Shape::line(points.collect(), line));
            let tip = vec![at(1.0, -6.6), at(5.2, -4.6), at(1.4, -1.9)];
            painter.add(Shape::convex_polygon(tip, colour, Stroke::NONE));
        }
        Icon::Peak => {
            segment((-5.0, -4.5), (5.0, -4.5));
            for (x, top) in [(-3.0, 1.0), (0.0, -1.5), (3.0, 2.5)] {
                painter.line_segment([at(x, top), at(x, 5.0)], Stroke::new(2.0 * unit, colour));
            }
        }
        Icon::Sun => {
            painter.circle_stroke(centre, 2.75 * unit, line);
            for i in 0..8 {
                let angle = i as f32 / 8.0 * TAU;
                let way = vec2(angle.cos(), angle.sin()) * unit;
                painter.line_segment([centre + way * 4.75, centre + way * 6.25], line);
            }
        }
        Icon::Moon => {
            // A disc of radius 5.25 with one of 4.25 cut out of it, whose centre lies 3.25 away, up and to the right.
            let (outer, inner, apart, way) = (5.25_f32, 4.25_f32, 3.25_f32, -0.22 * PI);
            let cut = ((outer * outer + apart * apart - inner * inner) / (2.0 * outer * apart)).acos();
            let back = ((inner * inner + apart * apart - outer * outer) / (2.0 * inner * apart)).acos();
            let arc = |centre: (f32, f32), radius: f32, from: f32, to: f32| {
                (0..=20).map(move |i| {
                    let angle = from + (to - from) * i as f32 / 20.0;
                    at(centre.0 + radius * angle.cos(), centre.1 + radius * angle.sin())
                })
            };
            let middle = (apart * way.cos(), apart * way.sin());
            let mut points: Vec<Pos2> = arc((0.0, 0.0), outer, way + cut, way + TAU - cut).collect();
            points.extend(
                arc(middle, inner, way + PI + back, way + PI - back)
                    .skip(1)
                    .take(19),
            );
            painter.add(Shape::closed_line(points, line));
        }
        Icon::Sliders => {
            for (y, knob) in [(-4.0, 2.0), (0.0, -2.5), (4.0, 1.0)] {
                segment((-5.5, y), (5.5, y));
                painter.circle_filled(at(knob, y), 2.0 * unit, colour);
            }
        }
        Icon::Aim => {
            painter.circle_stroke(centre, 4.5 * unit, line);
            painter.circle_filled(centre, 1.5 * unit, colour);
            for (x, y) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
                segment((4.5 * x, 4.5 * y), (6.5 * x, 6.5 * y));
            }
        }
        Icon::Curve => {
            let axes = [(-5.5, -5.0), (-5.5, 5.0), (5.5, 5.0)].map(|(x, y)| at(x, y));
            painter.add(Shape::line(axes.to_vec(), line));
            let curve = [(-3.0, 2.0), (-0.5, -1.5), (1.5, 0.5), (5.0, -4.0)].map(|(x, y)| at(x, y));
            painter.add(Shape::line(curve.to_vec(), line));
        }
        Icon::Copy => {
            let front = [(-2.0, -2.0), (5.0, -2.0), (5.0, 5.5), (-2.0, 5.5)].map(|(x, y)| at(x, y));
            painter.add(Shape::closed_line(front.to_vec(), line));
            let back =
                [(-2.0, 2.5), (-5.0, 2.5), (-5.0, -5.5), (2.0, -5.5), (2.0, -2.0)].map(|(x, y)| at(x, y));
            painter.add(Shape::line(back.to_vec(), line));
        }
        Icon::Done => {
            let tick = [(-4.5, 0.5), (-1.5, 3.5), (4.5, -3.5)].map(|(x, y)| at(x, y));
            painter.add(Shape::line(tick.to_vec(), line));
        }
        Icon::Close => {
            segment((-3.5, -3.5), (3.5, 3.5));
            segment((-3.5, 3.5), (3.5, -3.5));
        }
    }
}
