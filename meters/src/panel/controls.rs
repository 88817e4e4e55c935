//! Buttons: freeze, reset, hold, light or dark, settings.

use egui::{
    Align2, Color32, CornerRadius, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    vec2,
};

use super::hover;
use super::icons::{self, Icon};
use super::ink::{Style, set, width};
use super::meter::Pen;
use super::view::{Action, View};

/// Side of a button, in points of the drawing.
pub(super) const BUTTON: f32 = 28.0;

/// Size of the text on a button, in points of the drawing.
const LABEL: f32 = 12.0;

/// One button.
pub(super) struct Button<'a> {
    /// What it is called, on it and for screen readers.
    pub(super) name: &'a str,
    /// Its sign.
    pub(super) icon: Icon,
    /// Whether it is on; `None` if it is no switch.
    pub(super) on: Option<bool>,
    /// Whether its name is written on it.
    pub(super) labelled: bool,
    /// Whether it is the one thing to do here.
    pub(super) primary: bool,
    /// What it does, and its key.
    pub(super) hover: &'a str,
}

impl Button<'_> {
    /// How wide it is.
    pub(super) fn width(&self, pen: &Pen<'_>) -> f32 {
        if !self.labelled {
            return pen.s(BUTTON);
        }
        pen.s(8.0 + 16.0 + 4.0 + 12.0)
            + width(&pen.painter, self.name, Style::new(pen.s(LABEL), pen.theme.text))
    }

    /// Draws the button into `rect` and listens to pointer and keyboard.
    pub(super) fn show(&self, ui: &Ui, pen: &Pen<'_>, rect: Rect) -> Response {
        let response = ui.interact(rect, ui.scope_id().with(("button", self.name)), Sense::click());
        let on = self.primary || self.on == Some(true);
        let theme = pen.theme;
        let over = ui
            .ctx()
            .animate_bool_with_time(response.id, response.hovered(), 0.12);
        let (fill, ink) = match (on, response.is_pointer_button_down_on()) {
            (true, _) => (theme.text, theme.card),
            (false, true) => (theme.edge, theme.text),
            (false, false) => (
                theme.track.gamma_multiply(over),
                mix(theme.soft, theme.text, over),
            ),
        };
        let round = CornerRadius::same(pen.s(6.0) as u8);
        pen.painter.rect_filled(rect, round, fill);
        if response.has_focus() {
            let ring = Stroke::new(pen.s(2.0), theme.focus);
            pen.painter
                .rect_stroke(rect.expand(pen.s(1.0)), round, ring, StrokeKind::Outside);
        }
        if self.labelled {
            icons::draw(
                pen,
                self.icon,
                pos2(rect.left() + pen.s(16.0), rect.center().y),
                ink,
            );
            let at = pos2(rect.left() + pen.s(28.0), rect.center().y);
            set(
                &pen.painter,
                self.name,
                Style::new(pen.s(LABEL), ink),
                at,
                Align2::LEFT_CENTER,
            );
        } else {
            icons::draw(pen, self.icon, rect.center(), ink);
        }
        response.widget_info(|| WidgetInfo {
            selected: self.on,
            ..WidgetInfo::labeled(Role::Button, true, self.name)
        });
        response
            .on_hover_cursor(egui::CursorIcon::PointingHand)
            .on_hover_text(self.hover)
    }
}

fn mix(a: Color32, b: Color32, share: f32) -> Color32 {
    a.lerp_to_gamma(b, share)
}

/// Draws the controls at the right of `rect` and returns where they begin.
pub(super) fn show(ui: &Ui, pen: &Pen<'_>, view: &View<'_>, rect: Rect, actions: &mut Vec<Action>) -> f32 {
    let labelled = rect.width() >= pen.s(600.0);
    let frozen = if view.frozen { Icon::Play } else { Icon::Pause };
    let ground = if view.light { Icon::Moon } else { Icon::Sun };
    let switch = |name, icon, on, hover| Button {
        name,
        icon,
        on,
        labelled,
        primary: false,
        hover,
    };
    let buttons = [
        (
            switch("Freeze", frozen, Some(view.frozen), hover::FREEZE),
            Action::Freeze(!view.frozen),
        ),
        (switch("Reset", Icon::Again, None, hover::RESET), Action::Reset),
        (
            switch("Hold", Icon::Peak, Some(view.hold), hover::HOLD),
            Action::Hold(!view.hold),
        ),
        (
            Button {
                name: if view.light { "Dark" } else { "Light" },
                icon: ground,
                on: None,
                labelled: false,
                primary: false,
                hover: hover::GROUND,
            },
            Action::Light(!view.light),
        ),
        (
            Button {
                name: "Settings",
                icon: Icon::Sliders,
                on: None,
                labelled: false,
                primary: false,
                hover: hover::SETTINGS,
            },
            Action::Settings,
        ),
    ];
    let gap = pen.s(4.0);
    let total: f32 = buttons
        .iter()
        .map(|(button, _)| button.width(pen) + gap)
        .sum::<f32>()
        - gap;
    let left = rect.right() - total;
    let mut x = left;
    for (button, action) in buttons {
        let size = vec2(button.width(pen), pen.s(BUTTON));
        let place = Rect::from_min_size(pos2(x, rect.center().y - size.y / 2.0), size);
        if button.show(ui, pen, place).clicked() {
            actions.push(action);
        }
        x += size.x + gap;
    }
    left
}
