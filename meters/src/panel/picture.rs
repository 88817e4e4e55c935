//! The scrolling picture of what was heard, kept as a texture whose columns are written in turn.

use egui::epaint::RectShape;
use egui::{
    Color32, ColorImage, CornerRadius, Rect, Role, Sense, TextureHandle, TextureOptions, Ui, WidgetInfo, pos2,
};

use super::meter::Pen;
use crate::MelPicture;

/// Colours from quiet to loud on a dark ground: even steps of lightness, safe for all colour vision (after magma).
const DARK: [u32; 9] = [
    0x12_151a, 0x1c_1638, 0x3b_1a5f, 0x66_2077, 0x93_2b80, 0xc3_3c75, 0xea_5e5f, 0xfb_9a68, 0xfc_fdbf,
];

/// The same on a light ground: from paper to ink.
const LIGHT: [u32; 9] = [
    0xff_ffff, 0xfd_efd5, 0xfb_d3a4, 0xf5_a878, 0xe2_7a68, 0xbd_4f70, 0x86_3476, 0x4d_2066, 0x1c_1038,
];

/// The texture and what is in it.
#[derive(Default)]
pub(super) struct Picture {
    texture: Option<TextureHandle>,
    colours: Vec<Color32>,
    light: bool,
    mels: usize,
    /// Columns written since the start of the record.
    total: u64,
}

impl Picture {
    /// Draws `record` into `rect`, writing only what is new into the texture.
    pub(super) fn show(&mut self, ui: &Ui, pen: &Pen<'_>, record: &MelPicture, rect: Rect) {
        self.update(ui.ctx(), pen.theme.light, record);
        self.draw(pen, record, rect);
        let response = ui.interact(
            rect,
            ui.scope_id().with("picture"),
            Sense::focusable_noninteractive(),
        );
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Picture of the last half minute"));
        if response.has_focus() {
            super::focus(pen, rect);
        }
        response.on_hover_text(super::hover::PICTURE);
    }

    fn update(&mut self, ctx: &egui::Context, light: bool, record: &MelPicture) {
        let fresh = self.colours.is_empty() || self.light != light;
        if fresh {
            self.light = light;
            self.colours = map(if light { &LIGHT } else { &DARK });
        }
        let same = !fresh && self.mels == record.mels() && self.texture.is_some();
        if same && self.total == record.total() {
            return;
        }
        let missing = record.total().saturating_sub(self.total);
        let anew = !same || record.total() < self.total || missing > record.columns() as u64;
        self.mels = record.mels();
        if anew {
            self.write_all(ctx, record);
        } else if let Some(texture) = &mut self.texture {
            let fresh = record.iter().skip(record.columns() - missing as usize);
            for (number, column) in (self.total..).zip(fresh) {
                let pixels = column
                    .iter()
                    .rev()
                    .map(|&level| self.colours[usize::from(level)])
                    .collect();
                let image = ColorImage::new([1, self.mels], pixels);
                texture.set_partial([slot(number), 0], image, TextureOptions::LINEAR);
            }
        }
        self.total = record.total();
    }

    /// Writes every column there is, in one image.
    fn write_all(&mut self, ctx: &egui::Context, record: &MelPicture) {
        let mut image = ColorImage::filled([MelPicture::CAPACITY, self.mels], self.colours[0]);
        let first = record.total() - record.columns() as u64;
        for (number, column) in (first..).zip(record.iter()) {
            // The highest band is the first row.
            for (row, level) in column.iter().rev().enumerate() {
                image[(slot(number), row)] = self.colours[usize::from(*level)];
            }
        }
        match &mut self.texture {
            Some(texture) => texture.set(image, TextureOptions::LINEAR),
            None => self.texture = Some(ctx.load_texture("echometer picture", image, TextureOptions::LINEAR)),
        }
    }

    /// The texture is a ring: its newest column may be anywhere, so it is drawn in two parts.
    fn draw(&self, pen: &Pen<'_>, record: &MelPicture, rect: Rect) {
        let round = pen.s(8.0).min(255.0) as u8;
        pen.painter.rect_filled(
            rect,
            round,
            self.colours.first().copied().unwrap_or(pen.theme.card),
        );
        let Some(texture) = &self.texture else { return };
        let capacity = MelPicture::CAPACITY as f32;
        let filled = record.columns() as f32;
        let newest = (record.total() % MelPicture::CAPACITY as u64) as f32;
        let column = rect.width() / capacity;
        let part = |first: f32, last: f32, age: f32| {
            if last <= first {
                return;
            }
            let right = rect.right() - age * column;
            let place = Rect::from_x_y_ranges(right - (last - first) * column..=right, rect.y_range());
            let left_end = place.left() <= rect.left() + 0.5;
            let right_end = age == 0.0;
            let at = |end: bool| if end { round } else { 0 };
            let corners = CornerRadius {
                nw: at(left_end),
                sw: at(left_end),
                ne: at(right_end),
                se: at(right_end),
            };
            // Half a column inwards at both ends, so that the oldest does not shine through the newest.
            let uv = Rect::from_min_max(
                pos2((first + 0.5) / capacity, 0.0),
                pos2((last - 0.5) / capacity, 1.0),
            );
            let shape = RectShape::filled(place, corners, Color32::WHITE).with_round_to_pixels(false);
            pen.painter.add(shape.with_texture(texture.id(), uv));
        };
        part((newest - filled).max(0.0), newest, 0.0);
        part(capacity - (filled - newest).max(0.0), capacity, newest);
    }

    #[cfg(test)]
    pub(super) fn written(&self) -> u64 {
        self.total
    }
}

/// Where in the texture the column of this number is.
fn slot(number: u64) -> usize {
    (number % MelPicture::CAPACITY as u64) as usize
}

/// 256 colours through the anchors.
fn map(anchors: &[u32; 9]) -> Vec<Color32> {
    let anchor = |i: usize| {
        let rgb = anchors[i.min(anchors.len() - 1)];
        Color32::from_rgb((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8)
    };
    (0..256)
        .map(|level| {
            let at = level as f32 / 255.0 * (anchors.len() - 1) as f32;
            anchor(at as usize).lerp_to_gamma(anchor(at as usize + 1), at.fract())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn louder_is_further_from_the_ground_all_the_way() {
        for (anchors, sign) in [(&DARK, 1.0), (&LIGHT, -1.0)] {
            let lightness = |c: &Color32| {
                let linear = egui::Rgba::from(*c);
                (0.2126 * linear.r() + 0.7152 * linear.g() + 0.0722 * linear.b()).cbrt()
            };
            let steps: Vec<f32> = map(anchors).iter().map(lightness).collect();
            assert_eq!(steps.len(), 256);
            for pair in steps.windows(2) {
                assert!((pair[1] - pair[0]) * sign > -0.004, "{pair:?}");
            }
            assert!((steps[255] - steps[0]) * sign > 0.6);
        }
    }
}
