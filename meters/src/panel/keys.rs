//! Shortcuts of the panel.

use egui::{Event, Id, Key, Ui};

use super::view::{Action, View};

/// What the keys pressed in this frame ask for. Nothing while a text field has the focus.
pub(super) fn actions(ui: &Ui, view: &View<'_>, meters: &[Id]) -> Vec<Action> {
    let ctx = ui.ctx();
    if ctx.text_edit_focused() {
        return Vec::new();
    }
    // The space bar presses the button that has the focus; only without one it is a shortcut.
    let space = ctx
        .memory(|memory| memory.focused())
        .is_none_or(|focused| meters.contains(&focused));
    let keys: Vec<Key> = ctx.input(|input| {
        let pressed = input.events.iter().filter_map(|event| match event {
            Event::Key {
                key,
                pressed: true,
                repeat: false,
                modifiers,
                ..
            } if modifiers.is_none() => Some(*key),
            _ => None,
        });
        pressed.collect()
    });
    let action = |key| match key {
        Key::Space if space => Some(Action::Freeze(!view.frozen)),
        Key::R => Some(Action::Reset),
        Key::H => Some(Action::Hold(!view.hold)),
        Key::L => Some(Action::Light(!view.light)),
        _ => None,
    };
    keys.into_iter().filter_map(action).collect()
}

/// Whether the keys pressed in this frame ask for a copy of the values: C, or what copies elsewhere.
pub(super) fn copies(ui: &Ui) -> bool {
    let ctx = ui.ctx();
    !ctx.text_edit_focused()
        && ctx.input(|input| {
            let plain = input.modifiers.is_none() && input.key_pressed(Key::C);
            plain || input.events.contains(&Event::Copy)
        })
}
