//! A track's row, and the columns that every table of a scan has, in their order.

use std::collections::BTreeSet;
use std::fmt;

use echometer_engine::{Feature, PerFeature};
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

/// The features in the order of Spotify's audio-features object.
const SPOTIFY_ORDER: [Feature; Feature::COUNT] = [
    Feature::Danceability,
    Feature::Energy,
    Feature::Loudness,
    Feature::Speechiness,
    Feature::Acousticness,
    Feature::Instrumentalness,
    Feature::Liveness,
    Feature::Valence,
];

/// What a scan tells about one file. Values are rounded as JSON lines are.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Row {
    /// Absolute; a `file:` URL where the name is no Unicode.
    pub(crate) path: String,
    pub(crate) tags: Tags,
    pub(crate) duration_ms: Option<u64>,
    pub(crate) values: PerFeature<Option<f64>>,
    pub(crate) sd: PerFeature<Option<f64>>,
    /// `NAME VERSION` of the model that scored it.
    pub(crate) model: Option<String>,
    /// What decoded it: `builtin`, or ffmpeg with its version.
    pub(crate) decoder: Option<String>,
    /// What should be known of the values: silence, damage.
    pub(crate) note: Option<String>,
    /// Why there are no values.
    pub(crate) error: Option<String>,
    /// Size in bytes and time of the last change in milliseconds since 1970: as long as they stay, so does the row.
    pub(crate) size: Option<u64>,
    pub(crate) mtime_ms: Option<i64>,
    /// Readings over time, where they are kept.
    pub(crate) curve: Option<Value>,
}

/// What the file's own tags say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tags {
    pub(crate) title: Option<String>,
    pub(crate) artist: Option<String>,
    pub(crate) album: Option<String>,
    pub(crate) isrc: Option<String>,
    /// MusicBrainz's id of the recording.
    pub(crate) musicbrainz_id: Option<String>,
}

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Path,
    Title,
    Artist,
    Album,
    Isrc,
    MusicBrainzId,
    DurationMs,
    Value(Feature),
    Sd(Feature),
    Model,
    Decoder,
    Note,
    Error,
    Size,
    MtimeMs,
    Curve,
}

/// What a column holds, where there is a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
    Number,
    /// Nested JSON.
    Json,
}

impl Column {
    /// All columns in order; the curve is the last, and only there where it is kept.
    pub(crate) fn all(curves: bool) -> impl Iterator<Item = Self> {
        let tags = [
            Self::Path,
            Self::Title,
            Self::Artist,
            Self::Album,
            Self::Isrc,
            Self::MusicBrainzId,
        ];
        // A measured loudness has no uncertainty.
        let unsure = |feature: &Feature| *feature != Feature::Loudness;
        let rest = [
            Self::Model,
            Self::Decoder,
            Self::Note,
            Self::Error,
            Self::Size,
            Self::MtimeMs,
        ];
        tags.into_iter()
            .chain([Self::DurationMs])
            .chain(SPOTIFY_ORDER.map(Self::Value))
            .chain(SPOTIFY_ORDER.into_iter().filter(unsure).map(Self::Sd))
            .chain(rest)
            .chain(curves.then_some(Self::Curve))
    }

