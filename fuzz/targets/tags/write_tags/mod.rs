//! As `analyzer/src/scan/write_tags.rs`, with its two helpers and without the scan.

#[path = "../../../../analyzer/src/scan/write_tags/comments.rs"]
mod comments;
#[path = "../../../../analyzer/src/scan/write_tags/edit.rs"]
mod edit;
#[path = "../../../../analyzer/src/scan/write_tags/id3v2.rs"]
mod id3v2;
#[path = "../../../../analyzer/src/scan/write_tags/mp4.rs"]
mod mp4;
#[path = "../../../../analyzer/src/scan/write_tags/pieces.rs"]
mod pieces;
#[path = "../../../../analyzer/src/scan/write_tags/place.rs"]
mod place;
#[path = "../../../../analyzer/src/scan/write_tags/replace.rs"]
mod replace;

use std::path::Path;

use edit::Edit;

pub(crate) type Field = (String, String);

/// What `--write-tags --apply` does with one file.
pub(crate) fn write(path: &Path, fields: &[Field]) -> Result<(), String> {
    let mut edit = Edit::read(path)?;
    for (name, value) in fields {
        edit.set(name, value);
    }
    replace::replace(path, &edit, fields, true)
}

/// What a file holds of the fields.
pub(crate) fn held(path: &Path, fields: &[Field]) -> Result<Vec<Field>, String> {
    let edit = Edit::read(path)?;
    let held = |(name, _): &Field| Some((name.clone(), edit.get(name)?));
    Ok(fields.iter().filter_map(held).collect())
}

fn told(error: std::io::Error) -> String {
    error.to_string()
}
