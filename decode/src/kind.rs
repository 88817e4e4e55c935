//! What a file is from its first byte to its last: for who writes into it, a good beginning is not enough.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::container::{Container, identify, tag_length};
use crate::frames::{Frames, Header};
use crate::input::{Input, Window};
use crate::{flac, mp4, ogg};

/// A container that has its file for itself, or what else the file is.
///
/// Told by structure: neither by a name, nor by a search for bytes that look like sound.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Frames of MPEG audio layer III from the first byte on, or right behind one ID3v2 tag.
    Mp3,
    /// RIFF WAVE, whatever codec is in it; not RF64 and BW64, whose sizes are elsewhere.
    Wave,
    /// AIFF and AIFF-C.
    Aiff,
    /// One FLAC file.
    Flac,
    /// One stream of Ogg Vorbis.
    Vorbis,
    /// One stream of Ogg Opus.
    Opus,
    /// MP4 and M4A, not in fragments; not QuickTime.
    Mp4,
    /// Anything else, in words that follow "it is", such as `Matroska`.
    Other(String),
}

impl Kind {
    /// What the file at `path` is; an error where it cannot be read.
    pub fn of(path: &Path) -> io::Result<Self> {
        Self::find(Input::file(File::open(path)?)?)
    }

    fn find(mut input: Input) -> io::Result<Self> {
        // One tag belongs to MP3, and the frames begin right behind it.
        let lead = input.peek(10)?;
        let tag = tag_length(lead).filter(|_| lead.starts_with(b"ID3")).unwrap_or(0);
        let found = identify(&mut input)?;
        let other = |what: &str| Ok(Self::Other(what.to_owned()));
        let name = match found.container {
            Container::Unknown => {
                input.go_to(tag)?;
                return first_frame(input);
            }
            Container::Wave => "WAV",
            Container::Aiff => "AIFF",
            Container::Flac => "FLAC",
            Container::Ogg => "Ogg",
            Container::Mp4 => "MP4",
            Container::Matroska => "Matroska",
            Container::Caf => "CAF",
            Container::Other(name) => name,
        };
        if found.before > 0 {
            return Ok(Self::Other(format!(
                "{name} behind {} bytes of tags or zeros",
                found.before
            )));
        }
        match found.container {
            Container::Wave if input.peek(4)? != b"RIFF" => other("RF64, whose sizes are elsewhere"),
            Container::Wave => Ok(Self::Wave),
            Container::Aiff => Ok(Self::Aiff),
            Container::Flac => Ok(flac::alone(&mut input)?.map_or(Self::Flac, Self::Other)),
            Container::Ogg => Ok(match ogg::alone(&mut input)? {
                Ok(ogg::Codec::Vorbis) => Self::Vorbis,
                Ok(ogg::Codec::Opus) => Self::Opus,
                Err(what) => Self::Other(what),
            }),
            Container::Mp4 => Ok(mp4::alone(&mut input)?.map_or(Self::Mp4, Self::Other)),
            _ => other(name),
        }
    }
}

