//! Files that are replaced whole or not at all.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use tempfile::{Builder, NamedTempFile};

/// How names of unfinished files begin: no scan looks at them.
const UNFINISHED: &str = ".echometer-";
/// The letters and digits that follow, before the extension.
const RANDOM: usize = 6;

/// Puts what `write` writes in place of the file at `path`, all or nothing.
pub(crate) fn whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = beside(path)?;
    let mut out = BufWriter::new(file.as_file_mut());
    write(&mut out)?;
    out.flush()?;
    drop(out);
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// How a name like that of `path` ends: its extension, with the point.
pub(crate) fn suffix(path: &Path) -> OsString {
    let mut suffix = OsString::new();
    if let Some(extension) = path.extension() {
        suffix.push(".");
        suffix.push(extension);
    }
    suffix
}

/// The folder that the file at `path` is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// A temporary file in the folder of `path`, with the extension and the permissions of what is there or of any new file.
pub(crate) fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let file = unfinished(folder_of(path), path, 0o666)?;
    if let Ok(there) = fs::metadata(path) {
        file.as_file().set_permissions(there.permissions())?;
    }
    Ok(file)
}

/// A temporary file in `folder` with the extension of `path` and, on Unix, these permissions as far as the user's mask lets them. As
/// long as it is open, it is locked: that tells it from what a killed process left.
pub(crate) fn unfinished(folder: &Path, path: &Path, mode: u32) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    let suffix = suffix(path);
    builder.prefix(UNFINISHED).rand_bytes(RANDOM).suffix(&suffix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    loop {
        let file = builder.tempfile_in(folder)?;
        // Windows keeps others from reading what is locked, so there is only the age to tell by.
        let locked = !cfg!(unix) || !matches!(file.as_file().try_lock(), Err(TryLockError::WouldBlock));
        // Somebody who clears may have come between.
        if locked && file.path().exists() {
            return Ok(file);
        }
    }
}

/// Whether a file's name is that of an unfinished one of ours.
pub(crate) fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let Some((random, rest)) = name
        .strip_prefix(UNFINISHED)
        .and_then(|rest| rest.split_at_checked(RANDOM))
    else {
        return false;
    };
    random.bytes().all(|byte| byte.is_ascii_alphanumeric()) && (rest.is_empty() || rest.starts_with('.'))
}

/// [`clear`] for all that is in a folder, but not below it.
pub(crate) fn clear_folder(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if is_unfinished(&path) {
            clear(&path);
        }
    }
}

/// Removes an unfinished file that a killed process left, and leaves one that is being written, here or on another machine.
pub(crate) fn clear(path: &Path) {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return;
    };
    if !metadata.is_file() {
        return;
    }
    // The file stays open until it is removed: nobody can lock it meanwhile.
    let file = File::options().read(true).write(true).open(path);
    let left = match &file {
        Ok(file) if cfg!(unix) => match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            // A file system without locks.
            Err(TryLockError::Error(_)) => is_old(&metadata),
        },
        _ => is_old(&metadata),
    };
    if left && fs::remove_file(path).is_ok() {
        tracing::info!(file = %path.display(), "removed what a killed process left");
    }
}

/// Whether nobody has written it for so long that nobody will.
fn is_old(metadata: &Metadata) -> bool {
    let age = metadata
        .modified()
        .ok()
        .and_then(|modified| modified.elapsed().ok());
    age.is_some_and(|age| age > Duration::from_hours(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_being_written_stays_and_what_was_left_goes() {
        let folder = tempfile::tempdir().unwrap();
        let file = beside(&folder.path().join("song.mp3")).unwrap();
        let path = file.path().to_owned();
        assert!(is_unfinished(&path), "{}", path.display());
        clear(&path);
        assert!(path.exists());
        // As if its process had been killed: closed, but still there.
        let (open, path) = file.keep().unwrap();
        drop(open);
        clear(&path);
        assert!(!path.exists());
        for other in [
            ".echometer-",
            ".echometer-abc.mp3",
            ".echometer-notes!.txt",
            "song.mp3",
        ] {
            assert!(!is_unfinished(Path::new(other)), "{other}");
        }
    }
}
