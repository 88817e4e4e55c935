//! What opens over the panel: settings, or a sheet of facts.

use egui::{Align2, Frame, ScrollArea, Ui, Vec2, Window};

/// Shows a dialog in the middle of the window, as long as it is `open`; its own cross closes it.
pub fn dialog(ui: &Ui, title: &str, open: &mut bool, contents: impl FnOnce(&mut Ui)) {
    Window::new(title)
        .open(open)
        .collapsible(false)
        .resizable(false)
        .frame(Frame::window(ui.style()).inner_margin(16))
        .anchor(Align2::CENTER_CENTER, Vec2::ZERO)
        .show(ui.ctx(), |ui| {
            ScrollArea::vertical().show(ui, contents);
        });
}
