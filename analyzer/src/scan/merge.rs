//! Several tables to one: the parts of a scan that several machines made.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;

use super::row::Row;
use super::table::Table;
use crate::failure::Failure;

/// Writes the rows of `tables` to `out`; a path that several have is there once.
pub(crate) fn run(tables: &[PathBuf], out: &Table) -> Result<usize, Failure> {
    let mut rows = BTreeMap::new();
    for path in tables {
        if !path.exists() {
            return Err(Failure::input(format!(
                "table {} not found: there is no such file",
                path.display()
            ))
            .hint("--merge takes tables that scans wrote"));
        }
        for row in Table::at(path, None)?.read()? {
            add(&mut rows, row);
        }
    }
    let all: Vec<_> = rows.values().collect();
    out.write(&all)?;
    Ok(all.len())
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
