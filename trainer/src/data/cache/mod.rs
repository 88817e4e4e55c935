//! Mel frames, or what else is made of each clip's sound, computed once and kept in memory-mapped shards.
//!
//! A cache is a folder whose name says what is in it: of mel frames, the front end's configuration and the clips' length. In it lie shards: files that
//! are written beside, closed, and only then moved into place, so that a kill at any time costs at most the shard that
//! was being written, and several processes may fill one cache. Nothing of a shard is read before it is asked for: a data
//! set may be far larger than memory.

mod decode;
mod key;
mod map;
mod shard;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::ProgressBar;
use rayon::prelude::*;

use super::row::Row;
use crate::files::remove_old_partials;
use shard::Shard;
use writer::Writer;

pub(crate) use decode::{Decoded, MelFrames};
pub(crate) use key::{Key, content as content_key};
pub(crate) use shard::Frames;

/// What a cache holds of each clip: rows of numbers, all equally wide.
pub(crate) trait Content: Send + Sync {
    /// Name of the cache's folder. Whatever changes a row by a bit changes it, and starts another cache.
    fn folder(&self) -> String;

    /// Values in a row.
    fn width(&self) -> usize;

    /// Makes the rows of a clip. An error says what failed where the clip's own content is not to blame: it is asked again
    /// the next time.
    fn make(&self, row: &Row) -> Result<Decoded, String>;
}

/// A cache could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cache {}: {source}{}", folder.display(), if matches!(source.kind(), io::ErrorKind::StorageFull) { "; free some room and run the same command again: finished shards are kept, only the one being written is lost" } else { "" })]
pub(crate) struct CacheError {
    folder: PathBuf,
    source: io::Error,
}

/// What is known of a clip's sound.
#[derive(Debug, Clone)]
pub(crate) enum Sound {
    /// Its frames and what was measured on the way.
    Heard(Heard),
    /// It could not be read, and why.
    Unreadable(String),
}

/// A clip that could be read.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    /// Its mel frames.
    pub(crate) frames: Frames,
    /// Hash of the frames: equal for clips that sound the same to the last bit.
    pub(crate) hash: Key,
    /// EBU R128 loudness in LUFS; `None` for silence.
    pub(crate) loudness: Option<f32>,
    /// Whether no frame has anything in it.
    pub(crate) silent: bool,
}

/// A folder of cached rows.
pub(crate) struct Cache {
    folder: PathBuf,
    content: Box<dyn Content>,
    shard_bytes: usize,
    /// By path, size and time of change of the file, and the clip's start.
    known: HashMap<Key, Sound>,
    /// By the bytes of the file, and the clip's start: finds what was moved or copied.
    contents: HashMap<Key, Sound>,
}

/// Bytes of frames after which a shard is closed. A kill costs the shard that is being written and the clips that are
/// being decoded; shards that are closed stay.
const SHARD_BYTES: usize = 256 << 20;
/// Clips decoded at a time before their frames are written, for each thread.
const CLIPS_A_THREAD: usize = 4;

impl Cache {
    /// Opens or makes the cache of this content in `parent` and reads what its shards hold.
    pub(crate) fn open(parent: &Path, content: impl Content + 'static) -> Result<Self, CacheError> {
        Self::with_shards(parent, Box::new(content), SHARD_BYTES)
    }

    fn with_shards(parent: &Path, content: Box<dyn Content>, shard_bytes: usize) -> Result<Self, CacheError> {
        let mut cache = Self {
            folder: parent.join(content.folder()),
            content,
            shard_bytes,
            known: HashMap::new(),
            contents: HashMap::new(),
        };
        cache.read().map_err(|source| cache.error(source))?;
        Ok(cache)
    }

