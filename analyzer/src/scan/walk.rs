//! Which files there are to score.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use walkdir::{DirEntry, WalkDir};

use super::Rows;
use super::shard::Shard;
use crate::failure::Failure;
use crate::sources::is_audio_name;
use crate::whole;

/// A file to score.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// Size and time of the last change, as rows have them; an error where the system does not tell.
    pub(crate) state: Result<(u64, i64), String>,
    /// Whether it belongs to the part of the scan that is asked for.
    pub(crate) ours: bool,
}

/// What was looked at and what was found there, by the path that rows have.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    pub(crate) files: BTreeMap<String, Found>,
    /// Folders and files that were named.
    roots: Vec<PathBuf>,
    /// Folders that could not be looked into.
    unseen: Vec<PathBuf>,
    /// Folders with nothing in them. A disk that is not mounted looks like this, and its rows should outlive that.
    bare: Vec<PathBuf>,
    pub(crate) notices: Vec<String>,
}

/// What is left to look into, and where one has been: by real paths, so that nothing is found twice.
#[derive(Default)]
struct Trail {
    been: HashSet<PathBuf>,
    /// Links, with the named folder that each was found in.
    links: VecDeque<(PathBuf, PathBuf)>,
}

impl Walk {
    /// Looks through `paths`, and takes the files that `list` names. Symbolic links are followed, but a file is found once: by its
    /// own path where that is looked through, too.
    pub(crate) fn of(paths: &[PathBuf], list: Option<&Path>, shard: Shard) -> Result<Self, Failure> {
        let mut walk = Self::default();
        let mut trail = Trail::default();
        for path in paths {
            let root = absolute(path).map_err(|error| missing(path, &error))?;
            let metadata = fs::metadata(&root).map_err(|error| missing(path, &error))?;
            if metadata.is_dir() {
                walk.folder(&root, &root, shard, &mut trail);
            } else {
                walk.add(root.clone(), Ok(metadata), Path::new(""), shard);
            }
            walk.roots.push(root);
        }
        while let Some((link, root)) = trail.links.pop_front() {
            match fs::metadata(&link) {
                Ok(metadata) if metadata.is_dir() => walk.folder(&link, &root, shard, &mut trail),
                Ok(metadata) if metadata.is_file() && is_audio_name(&link) => {
                    let real = fs::canonicalize(&link).unwrap_or_else(|_| link.clone());
                    if trail.been.insert(real) {
                        walk.add(link, Ok(metadata), &root, shard);
                    }
                }
                Ok(_) => {}
                Err(error) => walk.skip(link.clone(), &format!("{}: {error}", link.display())),
            }
        }
        walk.tell_silent();
        for path in list.map_or_else(|| Ok(Vec::new()), read_list)? {
            // One that is gone is a row with its error.
            let path = absolute(&path).unwrap_or(path);
            let metadata = fs::metadata(&path);
            walk.add(path.clone(), metadata, Path::new(""), shard);
        }
        Ok(walk)
    }

    /// Whether a row's file is gone: it was looked for, and not found.
    pub(crate) fn is_gone(&self, path: &str) -> bool {
        let known = from_row(path);
        let within = |folders: &[PathBuf]| folders.iter().any(|folder| known.starts_with(folder));
        !self.files.contains_key(path) && within(&self.roots) && !within(&self.unseen) && !within(&self.bare)
    }

    /// Tells which empty folders had files once, by `rows`, which are kept.
    pub(crate) fn kept(&self, rows: &Rows) -> Vec<String> {
        let bare: BTreeSet<&Path> = self.bare.iter().map(PathBuf::as_path).collect();
        let mut had: BTreeSet<&Path> = BTreeSet::new();
        for path in rows.keys() {
            let path = from_row(path);
            had.extend(path.ancestors().filter_map(|folder| bare.get(folder).copied()));
        }
        had.iter()
            .map(|folder| format!("{} is empty: rows of files in it are kept", folder.display()))
            .collect()
    }

