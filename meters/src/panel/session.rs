//! The whole session: a curve for each meter and for short-term loudness, and a way to write it down.

use std::path::PathBuf;

use echometer_engine::{Feature, Reading};
use egui::{
    Align, Align2, Color32, Layout, Rect, Role, Sense, Shape, Stroke, TextEdit, Ui, UiBuilder, WidgetInfo,
    pos2, vec2,
};

use super::curve;
use super::ink::{CAP, Style, set, set_within, typeset, width};
use super::large::card;
use super::meter::{Meter, Pen};
use super::scale::CAPTION;
use super::view::{Action, View};
use crate::{Level, ORDER, decimal, label, number, short_label};

/// What lies below the curves, in points of the drawing.
const BELOW: f32 = 48.0;

/// Columns and rows of curves.
const GRID: (usize, usize) = (3, 3);

/// One curve.
struct Line<'a> {
    name: &'a str,
    short: &'a str,
    now: String,
    colour: Color32,
    /// Where a reading is on the scale, 0–1.
    position: &'a dyn Fn(&Reading) -> Option<f32>,
    reference: Option<f32>,
}

/// What is remembered while the session is shown.
pub(super) struct Shown {
    /// What is typed as the file to write.
    path: String,
    /// Whether a file was being written in the last frame.
    busy: bool,
}

impl Shown {
    pub(super) fn new() -> Self {
        Self {
            path: suggested(),
            busy: false,
        }
    }

    /// Once a file is written, the next has another name.
    fn follow(&mut self, view: &View<'_>) {
        let errand = view.errand;
        if self.busy && !errand.busy && !errand.failed {
            self.path = suggested();
        }
        self.busy = errand.busy;
    }
}

/// Draws the session into `rect`.
pub(super) fn show(
    ui: &mut Ui,
    pen: &Pen<'_>,
    view: &View<'_>,
    shown: &mut Shown,
    rect: Rect,
    actions: &mut Vec<Action>,
) {
    shown.follow(view);
    let gap = pen.s(8.0);
    let low = rect.height() < pen.s(BELOW * 4.0);
    let below = pen.s(if low { 32.0 } else { BELOW });
    let size = vec2(
        (rect.width() - gap * (GRID.0 - 1) as f32) / GRID.0 as f32,
        (rect.height() - below - gap * GRID.1 as f32) / GRID.1 as f32,
    );
    let place = |i: usize| {
        let (column, row) = (i % GRID.0, i / GRID.0);
        let at = vec2(column as f32 * (size.x + gap), row as f32 * (size.y + gap));
        Rect::from_min_size(rect.min + at, size)
    };
    for (i, feature) in ORDER.into_iter().enumerate() {
        let meter = Meter::new(view, feature);
        let position = |reading: &Reading| {
            let value = reading.values[feature].filter(|value| !reading.silent && value.is_finite());
            value.map(|value| feature.position(value))
        };
        let line = Line {
            name: label(feature),
            short: short_label(feature),
            now: typeset(&number(feature, meter.value)),
            colour: meter.colour(pen.theme),
            position: &position,
            reference: meter.reference.map(|value| feature.position(value)),
        };
        line.draw(ui, pen, view, place(i));
    }
    let at = |level: f32| Feature::Loudness.position(level);
    let level = Level::ShortTerm;
    let now = view
        .record
        .latest()
        .and_then(|reading| level.now(&reading.levels));
    let line = Line {
        name: level.label(),
        short: level.label(),
        now: now.map_or("–".into(), |now| typeset(&decimal(now))),
        colour: pen.theme.features[Feature::Loudness],
        position: &|reading| level.now(&reading.levels).map(at),
        reference: view
            .reference
            .and_then(|reference| level.overall(&reference.levels))
            .map(at),
    };
    line.draw(ui, pen, view, place(ORDER.len()));
    let bar = Rect::from_min_max(pos2(rect.left(), rect.bottom() - below), rect.max);
    footer(ui, pen, view, &mut shown.path, bar, actions);
}

