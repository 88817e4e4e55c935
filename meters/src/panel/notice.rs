//! A message across the window, until it is read.

use egui::{
    Align2, CornerRadius, Painter, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use super::controls::{BUTTON, Button};
use super::hover;
use super::icons::Icon;
use super::ink::{Style, lines};
use super::meter::Pen;
use super::ring;
use super::view::Action;

/// Size of the text, in points of the drawing.
const SIZE: f32 = 12.0;

/// What stands to the left and to the right of the text, in points of the drawing.
const SIDES: f32 = 40.0 + BUTTON + 12.0;

/// How many lines, at most two, `text` takes in a window `width` points of the drawing wide.
pub(super) fn rows(painter: &Painter, text: &str, width: f32) -> usize {
    let style = Style::new(SIZE, egui::Color32::PLACEHOLDER);
    lines(painter, text, style, width - SIDES, 2)
        .rows
        .len()
        .clamp(1, 2)
}

/// Draws the message into `rect`.
pub(super) fn show(ui: &Ui, pen: &Pen<'_>, text: &str, rect: Rect, actions: &mut Vec<Action>) {
    let round = CornerRadius::same(pen.s(8.0) as u8);
    let edge = Stroke::new(1.0, pen.theme.warn.gamma_multiply(0.6));
    pen.painter
        .rect(rect, round, pen.theme.card, edge, StrokeKind::Inside);
    ring::warning(
        pen,
        pos2(rect.left() + pen.s(20.0), rect.center().y),
        pen.s(7.0),
        pen.theme.warn,
    );

    let style = Style::new(pen.s(SIZE), pen.theme.text);
    let galley = lines(&pen.painter, text, style, rect.width() - pen.s(SIDES), 2);
    let top = rect.center().y - galley.size().y / 2.0;
    pen.painter
        .galley(pos2(rect.left() + pen.s(40.0), top), galley, pen.theme.text);

    let side = pen.s(BUTTON - 4.0);
    let place =
        Align2::RIGHT_CENTER.anchor_size(pos2(rect.right() - pen.s(8.0), rect.center().y), vec2(side, side));
    let body = Rect::from_min_max(rect.min, pos2(place.left() - pen.s(4.0), rect.bottom()));
    let response = ui.interact(body, ui.scope_id().with("notice"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Alert, true, text));
    response.on_hover_text(text);
    let close = Button {
        name: "Dismiss",
        icon: Icon::Close,
        on: None,
        labelled: false,
        primary: false,
        hover: hover::DISMISS,
    };
    if close.show(ui, pen, place).clicked() {
        actions.push(Action::DismissNotice);
    }
}
