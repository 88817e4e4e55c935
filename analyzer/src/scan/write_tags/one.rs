//! The tags of one file.

use std::fmt::Display;
use std::path::Path;

use super::edit::Edit;
use super::replace;

/// A tag's name and value.
pub(super) type Field = (String, String);

/// Writes `fields` into the file, or only looks what would be; the change in words, `None` where there is none.
pub(super) fn one(path: &Path, fields: &[Field], apply: bool) -> Result<Option<String>, String> {
    let mut edit = Edit::read(path)?;
    let mut changes = Vec::new();
    for (name, value) in fields {
        let before = edit.get(name);
        if before.as_ref() == Some(value) {
            continue;
        }
        changes.push(match before {
            Some(before) => format!("{name}={value} (was {before})"),
            None => format!("{name}={value}"),
        });
        edit.set(name, value);
    }
    if changes.is_empty() {
        return Ok(None);
    }
    // Also where nothing is to be written: whether it can be is part of the answer.
    replace::replace(path, &edit, fields, apply)?;
    Ok(Some(changes.join(" ")))
}

/// What went wrong with a file, in the words of whoever found it.
pub(super) fn told(error: impl Display) -> String {
    error.to_string()
}
