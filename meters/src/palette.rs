//! The colours of a face on a dark and on a light ground.

use echometer_engine::PerFeature;

use crate::{Rgb, colour};

/// Contrast that bars and lines need against their ground (WCAG 2.2, level AA).
const LINE_CONTRAST: f32 = 3.0;

/// Every colour a face is drawn with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Palette {
    /// Behind everything.
    pub ground: Rgb,
    /// Behind each meter.
    pub card: Rgb,
    /// The hairline around a card.
    pub edge: Rgb,
    /// The empty part of a scale.
    pub track: Rgb,
    /// Lines behind a curve.
    pub grid: Rgb,
    /// Numerals and names.
    pub text: Rgb,
    /// Everything that is read second.
    pub soft: Rgb,
    /// Keyboard focus.
    pub focus: Rgb,
    /// Something to know.
    pub warn: Rgb,
    /// Something that stopped.
    pub error: Rgb,
    /// The features' colours, moved away from the card until bars and lines stand out from it; no text is set in them.
    pub features: PerFeature<Rgb>,
}

impl Palette {
    /// The colours for a light or a dark ground.
    pub fn new(light: bool) -> Self {
        let grey = |dark: u32, bright: u32| hex(if light { bright } else { dark });
        let card = grey(0x16_191f, 0xff_ffff);
        let away = if light { Rgb(0, 0, 0) } else { Rgb(255, 255, 255) };
        Self {
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
}

const fn hex(rgb: u32) -> Rgb {
    Rgb((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8)
}

/// `rgb` with as little of `away` mixed in as makes it stand out from `ground`.
fn distinct(rgb: Rgb, away: Rgb, ground: Rgb) -> Rgb {
    (0..=50)
        .map(|step| rgb.mix(away, step as f32 / 50.0))
        .find(|candidate| candidate.contrast(ground) >= LINE_CONTRAST)
        .unwrap_or(away)
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
            let palette = Palette::new(light);
            for text in [
                palette.text,
                palette.soft,
                palette.warn,
                palette.error,
                palette.focus,
            ] {
                for ground in [palette.card, palette.ground] {
                    assert!(text.contrast(ground) >= TEXT_CONTRAST, "{text:?} on {ground:?}");
                }
            }
            for feature in Feature::ALL {
                let on_card = palette.features[feature].contrast(palette.card);
                assert!(on_card >= LINE_CONTRAST, "{feature}: {on_card}");
            }
        }
    }

    #[test]
    fn features_keep_different_colours() {
        for light in [false, true] {
            let palette = Palette::new(light);
            for (i, a) in Feature::ALL.into_iter().enumerate() {
                for b in &Feature::ALL[..i] {
                    let (Rgb(r, g, b), Rgb(x, y, z)) = (palette.features[a], palette.features[*b]);
                    let far = r.abs_diff(x).max(g.abs_diff(y)).max(b.abs_diff(z));
                    assert!(far >= 24, "{a:?}: {far}");
                }
            }
        }
    }
}
