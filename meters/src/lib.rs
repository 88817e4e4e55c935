//! How Echometer's meters look, whatever draws them: order, names, colours, numbers and history.

#![forbid(unsafe_code)]

mod colour;
#[cfg(feature = "files")]
pub mod errand;
mod history;
mod level;
mod palette;
#[cfg(feature = "egui")]
pub mod panel;
mod picture;
mod record;
mod reference;
mod session;
pub mod table;
mod text;

pub use colour::{GREY, Rgb, colour};
pub use history::History;
pub use level::Level;
pub use palette::Palette;
pub use picture::MelPicture;
pub use record::Record;
pub use reference::{Reference, difference};
pub use session::Session;
pub use text::{coverage, decimal, deviation, label, number, short_label, signed, value};

use echometer_engine::Feature;

/// The features shown large.
pub const LARGE: [Feature; 3] = [Feature::Danceability, Feature::Energy, Feature::Liveness];

/// The features shown small, in order.
pub const SMALL: [Feature; 5] = [
    Feature::Valence,
    Feature::Acousticness,
    Feature::Instrumentalness,
    Feature::Speechiness,
    Feature::Loudness,
];

/// All features in display order: the large ones, then the small ones.
pub const ORDER: [Feature; Feature::COUNT] = [
    LARGE[0], LARGE[1], LARGE[2], SMALL[0], SMALL[1], SMALL[2], SMALL[3], SMALL[4],
];

/// The part of the range between one deviation below and one above `value`, as [`Feature::position`]s.
pub fn band(feature: Feature, value: f32, sd: f32) -> (f32, f32) {
    (feature.position(value - sd), feature.position(value + sd))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_is_shown_once() {
        let mut shown = ORDER.to_vec();
        shown.sort();
        assert_eq!(shown, Feature::ALL);
    }

    #[test]
    fn positions_stay_in_the_range() {
        assert_eq!(Feature::Energy.position(0.25), 0.25);
        assert_eq!(Feature::Loudness.position(-15.0), 0.75);
        assert_eq!(Feature::Loudness.position(-90.0), 0.0);
        assert_eq!(band(Feature::Energy, 0.9, 0.25), (0.65, 1.0));
    }
}
