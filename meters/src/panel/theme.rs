//! Colours of the panel on a dark and on a light ground, and egui's own style to go with them.

use echometer_engine::PerFeature;
use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, vec2};

use crate::{Rgb, colour};

/// Contrast that bars and lines need against their ground (WCAG 2.2, level AA).
const LINE_CONTRAST: f32 = 3.0;

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
        let grey = |dark: u32, bright: u32| hex(if light { bright } else { dark });
        let card = grey(0x16_191f, 0xff_ffff);
        let away = if light { Rgb(0, 0, 0) } else { Rgb(255, 255, 255) };
        Self {
            light,
            ground: grey(0x0d_0f13, 0xf1_f2f4),
            card,
            edge: grey(0x23_2830, 0xdf_e2e7),
            track: grey(0x2a_2f38, 0xe3_e6eb),
            grid: grey(0x22_2730, 0xed_eff2),
            text: grey(0xf4_f5f7, 0x12_151a),
            soft: grey(0xa3_abb8, 0x55_5d69),
            focus: grey(0x8f_b8ff, 0x1d_5fd0),
            warn: grey(0xf2_b84b, 0x8a_5300),
            error: grey(0xff_8a75, 0xb3_261e),
            features: PerFeature::from_fn(|feature| distinct(colour(feature), away, card)),
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
        let raised = if self.light { self.card } else { hex(0x1e_222a) };
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

const fn hex(rgb: u32) -> Color32 {
    Color32::from_rgb((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8)
}

/// `rgb` with as little of `away` mixed in as makes it stand out from `ground`.
fn distinct(rgb: Rgb, away: Rgb, ground: Color32) -> Color32 {
    let mixed = |share| {
        let Rgb(r, g, b) = rgb.mix(away, share);
        Color32::from_rgb(r, g, b)
    };
    let steps = (0..=50).map(|step| mixed(step as f32 / 50.0));
    steps
        .into_iter()
        .find(|candidate| contrast(*candidate, ground) >= LINE_CONTRAST)
        .unwrap_or_else(|| mixed(1.0))
}

/// The ratio of two colours' luminances as WCAG defines it, 1–21.
fn contrast(a: Color32, b: Color32) -> f32 {
    let luminance = |c: Color32| {
        let linear = egui::Rgba::from(c);
        0.2126 * linear.r() + 0.7152 * linear.g() + 0.0722 * linear.b() + 0.05
    };
    let (a, b) = (luminance(a), luminance(b));
    a.max(b) / a.min(b)
}

#[cfg(test)]
mod tests {
    use echometer_engine::Feature;

    use super::*;

    /// Contrast that small text needs (the same standard).
    const TEXT_CONTRAST: f32 = 4.5;

    #[test]
    fn all_text_is_readable() {
        for light in [false, true] {
            let theme = Theme::new(light);
            for text in [theme.text, theme.soft, theme.warn, theme.error, theme.focus] {
                for ground in [theme.card, theme.ground] {
                    assert!(contrast(text, ground) >= TEXT_CONTRAST, "{text:?} on {ground:?}");
                }
            }
            for feature in Feature::ALL {
                let on_card = contrast(theme.features[feature], theme.card);
                assert!(on_card >= LINE_CONTRAST, "{feature}: {on_card}");
            }
        }
    }

    #[test]
    fn features_keep_different_colours() {
        for light in [false, true] {
            let theme = Theme::new(light);
            for (i, a) in Feature::ALL.into_iter().enumerate() {
                for b in &Feature::ALL[..i] {
                    let (a, b) = (theme.features[a], theme.features[*b]);
                    let far = (0..3).map(|i| a[i].abs_diff(b[i])).max();
                    assert!(far >= Some(24), "{a:?} and {b:?}");
                }
            }
        }
    }

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 0.01);
        assert!(
            contrast(hex(0xf0_e442), Color32::WHITE) < 1.5,
            "yellow on white cannot be read"
        );
    }
}
