//! Colours of the panel on a dark and on a light ground, and egui's own style to go with them.

use echometer_engine::PerFeature;
use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, vec2};

use crate::{Palette, Rgb};

/// Every colour the panel draws with.
#[derive(Debug, Clone)]
pub(super) struct Theme {
    /// Whether the ground is light.
    pub(super) light: bool,
    /// Behind everything.
    pub(super) ground: Color32,
    /// Behind each meter.
    pub(super) card: Color32,
    /// The hairline around a card.
    pub(super) edge: Color32,
    /// The empty part of a scale.
    pub(super) track: Color32,
    /// Lines behind a curve.
    pub(super) grid: Color32,
    /// Numerals and names.
    pub(super) text: Color32,
    /// Everything that is read second.
    pub(super) soft: Color32,
    /// Keyboard focus.
    pub(super) focus: Color32,
    /// Something to know.
    pub(super) warn: Color32,
    /// Something that stopped.
    pub(super) error: Color32,
    /// The features' colours, moved away from the card until bars and lines stand out from it; no text is set in them.
    pub(super) features: PerFeature<Color32>,
}

impl Theme {
    /// The colours for a light or a dark ground.
    pub(super) fn new(light: bool) -> Self {
        let palette = Palette::new(light);
        Self {
            light,
            ground: ink(palette.ground),
            card: ink(palette.card),
            edge: ink(palette.edge),
            track: ink(palette.track),
            grid: ink(palette.grid),
            text: ink(palette.text),
            soft: ink(palette.soft),
            focus: ink(palette.focus),
            warn: ink(palette.warn),
            error: ink(palette.error),
            features: PerFeature::from_fn(|feature| ink(palette.features[feature])),
        }
    }

    /// Sets egui's own style, so that hover texts and the face's settings look like the panel.
    pub(super) fn apply(&self, ctx: &egui::Context, scale: f32) {
        ctx.set_theme(if self.light {
            egui::Theme::Light
        } else {
            egui::Theme::Dark
        });
        ctx.all_styles_mut(|style| self.style(style, scale));
    }

    fn style(&self, style: &mut egui::Style, scale: f32) {
        let mut visuals = if self.light {
            egui::Visuals::light()
        } else {
            egui::Visuals::dark()
        };
        let raised = if self.light {
            self.card
        } else {
            Color32::from_rgb(0x1e, 0x22, 0x2a)
        };
        visuals.panel_fill = self.ground;
        visuals.window_fill = raised;
        visuals.window_stroke = Stroke::new(1.0, self.edge);
        visuals.extreme_bg_color = self.ground;
        visuals.faint_bg_color = self.card;
        visuals.hyperlink_color = self.focus;
        visuals.warn_fg_color = self.warn;
        visuals.error_fg_color = self.error;
        visuals.selection.bg_fill = self.focus.gamma_multiply(0.35);
        visuals.selection.stroke = Stroke::new(2.0, self.focus);
        let shade = Color32::from_black_alpha(if self.light { 28 } else { 110 });
        let shadow = Shadow {
            offset: [0, 4],
            blur: 16,
            spread: 0,
            color: shade,
        };
        visuals.popup_shadow = shadow;
        visuals.window_shadow = shadow;
        let round = CornerRadius::same(6);
        visuals.window_corner_radius = CornerRadius::same(8);
        visuals.menu_corner_radius = round;
        let widgets = &mut visuals.widgets;
        for (widget, fill, stroke, text) in [
            (&mut widgets.noninteractive, self.card, self.edge, self.text),
            (&mut widgets.inactive, self.track, self.track, self.text),
            (&mut widgets.hovered, self.edge, self.soft, self.text),
            (&mut widgets.active, self.edge, self.text, self.text),
            (&mut widgets.open, self.edge, self.soft, self.text),
        ] {
            widget.bg_fill = fill;
            widget.weak_bg_fill = fill;
            widget.bg_stroke = Stroke::new(1.0, stroke);
            widget.fg_stroke = Stroke::new(1.0, text);
            widget.corner_radius = round;
            widget.expansion = 0.0;
        }
        style.visuals = visuals;
        for (name, size) in [
            (TextStyle::Small, 11.0),
            (TextStyle::Body, 13.0),
            (TextStyle::Button, 13.0),
            (TextStyle::Heading, 20.0),
        ] {
            style
                .text_styles
                .insert(name, FontId::new(size * scale, FontFamily::Proportional));
        }
        style.text_styles.insert(
            TextStyle::Monospace,
            FontId::new(12.0 * scale, FontFamily::Monospace),
        );
        let spacing = &mut style.spacing;
        spacing.item_spacing = vec2(8.0, 8.0) * scale;
        spacing.button_padding = vec2(12.0, 4.0) * scale;
        spacing.interact_size.y = 28.0 * scale;
        spacing.tooltip_width = 304.0 * scale;
        spacing.menu_margin = Margin::symmetric((12.0 * scale) as i8, (8.0 * scale) as i8);
        style.interaction.selectable_labels = false;
    }
}

fn ink(Rgb(r, g, b): Rgb) -> Color32 {
    Color32::from_rgb(r, g, b)
}
