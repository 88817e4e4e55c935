//! The meters as a window draws them, with egui.

mod controls;
mod curve;
mod dialog;
mod footer;
mod header;
mod hover;
mod icons;
mod ink;
mod keys;
mod large;
mod layout;
mod message;
mod meter;
mod motion;
mod notice;
mod picture;
mod ring;
mod scale;
mod session;
mod sheet;
mod small;
mod strip;
#[cfg(test)]
mod tests;
mod theme;
mod view;

use egui::{CornerRadius, Id, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo};

use crate::{LARGE, SMALL, table};
pub use dialog::dialog;
use layout::Layout;
use meter::{Meter, Pen};
use motion::Motion;
use picture::Picture;
use ring::Ring;
use sheet::Sheet;
use strip::{Press, Shown};
use theme::Theme;
pub use view::{Action, Errand, State, Status, View};

/// What one window remembers between frames.
#[derive(Default)]
pub struct Panel {
    /// The window's context, and the ground and scale its style was set for.
    look: Option<(egui::Context, Theme, f32)>,
    motion: Motion,
    picture: Picture,
    sheet: Sheet,
    /// The session, while it is shown.
    session: Option<session::Shown>,
    /// When the values were copied.
    copied: Option<f64>,
}

/// Seconds for which the button says that values were copied.
const COPIED_S: f64 = 1.5;

impl Panel {
    /// The size a window opens with, in points.
    pub const SIZE: (f32, f32) = (860.0, 624.0);

    /// The smallest size that stays readable, in points.
    pub const MIN_SIZE: (f32, f32) = (420.0, 332.0);

    /// Draws everything into `ui` and returns what the user asked for.
    ///
    /// Fills the space that `ui` has left, and sets the style of its context, so that hover texts and whatever else the
    /// face shows look alike. Asks for another frame only while something moves.
    pub fn show(&mut self, ui: &mut Ui, view: &View<'_>) -> Vec<Action> {
        let window = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(window);
        let ctx = ui.ctx().clone();
        let rows = view.status.notice.map_or(0, |text| {
            let scale = Layout::new(window, 0).scale;
            notice::rows(ui.painter(), text, window.width() / scale)
        });
        let layout = Layout::new(window, rows);
        let theme = self.look(&ctx, view.light, layout.scale);
        let pen = Pen {
            painter: ui.painter_at(window),
            theme: &theme,
            scale: layout.scale,
        };
        pen.painter.rect_filled(window, 0, theme.ground);

        self.motion.begin();
        let mut actions = Vec::new();
        header::show(ui, &pen, view, layout.header, &mut actions);
        if let (Some(text), Some(bar)) = (view.status.notice, layout.notice) {
            notice::show(ui, &pen, text, bar, &mut actions);
        }
        let mut meters = Vec::new();
        if let State::Failed(reason) = view.state {
            message::failed(ui, &pen, reason, layout.body, &mut actions);
        } else {
            if let Some(rect) = layout.strip {
                let shown = self.shown(ui);
                let press = strip::show(ui, &pen, view, shown, rect);
                self.press(ui, view, press);
            }
            match &mut self.session {
                Some(shown) => session::show(ui, &pen, view, shown, layout.rest, &mut actions),
                None => meters = self.meters(ui, &pen, view, &layout),
            }
        }
        let level = footer::level(view.status.peak);
        let level = self.motion.level(level / 60.0, dt(ui, view)) * 60.0;
        footer::show(ui, &pen, view, level, layout.footer);
        actions.extend(keys::actions(ui, view, &meters));
        if keys::copies(ui) {
            self.press(ui, view, Some(Press::Copy));
        }
        self.sheet.show(ui, view, layout.scale, &mut actions);
        actions.extend(dropped(&ctx).map(Action::CompareFile));
        if self.motion.moving() {
            ctx.request_repaint();
        }
        actions
    }

    /// Closes what lies over the meters; `false` where there is nothing.
    pub fn close(&mut self) -> bool {
        if self.sheet.open {
            self.sheet.open = false;
            return true;
        }
        self.session.take().is_some()
    }

