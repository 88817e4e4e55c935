//! WAV in all its dialects, put into the one that the container reader takes.
//!
//! RIFF, RF64 and BW64; lengths that say nothing, because the program that wrote them wrote to a pipe or crashed; samples of fewer
//! bits than their bytes have; chunks in any order. What the header says is read here, and the reader is given a header that
//! says the same in the plainest way, and the samples.

mod format;

use std::io::{self, Cursor, Read};
use std::ops::RangeInclusive;

use crate::builtin::JOINED;
use crate::container::{Container, identify};
use crate::input::Input;
use format::{Format, MPEG, PCM};

/// A chunk's tag and length.
const CHUNK_HEADER: u64 = 8;
/// Lengths that programs write where they cannot know: near the largest numbers of 31 and 32 bits.
const PLACEHOLDERS: [RangeInclusive<u64>; 2] = [0x7FFF_0000..=0x8000_0000, 0xFFFF_0000..=ELSEWHERE];
/// Bytes behind the samples that are too many for anything else.
const WRAPPED: u64 = 0xF000_0000;
/// In RF64, says that the length is in the chunk `ds64`.
const ELSEWHERE: u64 = 0xFFFF_FFFF;
/// Channels that the container reader has places for; more make it panic, or say that the count is invalid.
const MOST_CHANNELS: u16 = 26;
/// Longest description of samples, and most chunks.
const LONGEST_FORMAT: u64 = 4096;
const MOST_CHUNKS: usize = 100_000;

/// Other formats that WAV may hold, by their tags.
const NAMED: [(u16, &str); 14] = [
    (0x31, "GSM 6.10"),
    (0x22, "TrueSpeech"),
    (0x40, "G.721 ADPCM"),
    (0x45, "G.726 ADPCM"),
    (0x64, "G.726 ADPCM"),
    (0x92, "AC-3 over S/PDIF"),
    (0xFF, "AAC"),
    (0x160, "Windows Media (WMA)"),
    (0x161, "Windows Media (WMA)"),
    (0x162, "Windows Media (WMA)"),
    (0x270, "ATRAC3"),
    (0x1600, "AAC"),
    (0x2000, "AC-3"),
    (0x2001, "DTS"),
];

/// What the samples are.
pub(crate) enum Sound {
    /// A WAV that the container reader takes, as a stream.
    Samples(Box<dyn Read + Send + Sync>),
    /// Frames of MPEG audio.
    Mpeg(Box<dyn Read + Send + Sync>),
}

/// A WAV, understood.
pub(crate) struct Wav {
    pub(crate) sound: Sound,
    /// How long its header says it is, in seconds, where that is meant.
    pub(crate) said_s: Option<f64>,
    /// What should be known of it.
    pub(crate) note: Option<String>,
}

