//! A changed copy in place of a file, after a look at whether only the wanted changed.

use std::env;
use std::fs::{self, File};
use std::path::Path;

use echometer_decode::Decoder;
use tempfile::NamedTempFile;

use super::edit::Edit;
use super::one::{Field, told};
use super::pieces;
use crate::whole::{beside, unfinished};

/// Writes `edit` into a copy of the file, checks the copy, and with `apply` puts it in the file's place; an error leaves the
/// file as it was, and comes without `apply` as well.
pub(super) fn replace(path: &Path, edit: &Edit, fields: &[Field], apply: bool) -> Result<(), String> {
    // A link stays a link.
    let path = fs::canonicalize(path).map_err(told)?;
    let before = fs::metadata(&path).map_err(told)?;
    if before.permissions().readonly() {
        return Err("the file is read-only".into());
    }
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        use rustix::fs::{Access, access};
        access(folder, Access::WRITE_OK | Access::EXEC_OK)
            .map_err(|error| format!("its folder cannot be written ({error})"))?;
    }
    let mut copy = if apply {
        beside(&path).map_err(told)?
    } else {
        elsewhere(&path)?
    };
    let mut original = File::open(&path).map_err(told)?;
    keep_owner(&before, copy.as_file())?;
    edit.save(&mut original, copy.as_file_mut())?;
    check(&path, copy.path(), fields)?;
    if !apply {
        return Ok(());
    }
    let after = fs::metadata(&path).map_err(told)?;
    if (before.len(), before.modified().ok()) != (after.len(), after.modified().ok()) {
        return Err("something else changed the file meanwhile".into());
    }
    copy.as_file().sync_all().map_err(told)?;
    copy.persist(&path).map_err(|error| error.error.to_string())?;
    Ok(())
}

/// A copy only to look at: nothing is written where the music is.
fn elsewhere(path: &Path) -> Result<NamedTempFile, String> {
    unfinished(&env::temp_dir(), path, 0o600)
        .map_err(|error| format!("it cannot be tried in {} ({error})", env::temp_dir().display()))
}

/// Whether the copy holds the same audio, the same other tags and the fields.
fn check(path: &Path, copy: &Path, fields: &[Field]) -> Result<(), String> {
    let audio = |path| Decoder::open(path).and_then(Decoder::digest).map_err(told);
    if audio(path)? != audio(copy)? {
        return Err("its audio would not survive it".into());
    }
    let (before, after) = (Edit::read(path)?, Edit::read(copy)?);
    let ours: Vec<_> = fields.iter().map(|(name, _)| before.piece(name)).collect();
    let is_ours = |name: &str| ours.iter().any(|ours| ours == name);
    if let Some(name) = pieces::changed(before.pieces(path)?, after.pieces(copy)?, is_ours) {
        return Err(format!("its tag {name} would not survive it"));
    }
    let lost = fields
        .iter()
        .find(|(name, value)| after.get(name).as_ref() != Some(value));
    match lost {
        Some((name, _)) => Err(format!("{name} cannot be read back")),
        None => Ok(()),
    }
}

/// A copy belongs to whoever makes it.
#[cfg(unix)]
fn keep_owner(before: &fs::Metadata, copy: &File) -> Result<(), String> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let now = copy.metadata().map_err(told)?;
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
