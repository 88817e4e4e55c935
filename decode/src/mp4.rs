//! What the library does not read of MP4: edit lists, which say how much of a track's beginning is its encoder's and where its sound
//! ends; and whether the file is there whole.

use std::io;

use crate::input::Input;

/// A larger index is no music's.
const LARGEST: u64 = 64 << 20;
/// Atoms on the way to the index.
const MOST_ATOMS: usize = 10_000;

/// What a track's edit list says, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Edit {
    /// Where in its media the track begins, and how long it is.
    pub(crate) start_s: f64,
    pub(crate) length_s: Option<f64>,
    /// Whether it plays several parts, or one out of order.
    pub(crate) is_cut: bool,
}

/// The edits by the numbers of tracks; none where the index cannot be found. The input stays where it is.
pub(crate) fn edits(input: &mut Input) -> io::Result<Vec<(u32, Edit)>> {
    let start = input.at();
    let index = index(input)?;
    if input.can_seek() {
        input.go_to(start)?;
    }
    Ok(index.map(|index| tracks(&index)).unwrap_or_default())
}

/// Whether a file's last atom says that it is longer than the file, and whether another file is behind it. The input stays where it
/// is. Nothing is known of a stream.
pub(crate) fn end(input: &mut Input) -> io::Result<(bool, bool)> {
    let (start, Some(length)) = (input.at(), input.length()) else {
        return Ok((false, false));
    };
    let (mut cut, mut indices) = (false, 0);
    for _ in 0..MOST_ATOMS {
        let Some((size, name, head)) = atom_head(input.peek(16)?) else {
            break;
        };
        if size == u64::MAX || size < head as u64 {
            break; // up to the end, or nonsense
        }
        indices += u32::from(&name == b"moov");
        cut = input.at().saturating_add(size) > length;
        input.skip(size)?;
    }
    input.go_to(start)?;
    Ok((cut, indices > 1))
}

/// What is wrong with a file that begins where the input is, if it is not one MP4 file without fragments: in words that follow "it is".
pub(crate) fn alone(input: &mut Input) -> io::Result<Option<String>> {
    let length = input.length().unwrap_or(u64::MAX);
    let said = |what: &str| Ok(Some(what.to_owned()));
    let (mut types, mut indices) = (0, 0);
    while input.at() < length {
        let at = input.at();
        let seen = input.peek(16)?;
        let brand = seen.get(8..12) == Some(b"qt  ");
        let Some((size, name, head)) = atom_head(seen) else {
            return Ok(Some(format!("MP4 without a whole atom at byte {at}")));
        };
        // The last one may go on to the end without a size.
        let whole = size == u64::MAX || (size >= head as u64 && size <= length - at);
        match &name {
            _ if !whole => return Ok(Some(format!("MP4 without a whole atom at byte {at}"))),
            b"ftyp" if brand => return said("QuickTime, whose tags are elsewhere"),
            b"ftyp" => types += 1,
            b"moov" => indices += 1,
            b"moof" | b"mfra" | b"sidx" => return said("MP4 in fragments"),
            _ => {}
        }
        input.skip(size)?;
    }
    match (types, indices) {
        (1, 1) => Ok(None),
        (0, 1) => said("QuickTime, whose tags are elsewhere"),
        _ => said("MP4 without exactly one beginning and one index (ftyp, moov)"),
    }
}

/// The body of the atom `moov`. A stream is only looked at as far as it is the next or the one after.
fn index(input: &mut Input) -> io::Result<Option<Vec<u8>>> {
    let mut ahead = 0;
    for _ in 0..MOST_ATOMS {
        let seen = input.peek(ahead + 16)?;
        let Some((size, name, head)) = seen.get(ahead..).and_then(atom_head) else {
            return Ok(None);
        };
        if size < head as u64 {
            return Ok(None);
        }
        if &name == b"moov" {
            if size > LARGEST {
                return Ok(None);
            }
            let seen = input.peek(ahead + size as usize)?;
            return Ok(seen.get(ahead + head..).map(<[u8]>::to_vec));
        }
        if input.can_seek() {
            if input
                .length()
                .is_some_and(|length| input.at().saturating_add(size) >= length)
            {
                return Ok(None);
            }
            input.skip(size)?;
        } else {
            ahead = ahead.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
            if &name == b"mdat" || ahead as u64 > LARGEST {
                return Ok(None);
            }
        }
    }
    Ok(None)
}

/// An atom's whole size, its name, and the size of its head.
fn atom_head(bytes: &[u8]) -> Option<(u64, [u8; 4], usize)> {
    let (size, rest) = bytes.split_first_chunk::<4>()?;
    let (name, rest) = rest.split_first_chunk::<4>()?;
    Some(match u32::from_be_bytes(*size) {
        0 => (u64::MAX, *name, 8),
        1 => (u64::from_be_bytes(*rest.first_chunk()?), *name, 16),
        size => (u64::from(size), *name, 8),
    })
}

/// The bodies of the atoms called `wanted` in a body.
fn within<'a>(mut body: &'a [u8], wanted: &'a [u8; 4]) -> impl Iterator<Item = &'a [u8]> {
    std::iter::from_fn(move || {
        loop {
            let (size, name, head) = atom_head(body)?;
            let size = usize::try_from(size).unwrap_or(usize::MAX).min(body.len());
            let inside = body.get(head..size)?;
            body = &body[size..];
            if name == *wanted {
                return Some(inside);
            }
        }
    })
}

fn tracks(moov: &[u8]) -> Vec<(u32, Edit)> {
    let movie = within(moov, b"mvhd").next().and_then(timescale);
    let track = |trak| {
        let header = within(trak, b"tkhd").next()?;
        let at = if header.first() == Some(&1) { 20 } else { 12 };
        let number = u32_at(header, at)?;
        let media = within(trak, b"mdia").next()?;
        let scale = within(media, b"mdhd").next().and_then(timescale)?;
        let list = within(trak, b"edts")
            .next()
            .and_then(|edits| within(edits, b"elst").next())?;
        Some((number, edit(list, movie?, scale)?))
    };
    within(moov, b"trak").filter_map(track).collect()
}

/// Units a second, of a movie's or a medium's header.
fn timescale(header: &[u8]) -> Option<f64> {
    let at = if header.first() == Some(&1) { 20 } else { 12 };
    u32_at(header, at).filter(|scale| *scale > 0).map(f64::from)
}

fn edit(list: &[u8], movie: f64, media: f64) -> Option<Edit> {
    let long = list.first() == Some(&1);
    let count = u32_at(list, 4)? as usize;
    let size = if long { 20 } else { 12 };
    let entries = list.get(8..)?.chunks_exact(size).take(count);
    // A part that begins at −1 is a pause before the rest, and no sound of the track.
    let parts: Vec<_> = entries
        .filter_map(|entry| match long {
            true => Some((u64_at(entry, 0)?, u64_at(entry, 8)? as i64)),
            false => Some((u64::from(u32_at(entry, 0)?), i64::from(u32_at(entry, 4)? as i32))),
        })
        .filter(|(_, start)| *start >= 0)
        .collect();
    let &(length, start) = parts.first()?;
    Some(Edit {
        start_s: start as f64 / media,
        // Fragments come after an index that knows no length.
        length_s: Some(length as f64 / movie).filter(|seconds| *seconds > 0.0),
        is_cut: parts.len() > 1,
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}