    /// Whether a table with columns of these names is one that a scan wrote. Only that has all columns and no other: whatever else
    /// there is, with rows or without, is somebody's and must not be taken for ours and replaced.
    pub(crate) fn check<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), String> {
        let names: BTreeSet<_> = names.collect();
        let known: BTreeSet<_> = Self::all(true).map(|column| column.to_string()).collect();
        // Tables of earlier versions name no decoder.
        let needed = Self::all(false).filter(|column| *column != Self::Decoder);
        for column in needed.map(|column| column.to_string()) {
            if !names.contains(column.as_str()) {
                return Err(format!("there is no column `{column}`"));
            }
        }
        match names.into_iter().find(|name| !known.contains(*name)) {
            Some(other) => Err(format!("`{other}` is no column of a scan")),
            None => Ok(()),
        }
    }

    /// What it holds.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::DurationMs | Self::Size | Self::MtimeMs => Kind::Integer,
            Self::Value(_) | Self::Sd(_) => Kind::Number,
            Self::Curve => Kind::Json,
            _ => Kind::Text,
        }
    }

    /// The row's value in this column; null where there is none.
    pub(crate) fn get(self, row: &Row) -> Value {
        match self {
            Self::Path => json!(row.path),
            Self::Title => json!(row.tags.title),
            Self::Artist => json!(row.tags.artist),
            Self::Album => json!(row.tags.album),
            Self::Isrc => json!(row.tags.isrc),
            Self::MusicBrainzId => json!(row.tags.musicbrainz_id),
            Self::DurationMs => json!(row.duration_ms),
            Self::Value(feature) => json!(row.values[feature]),
            Self::Sd(feature) => json!(row.sd[feature]),
            Self::Model => json!(row.model),
            Self::Decoder => json!(row.decoder),
            Self::Note => json!(row.note),
            Self::Error => json!(row.error),
            Self::Size => json!(row.size),
            Self::MtimeMs => json!(row.mtime_ms),
            Self::Curve => json!(row.curve),
        }
    }

    /// Puts a value back; an error where it is of another kind.
    fn set(self, row: &mut Row, value: Value) -> Result<(), serde_json::Error> {
        fn to<T: DeserializeOwned>(slot: &mut T, value: Value) -> Result<(), serde_json::Error> {
            *slot = serde_json::from_value(value)?;
            Ok(())
        }
        match self {
            Self::Path => to(&mut row.path, value),
            Self::Title => to(&mut row.tags.title, value),
            Self::Artist => to(&mut row.tags.artist, value),
            Self::Album => to(&mut row.tags.album, value),
            Self::Isrc => to(&mut row.tags.isrc, value),
            Self::MusicBrainzId => to(&mut row.tags.musicbrainz_id, value),
            Self::DurationMs => to(&mut row.duration_ms, value),
            Self::Value(feature) => to(&mut row.values[feature], value),
            Self::Sd(feature) => to(&mut row.sd[feature], value),
            Self::Model => to(&mut row.model, value),
            Self::Decoder => to(&mut row.decoder, value),
            Self::Note => to(&mut row.note, value),
            Self::Error => to(&mut row.error, value),
            Self::Size => to(&mut row.size, value),
            Self::MtimeMs => to(&mut row.mtime_ms, value),
            Self::Curve => to(&mut row.curve, value),
        }
    }
}

/// The column's name in every format.
impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "path",
            Self::Title => "title",
            Self::Artist => "artist",
            Self::Album => "album",
            Self::Isrc => "isrc",
            Self::MusicBrainzId => "musicbrainz_id",
            Self::DurationMs => "duration_ms",
            Self::Value(feature) => feature.name(),
            Self::Sd(feature) => return write!(f, "{feature}_sd"),
            Self::Model => "model",
            Self::Decoder => "decoder",
            Self::Note => "note",
            Self::Error => "error",
            Self::Size => "size",
            Self::MtimeMs => "mtime_ms",
            Self::Curve => "curve",
        })
    }
}

impl Row {
    /// The row with these values, by column name; the table has passed [`Column::check`].
    pub(crate) fn from_values(mut values: Map<String, Value>) -> Result<Self, String> {
        let mut row = Self::default();
        for column in Column::all(true) {
            let name = column.to_string();
            if let Some(value) = values.remove(&name) {
                column
                    .set(&mut row, value)
                    .map_err(|error| format!("column `{name}`: {error}"))?;
            }
        }
        if row.path.is_empty() {
            return Err("column `path` is empty".into());
        }
        Ok(row)
    }
}

/// An object with the columns in their order.
impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for column in Column::all(self.curve.is_some()) {
            map.serialize_entry(&column.to_string(), &column.get(self))?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = Map::deserialize(deserializer)?;
        // Each of JSON's lines has names of its own.
        Column::check(values.keys().map(String::as_str)).map_err(D::Error::custom)?;
        Self::from_values(values).map_err(D::Error::custom)
    }
}