impl Line<'_> {
    fn draw(&self, ui: &Ui, pen: &Pen<'_>, view: &View<'_>, rect: Rect) {
        card(pen, rect);
        let inner = rect.shrink(pen.s(if rect.height() < pen.s(72.0) { 8.0 } else { 12.0 }));
        let title = Style::new(pen.s(12.0), pen.theme.text);
        let value = Style::new(pen.s(13.0), pen.theme.text).strong();
        let numerals = set(
            &pen.painter,
            &self.now,
            value,
            inner.right_top(),
            Align2::RIGHT_TOP,
        );
        let room = inner.width() - numerals.width() - pen.s(8.0);
        let name = if width(&pen.painter, self.name, title) <= room {
            self.name
        } else {
            self.short
        };
        set_within(
            &pen.painter,
            name,
            title,
            inner.left_top(),
            Align2::LEFT_TOP,
            room,
        );
        let top = inner.top() + value.size * CAP + pen.s(8.0);
        let plot = Rect::from_min_max(pos2(inner.left(), top), inner.max);
        if plot.height() < pen.s(8.0) {
            return;
        }
        curve::grid(pen, plot);
        curve::trace(pen, plot, self.runs(view, curve::room(pen, plot)), self.colour);
        if let Some(at) = self.reference {
            let y = plot.bottom() - plot.height() * at.clamp(0.0, 1.0);
            let ends = [pos2(plot.left(), y), pos2(plot.right(), y)];
            let stroke = Stroke::new(pen.s(1.25), pen.theme.focus);
            pen.painter
                .extend(Shape::dashed_line(&ends, stroke, pen.s(4.0), pen.s(3.0)));
        }
        let response = ui.interact(
            rect,
            ui.scope_id().with(("session", self.name)),
            Sense::focusable_noninteractive(),
        );
        response.widget_info(|| {
            WidgetInfo::labeled(
                Role::Image,
                true,
                format!("{} over the session, now {}", self.name, self.now),
            )
        });
        if response.has_focus() {
            super::focus(pen, rect);
        }
    }

    /// The curve from the first reading to the last, as pieces without gaps; no more points than can be seen.
    fn runs(&self, view: &View<'_>, rect: Rect) -> Vec<Vec<egui::Pos2>> {
        let session = view.record.session();
        let readings = session.readings();
        let (Some(first), Some(last)) = (readings.first(), view.record.latest()) else {
            return Vec::new();
        };
        let span = (last.time - first.time).max(1.0);
        let cells = (rect.width() / 1.5).clamp(16.0, 1_200.0) as usize;
        let together = readings.len().div_ceil(cells).max(1);
        let longest = curve::GAP_S.max(2.5 * session.step_s()) * together as f64;
        let mut runs: Vec<Vec<egui::Pos2>> = Vec::new();
        let mut before = f64::NEG_INFINITY;
        for part in readings.chunks(together).chain([std::slice::from_ref(last)]) {
            let values = || {
                part.iter()
                    .filter_map(|reading| Some((reading.time, (self.position)(reading)?)))
            };
            let count = values().count();
            let Some((time, _)) = values().next_back() else {
                continue;
            };
            let mean = values().map(|(_, value)| value).sum::<f32>() / count as f32;
            let x = rect.left() + rect.width() * ((time - first.time) / span).clamp(0.0, 1.0) as f32;
            let point = pos2(x, rect.bottom() - rect.height() * mean.clamp(0.0, 1.0));
            match runs.last_mut() {
                Some(run) if time - before <= longest => run.push(point),
                _ => runs.push(vec![point]),
            }
            before = time;
        }
        runs
    }
}

/// How long the session is, where to write it, and what came of that.
fn footer(
    ui: &mut Ui,
    pen: &Pen<'_>,
    view: &View<'_>,
    path: &mut String,
    bar: Rect,
    actions: &mut Vec<Action>,
) {
    let session = view.record.session();
    let seconds = match (session.readings().first(), view.record.latest()) {
        (Some(first), Some(last)) => (last.time - first.time).max(0.0),
        _ => 0.0,
    };
    let row = Rect::from_min_max(bar.min, pos2(bar.right(), bar.top() + pen.s(30.0)));
    let length = format!("Session: {}", clock(seconds));
    let caption = Style::new(pen.s(12.0), pen.theme.soft);
    let shown = row.width() >= pen.s(560.0);
    let mut left = row.left();
    if shown {
        left = set(
            &pen.painter,
            &length,
            caption,
            row.left_center(),
            Align2::LEFT_CENTER,
        )
        .right()
            + pen.s(16.0);
    }
    let field = Rect::from_min_max(pos2(left, row.top()), row.max);
    let mut ui = ui.new_child(
        UiBuilder::new()
            .max_rect(field)
            .layout(Layout::right_to_left(Align::Center)),
    );
    let empty = session.readings().is_empty();
    let can = !empty && !path.trim().is_empty() && !view.errand.busy;
    if ui.add_enabled(can, egui::Button::new("Save as CSV")).clicked() {
        actions.push(Action::Save(super::sheet::path_of(path)));
    }
    let wide = ui.available_width();
    let label = TextEdit::singleline(path).hint_text("file to write");
    let response = ui.add(label.desired_width(wide));
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "File to write the session to"));
    let told = Style::new(
        pen.s(CAPTION),
        if view.errand.failed {
            pen.theme.error
        } else {
            pen.theme.soft
        },
    );
    let words = match (view.errand.words, shown) {
        ("", true) => "",
        ("", false) => length.as_str(),
        (words, _) => words,
    };
    let at = pos2(bar.left(), bar.bottom() - pen.s(2.0));
    if bar.height() >= pen.s(BELOW) {
        set_within(&pen.painter, words, told, at, Align2::LEFT_BOTTOM, bar.width());
    }
    let place = Rect::from_min_max(pos2(bar.left(), row.bottom()), bar.max);
    let response = ui.interact(place, ui.scope_id().with("session told"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Status, true, words));
}

/// `0:07`, `12:34`, `1:02:03`.
fn clock(seconds: f64) -> String {
    let seconds = seconds.clamp(0.0, 1e9) as u64;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// A file of this name in the user's documents, or in their home, that is not there yet.
fn suggested() -> String {
    let home = std::env::home_dir().unwrap_or_default();
    let documents = home.join("Documents");
    let folder = if documents.is_dir() { documents } else { home };
    let name = |i: u32| -> PathBuf {
        folder.join(match i {
            1 => "Echometer session.csv".to_owned(),
            i => format!("Echometer session {i}.csv"),
        })
    };
    let free = (1..1_000).map(name).find(|path| !path.exists());
    free.unwrap_or_else(|| name(1_000)).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for (seconds, text) in [
            (7.4, "0:07"),
            (754.0, "12:34"),
            (3_723.0, "1:02:03"),
            (f64::NAN, "0:00"),
        ] {
            assert_eq!(clock(seconds), text);
        }
    }
}