/// What the frame is that begins here, with others behind it.
fn first_frame(input: Input) -> io::Result<Kind> {
    let start = input.at();
    let mut frames = Frames::new(Window::new(Box::new(input)));
    let first = frames.next()?;
    Ok(match first {
        Some((_, frame)) if frames.passed() > frame.len() as u64 => Kind::Other(format!(
            "something else up to byte {}, and frames of sound only from there on",
            start + frames.passed() - frame.len() as u64
        )),
        Some((Header::Mpeg(header), _)) if header.is_layer_3() => Kind::Mp3,
        Some((Header::Mpeg(_), _)) => Kind::Other("MPEG audio, but not MP3".into()),
        Some((Header::Adts(_), _)) => Kind::Other("AAC without a container (ADTS)".into()),
        None => Kind::Other("nothing that is known".into()),
    })
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn of(bytes: &[u8]) -> Kind {
        Kind::find(Input::memory(Cow::Owned(bytes.to_vec()))).unwrap()
    }

    fn refused(bytes: &[u8], reason: &str) {
        match of(bytes) {
            Kind::Other(what) => assert!(what.contains(reason), "{what}"),
            kind => panic!("{kind:?}"),
        }
    }

    /// A page of Ogg with these flags, of this stream.
    fn page(flags: u8, serial: u8, body: &[u8]) -> Vec<u8> {
        let head = [
            &b"OggS\0"[..],
            &[flags],
            &[0; 8],
            &[serial, 0, 0, 0],
            &[0; 8],
            &[1],
        ]
        .concat();
        [&head, &[body.len() as u8][..], body].concat()
    }

    fn atom(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], name, body].concat()
    }

    #[test]
    fn mp3_begins_with_a_frame_or_one_tag() {
        let frame = [&b"\xFF\xFB\x90\0"[..], &[0; 413]].concat();
        let frames = frame.repeat(4);
        let tag = b"ID3\x04\0\0\0\0\0\x05abcde";
        assert_eq!(of(&frames), Kind::Mp3);
        assert_eq!(of(&[tag, &frames[..]].concat()), Kind::Mp3);
        refused(&[tag, tag, &frames[..]].concat(), "only from there on");
        refused(&[&tag[..], &[0; 9], &frames].concat(), "only from there on");
        refused(&[&[0; 9], &frames[..]].concat(), "up to byte 9");
        refused(&[b"what is this?", &frames[..]].concat(), "up to byte 13");
        let layer_2 = [&b"\xFF\xFD\x90\0"[..], &[0; 518]].concat();
        refused(&layer_2.repeat(4), "not MP3");
        refused(&frame[..100], "nothing");
        refused(b"", "nothing");
    }

    #[test]
    fn ogg_is_one_stream_page_behind_page() {
        let first = page(2, 1, b"\x01vorbis and more");
        let opus = page(2, 1, b"OpusHead");
        let (next, last) = (page(0, 1, b"sound"), page(4, 1, b"the end"));
        let vorbis = [&first[..], &next, &last].concat();
        assert_eq!(of(&vorbis), Kind::Vorbis);
        assert_eq!(of(&[&opus[..], &next].concat()), Kind::Opus);
        refused(&page(2, 1, b"\x7FFLAC"), "FLAC in Ogg");
        refused(&page(2, 1, b"another"), "not known");
        refused(&vorbis.repeat(2), "more than one stream");
        refused(
            &[&first[..], &page(2, 2, b"OpusHead"), &next].concat(),
            "more than one stream",
        );
        refused(
            &[&first[..], &page(0, 2, b"sound")].concat(),
            "more than one stream",
        );
        refused(&[&vorbis[..], b"what is this?"].concat(), "without a whole page");
        refused(&vorbis[..vorbis.len() - 1], "without a whole page");
        refused(
            &[b"ID3\x04\0\0\0\0\0\0", &vorbis[..]].concat(),
            "Ogg behind 10 bytes",
        );
    }

    #[test]
    fn mp4_is_whole_and_in_one_piece() {
        let types = atom(b"ftyp", b"M4A \0\0\0\0");
        let (index, sound) = (atom(b"moov", b""), atom(b"mdat", b"sound"));
        let whole = [&types[..], &index, &sound].concat();
        assert_eq!(of(&whole), Kind::Mp4);
        // Up to the end, whatever that is.
        assert_eq!(
            of(&[&types[..], &index, b"\0\0\0\0mdatsound"].concat()),
            Kind::Mp4
        );
        refused(&[&whole[..], &atom(b"moof", b"")].concat(), "fragments");
        refused(&whole[..whole.len() - 1], "whole atom");
        refused(&[&whole[..], b"junk behind it"].concat(), "whole atom");
        refused(&whole.repeat(2), "exactly one");
        refused(&[&index[..], &sound].concat(), "QuickTime");
        refused(
            &[&atom(b"ftyp", b"qt  \0\0\0\0")[..], &index].concat(),
            "QuickTime",
        );
    }

    #[test]
    fn flac_and_wav_are_alone() {
        let flac = [&b"fLaC\x80\0\0\x22"[..], &[1; 34], b"\xFF\xF8 and more sound"].concat();
        assert_eq!(of(&flac), Kind::Flac);
        refused(&flac.repeat(2), "joined");
        refused(&flac[..42], "without a frame");
        refused(b"fLaC\0\0", "within its blocks");
        assert_eq!(of(b"RIFF\0\0\0\0WAVEfmt "), Kind::Wave);
        assert_eq!(of(b"FORM\0\0\0\0AIFC"), Kind::Aiff);
        refused(b"RF64\xFF\xFF\xFF\xFFWAVEds64", "RF64");
        refused(&[&[0; 200], &b"RIFF\0\0\0\0WAVEfmt "[..]].concat(), "");
        refused(b"\x1A\x45\xDF\xA3", "Matroska");
    }
}
