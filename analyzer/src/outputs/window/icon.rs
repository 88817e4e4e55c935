//! The window's icon: three meters, drawn from the colours.

use echometer_meters::{LARGE, Palette, Rgb};
use eframe::egui::IconData;

/// Its side, in pixels.
const SIDE: usize = 64;
/// The first meter's left edge, a meter's width, and from one to the next.
const BARS: (usize, usize, usize) = (11, 10, 16);
/// How high the meters stand.
const HEIGHTS: [usize; LARGE.len()] = [26, 42, 16];
/// Radius of the corners.
const ROUND: f32 = 12.0;

/// The icon.
pub(super) fn icon() -> IconData {
    let palette = Palette::new(false);
    let rgba = (0..SIDE * SIDE).flat_map(|i| {
        let (x, y) = (i % SIDE, i / SIDE);
        let Rgb(r, g, b) = colour(&palette, x, y);
        [r, g, b, if inside(x, y) { 255 } else { 0 }]
    });
    IconData {
        rgba: rgba.collect(),
        width: SIDE as u32,
        height: SIDE as u32,
    }
}

fn colour(palette: &Palette, x: usize, y: usize) -> Rgb {
    let (left, width, step) = BARS;
    let at = x.checked_sub(left).map(|x| (x / step, x % step));
    let Some((bar, _)) = at.filter(|(bar, x)| *bar < LARGE.len() && *x < width) else {
        return palette.card;
    };
    let base = SIDE - left;
    if y >= base || y < left {
        palette.card
    } else if y >= base - HEIGHTS[bar] {
        palette.features[LARGE[bar]]
    } else {
        palette.track
    }
}

/// Whether the pixel is within the round corners.
fn inside(x: usize, y: usize) -> bool {
    let beyond = |at: usize| {
        let at = at as f32 + 0.5;
        (ROUND - at).max(at - (SIDE as f32 - ROUND)).max(0.0)
    };
    beyond(x).hypot(beyond(y)) <= ROUND
}
