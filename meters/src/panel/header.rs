//! The top row: the name, how far the meters are, and the controls.

use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, pos2};

use super::controls;
use super::hover;
use super::ink::{Style, set, set_within, width};
use super::meter::Pen;
use super::ring::{self, Ring};
use super::view::{Action, State, View};
use crate::coverage;

/// Draws the row into `rect`.
pub(super) fn show(ui: &Ui, pen: &Pen<'_>, view: &View<'_>, rect: Rect, actions: &mut Vec<Action>) {
    let tight = rect.width() < pen.s(640.0);
    let word = Style::new(pen.s(if tight { 10.0 } else { 12.0 }), pen.theme.text).strong();
    let word = word.spaced(pen.s(if tight { 1.5 } else { 3.0 }));
    let name = set(
        &pen.painter,
        "ECHOMETER",
        word,
        rect.left_center(),
        Align2::LEFT_CENTER,
    );
    let controls = controls::show(ui, pen, view, rect, actions);

    let radius = pen.s(if tight { 7.0 } else { 9.0 });
    let left = name.right() + pen.s(if tight { 8.0 } else { 21.0 });
    let state = Rect::from_x_y_ranges(left..=(controls - pen.s(8.0)).max(left), rect.y_range());
    let (sign, long, short) = state_of(view);
    ring::draw(pen, sign, pos2(state.left() + radius, state.center().y), radius);
    let style = Style::new(pen.s(12.0), pen.theme.soft);
    let from = state.left() + 2.0 * radius + pen.s(8.0);
    let room = (state.right() - from).max(0.0);
    let compared = view
        .reference
        .map(|reference| format!("{long}  ·  vs. {}", reference.name));
    let fits = |text: &&String| width(&pen.painter, text, style) <= room;
    let text = [compared.as_ref(), Some(&long)]
        .into_iter()
        .flatten()
        .find(fits)
        .unwrap_or(&short);
    let seen = set_within(
        &pen.painter,
        text,
        style,
        pos2(from, state.center().y),
        Align2::LEFT_CENTER,
        room,
    );
    let place = Rect::from_x_y_ranges(state.left()..=seen.right(), state.y_range());
    let response = ui.interact(
        place,
        ui.scope_id().with("state"),
        Sense::focusable_noninteractive(),
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Status, true, &long));
    if response.has_focus() {
        super::focus(
            pen,
            place
                .shrink2(egui::vec2(0.0, pen.s(8.0)))
                .expand2(egui::vec2(pen.s(4.0), 0.0)),
        );
    }
    response.on_hover_text(match view.state {
        State::Failed(reason) => reason,
        _ => hover::RING,
    });
}

/// The sign, the words, and fewer words where there is no room.
fn state_of(view: &View<'_>) -> (Ring, String, String) {
    let same = |ring, text: &str| (ring, text.to_owned(), text.to_owned());
    let reading = view.record.latest();
    match view.state {
        State::Failed(_) => same(Ring::Broken, "Stopped"),
        State::Loading => (Ring::Busy, "Loading the model…".into(), "Loading…".into()),
        _ if view.frozen => same(Ring::Frozen, "Frozen"),
        State::Waiting => (Ring::Empty, "Waiting for audio".into(), "Waiting…".into()),
        State::Running => {
            let share = reading.map_or(0.0, |reading| reading.coverage);
            let ring = Ring::Share(share);
            if reading.is_some_and(|reading| reading.silent) {
                return same(ring, "Silence");
            }
            let short = format!("{:.0} s", f64::from(share) * view.window_s);
            (ring, coverage(reading, view.window_s), short)
        }
    }
}
