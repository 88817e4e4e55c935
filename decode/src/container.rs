//! What a file is, by its structure: never by its name, and never by a search for bytes that look like sound.

use std::io;

use crate::input::Input;

/// How a file begins that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// RIFF WAVE, RF64 and BW64.
    Wave,
    /// AIFF and AIFF-C.
    Aiff,
    /// FLAC on its own.
    Flac,
    /// Ogg, whatever is in it.
    Ogg,
    /// MP4, M4A, QuickTime.
    Mp4,
    /// Matroska and WebM.
    Matroska,
    /// Apple's Core Audio Format.
    Caf,
    /// A format that is known by name, and not read here.
    Other(&'static str),
    /// Nothing that is known: frames of MPEG audio or ADTS, which have no beginning of their own, or no sound at all.
    Unknown,
}

/// What was found in front of the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) container: Container,
    /// Bytes of tags and padding before it.
    pub(crate) before: u64,
}

/// Bytes that tell most containers.
const LEAD: usize = 64;
/// Bytes of a packet of a transport stream, and as many as tell such a stream.
const TRANSPORT_PACKET: usize = 188;
const LONG_LEAD: usize = 3 * TRANSPORT_PACKET + 1;
/// Zeros that may be in front of a file; some programs leave megabytes of them.
const MOST_ZEROS: u64 = 64 << 20;
/// Tags in front of one another; more is no file that anybody wrote.
const MOST_TAGS: u32 = 16;

/// Formats known by the bytes at their beginning.
const KNOWN: [(&[u8], Container); 30] = [
    (b"fLaC", Container::Flac),
    (b"OggS", Container::Ogg),
    (b"\x1A\x45\xDF\xA3", Container::Matroska),
    (b"caff", Container::Caf),
    (b"wvpk", Container::Other("WavPack")),
    (b"MAC ", Container::Other("Monkey's Audio")),
    (b"DSD ", Container::Other("DSD (DSF)")),
    (b"FRM8", Container::Other("DSD (DSDIFF)")),
    (
        b"\x30\x26\xB2\x75\x8E\x66\xCF\x11",
        Container::Other("Windows Media (WMA)"),
    ),
    (b"\x0B\x77", Container::Other("AC-3")),
    (b"\x7F\xFE\x80\x01", Container::Other("DTS")),
    (b"\xFE\x7F\x01\x80", Container::Other("DTS")),
    (b"MPCK", Container::Other("Musepack")),
    (b"MP+", Container::Other("Musepack")),
    (b"TTA1", Container::Other("True Audio (TTA)")),
    (b"TTA2", Container::Other("True Audio (TTA)")),
    (b"tBaK", Container::Other("TAK")),
    (b"OFR ", Container::Other("OptimFROG")),
    (b"LA04", Container::Other("LA")),
    (b"#!AMR", Container::Other("AMR")),
    (b".snd", Container::Other("AU")),
    (b"riff\x2E\x91\xCF\x11", Container::Other("Wave64 (W64)")),
    (b".RMF", Container::Other("RealMedia")),
    (b"FLV\x01", Container::Other("Flash Video")),
    (b"Creative Voice File", Container::Other("Creative Voice (VOC)")),
    (b"\0\0\x01\xBA", Container::Other("MPEG program stream")),
    (b"MThd", Container::Other("MIDI, which holds notes and no sound")),
    (b"Extended Module: ", Container::Other("a tracker module")),
    (b"IMPM", Container::Other("a tracker module")),
    (b"\x00\x00\x00\x0CjP  ", Container::Other("a picture")),
];

/// Looks at where the input is, passes over tags and zeros, and says what begins there.
pub(crate) fn identify(input: &mut Input) -> io::Result<Found> {
    let start = input.at();
    for _ in 0..MOST_TAGS {
        match tag_length(input.peek(LEAD)?) {
            Some(length) => input.skip(length)?,
            None if input.at() - start < MOST_ZEROS && pass_zeros(input)? => {}
            None => break,
        }
    }
    let before = input.at() - start;
    let container = by_beginning(input)?;
    Ok(Found { container, before })
}

/// Passes over zeros; whether there were more than a container begins with.
fn pass_zeros(input: &mut Input) -> io::Result<bool> {
    let start = input.at();
    while input.at() - start < MOST_ZEROS {
        // Little is looked at until there are many: a live stream should not wait.
        let wanted = if input.at() == start { LEAD } else { 4096 };
        let bytes = input.peek(wanted)?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        // MP4 and MPEG program streams begin with up to three zeros.
        let whole = zeros == bytes.len();
        if zeros < LEAD && !(whole && input.at() > start) {
            return Ok(input.at() > start);
        }
        if zeros == 0 {
            return Ok(input.at() > start);
        }
        let pass = if whole { zeros } else { zeros - zeros.min(3) };
        input.skip(pass as u64)?;
        if !whole {
            // The last three may belong to what follows; frames have none, and are found behind them.
            return Ok(true);
        }
    }
    Ok(true)
}

