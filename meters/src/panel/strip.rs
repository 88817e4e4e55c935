//! The strip below the header: levels, and what is done with readings.

use egui::{Align2, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::controls::{BUTTON, Button};
use super::hover;
use super::icons::Icon;
use super::ink::{CAP, Style, set, typeset, width};
use super::large::card;
use super::meter::Pen;
use super::scale::CAPTION;
use super::view::{State, View};
use crate::{Level, decimal, difference};

/// True peaks above this are in danger once they are coded, says EBU R128.
const HIGHEST_PEAK: f32 = -1.0;

/// What a button of the strip is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Press {
    /// Choose what to compare with.
    Reference,
    /// Show the session, or the meters again.
    Session,
    /// Copy the values.
    Copy,
}

/// What the strip says of itself: which of its buttons are on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub(super) reference: bool,
    pub(super) session: bool,
    pub(super) copied: bool,
}

/// Draws the strip into `rect` and returns the button that was pressed.
pub(super) fn show(ui: &Ui, pen: &Pen<'_>, view: &View<'_>, shown: Shown, rect: Rect) -> Option<Press> {
    let (left, press) = buttons(ui, pen, shown, rect);
    let place = Rect::from_min_max(rect.min, pos2(left - pen.s(12.0), rect.bottom()));
    card(pen, place);
    let each = place.width() / Level::ALL.len() as f32;
    for (i, level) in Level::ALL.into_iter().enumerate() {
        let x = place.left() + each * i as f32;
        let cell = Rect::from_x_y_ranges(x..=x + each, place.y_range());
        if i > 0 {
            let line = cell.shrink2(vec2(0.0, pen.s(8.0))).y_range();
            pen.painter
                .vline(x.round() + 0.5, line, Stroke::new(1.0, pen.theme.edge));
        }
        let readout = Readout::new(view, level);
        if rect.height() < pen.s(40.0) {
            readout.draw_low(pen, cell);
        } else {
            readout.draw(pen, cell);
        }
        let response = ui.interact(
            cell,
            ui.scope_id().with(level.label()),
            Sense::focusable_noninteractive(),
        );
        response.widget_info(|| WidgetInfo::labeled(Role::Meter, true, readout.spoken()));
        if response.has_focus() {
            super::focus(pen, cell);
        }
        response.on_hover_text(readout.hover());
    }
    press
}

/// The buttons at the right; where they begin, and which was pressed.
fn buttons(ui: &Ui, pen: &Pen<'_>, shown: Shown, rect: Rect) -> (f32, Option<Press>) {
    let labelled = rect.width() >= pen.s(720.0);
    let button = |name, icon, on, hover| Button {
        name,
        icon,
        on,
        labelled,
        primary: false,
        hover,
    };
    let copy = if shown.copied { Icon::Done } else { Icon::Copy };
    let buttons = [
        (
            button("Reference", Icon::Aim, Some(shown.reference), hover::REFERENCE),
            Press::Reference,
        ),
        (
            button("Session", Icon::Curve, Some(shown.session), hover::SESSION),
            Press::Session,
        ),
        (button("Copy", copy, None, hover::COPY), Press::Copy),
    ];
    let gap = pen.s(4.0);
    let total: f32 = buttons.iter().map(|(button, _)| button.width(pen) + gap).sum();
    let left = rect.right() - total + gap;
    let mut x = left;
    let mut pressed = None;
    for (button, press) in buttons {
        let size = vec2(button.width(pen), pen.s(BUTTON));
        let place = Rect::from_min_size(pos2(x, rect.center().y - size.y / 2.0), size);
        if button.show(ui, pen, place).clicked() {
            pressed = Some(press);
        }
        x += size.x + gap;
    }
    (left, pressed)
}

/// One level in one frame.
struct Readout {
    level: Level,
    now: Option<f32>,
    overall: Option<f32>,
    reference: Option<f32>,
    stale: bool,
}

impl Readout {
    fn new(view: &View<'_>, level: Level) -> Self {
        let shown = matches!(view.state, State::Running | State::Waiting);
        let levels = view
            .record
            .latest()
            .filter(|_| shown)
            .map(|reading| reading.levels);
        Self {
            level,
            now: levels.and_then(|levels| level.now(&levels)),
            overall: levels.and_then(|levels| level.overall(&levels)),
            reference: view
                .reference
                .and_then(|reference| level.overall(&reference.levels)),
            stale: view.state == State::Waiting,
        }
    }

    fn digits(&self) -> String {
        self.now.map_or("–".into(), |now| typeset(&decimal(now)))
    }

    /// How far all that was heard is above the reference.
    fn apart(&self) -> Option<String> {
        let apart = difference(self.overall, self.reference)?;
        Some(format!("{:+.1}", (apart * 10.0).round() / 10.0 + 0.0))
    }

    fn colour(&self, pen: &Pen<'_>) -> egui::Color32 {
        match self.now {
            Some(peak) if self.level == Level::TruePeak && peak > HIGHEST_PEAK => pen.theme.warn,
            Some(_) if !self.stale => pen.theme.text,
            _ => pen.theme.soft,
        }
    }