/// Why a WAV is not read.
pub(crate) enum Refused {
    Read(io::Error),
    /// It is damaged.
    Broken(String),
    /// It holds what nothing here decodes.
    Unknown(String),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

/// Where the samples are.
#[derive(Clone, Copy)]
struct Data {
    at: u64,
    /// What the header says; `None` where it says nothing.
    said: Option<u64>,
}

/// Name and size of the chunk that comes next, if one does.
fn chunk(input: &mut Input) -> io::Result<Option<([u8; 4], u64)>> {
    let head = input.peek(CHUNK_HEADER as usize)?.as_chunks::<4>().0;
    Ok(match head {
        [name, size] => Some((*name, u32::from_le_bytes(*size).into())),
        _ => None,
    })
}

/// Reads the header of a WAV that begins where the input is.
pub(crate) fn read(mut input: Input) -> Result<Wav, Refused> {
    let long = !input.peek(4)?.starts_with(b"RIFF");
    input.skip(12)?;
    let (mut format, mut data, mut long_data) = (None, None, None);
    for _ in 0..MOST_CHUNKS {
        let Some((name, size)) = chunk(&mut input)? else {
            break;
        };
        input.skip(CHUNK_HEADER)?;
        match &name {
            b"data" if data.is_none() => {
                let said = match long_data {
                    Some(long_data) if long && size == ELSEWHERE => Some(long_data),
                    // So much may be meant where it is there.
                    _ => Some(size).filter(|size| {
                        let end = input.at() + size;
                        let there = *size != ELSEWHERE && input.length().is_some_and(|length| end <= length);
                        there || !PLACEHOLDERS.iter().any(|range| range.contains(size))
                    }),
                };
                // A file that is longer by more than 32 bits can say counts from 0 again.
                let said = said.filter(|said| {
                    input
                        .length()
                        .is_none_or(|length| length.saturating_sub(input.at()) < said.saturating_add(WRAPPED))
                });
                let said = said.filter(|said| *said > 0 || input.length() == Some(input.at()));
                data = Some(Data { at: input.at(), said });
                // The description may come behind the samples, where that can be looked for.
                if format.is_some() || !input.can_seek() || said.is_none() {
                    break;
                }
            }
            b"fmt " if format.is_none() => {
                format = Some(Format::parse(input.peek(size.min(LONGEST_FORMAT) as usize)?)?)
            }
            b"ds64" => {
                let body = input.peek(16)?.last_chunk::<8>().filter(|_| size >= 16);
                long_data = body.map(|size| u64::from_le_bytes(*size));
            }
            _ => {}
        }
        if format.is_some() && data.is_some() {
            break;
        }
        // Chunks are padded to an even length. In RF64, that of the samples is elsewhere.
        let size = data
            .filter(|_| &name == b"data")
            .and_then(|data: Data| data.said)
            .unwrap_or(size);
        input.skip(size.saturating_add(size % 2))?;
    }
    let Some(format) = format else {
        return Err(Refused::Broken(
            "it has no chunk `fmt ` that says what its samples are".into(),
        ));
    };
    let Some(data) = data else {
        return Err(Refused::Broken("it has no chunk `data`".into()));
    };
    if input.at() != data.at {
        input.go_to(data.at)?;
    }
    // A live stream is not held up for it.
    if format.tag == PCM && format.bits == 16 && input.can_seek() && is_dts(input.peek(DTS_LEAD)?) {
        return Err(Refused::Unknown("holds DTS, named PCM".into()));
    }
    let note = data
        .said
        .map(|said| following(&mut input, said))
        .transpose()?
        .flatten();
    sound(input, &format, data, note)
}

/// Bytes in which a DTS stream has several frames, and how many of them are enough.
const DTS_LEAD: usize = 1 << 15;
const DTS_FRAMES: usize = 3;
/// What such a frame begins with, in all orders of bytes and bits that samples of 16 bits can hold: a word for all frames, and the bits
/// behind it of one that is whole, as bytes and which of their bits count (ETSI TS 102 114, 5.3.1).
const DTS: [(&[u8], [u8; 2], [u8; 2]); 4] = [
    (b"\x7F\xFE\x80\x01", [0xFC, 0], [0xFC, 0]),
    (b"\xFE\x7F\x01\x80", [0, 0xFC], [0, 0xFC]),
    (b"\x1F\xFF\xE8\x00", [0x07, 0xF0], [0xFF, 0xF0]),
    (b"\xFF\x1F\x00\xE8", [0xF0, 0x07], [0xF0, 0xFF]),
];

/// Whether these samples are none: DTS on a CD, and what was copied from it, says that it is PCM, and is noise if taken for that.
fn is_dts(data: &[u8]) -> bool {
    DTS.into_iter().any(|(word, bits, mask)| {
        let whole = |at: &usize| {
            let behind = data.get(at + word.len()..).and_then(<[u8]>::first_chunk::<2>);
            behind.is_some_and(|behind| (0..2).all(|byte| behind[byte] & mask[byte] == bits[byte]))
        };
        memchr::memmem::find_iter(data, word)
            .filter(whole)
            .take(DTS_FRAMES)
            .count()
            == DTS_FRAMES
    })
}

/// What is behind the samples and nobody hears.
fn following(input: &mut Input, said: u64) -> io::Result<Option<String>> {
    if !input.can_seek() {
        return Ok(None);
    }
    let start = input.at();
    let end = input.length().unwrap_or(0);
    let mut note = None;
    input.skip(said.saturating_add(said % 2))?;
    for _ in 0..MOST_CHUNKS {
        let Some((name, size)) = chunk(input)? else {
            break;
        };
        if &name == b"data" {
            note = Some("it holds its samples in several parts, of which the first was heard".to_owned());
            break;
        }
        let is_chunk = name
            .iter()
            .all(|letter| letter.is_ascii_alphanumeric() || b" _-.".contains(letter));
        if &name == b"RIFF" || !is_chunk || input.at() + CHUNK_HEADER + size > end {
            let container = identify(input)?.container;
            let frames = matches!(input.peek(2)?, [0xFF, second] if second & 0xE0 == 0xE0);
            note = (container != Container::Unknown || frames).then(|| JOINED.to_owned());
            break;
        }
        input.skip(CHUNK_HEADER + size + size % 2)?;
    }
    input.go_to(start)?;
    Ok(note)
}

fn sound(input: Input, format: &Format, data: Data, note: Option<String>) -> Result<Wav, Refused> {
    let length = data.said.unwrap_or(u64::MAX);
    let lacks = input
        .length()
        .zip(data.said)
        .and_then(|(there, said)| data.at.saturating_add(said).checked_sub(there));
    let cut = || {
        lacks
            .filter(|lacks| *lacks > 0)
            .map(|lacks| format!("it is cut off: its samples lack {lacks} bytes"))
    };
    if MPEG.contains(&format.tag) {
        return Ok(Wav {
            sound: Sound::Mpeg(Box::new(input.take(length))),
            said_s: None,
            note: note.or_else(cut),
        });
    }
    if !format.is_known() {
        let name = NAMED.iter().find(|(tag, _)| *tag == format.tag);
        let name = name.map_or_else(
            || format!("a codec of tag {:#06x}", format.tag),
            |(_, name)| (*name).into(),
        );
        return Err(Refused::Unknown(format!("holds {name}")));
    }
    if format.channels > MOST_CHANNELS {
        return Err(Refused::Unknown(format!(
            "has {} channels, but at most {MOST_CHANNELS} can be read of a WAV",
            format.channels
        )));
    }
    let (header, frame) = format.header()?;
    // Of plain samples, their length tells.
    let note = note
        .or_else(|| format.oddity())
        .or_else(|| cut().filter(|_| frame == 0));
    let frames = data.said.filter(|_| frame > 0).map(|said| said / frame.max(1));
    // The end of a frame that is not there whole would be taken for samples of another.
    let whole = frames.map_or(length, |frames| frames * frame);
    Ok(Wav {
        sound: Sound::Samples(Box::new(Cursor::new(header).chain(input.take(whole)))),
        said_s: frames.map(|frames| frames as f64 / f64::from(format.rate)),
        note,
    })
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn wav(riff: u32, data: u32) -> Vec<u8> {
        let mut bytes = b"RIFF".to_vec();
        bytes.extend(riff.to_le_bytes());
        bytes.extend(
            b"WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\x40\x1F\0\0\x01\0\x08\0data",
        );
        bytes.extend(data.to_le_bytes());
        bytes.extend([1; 100]);
        bytes
    }

    fn samples(bytes: Vec<u8>, stream: bool) -> (Vec<u8>, Option<f64>) {
        let input = match stream {
            true => Input::stream(Box::new(Cursor::new(bytes))),
            false => Input::memory(Cow::Owned(bytes)),
        };
        let Ok(Wav {
            sound: Sound::Samples(mut sound),
            said_s,
            ..
        }) = read(input)
        else {
            panic!("refused");
        };
        let mut all = Vec::new();
        sound.read_to_end(&mut all).unwrap();
        (all.split_off(44), said_s)
    }

    #[test]
    fn only_lengths_that_cannot_be_meant_are_left_out() {
        for stream in [false, true] {
            for (riff, data, heard, said) in [
                (148, 100, 100, Some(100)),
                (148, 60, 60, Some(60)), // chunks may follow
                (0, 0, 100, None),
                (u32::MAX, u32::MAX, 100, None),
                (0x7FFF_F024, 0x7FFF_F000, 100, None),
                (148, 800, 100, Some(800)), // cut off
                (20, 100, 100, Some(100)),
            ] {
                let (samples, said_s) = samples(wav(riff, data), stream);
                assert_eq!(samples, vec![1; heard], "{riff} {data}");
                assert_eq!(
                    said_s,
                    said.map(|samples| f64::from(samples) / 8_000.0),
                    "{riff} {data}"
                );
            }
        }
    }
}