fn by_beginning(input: &mut Input) -> io::Result<Container> {
    let seen = input.peek(LONG_LEAD)?;
    let lead = &seen[..seen.len().min(LEAD)];
    if let Some((_, container)) = KNOWN.iter().find(|(magic, _)| lead.starts_with(magic)) {
        return Ok(*container);
    }
    let form = lead.get(8..12).unwrap_or_default();
    let container = match lead.get(..4).unwrap_or_default() {
        b"RIFF" | b"RF64" | b"BW64" if form == b"WAVE" => Container::Wave,
        b"RIFF" if form.starts_with(b"AVI") => Container::Other("AVI"),
        b"FORM" if form == b"AIFF" || form == b"AIFC" => Container::Aiff,
        b"FORM" => Container::Other("IFF"),
        _ if is_mp4(lead) => Container::Mp4,
        _ if is_transport_stream(seen) => Container::Other("MPEG transport stream"),
        _ => Container::Unknown,
    };
    Ok(container)
}

/// Whether an atom that files begin with is there.
fn is_mp4(lead: &[u8]) -> bool {
    let size = lead.first_chunk().map_or(0, |size| u32::from_be_bytes(*size));
    let name = lead.get(4..8).unwrap_or_default();
    let first: [&[u8]; 6] = [b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"];
    first.contains(&name) && (size >= 8 || size <= 1)
}

/// Whether packets of a transport stream follow one another.
fn is_transport_stream(seen: &[u8]) -> bool {
    (0..=3).all(|packet| seen.get(packet * TRANSPORT_PACKET) == Some(&0x47))
}

/// How long the tag is that begins with these bytes: ID3v2 or APE.
pub(crate) fn tag_length(bytes: &[u8]) -> Option<u64> {
    if let Some([major, _, flags, sizes @ ..]) = bytes.strip_prefix(b"ID3").and_then(<[u8]>::first_chunk::<7>)
    {
        let known = (2..=4).contains(major) && sizes.iter().all(|byte| *byte < 0x80);
        let size = sizes.iter().fold(0, |size, byte| size << 7 | u64::from(*byte));
        let footer = if flags & 0x10 != 0 { 10 } else { 0 };
        return known.then_some(10 + size + footer);
    }
    let head = bytes.strip_prefix(b"APETAGEX")?.first_chunk::<24>()?;
    let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    // The size leaves the header out, and a header has this flag; what a footer is of is before it.
    let is_header = head[15] & 0x20 != 0;
    Some(32 + if is_header { u64::from(size) } else { 0 })
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn of(bytes: &[u8]) -> (Container, u64) {
        let found = identify(&mut Input::memory(Cow::Owned(bytes.to_vec()))).unwrap();
        (found.container, found.before)
    }

    #[test]
    fn containers_are_told_by_their_beginning_behind_tags_and_zeros() {
        assert_eq!(of(b"RIFF\0\0\0\0WAVEfmt "), (Container::Wave, 0));
        assert_eq!(of(b"RF64\xFF\xFF\xFF\xFFWAVEds64"), (Container::Wave, 0));
        assert_eq!(of(b"\0\0\0\x18ftypM4A "), (Container::Mp4, 0));
        assert_eq!(of(b"FORM\0\0\0\0AIFC"), (Container::Aiff, 0));
        assert_eq!(of(b"wvpk"), (Container::Other("WavPack"), 0));
        assert_eq!(of(b""), (Container::Unknown, 0));
        assert_eq!(of(b"junk and then OggS"), (Container::Unknown, 0));
        let tag = b"ID3\x04\0\0\0\0\0\x05abcde";
        assert_eq!(of(&[tag, &b"fLaC"[..]].concat()), (Container::Flac, 15));
        assert_eq!(of(&[tag, tag, &b"OggS"[..]].concat()), (Container::Ogg, 30));
        let padded = [&[0; 100_000][..], b"OggS"].concat();
        assert_eq!(
            of(&padded),
            (Container::Unknown, 99_997),
            "zeros stay a part of what is unknown"
        );
        assert_eq!(of(&[0; 5_000]).0, Container::Unknown);
    }
}
