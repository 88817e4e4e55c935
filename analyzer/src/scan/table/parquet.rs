//! Parquet, without Arrow.

use std::fs::File;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::record::Field;
use parquet::schema::parser::parse_message_type;
use serde_json::{Map, Value};

use crate::scan::row::{Column, Kind, Row};

/// Rows of a group: enough to compress well, few enough to be read in parts.
const GROUP: usize = 65_536;

pub(super) fn write(out: &mut (impl Write + Send), rows: &[&Row], curves: bool) -> Result<(), String> {
    let columns: Vec<_> = Column::all(curves).collect();
    write_all(out, rows, &columns).map_err(|error| error.to_string())
}

fn write_all(out: &mut (impl Write + Send), rows: &[&Row], columns: &[Column]) -> Result<(), ParquetError> {
    let fields: String = columns.iter().map(|column| field(*column)).collect();
    let schema = Arc::new(parse_message_type(&format!("message scan {{ {fields} }}"))?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let mut file = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
    for rows in rows.chunks(GROUP) {
        let mut group = file.next_row_group()?;
        for column in columns {
            if let Some(writer) = group.next_column()? {
                write_column(writer, *column, rows)?;
            }
        }
        group.close()?;
    }
    file.close().map(|_| ())
}

fn field(column: Column) -> String {
    let kind = match column.kind() {
        Kind::Text => ("binary", " (STRING)"),
        Kind::Json => ("binary", " (JSON)"),
        Kind::Integer => ("int64", ""),
        Kind::Number => ("double", ""),
    };
    format!("optional {} {column}{};\n", kind.0, kind.1)
}

fn write_column(
    mut writer: SerializedColumnWriter<'_>,
    column: Column,
    rows: &[&Row],
) -> Result<(), ParquetError> {
    let values: Vec<_> = rows.iter().map(|row| column.get(row)).collect();
    let levels: Vec<_> = values.iter().map(|value| i16::from(!value.is_null())).collect();
    let there = values.into_iter().filter(|value| !value.is_null());
    match writer.untyped() {
        ColumnWriter::ByteArrayColumnWriter(writer) => {
            let bytes = there.map(|value| match value {
                Value::String(text) => ByteArray::from(text.into_bytes()),
                nested => ByteArray::from(nested.to_string().into_bytes()),
            });
            writer.write_batch(&bytes.collect::<Vec<_>>(), Some(&levels), None)?;
        }
        ColumnWriter::Int64ColumnWriter(writer) => {
            let numbers: Vec<_> = there.filter_map(|value| value.as_i64()).collect();
            writer.write_batch(&numbers, Some(&levels), None)?;
        }
        ColumnWriter::DoubleColumnWriter(writer) => {
            let numbers: Vec<_> = there.filter_map(|value| value.as_f64()).collect();
            writer.write_batch(&numbers, Some(&levels), None)?;
        }
        _ => return Err(ParquetError::General(format!("column {column} has another type"))),
    }
    writer.close()
}

pub(super) fn read(file: File) -> Result<Vec<Row>, String> {
    // The library panics on some damaged files.
    catch_unwind(AssertUnwindSafe(|| read_all(file)))
        .unwrap_or_else(|_| Err("it is no usable Parquet file".into()))
}

fn read_all(file: File) -> Result<Vec<Row>, String> {
    let failed = |error: ParquetError| error.to_string();
    let reader = SerializedFileReader::new(file).map_err(failed)?;
    let schema = reader.metadata().file_metadata().schema_descr();
    Column::check(schema.root_schema().get_fields().iter().map(|field| field.name()))?;
    let mut rows = Vec::new();
    for row in reader.get_row_iter(None).map_err(failed)? {
        let row = row.map_err(failed)?;
        let values: Result<Map<_, _>, String> = row
            .get_column_iter()
            .map(|(name, field)| Ok((name.clone(), value(name, field)?)))
            .collect();
        let number = rows.len() + 1;
        rows.push(Row::from_values(values?).map_err(|reason| format!("row {number}: {reason}"))?);
    }
    Ok(rows)
}

fn value(name: &str, field: &Field) -> Result<Value, String> {
    let nested = name == Column::Curve.to_string();
    Ok(match field {
        Field::Str(text) if nested => serde_json::from_str(text).map_err(|error| error.to_string())?,
        Field::Bytes(bytes) if nested => {
            serde_json::from_slice(bytes.data()).map_err(|error| error.to_string())?
        }
        Field::Str(text) => text.as_str().into(),
        Field::Double(number) => (*number).into(),
        Field::Float(number) => (*number).into(),
        Field::Long(number) => (*number).into(),
        Field::Int(number) => (*number).into(),
        // A column of somebody else's.
        _ => Value::Null,
    })
}
