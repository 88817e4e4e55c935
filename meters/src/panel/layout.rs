//! Where everything goes, for every size of window.

use egui::{Rect, Vec2, pos2, vec2};

/// The places of one frame. None overlaps another; all lie inside the window.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    /// How much larger than drawn everything is.
    pub(super) scale: f32,
    /// Name, state and controls.
    pub(super) header: Rect,
    /// Something the user must know.
    pub(super) notice: Option<Rect>,
    /// Levels, and what is done with readings.
    pub(super) strip: Option<Rect>,
    /// Everything between header and footer: what a message may cover when there are no meters.
    pub(super) body: Rect,
    /// What lies below the strip.
    pub(super) rest: Rect,
    /// The three large meters.
    pub(super) large: [Rect; 3],
    /// The five small meters.
    pub(super) small: [Rect; 5],
    /// The picture of what was heard.
    pub(super) picture: Option<Rect>,
    /// Facts.
    pub(super) footer: Rect,
}

/// The size everything is drawn for.
const DRAWN_FOR: Vec2 = vec2(super::Panel::SIZE.0, super::Panel::SIZE.1);

/// Below this width or height of the whole, margins shrink.
const TIGHT: Vec2 = vec2(640.0, 420.0);

impl Layout {
    /// Lays out `window`, with a notice of `notice` lines of text.
    pub(super) fn new(window: Rect, notice: usize) -> Self {
        let scale = (window.size() / DRAWN_FOR).min_elem().clamp(1.0, 6.0);
        let size = window.size() / scale;
        let tight = size.x < TIGHT.x || size.y < TIGHT.y;
        let margin = if tight { 8.0 } else { 16.0 };
        let gap = if tight { 8.0 } else { 12.0 };
        let (header, footer) = if tight { (40.0, 24.0) } else { (48.0, 28.0) };
        let mut rows = Rows {
            window,
            scale,
            margin,
            y: 0.0,
        };
        let top = rows.take(header);
        let notice = (notice > 0).then(|| {
            let bar = rows.take(16.0 + 16.0 * notice as f32);
            rows.y += gap;
            bar
        });
        let width = size.x - 2.0 * margin;
        let height = (size.y - rows.y - footer).max(0.0);
        let body = rows.part(0.0, rows.y, width, height);
        let strip = if tight { STRIP.0 } else { STRIP.1 };
        let with_strip = height - strip - gap >= LEAST;
        let strip = with_strip.then(|| {
            let strip = rows.take(strip);
            rows.y += gap;
            strip
        });
        let height = (size.y - rows.y - footer).max(0.0);
        let rest = rows.part(0.0, rows.y, width, height);
        let (large, small, picture) = if size.x < 600.0 && height > 640.0 {
            tall(&rows, width, height, gap)
        } else {
            wide(&rows, width, height, gap)
        };
        let footer = rows.part(0.0, size.y - footer, width, footer);
        Self {
            scale,
            header: top,
            notice,
            strip,
            body,
            rest,
            large,
            small,
            picture,
            footer,
        }
    }
}

/// Heights of the strip where there is little room and elsewhere, in points of the drawing.
const STRIP: (f32, f32) = (28.0, 56.0);

/// What the strip must leave to the meters.
const LEAST: f32 = 180.0;

/// Least heights beside a picture, in points of the drawing.
const LARGE: f32 = 208.0;
const SMALL: f32 = 144.0;
const PICTURE: f32 = 64.0;

type Places = ([Rect; 3], [Rect; 5], Option<Rect>);

/// Large meters side by side, the small ones below, the picture last if there is room.
fn wide(rows: &Rows, width: f32, height: f32, gap: f32) -> Places {
    // What the picture leaves must still hold numerals to be read from afar, and a curve on each meter.
    let with_picture = height >= LARGE + SMALL + PICTURE + 2.0 * gap;
    let free = height - if with_picture { 2.0 } else { 1.0 } * gap;
    let (large, small) = if with_picture {
        ((free * 0.46).round().max(LARGE), (free * 0.3).round().max(SMALL))
    } else {
        let large = (free * 0.6).round();
        (large, free - large)
    };
    let y = rows.y;
    let beside = |i: usize, count: usize, y: f32, height: f32| {
        let each = (width - gap * (count - 1) as f32) / count as f32;
        rows.part(i as f32 * (each + gap), y, each, height)
    };
    let picture = rows.part(0.0, y + large + small + 2.0 * gap, width, free - large - small);
    (
        std::array::from_fn(|i| beside(i, 3, y, large)),
        std::array::from_fn(|i| beside(i, 5, y + large + gap, small)),
        with_picture.then_some(picture),
    )
}

