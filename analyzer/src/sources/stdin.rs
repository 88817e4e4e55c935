//! Standard input: a file being piped, or raw samples.

use std::io::{self, Cursor, IsTerminal, Read};

use echometer_decode::Decoder;

use super::Track;
use super::raw::{self, Raw};
use crate::failure::Failure;

const NAME: &str = "standard input";
/// Bytes looked at to tell a file from raw samples.
const LEAD: usize = 12;

pub(super) fn open(layout: Option<raw::Layout>) -> Result<Track, Failure> {
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
    let known = is_container(&lead) || (layout.is_none() && is_bare_frame(&lead));
    let all = Cursor::new(lead).chain(stdin);
    let title = NAME.to_owned();
    match layout {
        _ if known => Ok(Track {
            title,
            samples: Box::new(Decoder::from_stream(Box::new(all), NAME)?),
        }),
        Some(layout) => Ok(Track {
            title,
            samples: Box::new(Raw::new(Box::new(all), layout)),
        }),
        None => Err(Failure::usage(format!(
            "{NAME} begins like no audio file, and what raw samples it holds was not told"
        ))
        .hint("tell all three, for example: --raw-rate 48000 --raw-channels 2 --raw-format f32le")),
    }
}

/// Whether the bytes begin a container that cannot be mistaken.
fn is_container(lead: &[u8]) -> bool {
    let magic: [&[u8]; 6] = [b"RIFF", b"FORM", b"fLaC", b"OggS", b"ID3", b"\x1A\x45\xDF\xA3"];
    magic.iter().any(|magic| lead.starts_with(magic)) || lead.get(4..8) == Some(b"ftyp")
}

/// Whether the bytes begin an MP3 or ADTS frame. Raw samples may look the same.
fn is_bare_frame(lead: &[u8]) -> bool {
    matches!(lead, [0xFF, second, ..] if second & 0xE0 == 0xE0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_told_from_raw_samples() {
        assert!(is_container(b"RIFF\0\0\0\0WAVE"));
        assert!(is_container(b"\0\0\0\x18ftypM4A "));
        assert!(!is_container(&[0; 12]));
        assert!(is_bare_frame(&[0xFF, 0xFB, 0x90, 0x64]));
        assert!(!is_bare_frame(&[0xFF, 0x1F, 0, 0]));
    }
}
