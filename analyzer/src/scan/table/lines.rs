//! JSON lines.

use std::io::{BufRead, Write};

use crate::scan::row::Row;

pub(super) fn read(reader: impl BufRead) -> Result<Vec<Row>, String> {
    reader
        .lines()
        .enumerate()
        .map(|(i, line)| {
            let line = line.map_err(|error| error.to_string())?;
            serde_json::from_str(&line).map_err(|error| format!("line {}: {error}", i + 1))
        })
        .collect()
}

pub(super) fn write(out: &mut impl Write, rows: &[&Row]) -> Result<(), String> {
    for row in rows {
        serde_json::to_writer(&mut *out, row).map_err(|error| error.to_string())?;
        out.write_all(b"\n").map_err(|error| error.to_string())?;
    }
    Ok(())
}
