//! Several tables to one: the parts of a scan that several machines made.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use super::journal::{self, Journal};
use super::row::Row;
use super::table::Table;
use crate::failure::Failure;

/// Writes the rows of `tables` to `out`; a path that several have is there once.
pub(crate) fn run(tables: &[PathBuf], out: &Table) -> Result<usize, Failure> {
    // Nobody else writes the table meanwhile, and what is no table of a scan is not replaced.
    let (journal, left) = Journal::open(&out.path)?;
    if !left.is_empty() {
        return Err(unfinished(&out.path));
    }
    let read = out.read().and_then(|_| collect(tables, out));
    let written = read.and_then(|rows| {
        let all: Vec<_> = rows.values().collect();
        out.write(&all)?;
        Ok(all.len())
    });
    journal.remove()?;
    written
}

/// The rows of all tables, by their path.
fn collect(tables: &[PathBuf], out: &Table) -> Result<BTreeMap<String, Row>, Failure> {
    let mut rows = BTreeMap::new();
    for path in tables {
        if !path.exists() {
            return Err(Failure::input(format!(
                "table {} not found: there is no such file",
                path.display()
            ))
            .hint("--merge takes tables that scans wrote"));
        }
        let table = Table::at(path, None)?;
        if table.path != out.path && journal::path_of(&table.path).exists() {
            return Err(unfinished(path));
        }
        for row in table.read()? {
            add(&mut rows, row);
        }
    }
    Ok(rows)
}

fn unfinished(table: &Path) -> Failure {
    Failure::input(format!("the scan of table {} has not ended", table.display()))
        .hint("wait for it, or let the same scan go on where it was stopped")
}

/// Adds a row; of two for one path, the scored one stays, or the one that saw the later file.
fn add(rows: &mut BTreeMap<String, Row>, row: Row) {
    match rows.entry(row.path.clone()) {
        Entry::Vacant(free) => {
            free.insert(row);
        }
        Entry::Occupied(mut known) => {
            let worth = |row: &Row| (row.error.is_none(), row.mtime_ms);
            if worth(&row) > worth(known.get()) {
                known.insert(row);
            }
        }
    }
}