    fn read(&mut self) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        remove_old_partials(&self.folder)?;
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == shard::EXTENSION)
            {
                paths.push(path);
            }
        }
        paths.sort(); // A fixed order: of two shards that hold a clip, always the same one is read.
        let open = |path: &PathBuf| match Shard::open(path, self.content.width()) {
            Ok(shard) => Some(Arc::new(shard)),
            Err(reason) => {
                tracing::warn!("{} is damaged and is left out: {reason}", path.display());
                None
            }
        };
        let shards: Vec<_> = paths.iter().filter_map(open).collect();
        self.adopt(&shards);
        Ok(())
    }

    /// Takes the entries of shards. Aliases come after all clips, for their clip may lie in any shard; one whose clip is
    /// nowhere is dropped.
    fn adopt(&mut self, shards: &[Arc<Shard>]) {
        for shard in shards {
            for entry in shard.entries().iter().filter(|entry| !entry.alias) {
                if let Some(sound) = shard::sound(shard, entry) {
                    self.known.insert(entry.file, sound.clone());
                    self.contents.entry(entry.content).or_insert(sound);
                }
            }
        }
        let entries = shards.iter().flat_map(|shard| shard.entries());
        for entry in entries.filter(|entry| entry.alias) {
            if let Some(sound) = self.contents.get(&entry.content) {
                self.known.insert(entry.file, sound.clone());
            }
        }
    }

    /// The sound of every row, from the cache or computed and cached now, in order. `None` from the first row on that
    /// was not reached before `stop`.
    pub(crate) fn sounds(
        &mut self,
        rows: &[Row],
        bar: &ProgressBar,
        stop: &AtomicBool,
    ) -> Result<Option<Vec<Sound>>, CacheError> {
        let keys: Vec<_> = rows.par_iter().map(key::file).collect();
        let missing: Vec<_> = (0..rows.len())
            .filter(|&i| keys[i].as_ref().is_ok_and(|key| !self.known.contains_key(key)))
            .collect();
        bar.set_length(rows.len() as u64);
        bar.set_position((rows.len() - missing.len()) as u64);
        // Why rows could not be read now, where that is nothing to remember: they are asked again the next time.
        let mut failed = HashMap::new();
        let mut writer = Writer::new(self.folder.clone(), self.content.width(), self.shard_bytes);
        for chunk in missing.chunks(CLIPS_A_THREAD * rayon::current_num_threads()) {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let heard: Vec<_> = chunk
                .par_iter()
                .map(|&i| self.hear(&rows[i]))
                .inspect(|_| bar.inc(1))
                .collect();
            for (&i, heard) in chunk.iter().zip(heard) {
                let Ok(file) = &keys[i] else { continue };
                match heard {
                    Ok((content, decoded)) => {
                        // A shard that was closed since may have it.
                        let decoded = decoded.filter(|_| !self.contents.contains_key(&content));
                        let added = writer.add(*file, content, decoded);
                        let closed = added.and_then(|()| writer.close_if_full());
                        let closed = closed.map_err(|source| self.error(source))?;
                        self.adopt_file(closed)?;
                    }
                    Err(reason) => {
                        failed.insert(i, reason);
                    }
                }
            }
        }
        let closed = writer.close().map_err(|source| self.error(source))?;
        self.adopt_file(closed)?;
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        bar.finish_and_clear();
        let mut sound = |(i, key): (usize, io::Result<Key>)| match key {
            Ok(key) => self.known.get(&key).cloned().unwrap_or_else(|| {
                let lost = || "the cache has lost its frames; run the same command again".into();
                Sound::Unreadable(failed.remove(&i).unwrap_or_else(lost))
            }),
            Err(error) => Sound::Unreadable(format!("it cannot be looked at: {error}")),
        };
        Ok(Some(keys.into_iter().enumerate().map(&mut sound).collect()))
    }

    fn adopt_file(&mut self, path: Option<PathBuf>) -> Result<(), CacheError> {
        if let Some(path) = path {
            let shard = Shard::open(&path, self.content.width()).map_err(|source| self.error(source))?;
            self.adopt(&[Arc::new(shard)]);
        }
        Ok(())
    }

    /// The content's key, and the decoded clip unless the content is known under another name; or why the file could not
    /// be read now.
    fn hear(&self, row: &Row) -> Result<(Key, Option<Decoded>), String> {
        let content = key::content(row).map_err(|error| format!("it cannot be read: {error}"))?;
        let decoded = match self.contents.contains_key(&content) {
            true => None,
            false => Some(self.content.make(row)?),
        };
        Ok((content, decoded))
    }

    fn error(&self, source: io::Error) -> CacheError {
        CacheError {
            folder: self.folder.clone(),
            source,
        }
    }
}
