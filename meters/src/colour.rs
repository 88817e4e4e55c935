//! Colours that tell the features apart for every kind of colour vision.

use echometer_engine::Feature;

/// A colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(
    /// Red.
    pub u8,
    /// Green.
    pub u8,
    /// Blue.
    pub u8,
);

impl Rgb {
    /// This colour with `share` (0–1) of `other` mixed in.
    pub fn mix(self, other: Self, share: f32) -> Self {
        let share = share.clamp(0.0, 1.0);
        let channel = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * share).round() as u8;
        Self(
            channel(self.0, other.0),
            channel(self.1, other.1),
            channel(self.2, other.2),
        )
    }

    /// The ratio of two colours' luminances as WCAG defines it, 1–21.
    pub fn contrast(self, other: Self) -> f32 {
        let linear = |channel: u8| {
            let share = f32::from(channel) / 255.0;
            if share <= 0.04045 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        let luminance = |Self(r, g, b)| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) + 0.05;
        let (a, b) = (luminance(self), luminance(other));
        a.max(b) / a.min(b)
    }
}

/// Stands in for a feature's colour where the model hardly knows the feature.
pub const GREY: Rgb = Rgb(128, 134, 144);

/// The feature's colour, from the palette of Okabe and Ito; light grey stands in for its black.
///
/// Faces must not rely on colour alone: every meter also carries its name and its number.
pub const fn colour(feature: Feature) -> Rgb {
    match feature {
        Feature::Danceability => Rgb(230, 159, 0),
        Feature::Energy => Rgb(213, 94, 0),
        Feature::Liveness => Rgb(86, 180, 233),
        Feature::Valence => Rgb(240, 228, 66),
        Feature::Acousticness => Rgb(0, 158, 115),
        Feature::Instrumentalness => Rgb(0, 114, 178),
        Feature::Speechiness => Rgb(204, 121, 167),
        Feature::Loudness => Rgb(190, 190, 190),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_differ_and_mix() {
        let colours: Vec<_> = Feature::ALL.into_iter().map(colour).collect();
        for (i, a) in colours.iter().enumerate() {
            assert!(!colours[..i].contains(a));
        }
        assert_eq!(Rgb(0, 100, 200).mix(Rgb(100, 100, 100), 0.5), Rgb(50, 100, 150));
        assert_eq!(Rgb(1, 2, 3).mix(Rgb(9, 9, 9), -1.0), Rgb(1, 2, 3));
    }

    #[test]
    fn contrast_is_that_of_the_standard() {
        let white = Rgb(255, 255, 255);
        assert!((Rgb(0, 0, 0).contrast(white) - 21.0).abs() < 0.01);
        assert!(
            Rgb(0xf0, 0xe4, 0x42).contrast(white) < 1.5,
            "yellow on white cannot be read"
        );
    }
}
