//! Standard input: a file being piped, or raw samples.

use std::io::{self, Cursor, IsTerminal, Read};

use echometer_decode::{Choice, DecodeError, Decoder};

use super::raw::{self, Raw};
use super::{Samples, Track};
use crate::failure::Failure;

const NAME: &str = "standard input";
/// Bytes looked at to tell a file from raw samples.
const LEAD: usize = 12;

pub(super) fn open(layout: Option<raw::Layout>, decoder: Choice) -> Result<Track, Failure> {
    if io::stdin().is_terminal() {
        return Err(Failure::usage(
            "standard input is a terminal, but samples must come from a pipe or a file",
        )
        .hint("for example: ffmpeg -i song.webm -f wav - | analyzer --input -"));
    }
    let mut lead = Vec::new();
    let mut stdin = io::stdin();
    (&mut stdin)
        .take(LEAD as u64)
        .read_to_end(&mut lead)
        .map_err(|error| Failure::input(format!("{NAME}: cannot be read: {error}")))?;
    if lead.is_empty() {
        return Err(
            Failure::input(format!("{NAME}: holds no audio: it ended at once"))
                .hint("check the program that writes to the pipe"),
        );
    }
    let known = is_container(&lead);
    let all = Box::new(Cursor::new(lead).chain(stdin));
    let samples: Box<dyn Samples> = match layout {
        Some(layout) if !known => Box::new(Raw::new(all, layout)),
        _ => match Decoder::from_stream_with(all, NAME, decoder) {
            Err(DecodeError::Unrecognised { reason, .. }) if layout.is_none() && !known => {
                return Err(Failure::usage(format!(
                    "{NAME} is no audio file that can be decoded ({reason}), and what raw samples it holds was not told"
                ))
                .hint("tell all three, for example: --raw-rate 48000 --raw-channels 2 --raw-format f32le"));
            }
            decoder => Box::new(decoder?),
        },
    };
    Ok(Track {
        title: NAME.to_owned(),
        samples,
    })
}

/// Whether the bytes begin a container that cannot be mistaken.
fn is_container(lead: &[u8]) -> bool {
    let magic: [&[u8]; 9] = [
        b"RIFF",
        b"RF64",
        b"BW64",
        b"FORM",
        b"fLaC",
        b"OggS",
        b"ID3",
        b"caff",
        b"\x1A\x45\xDF\xA3",
    ];
    magic.iter().any(|magic| lead.starts_with(magic)) || lead.get(4..8) == Some(b"ftyp")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_told_from_raw_samples() {
        assert!(is_container(b"RIFF\0\0\0\0WAVE"));
        assert!(is_container(b"\0\0\0\x18ftypM4A "));
        assert!(!is_container(&[0; 12]));
    }
}
