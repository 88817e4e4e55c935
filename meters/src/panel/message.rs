//! What stands in place of the meters when there is nothing to show.

use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::controls::Button;
use super::hover;
use super::icons::Icon;
use super::ink::{CAP, Style, centred, set_within};
use super::large::card;
use super::meter::Pen;
use super::ring::{self, Ring};
use super::view::Action;

/// Draws why it cannot go on into `rect`.
pub(super) fn failed(ui: &Ui, pen: &Pen<'_>, reason: &str, rect: Rect, actions: &mut Vec<Action>) {
    card(pen, rect);
    let width = (rect.width() - pen.s(32.0)).min(pen.s(480.0));
    let title = Style::new(pen.s(20.0), pen.theme.text);
    let body = Style::new(pen.s(13.0), pen.theme.soft);
    let row = pen.s(13.0) * 1.25;
    let (sign, button) = (pen.s(14.0), pen.s(32.0));
    let fixed =
        2.0 * sign + pen.s(16.0) + title.size * CAP + pen.s(16.0) + pen.s(16.0) + button + pen.s(32.0);
    let rows = ((rect.height() - fixed) / row).floor().clamp(1.0, 12.0) as usize;
    let text = centred(&pen.painter, reason, body, width, rows);
    let height = fixed - pen.s(32.0) + text.size().y;
    let x = rect.center().x;
    let mut y = rect.center().y - height / 2.0;
    ring::draw(pen, Ring::Broken, pos2(x, y + sign), sign);
    y += 2.0 * sign + pen.s(16.0);
    set_within(
        &pen.painter,
        "The meters cannot run",
        title,
        pos2(x, y),
        Align2::CENTER_TOP,
        width,
    );
    y += title.size * CAP + pen.s(16.0);
    let height = text.size().y;
    pen.painter.galley(pos2(x, y), text, body.colour);
    y += height + pen.s(16.0);
    let response = ui.interact(rect, ui.scope_id().with("failed"), Sense::hover());
    response
        .widget_info(|| WidgetInfo::labeled(Role::Alert, true, format!("The meters cannot run: {reason}")));
    let open = Button {
        name: "Open settings",
        icon: Icon::Sliders,
        on: None,
        labelled: true,
        primary: true,
        hover: hover::SETTINGS,
    };
    let place = Rect::from_center_size(pos2(x, y + button / 2.0), vec2(open.width(pen), button));
    if open.show(ui, pen, place).clicked() {
        actions.push(Action::Settings);
    }
}

/// Writes `text` into the middle of an empty picture.
pub(super) fn calm(pen: &Pen<'_>, sign: Ring, text: &str, rect: Rect) {
    let style = Style::new(pen.s(16.0), pen.theme.soft);
    let size = super::ink::width(&pen.painter, text, style);
    let radius = pen.s(10.0);
    let left = rect.center().x - (size + 2.0 * radius + pen.s(12.0)) / 2.0;
    ring::draw(pen, sign, pos2(left + radius, rect.center().y), radius);
    let at = pos2(left + 2.0 * radius + pen.s(12.0), rect.center().y);
    set_within(&pen.painter, text, style, at, Align2::LEFT_CENTER, rect.width());
}