/// A narrow, high window: large meters one below the other, the small ones in rows of three and two.
fn tall(rows: &Rows, width: f32, height: f32, gap: f32) -> Places {
    let picture = if height >= 760.0 { 112.0 } else { 0.0 };
    let gaps = if picture > 0.0 { 5.0 } else { 4.0 } * gap;
    let free = height - gaps - picture;
    let large = (free * 0.62 / 3.0).floor();
    let small = ((free - 3.0 * large) / 2.0).floor();
    let y = rows.y;
    let below = y + 3.0 * (large + gap);
    let small_at = |i: usize| {
        let (row, i, count) = if i < 3 { (0.0, i, 3.0) } else { (1.0, i - 3, 2.0) };
        let each = (width - gap * (count - 1.0)) / count;
        rows.part(i as f32 * (each + gap), below + row * (small + gap), each, small)
    };
    let picture_at = rows.part(0.0, below + 2.0 * (small + gap), width, picture);
    (
        std::array::from_fn(|i| rows.part(0.0, y + i as f32 * (large + gap), width, large)),
        std::array::from_fn(small_at),
        (picture > 0.0).then_some(picture_at),
    )
}

/// Takes rows from the top, in points of the size everything is drawn for.
struct Rows {
    window: Rect,
    scale: f32,
    margin: f32,
    y: f32,
}

impl Rows {
    fn take(&mut self, height: f32) -> Rect {
        let width = self.window.width() / self.scale - 2.0 * self.margin;
        let row = self.part(0.0, self.y, width, height);
        self.y += height;
        row
    }

    /// A rectangle `x` to the right of the margin.
    fn part(&self, x: f32, y: f32, width: f32, height: f32) -> Rect {
        let corner = self.window.min + vec2(self.margin + x, y) * self.scale;
        let far = corner + vec2(width.max(0.0), height.max(0.0)) * self.scale;
        // Whole points, so that hairlines are sharp.
        Rect::from_min_max(
            pos2(corner.x.round(), corner.y.round()),
            pos2(far.x.round(), far.y.round()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes() -> impl Iterator<Item = Vec2> {
        let widths = [420.0, 480.0, 599.0, 640.0, 860.0, 1280.0, 1600.0, 2560.0, 3840.0];
        let heights = [300.0, 360.0, 419.0, 420.0, 560.0, 720.0, 1000.0, 1440.0, 2160.0];
        widths
            .into_iter()
            .flat_map(move |x| heights.into_iter().map(move |y| vec2(x, y)))
    }

    #[test]
    fn nothing_overlaps_or_leaves_the_window() {
        for size in sizes() {
            for notice in 0..3 {
                let window = Rect::from_min_size(pos2(10.0, 20.0), size);
                let layout = Layout::new(window, notice);
                let mut places = vec![layout.header, layout.footer];
                places.extend(layout.notice);
                places.extend(layout.strip);
                places.extend(layout.large);
                places.extend(layout.small);
                places.extend(layout.picture);
                for (i, a) in places.iter().enumerate() {
                    assert!(window.contains_rect(*a), "{size:?} {notice}: {a:?}");
                    assert!(a.width() > 0.0 && a.height() > 0.0, "{size:?} {notice}: {a:?}");
                    for b in &places[..i] {
                        assert!(
                            !a.shrink(0.5).intersects(b.shrink(0.5)),
                            "{size:?} {notice}: {a:?} {b:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn meters_keep_room_for_their_numbers() {
        for size in sizes() {
            let layout = Layout::new(Rect::from_min_size(pos2(0.0, 0.0), size), 2);
            let room = |rect: &Rect| rect.size() / layout.scale;
            assert!(
                layout
                    .large
                    .iter()
                    .all(|rect| room(rect).x >= 120.0 && room(rect).y >= 80.0),
                "{size:?}"
            );
            assert!(
                layout
                    .small
                    .iter()
                    .all(|rect| room(rect).x >= 72.0 && room(rect).y >= 56.0),
                "{size:?}"
            );
        }
    }

    #[test]
    fn levels_are_seen_at_every_size() {
        for size in sizes() {
            let layout = Layout::new(Rect::from_min_size(pos2(0.0, 0.0), size), 0);
            assert!(layout.strip.is_some(), "{size:?}");
        }
    }

    #[test]
    fn large_windows_draw_larger() {
        let scale = |x, y| Layout::new(Rect::from_min_size(pos2(0.0, 0.0), vec2(x, y)), 0).scale;
        assert_eq!(scale(860.0, 624.0), 1.0);
        assert_eq!(scale(420.0, 300.0), 1.0);
        assert_eq!(scale(1720.0, 1248.0), 2.0);
        assert!(scale(3840.0, 2160.0) > 3.4);
    }
}
