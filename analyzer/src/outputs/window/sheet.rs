//! The sheet behind the settings button: what is listened to, with what, and the keys.

use echometer_meters::panel::dialog;
use eframe::egui::{Grid, RichText, Ui};

use crate::analysis::Part;
use crate::outputs::About;

/// Keys, and what they do.
const KEYS: [(&str, &str); 6] = [
    ("Space", "freeze: the meters stand still"),
    ("R", "reset: forget what was heard"),
    ("H", "hold: mark the largest value of the last 30 s"),
    ("L", "light or dark"),
    ("Tab", "every control, in order"),
    ("Q, Esc", "leave"),
];

/// The sheet.
#[derive(Default)]
pub(super) struct Sheet {
    open: bool,
}

impl Sheet {
    pub(super) fn toggle(&mut self) {
        self.open = !self.open;
    }

    /// Closes it; whether it was open.
    pub(super) fn close(&mut self) -> bool {
        std::mem::take(&mut self.open)
    }

    pub(super) fn show(&mut self, ui: &Ui, about: &About, part: Option<&Part>) {
        dialog(ui, "About this window", &mut self.open, |ui| {
            let input = part.map_or_else(
                || about.input.clone(),
                |part| format!("{}, {} Hz, {} channels", part.title, part.rate, part.channels),
            );
            let inference = about.choice().unwrap_or_else(|| about.backend.clone());
            rows(
                ui,
                "facts",
                &[
                    ("Input", &input),
                    ("Model", &about.model),
                    ("Inference", &inference),
                    ("Window", &format!("{} s", about.window_s)),
                ],
            );
            ui.separator();
            rows(ui, "keys", &KEYS);
        });
    }
}

fn rows(ui: &mut Ui, id: &str, rows: &[(&str, &str)]) {
    Grid::new(id).num_columns(2).spacing([24.0, 6.0]).show(ui, |ui| {
        for (name, text) in rows {
            ui.label(RichText::new(*name).weak());
            ui.label(*text);
            ui.end_row();
        }
    });
}