    /// Which buttons of the strip are on.
    fn shown(&self, ui: &Ui) -> Shown {
        let since = self.copied.map(|at| ui.input(|input| input.time) - at);
        let copied = since.is_some_and(|since| (0.0..COPIED_S).contains(&since));
        if copied {
            ui.ctx().request_repaint_after_secs(COPIED_S as f32);
        }
        Shown {
            reference: self.sheet.open,
            session: self.session.is_some(),
            copied,
        }
    }

    fn press(&mut self, ui: &Ui, view: &View<'_>, press: Option<Press>) {
        match press {
            None => {}
            Some(Press::Reference) => self.sheet.open = !self.sheet.open,
            Some(Press::Session) => {
                self.session = match self.session {
                    Some(_) => None,
                    None => Some(session::Shown::new()),
                }
            }
            Some(Press::Copy) => {
                let reading = view.record.latest();
                ui.ctx().copy_text(table::values(reading, view.reference));
                self.copied = Some(ui.input(|input| input.time));
            }
        }
    }

    /// All meters and the picture; returns the meters' ids.
    fn meters(&mut self, ui: &Ui, pen: &Pen<'_>, view: &View<'_>, layout: &Layout) -> Vec<Id> {
        let warming = view.record.latest().is_none_or(|reading| reading.coverage < 1.0);
        let large = LARGE.into_iter().zip(layout.large).map(|place| (place, true));
        let small = SMALL.into_iter().zip(layout.small).map(|place| (place, false));
        let mut ids = Vec::new();
        for ((feature, rect), is_large) in large.chain(small) {
            let mut meter = Meter::new(view, feature);
            meter.needle = self.motion.needle(feature, meter.needle, dt(ui, view));
            if is_large {
                large::draw(pen, &meter, rect);
            } else {
                small::draw(pen, &meter, rect);
            }
            let response = ui.interact(
                rect,
                ui.scope_id().with(feature.name()),
                Sense::focusable_noninteractive(),
            );
            response.widget_info(|| WidgetInfo {
                value: meter.value.map(f64::from),
                ..WidgetInfo::labeled(Role::Meter, true, meter.spoken())
            });
            if response.has_focus() {
                focus(pen, rect);
            }
            ids.push(response.id);
            response.on_hover_text(hover::meter(&meter, warming));
        }
        if let Some(rect) = layout.picture {
            self.picture.show(ui, pen, view.record.picture(), rect);
            let silent = view.record.latest().is_some_and(|reading| reading.silent);
            let empty = view.record.picture().columns() == 0;
            match view.state {
                State::Loading => message::calm(pen, Ring::Busy, "Loading the model…", rect),
                State::Waiting if empty => message::calm(pen, Ring::Empty, "Waiting for audio", rect),
                State::Running if silent => message::calm(pen, Ring::Empty, "Silence", rect),
                _ => {}
            }
        }
        ids
    }

    /// The colours for this frame; sets egui's style where ground, size or window changed.
    fn look(&mut self, ctx: &egui::Context, light: bool, scale: f32) -> Theme {
        if let Some((known, theme, drawn)) = &self.look {
            if known == ctx && theme.light == light && *drawn == scale {
                return theme.clone();
            }
            if known != ctx {
                // A new window: textures of the old one mean nothing here.
                self.picture = Picture::default();
            }
        }
        let theme = Theme::new(light);
        theme.apply(ctx, scale);
        self.look = Some((ctx.clone(), theme.clone(), scale));
        theme
    }
}

/// Seconds since the last frame, for what moves; none while it must not.
fn dt(ui: &Ui, view: &View<'_>) -> Option<f32> {
    (!view.frozen).then(|| ui.input(|input| input.stable_dt).min(0.1))
}

/// The frame around what the keyboard is at.
fn focus(pen: &Pen<'_>, rect: Rect) {
    let round = CornerRadius::same(pen.s(8.0).min(255.0) as u8);
    let ring = Stroke::new(pen.s(2.0), pen.theme.focus);
    pen.painter.rect_stroke(rect, round, ring, StrokeKind::Inside);
}

/// The file that was dropped on the window, where the system tells of it.
fn dropped(ctx: &egui::Context) -> Option<std::path::PathBuf> {
    ctx.input(|input| {
        input
            .raw
            .dropped_files
            .first()
            .map(|file| file.path().to_path_buf())
    })
}
