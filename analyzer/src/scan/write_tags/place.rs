//! Where in a file its ID3v2 tag is: in front of an MP3, in a chunk of WAV and AIFF.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use lofty::config::ParseOptions;
use lofty::file::AudioFile;
use lofty::mpeg::MpegFile;

use super::id3v2::{self, Tag};
use super::one::told;

/// What a tag is in.
#[derive(Clone, Copy)]
enum Around {
    Nothing,
    /// A chunk of this name, in a file of chunks whose sizes are written as told.
    Chunk {
        name: [u8; 4],
        endian: Endian,
    },
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Endian {
    /// WAV's.
    Little,
    /// AIFF's.
    Big,
}

/// The bytes of a file that a tag takes, with all that is around it.
pub(super) struct Place {
    range: Range<u64>,
    around: Around,
}

/// The tag in front of an MP3; an empty one where it has none.
pub(super) fn in_front(file: &mut File) -> Result<(Tag, Place), String> {
    let length = file.metadata().map_err(told)?.len();
    let mut header = Vec::new();
    file.take(id3v2::HEADER as u64)
        .read_to_end(&mut header)
        .map_err(told)?;
    let end = id3v2::length(&header).map_or(0, |tag| tag as u64);
    if end > length {
        return Err(format!(
            "its ID3v2 tag says it has {end} bytes, and the file has {length}"
        ));
    }
    let tag = match end {
        0 => {
            alone(file)?;
            Tag::default()
        }
        _ => Tag::parse(&read(file, 0..end)?)?,
    };
    let place = Place {
        range: 0..end,
        around: Around::Nothing,
    };
    Ok((tag, place))
}

/// Whether a tag in front of the file would be the only one: players would no longer look at another.
fn alone(file: &mut File) -> Result<(), String> {
    file.rewind().map_err(told)?;
    let options = ParseOptions::new().read_properties(false);
    let tags =
        MpegFile::read_from(file, options).map_err(|error| format!("its tags cannot be read ({error})"))?;
    if tags.id3v2().is_some() {
        return Err("its ID3v2 tag is not at its beginning, and one there would hide it".into());
    }
    if tags.id3v1().is_some() {
        return Err("it has tags of ID3v1 alone, and ID3v2 would hide them from players".into());
    }
    Ok(())
}

/// The tag in a file of chunks; an empty one where it has none.
pub(super) fn in_chunk(file: &mut File, endian: Endian) -> Result<(Tag, Place), String> {
    let length = file.metadata().map_err(told)?.len();
    let end = 8 + u64::from(endian.size(&read(file, 4..8)?));
    if !(12..=length).contains(&end) {
        return Err(format!(
            "its header says it has {end} bytes, and the file has {length}"
        ));
    }
    let mut at = 12;
    while at < end {
        if end - at < 8 {
            return Err(format!("its last {} bytes are in no chunk", end - at));
        }
        let header = read(file, at..at + 8)?;
        let size = u64::from(endian.size(&header[4..]));
        let name = [header[0], header[1], header[2], header[3]];
        if size > end - at - 8 {
            return Err(format!(
                "its chunk {} says it has {size} bytes, and {} are left",
                name.escape_ascii(),
                end - at - 8
            ));
        }
        let next = at + 8 + size + size % 2;
        if name.eq_ignore_ascii_case(b"ID3 ") {
            let chunk = read(file, at + 8..at + 8 + size)?;
            let tag = id3v2::length(&chunk).and_then(|tag| chunk.get(..tag));
            let tag = tag.ok_or_else(|| format!("its chunk {} holds no ID3v2 tag", name.escape_ascii()))?;
            let place = Place {
                // The byte that makes it even may be missing at the end.
                range: at..next.min(end),
                around: Around::Chunk { name, endian },
            };
            return Ok((Tag::parse(tag)?, place));
        }
        at = next;
    }
    let around = Around::Chunk {
        name: *b"ID3 ",
        endian,
    };
    let place = Place {
        range: end..end,
        around,
    };
    Ok((Tag::default(), place))
}

impl Place {
    /// Copies the file with another tag in this place.
    pub(super) fn fill(&self, file: &mut File, copy: &mut File, tag: &[u8]) -> Result<(), String> {
        let mut new = Vec::new();
        if let Around::Chunk { name, endian } = self.around {
            // What is before a chunk has an even length.
            new.extend(std::iter::repeat_n(0, (self.range.start % 2) as usize));
            new.extend(name);
            new.extend(endian.bytes(tag.len() as u32));
        }
        new.extend(tag);
        if matches!(self.around, Around::Chunk { .. }) && tag.len() % 2 == 1 {
            new.push(0);
        }
        file.rewind().map_err(told)?;
        io::copy(&mut file.take(self.range.start), copy).map_err(told)?;
        copy.write_all(&new).map_err(told)?;
        file.seek(SeekFrom::Start(self.range.end)).map_err(told)?;
        io::copy(file, copy).map_err(told)?;
        if let Around::Chunk { endian, .. } = self.around {
            let whole = u64::from(endian.size(&read(file, 4..8)?)) + new.len() as u64;
            let whole = whole - (self.range.end - self.range.start);
            let whole = u32::try_from(whole)
                .map_err(|_| format!("it would have {whole} bytes, more than its format can have"))?;
            copy.seek(SeekFrom::Start(4)).map_err(told)?;
            copy.write_all(&endian.bytes(whole)).map_err(told)?;
        }
        Ok(())
    }
}

impl Endian {
    fn size(self, bytes: &[u8]) -> u32 {
        let big = bytes
            .iter()
            .take(4)
            .fold(0, |size, byte| size << 8 | u32::from(*byte));
        match self {
            Self::Little => big.swap_bytes(),
            Self::Big => big,
        }
    }

    fn bytes(self, size: u32) -> [u8; 4] {
        match self {
            Self::Little => size.to_le_bytes(),
            Self::Big => size.to_be_bytes(),
        }
    }
}

fn read(file: &mut File, range: Range<u64>) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; (range.end - range.start) as usize];
    file.seek(SeekFrom::Start(range.start)).map_err(told)?;
    file.read_exact(&mut bytes).map_err(told)?;
    Ok(bytes)
}
