//! A changed copy in place of a file, after a look at whether only the wanted changed.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use echometer_decode::Decoder;

use super::Field;
use super::edit::Edit;
use crate::scan::table::beside;

/// Writes `edit` into a copy of the file, checks the copy, and puts it in the file's place; an error leaves the file as it
/// was.
pub(super) fn replace(path: &Path, edit: &Edit, fields: &[Field]) -> Result<(), String> {
    let text = |error: io::Error| error.to_string();
    // A link stays a link.
    let path = fs::canonicalize(path).map_err(text)?;
    let before = fs::metadata(&path).map_err(text)?;
    if before.permissions().readonly() {
        return Err("the file is read-only".into());
    }
    let mut copy = beside(&path).map_err(text)?;
    let mut original = File::open(&path).map_err(text)?;
    io::copy(&mut original, copy.as_file_mut()).map_err(text)?;
    keep_owner(&before, copy.as_file())?;
    edit.save(copy.path())?;
    check(&path, copy.path(), fields)?;
    let after = fs::metadata(&path).map_err(text)?;
    if (before.len(), before.modified().ok()) != (after.len(), after.modified().ok()) {
        return Err("something else changed the file meanwhile".into());
    }
    copy.as_file().sync_all().map_err(text)?;
    copy.persist(&path).map_err(|error| error.error.to_string())?;
    Ok(())
}

/// Whether the copy holds the same audio, the same other tags and the fields.
fn check(path: &Path, copy: &Path, fields: &[Field]) -> Result<(), String> {
    let audio = |path| {
        Decoder::open(path)
            .and_then(Decoder::digest)
            .map_err(|error| error.to_string())
    };
    if audio(path)? != audio(copy)? {
        return Err("its audio would not survive it".into());
    }
    let (before, after) = (Edit::read(path)?, Edit::read(copy)?);
    let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
    if !before.same_besides(&after, &names) {
        return Err("its other tags would not survive it".into());
    }
    if fields
        .iter()
        .any(|(name, value)| after.get(name).as_ref() != Some(value))
    {
        return Err("the tags cannot be read back".into());
    }
    Ok(())
}

/// A copy belongs to whoever makes it.
#[cfg(unix)]
fn keep_owner(before: &fs::Metadata, copy: &File) -> Result<(), String> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let now = copy.metadata().map_err(|error| error.to_string())?;
    if (before.uid(), before.gid()) != (now.uid(), now.gid()) {
        fchown(copy, Some(before.uid()), Some(before.gid()))
            .map_err(|error| format!("it belongs to somebody else ({error})"))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn keep_owner(_: &fs::Metadata, _: &File) -> Result<(), String> {
    Ok(())
}
