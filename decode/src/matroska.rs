//! What the library does not tell of Matroska: delays of codecs to more than the millisecond, and whether the file is there whole.

use std::io;

use crate::input::Input;

/// Identifiers of the elements on the way to a track's delay (RFC 9559).
const HEADER: u32 = 0x1A45_DFA3;
const SEGMENT: u32 = 0x1853_8067;
const TRACKS: u32 = 0x1654_AE6B;
const CLUSTER: u32 = 0x1F43_B675;
const ENTRY: u32 = 0xAE;
const NUMBER: u32 = 0xD7;
const DELAY: u32 = 0x56AA;

/// A longer list of tracks is no music's, and it comes before so many elements.
const LONGEST: u64 = 16 << 20;
const MOST: usize = 1000;
/// Bytes of an identifier and a size at most.
const HEAD: usize = 12;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Delays in seconds by the numbers of tracks.
    pub(crate) delays: Vec<(u32, f64)>,
    /// Whether the file is shorter than its segment says.
    pub(crate) is_cut: bool,
    /// Whether another file begins where its segment ends.
    pub(crate) is_joined: bool,
}

/// Looks through the head of a file. The input stays where it is. A stream is not looked at.
pub(crate) fn look(input: &mut Input) -> io::Result<Found> {
    if !input.can_seek() {
        return Ok(Found::default());
    }
    let start = input.at();
    let (mut found, end) = find(input)?;
    if let Some(end) = end {
        found.is_cut = input.length().is_some_and(|length| end > length);
        if !found.is_cut {
            input.go_to(end)?;
            found.is_joined = head(input.peek(HEAD)?).is_some_and(|(id, ..)| id == HEADER);
        }
    }
    input.go_to(start)?;
    Ok(found)
}

/// What is in the head of a file, and where its segment ends, if it says so.
fn find(input: &mut Input) -> io::Result<(Found, Option<u64>)> {
    let (mut found, mut end) = (Found::default(), None);
    for _ in 0..MOST {
        let Some((id, size, head)) = head(input.peek(HEAD)?) else {
            break;
        };
        input.skip(head as u64)?;
        match (id, size) {
            // What is in it comes next.
            (SEGMENT, size) => end = size.and_then(|size| input.at().checked_add(size)),
            (TRACKS, Some(size)) if size <= LONGEST => {
                let tracks = input.peek(size as usize)?;
                let entries = children(tracks).filter(|(id, _)| *id == ENTRY);
                found.delays = entries.filter_map(|(_, entry)| delay(entry)).collect();
                break;
            }
            (CLUSTER, _) | (_, None) => break,
            (_, Some(size)) => input.skip(size)?,
        }
    }
    Ok((found, end))
}

fn delay(entry: &[u8]) -> Option<(u32, f64)> {
    let number = |wanted| {
        let (_, bytes) = children(entry).find(|(id, _)| *id == wanted)?;
        Some(
            bytes
                .iter()
                .fold(0u64, |number, byte| number << 8 | u64::from(*byte)),
        )
    };
    Some((u32::try_from(number(NUMBER)?).ok()?, number(DELAY)? as f64 / 1e9))
}

/// The elements in a body.
fn children(mut body: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        let (id, size, head) = head(body)?;
        let size = usize::try_from(size?).ok()?;
        let inside = body.get(head..head.checked_add(size)?)?;
        body = &body[head + size..];
        Some((id, inside))
    })
}

/// An element's identifier, its size where it is known, and the size of its head.
fn head(bytes: &[u8]) -> Option<(u32, Option<u64>, usize)> {
    let width = |byte: u8| byte.leading_zeros() as usize + 1;
    let id_width = width(*bytes.first()?);
    if id_width > 4 {
        return None;
    }
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0u64, |number, byte| number << 8 | u64::from(*byte))
    };
    let id = number(bytes.get(..id_width)?) as u32;
    let size_width = width(*bytes.get(id_width)?);
    if size_width > 8 {
        return None;
    }
    let size = number(bytes.get(id_width..id_width + size_width)?) & !(u64::MAX << (7 * size_width));
    // All ones: it goes on until something else begins.
    let known = size != !(u64::MAX << (7 * size_width));
    Some((id, known.then_some(size), id_width + size_width))
}
