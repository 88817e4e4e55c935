//! WAV headers whose lengths say nothing.
//!
//! A program that writes a WAV to a pipe cannot go back and fill in the lengths: ffmpeg leaves 0xFFFFFFFF, sox nearly
//! 2 GiB, others 0, and a recorder that crashed leaves what it began with. The audio then goes on until the end, which
//! the container reader understands if both lengths are 0xFFFFFFFF.

use std::io::{self, Cursor, Read};

use crate::error::DecodeError;

/// `RIFF`, its length, `WAVE`.
const RIFF_HEADER: usize = 12;
/// A chunk's tag and length.
const CHUNK_HEADER: usize = 8;
/// Lengths from here on are placeholders: no program writes so much where it knows the length.
const PLACEHOLDER: u32 = 0x7FFF_0000;
/// The tag of the chunk that describes samples, and where in it the channels are.
const FORMAT: &[u8] = b"fmt ";
const CHANNELS_AT: usize = 2;
/// Channels that the container reader has places for; more make it panic, or say that the count is invalid.
const MOST_CHANNELS: u16 = 26;
/// Metadata before the audio may hold a cover picture, but not more than this.
const LONGEST_LEAD: usize = 16 << 20;

/// What was read of a stream to look at it, repaired where needed, to be read again before the rest.
pub(crate) struct Lead {
    pub(crate) bytes: Vec<u8>,
    /// Whether a length was changed.
    pub(crate) repaired: bool,
    /// Channels of a WAV whose header says so.
    pub(crate) channels: Option<u16>,
}

impl Lead {
    /// Reads as far as a WAV's audio begins, or a few bytes of anything else. `total` is the input's length if known.
    pub(crate) fn read(input: &mut impl Read, total: Option<u64>) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let mut lead = |bytes: &mut Vec<u8>, wanted: usize| -> io::Result<bool> {
            let read = input.take(wanted as u64).read_to_end(bytes)?;
            Ok(read == wanted)
        };
        let is_wav = lead(&mut bytes, RIFF_HEADER)? && bytes.starts_with(b"RIFF") && &bytes[8..] == b"WAVE";
        let (mut repaired, mut channels) = (false, None);
        while is_wav && bytes.len() < LONGEST_LEAD && lead(&mut bytes, CHUNK_HEADER)? {
            let at = bytes.len() - CHUNK_HEADER;
            let length = length_at(&bytes, at + 4);
            if &bytes[at..at + 4] == b"data" {
                if is_placeholder(&bytes, length, total) {
                    bytes[4..8].fill(0xFF);
                    bytes[at + 4..].fill(0xFF);
                    repaired = true;
                }
                break;
            }
            // Chunks are padded to an even length.
            let wanted = length as usize + (length & 1) as usize;
            if wanted > LONGEST_LEAD || !lead(&mut bytes, wanted)? {
                break;
            }
            if bytes[at..].starts_with(FORMAT) {
                let described = bytes[at + CHUNK_HEADER..].get(CHANNELS_AT..CHANNELS_AT + 2);
                channels = described.map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            }
        }
        Ok(Self {
            bytes,
            repaired,
            channels,
        })
    }

    /// Refuses what the container reader would stumble over.
    pub(crate) fn check(&self, name: &str) -> Result<(), DecodeError> {
        match self.channels {
            Some(channels) if channels > MOST_CHANNELS => Err(DecodeError::Unsupported {
                name: name.to_owned(),
                reason: format!("has {channels} channels, but at most {MOST_CHANNELS} can be read of a WAV"),
            }),
            _ => Ok(()),
        }
    }

    /// The lead, then `rest`.
    pub(crate) fn then<R: Read>(self, rest: R) -> io::Chain<Cursor<Vec<u8>>, R> {
        Cursor::new(self.bytes).chain(rest)
    }
}

fn length_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4]
        .iter()
        .rev()
        .fold(0, |length, byte| length << 8 | u32::from(*byte))
}

/// Whether the audio's `length` cannot be meant, seen from the audio's first byte.
fn is_placeholder(lead: &[u8], length: u32, total: Option<u64>) -> bool {
    let read = lead.len() as u64;
    let beyond_file = total.is_some_and(|total| read + u64::from(length) > total);
    let more_follows = total.is_none_or(|total| total > read);
    let beyond_riff = read + u64::from(length) > CHUNK_HEADER as u64 + u64::from(length_at(lead, 4));
    (length == 0 && more_follows) || length >= PLACEHOLDER || beyond_file || beyond_riff
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(riff: u32, data: u32) -> Vec<u8> {
        let mut bytes = b"RIFF".to_vec();
        bytes.extend(riff.to_le_bytes());
        bytes.extend(b"WAVELIST\x03\0\0\0abc\0data");
        bytes.extend(data.to_le_bytes());
        bytes.extend([1; 100]);
        bytes
    }

    #[test]
    fn only_lengths_that_cannot_be_meant_are_changed() {
        let total = wav(0, 0).len() as u64;
        for (riff, data, repaired) in [
            (124, 100, false),
            (124, 60, false), // chunks may follow
            (0, 0, true),
            (u32::MAX, u32::MAX, true),
            (0x7FFF_F024, 0x7FFF_F000, true),
            (124, 101, true),
            (20, 100, true),
        ] {
            let bytes = wav(riff, data);
            let lead = Lead::read(&mut bytes.as_slice(), Some(total)).unwrap();
            assert_eq!(lead.repaired, repaired, "{riff} {data}");
            assert_eq!(lead.bytes.len(), 32);
            assert_eq!(lead.bytes.ends_with(&[0xFF; 4]), repaired);
        }
    }

    #[test]
    fn anything_else_passes_unchanged() {
        for bytes in [
            &b""[..],
            b"RIFF",
            b"OggS and so on and so forth",
            b"RIFF\0\0\0\0WAVEfmt \xFF\xFF\xFF\x7F",
        ] {
            let mut rest = bytes;
            let lead = Lead::read(&mut rest, None).unwrap();
            assert!(!lead.repaired);
            let mut all = Vec::new();
            lead.then(rest).read_to_end(&mut all).unwrap();
            assert_eq!(all, bytes);
        }
    }
}
