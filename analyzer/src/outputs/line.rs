//! A reading in the words that every output uses.

use echometer_engine::{Feature, PerFeature, Reading};
use echometer_meters::table;
use echometer_meters::table::round;
pub(crate) use echometer_meters::table::told;
use serde::Serialize;

use super::About;
use crate::analysis::Part;

/// What is told of a reading. The order of the fields is part of the format.
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
        let value = |feature: Feature| told(values, feature);
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

impl<'a> Line<'a> {
    fn new(reading: &Reading, about: &'a About, part: Option<&'a Part>) -> Self {
        Self {
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
        }
    }
}

/// A reading as one JSON object, without a line break.
pub(crate) fn json(reading: &Reading, about: &About, part: Option<&Part>) -> serde_json::Result<String> {
    serde_json::to_string(&Line::new(reading, about, part))
}

/// The columns of a table of readings: what a line calls them, deviations with `sd_` before.
pub(crate) fn columns() -> Vec<String> {
    let rest = [
        "model",
        "backend",
        "dropped",
        "replaced",
        "silent",
        "track",
        "connection",
    ];
    table::columns().chain(rest.map(str::to_owned)).collect()
}

/// A reading under [`columns`]: the same values as in JSON, and nothing where JSON has `null` or leaves a field out.
pub(crate) fn cells(reading: &Reading, about: &About, part: Option<&Part>) -> Vec<String> {
    let line = Line::new(reading, about, part);
    let mut cells: Vec<_> = table::cells(reading).collect();
    cells.extend([
        line.model.to_owned(),
        line.backend.to_owned(),
        line.dropped.to_string(),
        line.replaced.to_string(),
        line.silent.to_string(),
        line.track.unwrap_or_default().to_owned(),
        line.connection.unwrap_or(1).to_string(),
    ]);
    cells
}

#[cfg(test)]
pub(super) mod tests {
    use echometer_engine::Levels;

    use super::*;

    pub(crate) fn about() -> About {
        About {
            model: "live 1.0".into(),
            backend: "embedded".into(),
            reason: None,
            telling: false,
            window_s: 30.0,
            first_reading_s: 2.0,
            guesses: PerFeature::default(),
            input: String::new(),
        }
    }

    pub(crate) fn reading() -> Reading {
        Reading {
            time: 12.4,
            coverage: 0.413_333,
            silent: false,
            values: PerFeature::from_fn(|_| Some(0.123_456)),
            sd: PerFeature::from_fn(|_| Some(0.0)),
            levels: Levels::default(),
            dropped: 3,
            replaced: 0,
        }
    }

    pub(crate) fn part() -> Part {
        Part {
            title: "x".into(),
            rate: 44_100,
            channels: 2,
            duration_s: None,
            live: true,
            one_of_many: false,
            connection: 1,
        }
    }

    #[test]
    fn a_line_has_its_fields_in_order_and_only_numbers() {
        let about = about();
        let mut reading = reading();
        reading.values[Feature::Loudness] = Some(-9.846);
        reading.values[Feature::Energy] = Some(f32::NAN);
        reading.sd[Feature::Valence] = Some(-0.000_01);
        assert_eq!(
            json(&reading, &about, None).unwrap(),
            concat!(
                r#"{"time":12.4,"coverage":0.4133,"danceability":0.1235,"energy":null,"speechiness":0.1235,"#,
                r#""acousticness":0.1235,"instrumentalness":0.1235,"liveness":0.1235,"valence":0.1235,"#,
                r#""loudness":-9.85,"sd":{"danceability":0.0,"energy":0.0,"speechiness":0.0,"acousticness":0.0,"#,
                r#""instrumentalness":0.0,"liveness":0.0,"valence":0.0,"loudness":0.0},"model":"live 1.0","#,
                r#""backend":"embedded","dropped":3}"#
            )
        );
        let mut part = part();
        assert_eq!(
            json(&reading, &about, Some(&part)).unwrap(),
            json(&reading, &about, None).unwrap()
        );
        reading.silent = true;
        reading.replaced = 7;
        (part.one_of_many, part.connection) = (true, 2);
        let with_more = json(&reading, &about, Some(&part)).unwrap();
        assert!(
            with_more.ends_with(r#""dropped":3,"replaced":7,"silent":true,"track":"x","connection":2}"#),
            "{with_more}"
        );
    }
    #[test]
    fn a_table_has_the_columns_of_a_line() {
        let about = about();
        let part = Part {
            one_of_many: true,
            connection: 2,
            ..part()
        };
        let reading = Reading {
            silent: true,
            replaced: 7,
            ..reading()
        };
        let json: serde_json::Value =
            serde_json::from_str(&json(&reading, &about, Some(&part)).unwrap()).unwrap();
        let mut fields = json.as_object().unwrap().clone();
        let sd = fields.remove("sd").unwrap();
        for (name, value) in sd.as_object().unwrap() {
            fields.insert(format!("sd_{name}"), value.clone());
        }
        let (columns, cells) = (columns(), cells(&reading, &about, Some(&part)));
        assert_eq!(columns.len(), fields.len());
        for (column, cell) in columns.iter().zip(&cells) {
            let said = match &fields[column] {
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Null => String::new(),
                serde_json::Value::Number(number) => number.as_f64().unwrap().to_string(),
                other => other.to_string(),
            };
            assert_eq!(*cell, said, "{column}");
        }
    }
}
