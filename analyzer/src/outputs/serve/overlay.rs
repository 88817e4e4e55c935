//! The page for streaming software: meters on nothing, put together from one file each for its parts.

use echometer_engine::Feature;
use echometer_meters::{self as meters, Palette, Rgb};
use serde::Serialize;

use crate::outputs::About;

/// What the page may do: what is in it, and connect to where it came from.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'";

const PAGE: &str = include_str!("overlay/page.html");
const STYLE: &str = include_str!("overlay/style.css");
const SCRIPT: &str = include_str!("overlay/script.js");

/// What the script has to know.
#[derive(Serialize)]
struct Data {
    /// In display order.
    features: Vec<Entry>,
    dark: Colours,
    light: Colours,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    label: &'static str,
    short: &'static str,
    low: f32,
    high: f32,
    /// Decimals and unit of its numbers.
    digits: u8,
    unit: &'static str,
    large: bool,
    dark: String,
    light: String,
    guess: bool,
}

/// The colours of the style sheet's variables, by their names there.
#[derive(Serialize)]
struct Colours {
    ground: String,
    card: String,
    edge: String,
    track: String,
    text: String,
    soft: String,
}

impl Colours {
    fn new(palette: &Palette) -> Self {
        Self {
            ground: css(palette.ground),
            card: css(palette.card),
            edge: css(palette.edge),
            track: css(palette.track),
            text: css(palette.text),
            soft: css(palette.soft),
        }
    }
}

/// The page, whole.
pub(super) fn page(about: &About) -> String {
    let (dark, light) = (Palette::new(false), Palette::new(true));
    let entry = |feature: Feature| {
        let guess = about.guesses[feature];
        let colour = |palette: &Palette| {
            css(if guess {
                palette.soft
            } else {
                palette.features[feature]
            })
        };
        let (low, high) = feature.range();
        let measured = feature == Feature::Loudness;
        Entry {
            name: feature.name(),
            label: meters::label(feature),
            short: meters::short_label(feature),
            low,
            high,
            digits: if measured { 1 } else { 2 },
            unit: if measured { "LUFS" } else { "" },
            large: meters::LARGE.contains(&feature),
            dark: colour(&dark),
            light: colour(&light),
            guess,
        }
    };
    let data = Data {
        features: meters::ORDER.into_iter().map(entry).collect(),
        dark: Colours::new(&dark),
        light: Colours::new(&light),
    };
    // Plain structures of text and numbers always serialise; `<` would end the element that they stand in.
    let data = serde_json::to_string(&data)
        .unwrap_or_default()
        .replace('<', "\\u003c");
    PAGE.replace("/* style */", STYLE)
        .replace("/* script */", SCRIPT)
        .replace("/* data */", &data)
}

fn css(Rgb(r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}
