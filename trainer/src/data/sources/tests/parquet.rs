//! Manifests in Parquet, written here with every codec and type that may occur.

use std::fs;
use std::sync::Arc;

use echometer_engine::Feature;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

use super::super::manifest::Manifest;
use crate::data::row::Split;
use crate::data::source::{Listing, Source, SourceError};

/// Values of a column; `None` is null.
enum Column {
    Text(Vec<Option<&'static str>>),
    Double(Vec<Option<f64>>),
    Float(Vec<Option<f32>>),
    Int(Vec<Option<i32>>),
    Long(Vec<Option<i64>>),
    Bool(Vec<Option<bool>>),
}

/// A Parquet file with optional columns; `schema` has their types in order.
fn parquet(schema: &str, columns: &[Column], codec: Compression) -> Vec<u8> {
    fn split<T: Clone>(values: &[Option<T>]) -> (Vec<T>, Vec<i16>) {
        let levels = values.iter().map(|value| i16::from(value.is_some())).collect();
        (values.iter().flatten().cloned().collect(), levels)
    }
    macro_rules! write {
        ($writer:expr, $values:expr) => {{
            let (values, levels) = split($values);
            $writer.write_batch(&values, Some(&levels), None).unwrap();
        }};
    }
    let schema = Arc::new(parse_message_type(&format!("message schema {{ {schema} }}")).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(codec).build());
    let mut bytes = Vec::new();
    let mut file = SerializedFileWriter::new(&mut bytes, schema, properties).unwrap();
    let mut group = file.next_row_group().unwrap();
    for column in columns {
        let mut writer = group.next_column().unwrap().unwrap();
        match (column, writer.untyped()) {
            (Column::Text(values), ColumnWriter::ByteArrayColumnWriter(writer)) => {
                let values: Vec<_> = values.iter().map(|text| text.map(ByteArray::from)).collect();
                write!(writer, &values);
            }
            (Column::Double(values), ColumnWriter::DoubleColumnWriter(writer)) => write!(writer, values),
            (Column::Float(values), ColumnWriter::FloatColumnWriter(writer)) => write!(writer, values),
            (Column::Int(values), ColumnWriter::Int32ColumnWriter(writer)) => write!(writer, values),
            (Column::Long(values), ColumnWriter::Int64ColumnWriter(writer)) => write!(writer, values),
            (Column::Bool(values), ColumnWriter::BoolColumnWriter(writer)) => write!(writer, values),
            _ => panic!("the schema and the columns differ"),
        }
        writer.close().unwrap();
    }
    group.close().unwrap();
    file.close().unwrap();
    bytes
}

fn list(bytes: &[u8]) -> Result<Listing, SourceError> {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.wav", "b.wav"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let path = folder.path().join("clips.parquet");
    fs::write(&path, bytes).unwrap();
    Manifest::open(&path).unwrap().list()
}

fn small(codec: Compression) -> Vec<u8> {
    parquet(
        "optional int64 index (timestamp(micros,true)); optional binary path (utf8); optional int32 start; \
         optional binary artist (utf8); optional binary split (utf8); optional double energy; optional float valence; \
         optional int64 acousticness; optional double loudness; optional boolean loudness_trusted;",
        &[
            Column::Long(vec![Some(1), None, Some(3)]),
            Column::Text(vec![Some("a.wav"), Some(" b.wav "), Some("c.wav")]),
            Column::Int(vec![Some(7), None, Some(0)]),
            Column::Text(vec![Some("Björk"), None, None]),
            Column::Text(vec![Some("train"), Some("test"), None]),
            Column::Double(vec![Some(1.72e-5), None, Some(0.5)]),
            Column::Float(vec![Some(0.1), Some(0.0), None]),
            Column::Long(vec![Some(1), None, None]),
            Column::Double(vec![Some(-9.5), Some(-7.0), None]),
            Column::Bool(vec![Some(false), Some(true), None]),
        ],
        codec,
    )
}

#[test]
fn reads_every_codec_and_type() {
    for codec in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
    ] {
        let listing = list(&small(codec)).unwrap();
        let [a, b] = &listing.rows[..] else {
            panic!("{listing:?}");
        };
        assert_eq!(
            (a.start, a.group.as_str(), a.split),
            (7.0, "artist björk", Some(Split::Training))
        );
        assert_eq!((b.start, b.has_artist, b.split), (0.0, false, Some(Split::Test)));
        assert_eq!(a.labels[Feature::Energy], Some(1.72e-5));
        assert_eq!(a.labels[Feature::Valence], Some(0.1));
        assert_eq!(a.labels[Feature::Acousticness], Some(1.0));
        assert_eq!(a.labels[Feature::Loudness], None);
        assert_eq!(a.labels[Feature::Danceability], None);
        assert_eq!(b.labels[Feature::Energy], None);
        assert_eq!(b.labels[Feature::Valence], Some(0.0));
        assert_eq!(b.labels[Feature::Loudness], Some(-7.0));
        assert_eq!(listing.rejected.len(), 1);
        assert_eq!(listing.rejected[0].clip, "c.wav");
    }
}

#[test]
fn the_rules_are_those_of_csv() {
    let error = |schema: &str, columns: &[Column]| {
        let bytes = parquet(schema, columns, Compression::SNAPPY);
        list(&bytes).unwrap_err().to_string()
    };
    let path = || Column::Text(vec![Some("a.wav")]);
    let start = || Column::Double(vec![Some(0.0)]);
    let (text, number) = ("optional binary path (utf8);", "optional double start;");
    let cases = [
        (
            error(text, &[path()]),
            "no column `start`; found path. Known are path, start",
        ),
        (
            error("optional double tempo;", &[start()]),
            "no column `path`; found tempo",
        ),
        (
            error(
                &format!("{text} {number} optional double energy;"),
                &[path(), start(), Column::Double(vec![Some(f64::NAN)])],
            ),
            "row 2: energy is `NaN`, but must be empty or a number from 0 to 1",
        ),
        (
            error(
                &format!("{text} {number} optional int64 energy (decimal(9,2));"),
                &[path(), start(), Column::Long(vec![Some(50)])],
            ),
            "column `energy` must hold text, floats",
        ),
        (
            error(
                &format!("{text} {number} optional int32 energy (date);"),
                &[path(), start(), Column::Int(vec![Some(50)])],
            ),
            "column `energy` must hold text, floats",
        ),
    ];
    for (error, words) in cases {
        assert!(
            error.contains(words) && error.contains("clips.parquet"),
            "{error}"
        );
    }
    for bytes in [&b""[..], b"path,start\n", b"PAR1PAR1", b"PAR1\0\0\0\0PAR1"] {
        let error = list(bytes).unwrap_err().to_string();
        assert!(error.contains("clips.parquet: "), "{error}");
    }
}

proptest! {
    #[test]
    fn damage_gives_errors_only(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut bytes = small(Compression::SNAPPY);
        for (place, value) in places {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let _ = list(&bytes);
    }
}
