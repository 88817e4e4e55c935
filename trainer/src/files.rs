//! Files that appear whole or not at all.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

/// How the names of files that are not whole begin.
const PARTIAL: &str = ".partial-";
/// Without a change for so long, nobody writes to it any more.
const ABANDONED: Duration = Duration::from_secs(3600);

/// A file in `folder` that gets its name once it is whole, with the permissions of any other new file: an OUT folder may be
/// shared.
pub(crate) fn partial_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666)); // Less the user's mask.
    }
    builder.prefix(PARTIAL).tempfile_in(folder)
}

/// Removes from `folder` what killed processes left half written. Young files stay: another process may be writing them.
pub(crate) fn remove_old_partials(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(PARTIAL) {
            continue;
        }
        // What cannot be looked at has gone in the meantime.
        let changed = entry.metadata().and_then(|meta| meta.modified());
        let age = changed.map(|changed| SystemTime::now().duration_since(changed).unwrap_or_default());
        if age.is_ok_and(|age| age > ABANDONED) {
            let path = entry.path();
            match fs::remove_file(&path) {
                Ok(()) => tracing::debug!("removed {}, left by a process that was killed", path.display()),
                Err(error) => tracing::debug!("{} stays: {error}", path.display()),
            }
        }
    }
    Ok(())
}
