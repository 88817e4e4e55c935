//! The folder that holds everything fetched for building and testing, and the rule that nothing is
//! fetched twice.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Lies in every finished folder and says what is in it. Written last, so an interrupted set-up is never
/// taken for a finished one.
const STAMP: &str = ".stamp";

/// The folder for fetched things: `.deps` in the repository, or what `ECHOMETER_DEPS` names.
#[derive(Debug, Clone)]
pub(crate) struct Deps {
    root: PathBuf,
}

impl Deps {
    /// The folder for the repository at `repository`; `chosen` is the value of `ECHOMETER_DEPS`, if set.
    pub(crate) fn new(repository: &Path, chosen: Option<OsString>) -> Result<Self> {
        let root = match chosen.filter(|value| !value.is_empty()) {
            // Children run in other folders, so the path must not depend on the current one.
            Some(value) => std::path::absolute(PathBuf::from(&value)).with_context(|| {
                format!(
                    "ECHOMETER_DEPS is {value:?}, which cannot be made an absolute path; set it to a folder"
                )
            })?,
            None => repository.join(".deps"),
        };
        Ok(Self { root })
    }

    /// Where the finished folder called `name` lies.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Where downloads rest until they are unpacked.
    pub(crate) fn downloads(&self) -> PathBuf {
        self.root.join("downloads")
    }

    /// Whether the folder `name` is there and is what `stamp` describes.
    pub(crate) fn is_current(&self, name: &str, stamp: &str) -> bool {
        fs::read_to_string(self.folder(name).join(STAMP)).is_ok_and(|found| found == stamp)
    }

    /// Makes sure that the folder `name` holds what `stamp` describes, calling `make` with an empty folder to
    /// fill only if it does not. The folder appears under its name complete or not at all.
    pub(crate) fn ensure(
        &self,
        name: &str,
        stamp: &str,
        make: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let folder = self.folder(name);
        if self.is_current(name, stamp) {
            return Ok(folder);
        }
        let _lock = self.lock()?;
        // Another xtask may have finished it while this one waited for the lock.
        if self.is_current(name, stamp) {
            return Ok(folder);
        }
        let partial = self.root.join(format!(".{name}.partial"));
        remove_folder(&partial)?;
        fs::create_dir_all(&partial)
            .with_context(|| format!("cannot create the folder {}", partial.display()))?;
        if let Err(error) = make(&partial).and_then(|()| write_stamp(&partial, stamp)) {
            // The first error is the one that matters; what is left is cleared at the next try as well.
            let _ = remove_folder(&partial);
            return Err(error);
        }
        remove_folder(&folder)?;
        fs::rename(&partial, &folder)
            .with_context(|| format!("cannot rename {} to {}", partial.display(), folder.display()))?;
        Ok(folder)
    }

    /// Keeps two xtasks from filling the same folder. Released when the file is dropped, or the process ends.
    fn lock(&self) -> Result<File> {
        fs::create_dir_all(&self.root).with_context(|| {
            format!(
                "cannot create the folder {} for downloads; make it writable or set ECHOMETER_DEPS to another one",
                self.root.display()
            )
        })?;
        let path = self.root.join(".lock");
        let file =
            File::create(&path).with_context(|| format!("cannot create the lock file {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                eprintln!(
                    "Waiting for another xtask that is filling {}",
                    self.root.display()
                );
                file.lock()
                    .with_context(|| format!("cannot lock {}", path.display()))?;
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        Ok(file)
    }
}

/// Writes the stamp under another name first: a stamp cut off half-way must not exist.
fn write_stamp(folder: &Path, stamp: &str) -> Result<()> {
    let unfinished = folder.join(".stamp.partial");
    fs::write(&unfinished, stamp).with_context(|| format!("cannot write {}", unfinished.display()))?;
    let path = folder.join(STAMP);
    fs::rename(&unfinished, &path).with_context(|| format!("cannot write {}", path.display()))
}

/// Removes a folder; one that is not there is as good as removed.
pub(crate) fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove the folder {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_made_twice() {
        let home = tempfile::tempdir().unwrap();
        let deps = Deps::new(home.path(), None).unwrap();
        let mut made = 0;
        for _ in 0..3 {
            let folder = deps
                .ensure("thing", "thing 1\nabc\n", |folder| {
                    made += 1;
                    fs::write(folder.join("content"), "one")?;
                    Ok(())
                })
                .unwrap();
            assert_eq!(fs::read_to_string(folder.join("content")).unwrap(), "one");
        }
        assert_eq!(made, 1);
    }

    #[test]
    fn another_version_replaces_the_folder_whole() {
        let home = tempfile::tempdir().unwrap();
        let deps = Deps::new(home.path(), None).unwrap();
        deps.ensure("thing", "1", |folder| Ok(fs::write(folder.join("old"), "")?))
            .unwrap();
        let folder = deps
            .ensure("thing", "2", |folder| Ok(fs::write(folder.join("new"), "")?))
            .unwrap();
        assert!(folder.join("new").exists());
        assert!(!folder.join("old").exists());
    }

    #[test]
    fn a_failed_set_up_leaves_no_folder_and_is_tried_again() {
        let home = tempfile::tempdir().unwrap();
        let deps = Deps::new(home.path(), None).unwrap();
        let failed = deps.ensure("thing", "1", |folder| {
            fs::write(folder.join("half"), "")?;
            anyhow::bail!("broken off")
        });
        assert!(failed.unwrap_err().to_string().contains("broken off"));
        assert!(!deps.folder("thing").exists());
        let folder = deps.ensure("thing", "1", |_| Ok(())).unwrap();
        assert!(!folder.join("half").exists());
    }

    #[test]
    fn a_folder_without_its_stamp_is_made_again() {
        let home = tempfile::tempdir().unwrap();
        let deps = Deps::new(home.path(), None).unwrap();
        fs::create_dir_all(deps.folder("thing")).unwrap();
        assert!(!deps.is_current("thing", ""));
        deps.ensure("thing", "1", |_| Ok(())).unwrap();
        assert!(deps.is_current("thing", "1"));
    }

    #[test]
    fn the_folder_can_be_chosen() {
        let home = tempfile::tempdir().unwrap();
        let chosen = home.path().join("shared");
        let deps = Deps::new(Path::new("/nowhere"), Some(chosen.clone().into())).unwrap();
        assert_eq!(deps.folder("x"), chosen.join("x"));
        assert_eq!(
            Deps::new(Path::new("/repo"), Some(OsString::new()))
                .unwrap()
                .folder("x"),
            Path::new("/repo/.deps/x")
        );
    }
}
