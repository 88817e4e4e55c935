//! Readings as rows of a CSV file, which is whole at any time.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use echometer_engine::Reading;

use super::fan::Output;
use super::{About, line};
use crate::analysis::Part;
use crate::failure::Failure;

/// The file being written.
pub(super) struct Csv {
    path: PathBuf,
    file: File,
    about: About,
    /// Bytes of whole rows; nothing where it is no file but a device or a pipe.
    whole: Option<u64>,
    /// Whether the file still holds what was there before: an input that never begins must not cost it.
    old: bool,
    rows: u64,
}

impl Csv {
    /// Makes the file and writes its header. A file that is there is only replaced with `force`, once the input begins.
    pub(super) fn open(path: &Path, force: bool, about: &About) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::failed(format!("--csv {}: {error}", path.display()));
        let mut options = OpenOptions::new();
        options.write(true);
        let found = std::fs::metadata(path);
        let regular = found.as_ref().map_or(true, std::fs::Metadata::is_file);
        if force {
            options.create(true).truncate(false);
        } else if regular {
            options.create_new(true);
        }
        let file = options.open(path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Failure::failed(format!("--csv {}: the file exists", path.display()))
                .hint("name another one, or let it be replaced with --force"),
            _ => failed(error),
        })?;
        let mut csv = Self {
            path: path.to_owned(),
            file,
            about: about.clone(),
            whole: regular.then_some(0),
            old: regular && found.is_ok(),
            rows: 0,
        };
        if !csv.old {
            csv.write(&line::columns())?;
        }
        Ok(csv)
    }

    /// Puts the header in the place of what was in the file before.
    fn replace(&mut self) -> Result<(), Failure> {
        self.file
            .set_len(0)
            .map_err(|error| Failure::failed(format!("--csv {}: {error}", self.path.display())))?;
        self.old = false;
        self.write(&line::columns())
    }

    /// Adds a row in one piece, or takes back what came of it.
    fn write(&mut self, cells: &[String]) -> Result<(), Failure> {
        let mut row = csv::Writer::from_writer(Vec::new());
        let row = row
            .write_record(cells)
            .map_err(io::Error::from)
            .and_then(|()| row.into_inner().map_err(csv::IntoInnerError::into_error))
            .map_err(|error| Failure::failed(format!("CSV: {error}")))?;
        if let Err(error) = self.file.write_all(&row) {
            if let Some(whole) = self.whole {
                // A disk that is full still shortens a file; one that is gone keeps what it has.
                let _ = self.file.set_len(whole);
            }
            return Err(Failure::failed(format!(
                "--csv {}: cannot be written after {} rows: {error}",
                self.path.display(),
                self.rows
            ))
            .hint("what was written before is whole"));
        }
        self.whole = self.whole.map(|whole| whole + row.len() as u64);
        Ok(())
    }
}

impl Output for Csv {
    fn name(&self) -> String {
        format!("CSV file {}", self.path.display())
    }

    fn is_lossless(&self) -> bool {
        true
    }

    fn begins(&mut self, _part: &Part) -> Result<(), Failure> {
        if self.old { self.replace() } else { Ok(()) }
    }

    fn reading(&mut self, reading: &Reading, part: Option<&Part>) -> Result<(), Failure> {
        self.write(&line::cells(reading, &self.about, part))?;
        self.rows += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::line::tests::{about, part, reading};

    #[test]
    fn a_file_is_replaced_once_the_input_begins_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.csv");
        let old = "mine\n".repeat(1_000);
        std::fs::write(&path, &old).unwrap();
        assert!(Csv::open(&path, false, &about()).is_err());
        drop(Csv::open(&path, true, &about()).unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), old);
        let mut csv = Csv::open(&path, true, &about()).unwrap();
        for _ in 0..2 {
            csv.begins(&part()).unwrap();
            csv.reading(&reading(), Some(&part())).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert!(text.starts_with("time,"), "{text}");
    }
}
