//! A shard: the frames of many clips, then their list, then where the list begins.
//!
//! ```text
//! frames of clip 0, clip 1, …   f32 in the machine's byte order, each clip at a multiple of 64 bytes
//! list                          JSON, one [`Entry`] a clip
//! trailer                       start of the list, u64, and MAGIC, u64
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use memmap2::Mmap;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::{Heard, Sound, map};

/// File name extension of a shard.
pub(super) const EXTENSION: &str = "mel";
/// Every clip starts at a multiple of this many bytes.
pub(super) const ALIGNMENT: usize = 64;
/// Reads as another number where the byte order is another one.
const MAGIC: u64 = u64::from_ne_bytes(*b"echomel1");
const TRAILER: usize = 16;

/// One clip of a shard.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) file: Key,
    pub(super) content: Key,
    /// The clip lies in another shard, or earlier in this one, under the same content.
    #[serde(default)]
    pub(super) alias: bool,
    /// Why it could not be read.
    #[serde(default)]
    pub(super) unreadable: Option<String>,
    /// First byte, and number of frames.
    #[serde(default)]
    pub(super) start: usize,
    #[serde(default)]
    pub(super) frames: usize,
    /// Hash of the frames.
    #[serde(default)]
    pub(super) hash: Option<Key>,
    #[serde(default)]
    pub(super) loudness: Option<f32>,
    #[serde(default)]
    pub(super) silent: bool,
}

/// A shard's list; its frames are mapped when first asked for.
#[derive(Debug)]
pub(super) struct Shard {
    path: PathBuf,
    width: usize,
    entries: Vec<Entry>,
    map: OnceLock<Mmap>,
}

/// A clip's frames in a shard. Clones share the shard.
#[derive(Debug, Clone)]
pub(crate) struct Frames {
    shard: Arc<Shard>,
    start: usize,
    count: usize,
}

impl Shard {
    /// Reads the list, and checks that it describes nothing outside the file.
    pub(super) fn open(path: &Path, width: usize) -> io::Result<Self> {
        let map = map::map(path)?;
        let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let (body, trailer) = map
            .len()
            .checked_sub(TRAILER)
            .map(|end| map.split_at(end))
            .ok_or_else(|| wrong("it has no trailer"))?;
        let word = |from: usize| {
            let bytes = trailer[from..from + 8].try_into();
            bytes
                .map(u64::from_ne_bytes)
                .map_err(|_| wrong("it has no trailer"))
        };
        if word(8)? != MAGIC {
            return Err(wrong("it is no shard of this version and byte order"));
        }
        let list = usize::try_from(word(0)?).unwrap_or(usize::MAX);
        let list = body
            .get(list..)
            .ok_or_else(|| wrong("its list begins after its end"))?;
        let entries: Vec<Entry> = serde_json::from_slice(list)?;
        let data = body.len() - list.len();
        let inside = |entry: &Entry| {
            let bytes = entry.frames.checked_mul(width * 4);
            let end = bytes.and_then(|bytes| bytes.checked_add(entry.start));
            entry.start.is_multiple_of(ALIGNMENT) && end.is_some_and(|end| end <= data)
        };
        if !entries.iter().all(inside) {
            return Err(wrong("its list names frames that it does not hold"));
        }
        Ok(Self {
            path: path.to_owned(),
            width,
            entries,
            map: OnceLock::new(),
        })
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn map(&self) -> io::Result<&Mmap> {
        match self.map.get() {
            Some(map) => Ok(map),
            None => {
                let map = map::map(&self.path)?;
                Ok(self.map.get_or_init(|| map))
            }
        }
    }
}

impl Frames {
    /// How many frames there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Frames `range`, row by row, straight from the mapped file.
    pub(crate) fn rows(&self, range: std::ops::Range<usize>) -> io::Result<&[f32]> {
        let bytes = 4 * self.shard.width;
        let out_of_range = || io::Error::new(io::ErrorKind::InvalidInput, "frames beyond a clip's end");
        if range.start > range.end || range.end > self.count {
            return Err(out_of_range());
        }
        let bytes = self
            .shard
            .map()?
            .get(self.start + range.start * bytes..self.start + range.end * bytes)
            .ok_or_else(out_of_range)?;
        bytemuck::try_cast_slice(bytes).map_err(|error| io::Error::other(error.to_string()))
    }
}

/// What an entry that is no alias says of its clip.
pub(super) fn sound(shard: &Arc<Shard>, entry: &Entry) -> Option<Sound> {
    if let Some(reason) = &entry.unreadable {
        return Some(Sound::Unreadable(reason.clone()));
    }
    Some(Sound::Heard(Heard {
        frames: Frames {
            shard: Arc::clone(shard),
            start: entry.start,
            count: entry.frames,
        },
        hash: entry.hash?,
        loudness: entry.loudness,
        silent: entry.silent,
    }))
}

/// The list and trailer that end a shard whose frames take `data` bytes.
pub(super) fn ending(entries: &[Entry], data: usize) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(entries)?;
    bytes.extend((data as u64).to_ne_bytes());
    bytes.extend(MAGIC.to_ne_bytes());
    Ok(bytes)
}
