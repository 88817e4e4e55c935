//! `analyzer scan` on real files.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

#[path = "../common/mod.rs"]
mod common;

mod decoders;
mod frames;
mod odd_files;
mod refused_tags;
mod resume;
mod tables;
mod write_tags;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use common::{analyzer, code, stderr};
use serde_json::Value;

/// `analyzer scan` with these arguments, in this folder, on the backend that is always there.
pub(crate) fn scan(folder: &Path, arguments: &[&str]) -> Output {
    let output = analyzer(&["scan", "--device", "embedded"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
    output
}

/// The same, where it must go well; what it told.
pub(crate) fn scanned(folder: &Path, arguments: &[&str]) -> String {
    let output = scan(folder, arguments);
    assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
    stderr(&output)
}

/// Rows of JSON lines by the last part of their path.
pub(crate) fn rows(text: &str) -> BTreeMap<String, Value> {
    let rows = text.lines().map(|line| {
        let row: Value = serde_json::from_str(line).unwrap();
        let path = row["path"].as_str().unwrap();
        (path.rsplit('/').next().unwrap().to_owned(), row)
    });
    let count = text.lines().count();
    let rows: BTreeMap<_, _> = rows.collect();
    assert_eq!(rows.len(), count, "a row a file");
    rows
}

/// The rows of a table of JSON lines.
pub(crate) fn table(path: &Path) -> BTreeMap<String, Value> {
    rows(&fs::read_to_string(path).unwrap())
}
