//! Rows as they come, beside the table: what a scan that was ended in any way leaves for the next.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::row::Row;
use crate::failure::Failure;

/// How every journal begins: with a row.
const BEGINNING: &[u8] = b"{\"path\":\"";

/// JSON lines in a file that only one scan at a time holds.
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens or makes the journal of the table at `table`, and gives the rows that a scan left in it.
    pub(crate) fn open(table: &Path) -> Result<(Self, Vec<Row>), Failure> {
        let path = path_of(table);
        let mut file = lock(&path)?;
        let rows = recover(&mut file).map_err(|error| unusable(&path, error))?;
        Ok((Self { path, file }, rows))
    }

    /// Adds a row: with one write, so that at most the last line is ever torn.
    pub(crate) fn add(&mut self, row: &Row) -> Result<(), Failure> {
        let mut line = serde_json::to_vec(row).map_err(|error| unusable(&self.path, error))?;
        line.push(b'\n');
        self.file
            .write_all(&line)
            .map_err(|error| unusable(&self.path, error))
    }

    /// Removes it, once the table holds its rows.
    pub(crate) fn remove(self) -> Result<(), Failure> {
        std::fs::remove_file(&self.path).map_err(|error| unusable(&self.path, error))
    }
}

/// Where the journal of the table at `table` is, as long as a scan has not ended.
pub(super) fn path_of(table: &Path) -> PathBuf {
    let mut name = table.as_os_str().to_owned();
    name.push(".journal");
    PathBuf::from(name)
}

fn lock(path: &Path) -> Result<File, Failure> {
    loop {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| unusable(path, error))?;
        match file.try_lock() {
            // Where a file system knows no locks, the user has to know.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::failed(format!(
                    "another scan is writing this table: it holds {}",
                    path.display()
                ))
                .hint("wait for it, or write another table with --out"));
            }
        }
        // Whoever held it before may have removed it after it was opened here, and somebody else have made a new one.
        if is_at(&file, path) {
            return Ok(file);
        }
    }
}

/// Whether this is the file that has the name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    let (open, named) = (
        file.metadata().map(identity),
        std::fs::metadata(path).map(identity),
    );
    matches!((open, named), (Ok(open), Ok(named)) if open == named)
}

/// Whether a file has the name: an open one cannot be removed here.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// The whole lines of a journal; a torn last one is cut off.
fn recover(file: &mut File) -> io::Result<Vec<Row>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    // What is somebody's own must not be cut and removed.
    let begun = &bytes[..bytes.len().min(BEGINNING.len())];
    if !BEGINNING.starts_with(begun) {
        return Err(io::Error::other("it is there, but no scan wrote it"));
    }
    let whole = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let rows = bytes[..whole]
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    file.set_len(whole as u64)?;
    file.seek(SeekFrom::End(0))?;
    Ok(rows)
}

fn unusable(path: &Path, reason: impl std::fmt::Display) -> Failure {
    Failure::failed(format!("{} cannot be used: {reason}", path.display())).hint(
        "rows are kept there until the scan is done; see that the table's folder can be written and has room",
    )
}
