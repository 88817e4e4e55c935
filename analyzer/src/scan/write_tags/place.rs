//! Where in a file its ID3v2 tag is: in front of an MP3, in a chunk of WAV and AIFF.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use super::id3v2::{self, Tag};
use super::one::told;
use super::pieces::take;

/// Bytes of a tag of ID3v1, which is a file's last part.
const ID3V1: u64 = 128;

/// How a format writes the sizes of its chunks.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    read: fn([u8; 4]) -> u32,
    write: fn(u32) -> [u8; 4],
}

pub(super) const WAV: Sizes = Sizes {
    read: u32::from_le_bytes,
    write: u32::to_le_bytes,
};
pub(super) const AIFF: Sizes = Sizes {
    read: u32::from_be_bytes,
    write: u32::to_be_bytes,
};

/// The bytes of a file that a tag takes, with the chunk around it.
pub(super) struct Place {
    range: Range<u64>,
    /// What the chunk is called.
    chunk: Option<([u8; 4], Sizes)>,
}

/// The tag in front of an MP3; an empty one where it has none.
pub(super) fn in_front(file: &mut File) -> Result<(Tag, Place), String> {
    let end = id3v2::length(&take(file, id3v2::HEADER)?).unwrap_or(0);
    let tag = match end {
        0 => {
            // Players would no longer look at another.
            let length = file.metadata().map_err(told)?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(ID3V1)))
                .map_err(told)?;
            if take(file, 3)? == b"TAG" {
                return Err("it has tags of ID3v1 alone, and ID3v2 would hide them from players".into());
            }
            Tag::default()
        }
        _ => {
            file.rewind().map_err(told)?;
            Tag::parse(&take(file, end)?)?
        }
    };
    let place = Place {
        range: 0..end as u64,
        chunk: None,
    };
    Ok((tag, place))
}

/// The tag in a file of chunks; an empty one where it has none.
pub(super) fn in_chunk(file: &mut File, sizes: Sizes) -> Result<(Tag, Place), String> {
    let length = file.metadata().map_err(told)?.len();
    let (_, size) = sizes.chunk(file, 0)?;
    let end = 8 + size;
    // The byte that makes a length even may be counted or not.
    if end < 12 || (end != length && end + end % 2 != length) {
        return Err(format!(
            "its header says it has {end} bytes, and the file has {length}"
        ));
    }
    let mut at = 12;
    while at < end {
        let (name, size) = sizes.chunk(file, at)?;
        let body = at + 8;
        if size > end.saturating_sub(body) {
            return Err(format!(
                "its chunk {} says it has {size} bytes, and {} are left",
                name.escape_ascii(),
                end.saturating_sub(body)
            ));
        }
        // The byte that makes it even may be missing at the end.
        let next = (body + size + size % 2).min(length);
        if name.eq_ignore_ascii_case(b"ID3 ") {
            let chunk = take(file, size as usize)?;
            let tag = id3v2::length(&chunk).and_then(|tag| chunk.get(..tag));
            let tag = tag.ok_or_else(|| format!("its chunk {} holds no ID3v2 tag", name.escape_ascii()))?;
            let place = Place {
                range: at..next,
                chunk: Some((name, sizes)),
            };
            return Ok((Tag::parse(tag)?, place));
        }
        at = next;
    }
    let place = Place {
        range: end..length,
        chunk: Some((*b"ID3 ", sizes)),
    };
    Ok((Tag::default(), place))
}

impl Sizes {
    /// The name of the chunk at a place, and its size; its body is the next to be read.
    fn chunk(self, file: &mut File, at: u64) -> Result<([u8; 4], u64), String> {
        file.seek(SeekFrom::Start(at)).map_err(told)?;
        let head = take(file, 8)?;
        let quad = |at: usize| std::array::from_fn(|byte| head[at + byte]);
        Ok((quad(0), u64::from((self.read)(quad(4)))))
    }
}

impl Place {
    /// Copies the file with another tag in this place.
    pub(super) fn fill(&self, file: &mut File, copy: &mut File, tag: &[u8]) -> Result<(), String> {
        file.rewind().map_err(told)?;
        io::copy(&mut file.take(self.range.start), copy).map_err(told)?;
        let mut new = Vec::new();
        if let Some((name, sizes)) = self.chunk {
            // What is before a chunk has an even length, and so has the chunk.
            new.resize((self.range.start % 2) as usize, 0);
            new.extend(name);
            new.extend((sizes.write)(tag.len() as u32));
        }
        new.extend(tag);
        if self.chunk.is_some() {
            new.resize(new.len() + tag.len() % 2, 0);
        }
        copy.write_all(&new).map_err(told)?;
        file.seek(SeekFrom::Start(self.range.end)).map_err(told)?;
        io::copy(file, copy).map_err(told)?;
        if let Some((_, sizes)) = self.chunk {
            let size = copy.stream_position().map_err(told)? - 8;
            let size = u32::try_from(size)
                .map_err(|_| format!("it would have {size} bytes, more than its format can have"))?;
            copy.seek(SeekFrom::Start(4)).map_err(told)?;
            copy.write_all(&(sizes.write)(size)).map_err(told)?;
        }
        Ok(())
    }
}
