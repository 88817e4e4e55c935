//! As `analyzer/src/scan/write_tags.rs`, without the scan.

#[path = "../../../../analyzer/src/scan/write_tags/comments.rs"]
mod comments;
#[path = "../../../../analyzer/src/scan/write_tags/edit.rs"]
mod edit;
#[path = "../../../../analyzer/src/scan/write_tags/id3v2.rs"]
mod id3v2;
#[path = "../../../../analyzer/src/scan/write_tags/mp4.rs"]
mod mp4;
#[path = "../../../../analyzer/src/scan/write_tags/one.rs"]
mod one;
#[path = "../../../../analyzer/src/scan/write_tags/pieces.rs"]
mod pieces;
#[path = "../../../../analyzer/src/scan/write_tags/place.rs"]
mod place;
#[path = "../../../../analyzer/src/scan/write_tags/replace.rs"]
mod replace;

use std::path::Path;

/// What would be written into a file, or is, with `apply`: the change in words, `None` where there is none.
pub(crate) fn write(path: &Path, fields: &[one::Field], apply: bool) -> Result<Option<String>, String> {
    one::one(path, fields, apply)
}
