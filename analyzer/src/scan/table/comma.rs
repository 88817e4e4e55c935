//! CSV, safe to open in a spreadsheet.

use std::io::{Read, Write};

use serde_json::{Map, Number, Value};

use crate::scan::row::{Column, Kind, Row};

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

pub(super) fn write(out: &mut impl Write, rows: &[&Row], curves: bool) -> Result<(), String> {
    let mut writer = csv::Writer::from_writer(out);
    let columns: Vec<_> = Column::all(curves).collect();
    let failed = |error: csv::Error| error.to_string();
    writer
        .write_record(columns.iter().map(ToString::to_string))
        .map_err(failed)?;
    for row in rows {
        let cells = columns.iter().map(|column| cell(column.get(row)));
        writer.write_record(cells).map_err(failed)?;
    }
    writer.flush().map_err(|error| error.to_string())
}

pub(super) fn read(reader: impl Read) -> Result<Vec<Row>, String> {
    let mut reader = csv::Reader::from_reader(reader);
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    Column::check(headers.iter())?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        let mut values = Map::new();
        for column in Column::all(true) {
            let name = column.to_string();
            let Some(at) = headers.iter().position(|header| header == name) else {
                continue;
            };
            let value = value(column.kind(), &record[at])
                .map_err(|reason| format!("line {line}, column `{name}`: {reason}"))?;
            values.insert(name, value);
        }
        rows.push(Row::from_values(values).map_err(|reason| format!("line {line}: {reason}"))?);
    }
    Ok(rows)
}

fn cell(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if is_formula(&text) => format!("'{text}"),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn value(kind: Kind, cell: &str) -> Result<Value, String> {
    if cell.is_empty() {
        return Ok(Value::Null);
    }
    match kind {
        Kind::Text => {
            let text = cell.strip_prefix('\'').filter(|text| is_formula(text));
            Ok(text.unwrap_or(cell).into())
        }
        Kind::Integer => cell.parse::<i64>().map(Value::from).map_err(|_| bad(cell)),
        Kind::Number => {
            let number = cell.parse().ok().and_then(Number::from_f64);
            number.map(Value::Number).ok_or_else(|| bad(cell))
        }
        Kind::Json => serde_json::from_str(cell).map_err(|error| error.to_string()),
    }
}

fn bad(cell: &str) -> String {
    format!("`{cell}` is no number")
}

/// Whether a text would be a formula, or is one made harmless: it gets an apostrophe, which reading takes off again.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}