    /// What stands above the unit: the difference, or the largest value.
    fn note(&self, pen: &Pen<'_>) -> Option<(String, Style)> {
        let max = if self.level.has_largest() { "max " } else { "" };
        let size = pen.s(12.0);
        if let Some(apart) = self.apart() {
            return Some((
                format!("{max}{}", typeset(&apart)),
                Style::new(size, pen.theme.focus),
            ));
        }
        let largest = self.overall.filter(|_| self.level.has_largest())?;
        Some((
            format!("{max}{}", typeset(&decimal(largest))),
            Style::new(pen.s(CAPTION), pen.theme.soft),
        ))
    }

    /// Name above, numerals below, unit and note beside them.
    fn draw(&self, pen: &Pen<'_>, cell: Rect) {
        let inner = cell.shrink2(vec2(pen.s(10.0), pen.s(10.0)));
        let caption = Style::new(pen.s(CAPTION), pen.theme.soft);
        let name = self.level.label();
        let fits = width(&pen.painter, name, caption) <= inner.width();
        let name = if fits { name } else { self.level.short_label() };
        let named = set(&pen.painter, name, caption, inner.left_top(), Align2::LEFT_TOP);
        let size = (inner.height() - caption.size * CAP - pen.s(8.0)) / CAP;
        let style = Style::new(size, self.colour(pen)).strong();
        let seen = set(
            &pen.painter,
            &self.digits(),
            style,
            inner.left_bottom(),
            Align2::LEFT_BOTTOM,
        );
        let unit = self.level.unit();
        let from = seen.right() + pen.s(6.0);
        if from + width(&pen.painter, unit, caption) <= inner.right() {
            set(
                &pen.painter,
                unit,
                caption,
                pos2(from, inner.bottom()),
                Align2::LEFT_BOTTOM,
            );
        }
        if let Some((note, style)) = self.note(pen)
            && named.right() + pen.s(6.0) + width(&pen.painter, &note, style) <= inner.right()
        {
            set(&pen.painter, &note, style, inner.right_top(), Align2::RIGHT_TOP);
        }
    }

    /// Everything on one line, as far as there is room.
    fn draw_low(&self, pen: &Pen<'_>, cell: Rect) {
        let inner = cell.shrink2(vec2(pen.s(8.0), 0.0));
        let y = inner.center().y;
        let caption = Style::new(pen.s(CAPTION), pen.theme.soft);
        let style = Style::new(pen.s(16.0), self.colour(pen)).strong();
        let digits = self.digits();
        let numerals = width(&pen.painter, &digits, style);
        let room = inner.width() - numerals - pen.s(6.0);
        let fits = |text: &str, more: f32| width(&pen.painter, text, caption) + more <= room;
        let unit = width(&pen.painter, self.level.unit(), caption) + pen.s(4.0);
        let name = [self.level.label(), self.level.short_label()]
            .into_iter()
            .find(|name| fits(name, unit))
            .unwrap_or(self.level.short_label());
        let mut x = inner.left();
        if fits(name, 0.0) {
            x = set(&pen.painter, name, caption, pos2(x, y), Align2::LEFT_CENTER).right() + pen.s(6.0);
        }
        let seen = set(&pen.painter, &digits, style, pos2(x, y), Align2::LEFT_CENTER);
        let mut from = seen.right() + pen.s(4.0);
        if from + unit <= inner.right() {
            let at = pos2(from, seen.bottom());
            from = set(&pen.painter, self.level.unit(), caption, at, Align2::LEFT_BOTTOM).right();
        }
        if let Some((note, style)) = self.note(pen)
            && from + pen.s(6.0) + width(&pen.painter, &note, style) <= inner.right()
        {
            set(
                &pen.painter,
                &note,
                style,
                pos2(inner.right(), y),
                Align2::RIGHT_CENTER,
            );
        }
    }

    /// The level in words.
    fn spoken(&self) -> String {
        let (name, unit) = (self.level.label(), self.level.unit());
        let Some(now) = self.now else {
            return format!("{name}: no value");
        };
        let mut text = format!("{name} {} {unit}", decimal(now));
        if let Some(largest) = self.overall.filter(|_| self.level.has_largest()) {
            text += &format!(", largest {}", decimal(largest));
        }
        if let (Some(apart), Some(reference)) = (self.apart(), self.reference) {
            text += &format!(", {apart} from the reference's {}", decimal(reference));
        }
        text
    }

    fn hover(&self) -> String {
        let mut text = hover::level(self.level).to_owned();
        if let Some(largest) = self.overall.filter(|_| self.level.has_largest()) {
            text += &format!(
                "\n\nLargest since the last reset: {} {}.",
                typeset(&decimal(largest)),
                self.level.unit()
            );
        }
        if let Some(reference) = self.reference {
            let which = if self.level.has_largest() {
                "largest"
            } else {
                "reference's"
            };
            text += &format!(
                "\n\nReference: {} {}. The difference is to its {which} value.",
                typeset(&decimal(reference)),
                self.level.unit()
            );
        }
        text
    }
}
