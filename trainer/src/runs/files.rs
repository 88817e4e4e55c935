//! Files of a run as values, with errors that name file and line.

use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// Why a file of a run cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("{path}: {source}", path = .path.display())]
    Open { path: PathBuf, source: std::io::Error },
    #[error("{path}, line {line}, column {column}: {reason}", path = .path.display())]
    Json {
        path: PathBuf,
        line: usize,
        column: usize,
        reason: String,
    },
    #[error("{path}, line {line}: {reason}", path = .path.display())]
    Line {
        path: PathBuf,
        /// From 1; the header is line 1.
        line: u64,
        reason: String,
    },
    #[error("{path}: no column `{column}`; found {found}", path = .path.display())]
    Column {
        path: PathBuf,
        column: &'static str,
        found: String,
    },
    #[error(
        "{path} is not a folder; --out takes the folder that the training was given", path = .path.display()
    )]
    NoFolder { path: PathBuf },
}

/// `None` where there is no such file.
pub(super) fn open(path: &Path) -> Result<Option<BufReader<File>>, ReadError> {
    match File::open(path) {
        Ok(file) => Ok(Some(BufReader::new(file))),
        Err(source) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ReadError::Open {
            path: path.to_path_buf(),
            source,
        }),
    }
}

/// The value in a JSON file; `None` where there is no such file.
pub(super) fn json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ReadError> {
    let Some(file) = open(path)? else { return Ok(None) };
    serde_json::from_reader(file)
        .map(Some)
        .map_err(|error| ReadError::Json {
            path: path.to_path_buf(),
            line: error.line(),
            column: error.column(),
            reason: error.to_string(),
        })
}

/// The lines of a CSV file; none where there is no such file. `check` says what is wrong with a line.
pub(super) fn table<T: DeserializeOwned>(
    path: &Path,
    check: impl Fn(&T) -> Option<String>,
) -> Result<Vec<T>, ReadError> {
    let Some(file) = open(path)? else {
        return Ok(Vec::new());
    };
    let at = |line, reason| ReadError::Line {
        path: path.to_path_buf(),
        line,
        reason,
    };
    let mut reader = csv::Reader::from_reader(file);
    let headers = reader
        .headers()
        .map_err(|error| at(1, error.to_string()))?
        .clone();
    let mut lines = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader
        .read_record(&mut record)
        .map_err(|error| at(error.position().map_or(0, csv::Position::line), error.to_string()))?
    {
        let number = record.position().map_or(0, csv::Position::line);
        let line = record
            .deserialize(Some(&headers))
            .map_err(|error| at(number, error.to_string()))?;
        if let Some(reason) = check(&line) {
            return Err(at(number, reason));
        }
        lines.push(line);
    }
    Ok(lines)
}
