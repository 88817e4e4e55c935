//! Parquet rows as text, so that a manifest's rules are written once.

use std::fs::File;
use std::path::Path;

use csv::StringRecord;
use parquet::basic::{Compression, ConvertedType, Type as Physical};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::{Type, TypePtr};

use super::manifest::Records;
use super::read_error;
use crate::data::source::SourceError;
use crate::panics;

/// Opens the columns that are `wanted`; the others may be of any type and are not read.
pub(super) fn read(path: &Path, wanted: impl Fn(&str) -> bool) -> Result<Records, SourceError> {
    let file = File::open(path).map_err(|error| read_error(path, error))?;
    let reader = guarded(path, || SerializedFileReader::new(file))?;
    let chunks = reader
        .metadata()
        .row_groups()
        .iter()
        .flat_map(|group| group.columns());
    for codec in chunks.map(|chunk| chunk.compression()) {
        use Compression as C;
        if !matches!(codec, C::UNCOMPRESSED | C::SNAPPY | C::GZIP(_) | C::ZSTD(_)) {
            let rule = "must be snappy, gzip, zstd or none; save it again with one of them";
            return Err(read_error(
                path,
                format!("its compression is {codec}, but {rule}"),
            ));
        }
    }
    let schema = reader.metadata().file_metadata().schema_descr().root_schema();
    let all = StringRecord::from_iter(schema.get_fields().iter().map(|field| field.name()));
    let fields: Vec<_> = schema
        .get_fields()
        .iter()
        .filter(|field| wanted(field.name()))
        .cloned()
        .collect();
    if fields.is_empty() {
        // The rules then say which column is missing from these.
        return Ok(Records {
            headers: all,
            rows: Box::new(std::iter::empty()),
        });
    }
    for (i, field) in fields.iter().enumerate() {
        check(path, field)?;
        if fields[..i].iter().any(|other| other.name() == field.name()) {
            let name = field.name();
            return Err(read_error(path, format!("two columns are called `{name}`")));
        }
    }
    let headers = StringRecord::from_iter(fields.iter().map(|field| field.name()));
    let projection = Type::group_type_builder(schema.name())
        .with_fields(fields)
        .build();
    let mut rows = guarded(path, || {
        RowIter::from_file_into(Box::new(reader)).project(Some(projection?))
    })?;
    let path = path.to_owned();
    let rows = std::iter::from_fn(move || {
        let row = guarded(&path, || rows.next().transpose()).transpose()?;
        Some(row.map(|row| StringRecord::from_iter(row.get_column_iter().map(|(_, field)| text(field)))))
    });
    Ok(Records {
        headers,
        rows: Box::new(rows),
    })
}

/// What `read` gives. The Parquet library panics on some damaged files; that too becomes an error, and ends the reading.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, SourceError> {
    panics::catch(read)
        .map_err(|_| read_error(path, "the file is damaged; save it again"))?
        .map_err(|error| read_error(path, error))
}

/// Fails unless a column holds text, numbers or true and false.
fn check(path: &Path, field: &TypePtr) -> Result<(), SourceError> {
    use ConvertedType as C;
    let fits = field.is_primitive()
        && match field.get_physical_type() {
            Physical::BOOLEAN | Physical::FLOAT | Physical::DOUBLE => true,
            Physical::INT32 => matches!(
                field.get_basic_info().converted_type(),
                C::NONE | C::INT_8 | C::INT_16 | C::INT_32 | C::UINT_8 | C::UINT_16 | C::UINT_32
            ),
            Physical::INT64 => matches!(
                field.get_basic_info().converted_type(),
                C::NONE | C::INT_64 | C::UINT_64
            ),
            Physical::BYTE_ARRAY => {
                matches!(
                    field.get_basic_info().converted_type(),
                    C::NONE | C::UTF8 | C::ENUM
                )
            }
            _ => false,
        };
    if fits {
        return Ok(());
    }
    let name = field.name();
    let rule = "must hold text, floats, integers or booleans; convert it before saving";
    Err(read_error(path, format!("column `{name}` {rule}")))
}

/// A value as a CSV would have it; a missing one is empty.
fn text(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.trim().to_owned(),
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).trim().to_owned(),
        Field::Float(value) => value.to_string(),
        Field::Double(value) => value.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
#[path = "tests/parquet.rs"]
mod tests;
