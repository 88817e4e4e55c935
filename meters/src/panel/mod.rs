//! The meters as a window draws them, with egui.

mod view;

pub use view::{Action, State, Status, View};

/// What one window remembers between frames.
#[derive(Default)]
pub struct Panel {}

impl Panel {
    /// The size a window opens with, in points.
    pub const SIZE: (f32, f32) = (860.0, 560.0);

    /// The smallest size that stays readable, in points.
    pub const MIN_SIZE: (f32, f32) = (420.0, 300.0);

    /// Draws everything into `ui` and returns what the user asked for.
    pub fn show(&mut self, ui: &mut egui::Ui, view: &View<'_>) -> Vec<Action> {
        let _ = (ui, view);
        Vec::new()
    }
}
