//! The pages of Ogg: how a file ends, for its container reader takes the last page that is there for the last that there was; and whether
//! they are one stream.

use std::io;

use crate::input::Input;

/// The longest page, with its header.
const LONGEST_PAGE: u64 = 27 + 255 + 255 * 255;
/// Bytes of a page's header before its table of sizes.
const HEADER: usize = 27;
/// Where the flags are, and those of a stream's first and last page; and where its number is.
const FLAGS: usize = 5;
const BEGIN: u8 = 2;
const LAST: u8 = 4;
const SERIAL: usize = 14;

/// What is said of a stream that ends without a last page.
pub(crate) const OPEN: &str = "it may be cut off: no page says that it is the last";

/// What is wrong with the end of a file that begins where the input is; the input stays there. Nothing is known of a stream.
pub(crate) fn end(input: &mut Input) -> io::Result<Option<&'static str>> {
    let (start, Some(length)) = (input.at(), input.length()) else {
        return Ok(None);
    };
    input.go_to(length.saturating_sub(2 * LONGEST_PAGE).max(start))?;
    let said = judge(input.peek(2 * LONGEST_PAGE as usize)?);
    input.go_to(start)?;
    Ok(said)
}

/// A stream that Ogg holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Vorbis,
    Opus,
}

/// What the first packet of a stream begins with.
const FIRST: [(&[u8], Result<Codec, &str>); 5] = [
    (b"\x01vorbis", Ok(Codec::Vorbis)),
    (b"OpusHead", Ok(Codec::Opus)),
    (b"\x7FFLAC", Err("FLAC in Ogg")),
    (b"Speex   ", Err("Speex in Ogg")),
    (b"fishead\0", Err("Ogg with a skeleton")),
];

/// The codec of a file that begins where the input is and has one stream, page behind page to its end; or else, in words that follow
/// "it is", what it has.
pub(crate) fn alone(input: &mut Input) -> io::Result<Result<Codec, String>> {
    let length = input.length().unwrap_or(u64::MAX);
    let (mut first, mut stream) = (None, None);
    while input.at() < length {
        let at = input.at();
        let broken = || Ok(Err(format!("Ogg without a whole page at byte {at}")));
        let seen = input.peek(HEADER + 255)?;
        let Some(table) = table(seen).filter(|_| seen.starts_with(b"OggS\0")) else {
            return broken();
        };
        let head = HEADER + table.len();
        let size = (head + body(table)) as u64;
        if size > length - at {
            return broken();
        }
        let serial = seen[SERIAL..].first_chunk::<4>().copied();
        let begins = seen[FLAGS] & BEGIN != 0;
        if begins != first.is_none() || *stream.get_or_insert(serial) != serial {
            return Ok(Err("Ogg with more than one stream".into()));
        }
        if begins {
            let packet = &input.peek(head + 8)?[head..];
            first = FIRST
                .iter()
                .find(|(lead, _)| packet.starts_with(lead))
                .map(|(_, what)| *what)
                .or(Some(Err("Ogg with a codec that is not known")));
        }
        input.skip(size)?;
    }
    Ok(first.unwrap_or(Err("Ogg without a page")).map_err(str::to_owned))
}

/// The sizes in a page's header; `None` where they are not all there.
fn table(page: &[u8]) -> Option<&[u8]> {
    let count = usize::from(*page.get(HEADER - 1)?);
    page.get(HEADER..HEADER + count)
}

/// How long a page's body is.
fn body(table: &[u8]) -> usize {
    table.iter().map(|size| usize::from(*size)).sum()
}

fn judge(tail: &[u8]) -> Option<&'static str> {
    const CUT: Option<&str> = Some("it is cut off: its last page is not whole");
    let at = memchr::memmem::rfind(tail, b"OggS");
    let Some(page) = at.map(|at| &tail[at..]) else {
        return Some(OPEN);
    };
    let Some(table) = table(page) else {
        return CUT;
    };
    let size = HEADER + table.len() + body(table);
    match page.len() {
        there if there < size => CUT,
        _ if page[FLAGS] & LAST == 0 => Some(OPEN),
        _ => None,
    }
}
