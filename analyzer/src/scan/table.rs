//! The table of a scan: three formats, the same columns, written whole or not at all.

mod comma;
mod lines;
mod parquet;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::row::Row;
use crate::failure::Failure;
use crate::sources::is_audio_name;
use crate::whole::{self, whole};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// Comma-separated values
    Csv,
    /// One JSON object a line
    Jsonl,
    /// Apache Parquet
    Parquet,
}

impl TableFormat {
    /// The format that a table's name says.
    pub(crate) fn of(path: &Path) -> Result<Self, Failure> {
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "csv" => Ok(Self::Csv),
            "jsonl" | "ndjson" => Ok(Self::Jsonl),
            "parquet" | "pq" => Ok(Self::Parquet),
            _ => Err(Failure::usage(format!(
                "the format of table {} is unknown: its name must end in .csv, .jsonl or .parquet",
                path.display()
            ))
            .hint("give it such a name, or say --format")),
        }
    }
}

/// A table's file and its format.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// Where it is, symbolic links followed.
    pub(crate) path: PathBuf,
    format: TableFormat,
}

impl Table {
    /// The table at `path`, there or not yet, in the format asked for or the one its name says.
    pub(crate) fn at(path: &Path, format: Option<TableFormat>) -> Result<Self, Failure> {
        let format = format.map_or_else(|| TableFormat::of(path), Ok)?;
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if is_audio_name(path) || is_audio_name(&real) {
            return Err(Failure::usage(format!(
                "table {} cannot be written: its name is that of an audio file",
                path.display()
            ))
            .hint("name a file that ends in .csv, .jsonl or .parquet"));
        }
        if real.exists() && !real.is_file() {
            return Err(Failure::usage(format!(
                "table {} cannot be written: it is no regular file",
                path.display()
            ))
            .hint("name a file; without --out, JSON lines go to standard output"));
        }
        Ok(Self { path: real, format })
    }

    /// Clears what is left beside it by a scan that was killed while it wrote the table.
    pub(crate) fn clear(&self) {
        whole::clear_folder(whole::folder_of(&self.path));
    }

    /// Its rows; none where it is not there.
    pub(crate) fn read(&self) -> Result<Vec<Row>, Failure> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.unreadable(error)),
        };
        let length = file.metadata().map_err(|error| self.unreadable(error))?.len();
        if length == 0 {
            return Ok(Vec::new());
        }
        match self.format {
            TableFormat::Csv => comma::read(BufReader::new(file)),
            TableFormat::Jsonl => lines::read(BufReader::new(file)),
            TableFormat::Parquet => parquet::read(file),
        }
        .map_err(|reason| self.unreadable(reason))
    }

    /// Puts `rows` in place of what was there, all or nothing. The curve is a column where any row has one.
    pub(crate) fn write(&self, rows: &[&Row]) -> Result<(), Failure> {
        let failed = |reason: &dyn std::fmt::Display| {
            Failure::failed(format!(
                "table {} cannot be written: {reason}",
                self.path.display()
            ))
            .hint("what it was is still there; see that the folder can be written and has room")
        };
        let curves = rows.iter().any(|row| row.curve.is_some());
        whole(&self.path, |out| {
            match self.format {
                TableFormat::Csv => comma::write(out, rows, curves),
                TableFormat::Jsonl => lines::write(out, rows),
                TableFormat::Parquet => parquet::write(out, rows, curves),
            }
            .map_err(std::io::Error::other)
        })
        .map_err(|error| failed(&error))
    }

    fn unreadable(&self, reason: impl std::fmt::Display) -> Failure {
        Failure::input(format!("table {} cannot be read: {reason}", self.path.display()))
            .hint("it must be a table that a scan wrote; name another with --out, or move this one away")
    }
}
