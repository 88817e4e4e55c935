//! Files that appear whole or not at all.

use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

/// A file in `folder` that gets its name once it is whole, with the permissions of any other new file: an OUT folder may be
/// shared.
pub(crate) fn partial_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666)); // Less the user's mask.
    }
    builder.prefix(".partial-").tempfile_in(folder)
}