    /// Looks through a folder that was named, or that a link within `root` leads to.
    fn folder(&mut self, folder: &Path, root: &Path, shard: Shard, trail: &mut Trail) {
        let real = match fs::canonicalize(folder) {
            Ok(real) => real,
            Err(error) => return self.skip(folder.to_owned(), &format!("{}: {error}", folder.display())),
        };
        // The real path of what is below it: no link is on the way there.
        let real_of = |path: &Path| real.join(path.strip_prefix(folder).unwrap_or(path));
        let mut bare = HashSet::new();
        // In the order of names, so that of two ways to one file every scan takes the same.
        let mut entries = WalkDir::new(folder).sort_by_file_name().into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    // An error in the middle of a listing has no path: then nothing is known of all below the folder.
                    self.skip(error.path().unwrap_or(folder).to_owned(), &error.to_string());
                    continue;
                }
            };
            let path = entry.path();
            if !is_placeholder(&entry)
                && let Some(parent) = path.parent()
            {
                bare.remove(parent);
            }
            if entry.depth() == 0 || entry.file_type().is_dir() {
                if !trail.been.insert(real_of(path)) {
                    entries.skip_current_dir();
                    continue;
                }
                bare.insert(path.to_owned());
            } else if whole::is_unfinished(path) {
                // What a scan left that was killed; or one that is at work on another table.
                whole::clear(path);
            } else if entry.path_is_symlink() {
                trail.links.push_back((path.to_owned(), root.to_owned()));
            } else if entry.file_type().is_file() && is_audio_name(path) && trail.been.insert(real_of(path)) {
                let metadata = entry.metadata().map_err(io::Error::other);
                self.add(path.to_owned(), metadata, root, shard);
            }
        }
        bare.retain(|path| !self.unseen.contains(path));
        self.bare.extend(bare);
    }

    fn skip(&mut self, path: PathBuf, why: &str) {
        self.notices.push(format!("skipped: {why}"));
        self.unseen.push(path);
    }

    /// A folder that was named and holds nothing to score may be a mistake.
    fn tell_silent(&mut self) {
        let has_audio = |root: &PathBuf| self.files.values().any(|found| found.path.starts_with(root));
        let silent = self.roots.iter().filter(|root| !has_audio(root));
        let told = silent.map(|root| {
            let is = if self.bare.contains(root) {
                "is empty"
            } else {
                "holds no audio: no name in it ends like that of an audio file"
            };
            format!("{} {is}", root.display())
        });
        let told: Vec<_> = told.collect();
        self.notices.extend(told);
    }

    fn add(&mut self, path: PathBuf, metadata: io::Result<Metadata>, root: &Path, shard: Shard) {
        let found = Found {
            state: metadata
                .map_err(|error| error.to_string())
                .and_then(|metadata| regular(&metadata)),
            ours: shard.has(path.strip_prefix(root).unwrap_or(&path)),
            path,
        };
        self.files.insert(to_row(&found.path), found);
    }
}

/// The state of what can be read to its end, as one finds it now: a pipe waits for whoever writes, perhaps for ever.
fn regular(metadata: &Metadata) -> Result<(u64, i64), String> {
    if metadata.is_file() {
        state(metadata).map_err(|error| error.to_string())
    } else if metadata.is_dir() {
        Err("it is a folder".into())
    } else {
        Err("it is no regular file, but a pipe, a socket or a device".into())
    }
}

/// Whether it is what stands in a folder that a disk is mounted on, while the disk is not there.
fn is_placeholder(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".") && entry.file_type().is_file()
}

/// Size and time of the last change, as rows have them.
pub(crate) fn state(metadata: &Metadata) -> io::Result<(u64, i64)> {
    let modified = metadata.modified()?;
    let milliseconds = match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()),
        Err(before) => i64::try_from(before.duration().as_millis()).map(|before| -before),
    };
    Ok((metadata.len(), milliseconds.unwrap_or(i64::MAX)))
}

/// The path without `.` and, as far as it can be found, without `..`; links keep their names.
fn absolute(path: &Path) -> io::Result<PathBuf> {
    if path.components().any(|part| part == Component::ParentDir) {
        return fs::canonicalize(path);
    }
    std::path::absolute(path)
}

/// Paths one a line, or, where there is a NUL, each ended by one.
fn read_list(list: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut bytes = Vec::new();
    let read = if list == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
    } else {
        fs::read(list).map(|read| bytes = read)
    };
    read.map_err(|error| {
        Failure::input(format!("the list {} cannot be read: {error}", list.display()))
            .hint("--from takes a file with one path a line, or - for standard input")
    })?;
    let end = if bytes.contains(&0) { 0 } else { b'\n' };
    Ok(bytes
        .split(|byte| *byte == end)
        .map(|line| line.strip_suffix(b"\r").filter(|_| end != 0).unwrap_or(line))
        .filter(|line| !line.is_empty())
        .map(path_of)
        .collect())
}

fn missing(path: &Path, error: &io::Error) -> Failure {
    Failure::input(format!("{} cannot be scanned: {error}", path.display()))
        .hint("name a folder or a file that is there")
}

/// Text that stands for a path: the path itself where it is Unicode, else a `file:` URL.
pub(crate) fn to_row(path: &Path) -> String {
    match path.to_str() {
        Some(text) => text.to_owned(),
        None => url(path.as_os_str().as_encoded_bytes()),
    }
}

fn url(bytes: &[u8]) -> String {
    let mut url = String::from("file://");
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(byte) {
            url.push(char::from(*byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

/// The path that a row's text stands for.
fn from_row(text: &str) -> PathBuf {
    let Some(rest) = text.strip_prefix("file://") else {
        return PathBuf::from(text);
    };
    let mut bytes = Vec::new();
    let mut parts = rest.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let (code, literal) = part.split_at_checked(2).unwrap_or((part, ""));
        bytes.extend(u8::from_str_radix(code, 16).ok());
        bytes.extend_from_slice(literal.as_bytes());
    }
    path_of(&bytes)
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_row_s_path_leads_back_to_its_file() {
        for bytes in [
            &b"/a/b c%41\n\".mp3"[..],
            b"/caf\xe9/100% =1,2.mp3",
            "/\u{e9}.ogg".as_bytes(),
        ] {
            let path = path_of(bytes);
            assert_eq!(from_row(&to_row(&path)), path, "{}", to_row(&path));
        }
        assert_eq!(to_row(&path_of(b"/caf\xe9 1")), "file:///caf%E9%201");
    }
}
