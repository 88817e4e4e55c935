//! The sheet on which a reference is chosen.

use std::path::PathBuf;

use egui::{ProgressBar, RichText, Role, TextEdit, Ui, WidgetInfo};

use super::dialog;
use super::view::{Action, View};

/// Whether it is open, and what is typed.
#[derive(Default)]
pub(super) struct Sheet {
    pub(super) open: bool,
    path: String,
}

impl Sheet {
    /// Shows the sheet while it is open.
    pub(super) fn show(&mut self, ui: &Ui, view: &View<'_>, scale: f32, actions: &mut Vec<Action>) {
        let mut open = self.open;
        dialog(ui, "Reference", &mut open, |ui| {
            ui.set_width(340.0 * scale);
            present(ui, view, actions);
            ui.separator();
            self.moment(ui, view, actions);
            self.file(ui, view, actions);
        });
        self.open = open;
    }

    fn moment(&self, ui: &mut Ui, view: &View<'_>, actions: &mut Vec<Action>) {
        ui.strong("From the meters");
        let heard = view.record.latest().is_some_and(|reading| !reading.silent);
        if ui
            .add_enabled(heard, egui::Button::new("Hold the present reading"))
            .clicked()
        {
            actions.push(Action::Compare);
        }
        ui.separator();
    }

    fn file(&mut self, ui: &mut Ui, view: &View<'_>, actions: &mut Vec<Action>) {
        ui.strong("From an audio file");
        ui.horizontal(|ui| {
            let button = ui.spacing().button_padding.x * 2.0 + 56.0 * ui.spacing().item_spacing.x / 8.0;
            let field = TextEdit::singleline(&mut self.path).hint_text("path of a WAV, FLAC, MP3 …");
            let wide = (ui.available_width() - button).max(80.0);
            let response = ui.add(field.desired_width(wide));
            response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Path of the audio file"));
            let enter = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            let there = !self.path.trim().is_empty();
            let clicked = ui.add_enabled(there, egui::Button::new("Score")).clicked();
            if there && (clicked || enter) {
                actions.push(Action::CompareFile(path_of(&self.path)));
            }
        });
        if !view.errand.words.is_empty() {
            told(ui, view, actions);
        } else if view.drops {
            ui.weak("Or drop the file anywhere on the window.");
        }
    }
}

/// What the reference is.
fn present(ui: &mut Ui, view: &View<'_>, actions: &mut Vec<Action>) {
    match view.reference {
        Some(reference) => {
            ui.horizontal(|ui| {
                ui.label("Compared with");
                ui.add(egui::Label::new(RichText::new(&reference.name).strong()).truncate());
            });
            if ui.button("Compare with nothing").clicked() {
                actions.push(Action::CompareNothing);
            }
        }
        None => {
            ui.label(
                "Meters are compared with nothing yet. With a reference, each of them marks its value and says how far \
                 away the present one is.",
            );
        }
    }
}

/// How far the file is, or what is wrong with it.
fn told(ui: &mut Ui, view: &View<'_>, actions: &mut Vec<Action>) {
    let errand = view.errand;
    let colour = if errand.failed {
        ui.visuals().error_fg_color
    } else {
        ui.visuals().text_color()
    };
    ui.add(egui::Label::new(RichText::new(errand.words).color(colour)).wrap());
    if errand.busy {
        ui.horizontal(|ui| {
            let bar = ProgressBar::new(errand.share.unwrap_or(0.0)).desired_width(ui.available_width() * 0.7);
            ui.add(bar.animate(errand.share.is_none()));
            if ui.button("Stop").clicked() {
                actions.push(Action::Stop);
            }
        });
    }
}

/// The path that was typed, or pasted with the quotes that file managers put around it.
pub(super) fn path_of(text: &str) -> PathBuf {
    let text = text.trim();
    let bare = ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    PathBuf::from(bare.unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_of_a_file_manager_are_no_part_of_a_path() {
        for text in ["/a b/c.wav", " /a b/c.wav\n", "\"/a b/c.wav\"", "'/a b/c.wav'"] {
            assert_eq!(path_of(text), PathBuf::from("/a b/c.wav"), "{text}");
        }
        assert_eq!(path_of("\""), PathBuf::from("\""));
    }
}
