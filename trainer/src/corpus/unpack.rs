//! The wanted tracks out of a package, also out of archives in it: each is written only once its MD5 is right.

mod archives;
mod store;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use super::apt::{Running, said};
use super::list::{Place, Track};

#[cfg(test)]
pub(crate) use store::md5_hex;
pub(crate) use store::{Store, StoreError};

/// Largest archive in a package that is looked into, in bytes.
const LARGEST_ARCHIVE: u64 = 8 << 30;

/// Largest part of a copyright file that is kept, in bytes.
const LARGEST_COPYRIGHT: u64 = 4 << 20;

/// Where a package's copyright file lies in the corpus's folder.
pub(crate) fn copyright_of(package: &str) -> PathBuf {
    Path::new("copyright").join(format!("{package}.txt"))
}

/// Why unpacking ends early; what was written before is whole and stays.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnpackError {
    /// The package is damaged, or what is in it.
    #[error("the package is damaged: {0}")]
    Damaged(String),
    /// The corpus's folder cannot be written: no other package will fare better.
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("stopped")]
    Stopped,
    #[error("dpkg-deb: {0}")]
    Program(io::Error),
}

/// What became of a wanted track.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("not in the package")]
    Missing,
    #[error("its MD5 is {found}, but must be {wanted}: the package has another version of it")]
    Digest { found: String, wanted: String },
    #[error("larger than {0} bytes")]
    TooLarge(u64),
    #[error("its archive is damaged: {0}")]
    Archive(String),
}

/// Unpacks `tracks`, all of the package `deb`, into `store`, with the package's copyright file. The answer has one element a track, in their order.
pub(crate) fn unpack(
    dpkg_deb: &OsStr,
    deb: &Path,
    tracks: &[&Track],
    store: &Store,
    stop: &AtomicBool,
) -> Result<Vec<Result<(), Refused>>, UnpackError> {
    let mut log = tempfile::tempfile().map_err(UnpackError::Program)?;
    let mut child = Running(
        Command::new(dpkg_deb)
            .env("LC_ALL", "C")
            .arg("--fsys-tarfile")
            .arg(deb)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.try_clone().map_err(UnpackError::Program)?)
            .spawn()
            .map_err(UnpackError::Program)?,
    );
    let Some(tar) = child.0.stdout.take() else {
        return Err(UnpackError::Program(io::ErrorKind::BrokenPipe.into()));
    };
    let mut unpacking = Unpacking::new(tracks, store);
    let read = unpacking.read(tar, stop);
    // In a terminal, Ctrl-C reaches dpkg-deb too.
    if stop.load(Ordering::Relaxed) {
        return Err(UnpackError::Stopped);
    }
    if matches!(read, Err(UnpackError::Damaged(_))) || (read.is_ok() && unpacking.is_incomplete()) {
        // Its own word on what is wrong is better than that of whoever reads the rest.
        let status = child.0.wait().map_err(UnpackError::Program)?;
        let mut text = String::new();
        log.rewind().map_err(UnpackError::Program)?;
        log.take(10_000)
            .read_to_string(&mut text)
            .map_err(UnpackError::Program)?;
        if !status.success() && !text.trim().is_empty() {
            return Err(UnpackError::Damaged(said(&text, &status.to_string())));
        }
    }
    read?;
    Ok(unpacking.outcomes)
}

struct Unpacking<'a> {
    tracks: &'a [&'a Track],
    store: &'a Store,
    /// Tracks by the file of the package that they are in or are.
    by_file: BTreeMap<&'a str, Vec<usize>>,
    /// Where the package has its copyright file, until it is seen.
    copyright: Option<String>,
    outcomes: Vec<Result<(), Refused>>,
}

