//! JSON lines: one object a reading, for programs.

use std::io::{self, Write};
use std::sync::mpsc::Receiver;

use echometer_engine::{Feature, PerFeature, Reading};
use serde::Serialize;

use super::{About, next, notice, written};
use crate::analysis::{Event, Part};
use crate::control::Control;
use crate::failure::Failure;

/// A line. The order of its fields is part of the format.
#[derive(Debug, Serialize)]
struct Line<'a> {
    time: f64,
    coverage: f64,
    #[serde(flatten)]
    values: Features,
    sd: Features,
    model: &'a str,
    backend: &'a str,
    dropped: u64,
    #[serde(skip_serializing_if = "is_zero")]
    replaced: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    silent: bool,
    /// The part's name, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    track: Option<&'a str>,
    /// Counts a device's connections, from its second on.
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<u32>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The features under their names, `null` where there is no value.
#[derive(Debug, Serialize)]
struct Features {
    danceability: Option<f64>,
    energy: Option<f64>,
    speechiness: Option<f64>,
    acousticness: Option<f64>,
    instrumentalness: Option<f64>,
    liveness: Option<f64>,
    valence: Option<f64>,
    loudness: Option<f64>,
}

impl Features {
    fn new(values: &PerFeature<Option<f32>>) -> Self {
        let value = |feature: Feature| {
            let digits = if feature == Feature::Loudness { 2 } else { 4 };
            // JSON has no NaN and no infinity.
            values[feature]
                .filter(|value| value.is_finite())
                .map(|value| round(f64::from(value), digits))
        };
        Self {
            danceability: value(Feature::Danceability),
            energy: value(Feature::Energy),
            speechiness: value(Feature::Speechiness),
            acousticness: value(Feature::Acousticness),
            instrumentalness: value(Feature::Instrumentalness),
            liveness: value(Feature::Liveness),
            valence: value(Feature::Valence),
            loudness: value(Feature::Loudness),
        }
    }
}

/// Rounded to `digits` decimals, which prints as short as it is; never `-0`.
fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale + 0.0
}

fn line(reading: &Reading, about: &About, part: Option<&Part>) -> serde_json::Result<String> {
    serde_json::to_string(&Line {
        time: round(reading.time, 3),
        coverage: round(f64::from(reading.coverage), 4),
        values: Features::new(&reading.values),
        sd: Features::new(&reading.sd),
        model: &about.model,
        backend: &about.backend,
        dropped: reading.dropped,
        replaced: reading.replaced,
        silent: reading.silent,
        track: part
            .filter(|part| part.one_of_many)
            .map(|part| part.title.as_str()),
        connection: part.map(|part| part.connection).filter(|count| *count > 1),
    })
}

/// Writes each reading (or, if `once`, each part's one reading) until the analysis ends.
///
/// `chosen` tells that nobody asked for JSON, so a device that is slow to say anything deserves a word.
pub(crate) fn run(
    about: &About,
    events: &Receiver<Event>,
    control: &Control,
    once: bool,
    chosen: bool,
) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let mut part = None;
    let mut write = |reading: &Reading, part: Option<&Part>| {
        let line = line(reading, about, part).map_err(|error| Failure::failed(format!("JSON: {error}")))?;
        // One write a line, so that a reader never sees half of one.
        written(out.write_all((line + "\n").as_bytes()).and_then(|()| out.flush()))
    };
    loop {
        let heard = match next(events, control) {
            Event::Begins(begun) => {
                if chosen && begun.live {
                    notice(&format!(
                        "listening to {} ({} Hz, {} channels)",
                        begun.title, begun.rate, begun.channels
                    ));
                }
                part = Some(begun);
                true
            }
            Event::Reading(reading) if !once => write(&reading, part.as_ref())?,
            Event::Whole(reading) if once => write(&reading, part.as_ref())?,
            Event::Notice(text) | Event::Lost(text) => {
                notice(&text);
                true
            }
            Event::Reading(_) | Event::Whole(_) | Event::Peak(_) => true,
            Event::Ended(result) => return result,
        };
        if !heard {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_fields_in_order_and_only_numbers() {
        let about = About {
            model: "live 1.0".into(),
            backend: "embedded".into(),
            choice: None,
            window_s: 30.0,
            first_reading_s: 2.0,
            guesses: PerFeature::default(),
            input: String::new(),
        };
        let mut reading = Reading {
            time: 12.4,
            coverage: 0.413_333,
            silent: false,
            values: PerFeature::from_fn(|_| Some(0.123_456)),
            sd: PerFeature::from_fn(|_| Some(0.0)),
            dropped: 3,
            replaced: 0,
        };
        reading.values[Feature::Loudness] = Some(-9.846);
        reading.values[Feature::Energy] = Some(f32::NAN);
        reading.sd[Feature::Valence] = Some(-0.000_01);
        assert_eq!(
            line(&reading, &about, None).unwrap(),
            concat!(
                r#"{"time":12.4,"coverage":0.4133,"danceability":0.1235,"energy":null,"speechiness":0.1235,"#,
                r#""acousticness":0.1235,"instrumentalness":0.1235,"liveness":0.1235,"valence":0.1235,"#,
                r#""loudness":-9.85,"sd":{"danceability":0.0,"energy":0.0,"speechiness":0.0,"acousticness":0.0,"#,
                r#""instrumentalness":0.0,"liveness":0.0,"valence":0.0,"loudness":0.0},"model":"live 1.0","#,
                r#""backend":"embedded","dropped":3}"#
            )
        );
        let mut part = Part {
            title: "x".into(),
            rate: 44_100,
            channels: 2,
            duration_s: None,
            live: true,
            one_of_many: false,
            connection: 1,
        };
        assert_eq!(
            line(&reading, &about, Some(&part)).unwrap(),
            line(&reading, &about, None).unwrap()
        );
        reading.silent = true;
        reading.replaced = 7;
        (part.one_of_many, part.connection) = (true, 2);
        let with_more = line(&reading, &about, Some(&part)).unwrap();
        assert!(
            with_more.ends_with(r#""dropped":3,"replaced":7,"silent":true,"track":"x","connection":2}"#),
            "{with_more}"
        );
    }
}
