//! Writes shards, each beside its place until it is whole.

use std::collections::HashSet;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use tempfile::NamedTempFile;

use super::decode::Decoded;
use super::key::{self, Key};
use super::shard::{self, ALIGNMENT, EXTENSION, Entry};
use crate::files::partial_in;

/// Collects clips into one shard after the other.
pub(super) struct Writer {
    folder: PathBuf,
    width: usize,
    shard_bytes: usize,
    open: Option<BufWriter<NamedTempFile>>,
    written: usize,
    entries: Vec<Entry>,
    contents: HashSet<Key>,
}

impl Writer {
    pub(super) fn new(folder: PathBuf, width: usize, shard_bytes: usize) -> Self {
        Self {
            folder,
            width,
            shard_bytes,
            open: None,
            written: 0,
            entries: Vec::new(),
            contents: HashSet::new(),
        }
    }

    /// Adds a clip; `None` for one whose content is cached already.
    pub(super) fn add(&mut self, file: Key, content: Key, decoded: Option<Decoded>) -> io::Result<()> {
        let mut entry = Entry {
            file,
            content,
            alias: false,
            unreadable: None,
            start: self.written,
            frames: 0,
            hash: None,
            loudness: None,
            silent: false,
        };
        match decoded.filter(|_| self.contents.insert(content)) {
            None => entry.alias = true,
            Some(Decoded::Unreadable(reason)) => entry.unreadable = Some(reason),
            Some(Decoded::Clip { frames, loudness }) => {
                entry.frames = frames.len() / self.width;
                entry.hash = Some(key::frames(&frames));
                entry.loudness = loudness;
                entry.silent = frames.iter().all(|value| value.abs() < SILENCE);
                self.write(bytemuck::cast_slice(&frames))?;
            }
        }
        self.entries.push(entry);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.open {
            Some(file) => file,
            none => none.insert(BufWriter::new(partial_in(&self.folder)?)),
        };
        file.write_all(bytes)?;
        let padding = bytes.len().next_multiple_of(ALIGNMENT) - bytes.len();
        file.write_all(&[0; ALIGNMENT][..padding])?;
        self.written += bytes.len() + padding;
        Ok(())
    }

    /// Closes the shard once it is large enough, and says where it is.
    pub(super) fn close_if_full(&mut self) -> io::Result<Option<PathBuf>> {
        if self.written < self.shard_bytes {
            return Ok(None);
        }
        self.close()
    }

    /// Closes the shard, if there is anything in it, and says where it is.
    pub(super) fn close(&mut self) -> io::Result<Option<PathBuf>> {
        if self.entries.is_empty() {
            return Ok(None);
        }
        self.write(&[])?; // A shard may have nothing but entries without frames.
        let Some(mut file) = self.open.take() else {
            return Ok(None);
        };
        file.write_all(&shard::ending(&self.entries, self.written)?)?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?; // The name must not outlive a power cut that the frames did not.
        let name = file
            .path()
            .file_name()
            .map(|name| name.to_string_lossy().trim_start_matches(".partial-").to_owned());
        let path = self
            .folder
            .join(name.unwrap_or_default())
            .with_extension(EXTENSION);
        file.persist_noclobber(&path).map_err(|error| error.error)?;
        self.written = 0;
        self.entries.clear();
        self.contents.clear();
        Ok(Some(path))
    }
}

/// Largest value of a frame that counts as silence, on any scale.
const SILENCE: f32 = 1e-6;