impl<'a> Unpacking<'a> {
    fn new(tracks: &'a [&'a Track], store: &'a Store) -> Self {
        let mut by_file: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (i, track) in tracks.iter().enumerate() {
            let file = match track.place() {
                Place::File(file) => file,
                Place::Zip { archive, .. } | Place::Resource { archive } => archive,
            };
            by_file.entry(file).or_default().push(i);
        }
        Self {
            tracks,
            store,
            by_file,
            copyright: tracks
                .first()
                .map(|track| format!("usr/share/doc/{}/copyright", track.package)),
            outcomes: vec![Err(Refused::Missing); tracks.len()],
        }
    }

    fn is_incomplete(&self) -> bool {
        self.outcomes.contains(&Err(Refused::Missing))
    }

    /// Goes through the package once and ends as soon as every wanted file was seen. Only regular files count, and
    /// names from the package are compared, never used as paths.
    fn read(&mut self, tar: impl Read, stop: &AtomicBool) -> Result<(), UnpackError> {
        let damaged = |error: io::Error| UnpackError::Damaged(error.to_string());
        let mut tar = tar::Archive::new(tar);
        for entry in tar.entries().map_err(damaged)? {
            if stop.load(Ordering::Relaxed) {
                return Err(UnpackError::Stopped);
            }
            if self.by_file.is_empty() && self.copyright.is_none() {
                return Ok(());
            }
            let mut entry = entry.map_err(damaged)?;
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let name = entry.path_bytes().into_owned();
            let Ok(name) = std::str::from_utf8(name.strip_prefix(b"./").unwrap_or(&name)) else {
                continue;
            };
            if let Some(wanted) = self.by_file.remove(name) {
                self.file(&mut entry, &wanted)?;
            } else if self.copyright.as_deref() == Some(name) {
                self.copyright = None;
                let mut text = Vec::new();
                entry
                    .take(LARGEST_COPYRIGHT)
                    .read_to_end(&mut text)
                    .map_err(damaged)?;
                self.store.write(&copyright_of(&self.tracks[0].package), &text)?;
            }
        }
        // To the end, so that dpkg-deb ends by itself and can say whether all was well.
        io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(damaged)?;
        Ok(())
    }

    /// A file that is a wanted track, or an archive with wanted ones.
    fn file(&mut self, entry: &mut impl Read, wanted: &[usize]) -> Result<(), UnpackError> {
        let tracks = self.tracks;
        let first = tracks[wanted[0]];
        if let Place::File(_) = first.place() {
            self.outcomes[wanted[0]] = refused(self.store.keep(entry, first))?;
            return Ok(());
        }
        let archive = match self.store.spill(entry, LARGEST_ARCHIVE) {
            Ok(archive) => archive,
            Err(StoreError::Refused(refused)) => {
                wanted
                    .iter()
                    .for_each(|&i| self.outcomes[i] = Err(refused.clone()));
                return Ok(());
            }
            Err(error) => return Err(as_unpack(error)),
        };
        self.archive(archive, wanted)
    }

    fn archive(&mut self, archive: File, wanted: &[usize]) -> Result<(), UnpackError> {
        let inside: Vec<&Track> = wanted.iter().map(|&i| self.tracks[i]).collect();
        let outcomes = match self.tracks[wanted[0]].place() {
            Place::Resource { .. } => archives::resource(archive, &inside, self.store),
            _ => archives::zip(archive, &inside, self.store),
        };
        for (&i, outcome) in wanted.iter().zip(outcomes) {
            self.outcomes[i] = refused(outcome)?;
        }
        Ok(())
    }
}

/// What concerns one track alone is its outcome; the rest ends the unpacking.
fn refused(kept: Result<(), StoreError>) -> Result<Result<(), Refused>, UnpackError> {
    match kept {
        Ok(()) => Ok(Ok(())),
        Err(StoreError::Refused(refused)) => Ok(Err(refused)),
        Err(error) => Err(as_unpack(error)),
    }
}

fn as_unpack(error: StoreError) -> UnpackError {
    match error {
        StoreError::Read(error) => UnpackError::Damaged(error.to_string()),
        error => UnpackError::Store(error),
    }
}

#[cfg(test)]
mod tests;
