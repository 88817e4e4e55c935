//! As `trainer/src/data/sources`, with its two helpers.

#[path = "../../../../../trainer/src/data/sources/cells.rs"]
mod cells;
#[path = "../../../../../trainer/src/data/sources/manifest.rs"]
pub(crate) mod manifest;
#[path = "../../../../../trainer/src/data/sources/parquet_records.rs"]
mod parquet_records;

use std::path::Path;

use super::source::SourceError;

fn read_error(file: &Path, reason: impl ToString) -> SourceError {
    SourceError::Read {
        file: file.display().to_string(),
        reason: reason.to_string(),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
