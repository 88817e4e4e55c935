//! The corpus's folder: files appear in it whole and verified, or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use md5::{Digest, Md5};
use tempfile::NamedTempFile;

use super::Refused;
use crate::corpus::list::Track;

/// Largest track, in bytes: the longest lossless ones have some 100 MB.
const LARGEST_TRACK: u64 = 512 << 20;
/// Bytes read at once.
const BLOCK: usize = 64 << 10;

/// Why something could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// What comes in cannot be read.
    #[error("{0}")]
    Read(io::Error),
    /// It was read, but is not what was wanted.
    #[error("{0}")]
    Refused(Refused),
    #[error("{path} cannot be written: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error("another fetch works in {0}: wait for its end, or name another folder with --dir")]
    Busy(PathBuf),
}

/// A folder with the corpus.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    /// For what is not whole yet; on the same disk.
    partial: PathBuf,
    /// Held as long as the folder is open.
    lock: File,
}

impl Store {
    /// Opens or makes the folder, and clears what a kill left half done.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let partial = folder.join(".partial");
        let cannot = |source| StoreError::Write {
            path: folder.to_owned(),
            source,
        };
        fs::create_dir_all(folder).map_err(cannot)?;
        let lock = File::create(folder.join(".lock")).map_err(cannot)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(StoreError::Busy(folder.to_owned())),
            Err(fs::TryLockError::Error(error)) => return Err(cannot(error)),
        }
        match fs::remove_dir_all(&partial) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot(error)),
            _ => {}
        }
        fs::create_dir_all(&partial).map_err(cannot)?;
        let folder = folder.to_owned();
        Ok(Self {
            folder,
            partial,
            lock,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// An empty folder for a download; it goes with the answer.
    pub(crate) fn scratch(&self) -> Result<tempfile::TempDir, StoreError> {
        tempfile::tempdir_in(&self.partial).map_err(|source| self.cannot(&self.partial, source))
    }

    /// Whether the track is there with the right MD5.
    pub(crate) fn has(&self, track: &Track) -> bool {
        let digest = File::open(self.folder.join(track.stored())).and_then(|mut file| digest(&mut file));
        digest.is_ok_and(|digest| digest == track.md5)
    }

    /// Writes the track, if its MD5 is right.
    pub(crate) fn keep(&self, from: &mut impl Read, track: &Track) -> Result<(), StoreError> {
        let path = self.folder.join(track.stored());
        let (mut file, found) = self.copy(from, LARGEST_TRACK)?;
        if found != track.md5 {
            return Err(StoreError::Refused(Refused::Digest {
                found,
                wanted: track.md5.clone(),
            }));
        }
        self.place(&mut file, &path)?;
        file.persist(&path)
            .map_err(|error| self.cannot(&path, error.error))?;
        Ok(())
    }

    /// Writes `bytes` to `name` in the folder, whole or not at all.
    pub(crate) fn write(&self, name: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.folder.join(name);
        let cannot = |source| self.cannot(&path, source);
        let mut file = self.temporary().map_err(cannot)?;
        file.write_all(bytes).map_err(cannot)?;
        self.place(&mut file, &path)?;
        file.persist(&path)
            .map_err(|error| self.cannot(&path, error.error))?;
        Ok(())
    }

    /// Puts an archive on disk, where it can be read in any order; it goes with the answer.
    pub(crate) fn spill(&self, from: &mut impl Read, largest: u64) -> Result<File, StoreError> {
        let (file, _) = self.copy(from, largest)?;
        let mut file = file.into_file();
        file.rewind()
            .map_err(|source| self.cannot(&self.partial, source))?;
        Ok(file)
    }

    fn copy(&self, from: &mut impl Read, largest: u64) -> Result<(NamedTempFile, String), StoreError> {
        let cannot = |source| self.cannot(&self.partial, source);
        let mut file = self.temporary().map_err(cannot)?;
        let (mut md5, mut block, mut bytes) = (Md5::new(), vec![0; BLOCK], 0);
        loop {
            let count = match from.read(&mut block) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(StoreError::Read(error)),
            };
            bytes += count as u64;
            if bytes > largest {
                return Err(StoreError::Refused(Refused::TooLarge(largest)));
            }
            md5.update(&block[..count]);
            file.write_all(&block[..count]).map_err(cannot)?;
        }
        Ok((file, hex(&md5.finalize())))
    }

    /// Makes the folder of `path` and ends the writing.
    fn place(&self, file: &mut NamedTempFile, path: &Path) -> Result<(), StoreError> {
        let cannot = |source| self.cannot(path, source);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(cannot)?;
        }
        file.flush().map_err(cannot)
    }

    fn temporary(&self) -> io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        // Temporary files are private, but the corpus is for whoever may read its folder.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder.tempfile_in(&self.partial)
    }

    fn cannot(&self, path: &Path, source: io::Error) -> StoreError {
        StoreError::Write {
            path: path.to_owned(),
            source,
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Only tidying: the next opening clears it too.
        let _ = fs::remove_dir_all(&self.partial);
        // Closing it would do, were there not programs just being started that still have it open.
        let _ = self.lock.unlock();
    }
}

fn digest(file: &mut File) -> io::Result<String> {
    let (mut md5, mut block) = (Md5::new(), vec![0; BLOCK]);
    loop {
        match file.read(&mut block)? {
            0 => return Ok(hex(&md5.finalize())),
            count => md5.update(&block[..count]),
        }
    }
}

/// Lower-case MD5 of `bytes`.
pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
