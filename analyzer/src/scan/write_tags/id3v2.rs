//! An ID3v2 tag frame by frame: each frame but ours stays the bytes that it is.
//!
//! Tag libraries read frames into values and write the values anew, which changes what they do not know or hold to be wrong:
//! a date of version 2.4 in a tag of version 2.3 would be gone.

use std::borrow::Cow;
use std::ops::Range;

use lofty::id3::v2::{ExtendedTextFrame, FrameFlags, Id3v2Version};

use super::pieces::Piece;

/// Bytes of a tag's header, and of a frame's since version 2.3.
pub(super) const HEADER: usize = 10;

/// Space that a tag that grows gets for the next time.
const ROOM: usize = 1024;

/// The tag's flags that do not change where its frames are, or only in a way that is known here.
const UNSYNCHRONISED: u8 = 0x80;
const EXPERIMENTAL: u8 = 0x20;

/// A tag as it is in its file.
pub(super) struct Tag {
    version: u8,
    revision: u8,
    flags: u8,
    frames: Vec<Frame>,
    /// How long its frames and its padding were together.
    room: usize,
}

struct Frame {
    /// With its header, and unsynchronised where the tag is.
    raw: Vec<u8>,
    /// A user text's description and value.
    text: Option<(String, String)>,
    id: String,
}

impl Default for Tag {
    fn default() -> Self {
        Self {
            version: 4,
            revision: 0,
            flags: 0,
            frames: Vec::new(),
            room: 0,
        }
    }
}

/// The length of the tag that begins with these bytes; `None` where none does.
pub(super) fn length(header: &[u8]) -> Option<usize> {
    let sizes = header.strip_prefix(b"ID3")?.get(3..7)?;
    Some(HEADER + synchsafe(sizes)?)
}

impl Tag {
    /// Takes a whole tag apart.
    pub(super) fn parse(tag: &[u8]) -> Result<Self, String> {
        let (&[_, _, _, version, revision, flags, ..], Some(body)) = (tag, tag.get(HEADER..)) else {
            return Err("its ID3v2 tag ends within its header".into());
        };
        if !(2..=4).contains(&version) {
            return Err(format!(
                "its tag is ID3v2.{version}, and only 2.2, 2.3 and 2.4 are known"
            ));
        }
        if flags & !(UNSYNCHRONISED | EXPERIMENTAL) != 0 || (version == 2 && flags & EXPERIMENTAL != 0) {
            return Err(format!(
                "its ID3v2.{version} tag has an extended header, a footer or compression (flags {flags:#04x}), \
                 which are not written"
            ));
        }
        // Before version 2.4, sizes count the bytes as they were before.
        let (plain, ranges, raw);
        if version < 4 && flags & UNSYNCHRONISED != 0 {
            plain = Cow::Owned(synchronised(body));
            ranges = bounds(&plain, version)?;
            raw = unsynchronised(body, &ranges);
        } else {
            plain = Cow::Borrowed(body);
            ranges = bounds(&plain, version)?;
            raw = ranges.clone();
        }
        let frames = ranges.into_iter().zip(raw).map(|(range, raw)| Frame {
            raw: body[raw].to_vec(),
            id: id(&plain[range.start..], version),
            text: text(&plain[range], version, flags),
        });
        Ok(Self {
            version,
            revision,
            flags,
            frames: frames.collect(),
            room: body.len(),
        })
    }

    /// The user text's value.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.frames.iter().find_map(|frame| match &frame.text {
            Some((description, value)) if description == name => Some(value.clone()),
            _ => None,
        })
    }

    /// Puts a user text in place of all of this name.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let mut new = Some(Frame::new(self.version, name, value));
        let ours = |frame: &Frame| frame.text.as_ref().is_some_and(|text| text.0 == name);
        let frames = std::mem::take(&mut self.frames).into_iter();
        self.frames = frames
            .filter_map(|frame| if ours(&frame) { new.take() } else { Some(frame) })
            .collect();
        self.frames.extend(new);
    }

    /// The whole tag: of the length it had where its frames fit in.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, String> {
        let used: usize = self.frames.iter().map(|frame| frame.raw.len()).sum();
        let size = if used <= self.room { self.room } else { used + ROOM };
        let sizes: [u8; 4] = std::array::from_fn(|index| (size >> (7 * (3 - index))) as u8 & 0x7f);
        if synchsafe(&sizes) != Some(size) {
            return Err(format!("its ID3v2 tag would have {size} bytes, more than it can"));
        }
        let mut tag = [b"ID3", &[self.version, self.revision, self.flags][..], &sizes].concat();
        for frame in &self.frames {
            tag.extend_from_slice(&frame.raw);
        }
        tag.resize(HEADER + size, 0);
        Ok(tag)
    }

    /// Its frames as they are in the file.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        let piece = |frame: &Frame| Piece {
            name: match &frame.text {
                Some((description, _)) => format!("TXXX:{description}"),
                None => frame.id.clone(),
            },
            bytes: frame.raw.clone(),
        };
        self.frames.iter().map(piece).collect()
    }
}

impl Frame {
    /// A user text. Names and values of scores are ASCII: the same in each version, and nothing to unsynchronise.
    fn new(version: u8, name: &str, value: &str) -> Self {
        let body = [b"\0", name.as_bytes(), b"\0", value.as_bytes()].concat();
        // Below 128 a size is the same in all ways of writing it.
        let size = body.len() as u8;
        let head: &[u8] = match version {
            2 => &[b'T', b'X', b'X', 0, 0, size],
            _ => &[b'T', b'X', b'X', b'X', 0, 0, 0, size, 0, 0],
        };
        Self {
            raw: [head, &body].concat(),
            text: Some((name.to_owned(), value.to_owned())),
            id: id(head, version),
        }
    }
}

/// Where the frames are in a tag's body that has nothing but frames and zeros.
fn bounds(body: &[u8], version: u8) -> Result<Vec<Range<usize>>, String> {
    match version {
        // Some programs wrote plain sizes into tags of version 2.4.
        4 => walk(body, version, synchsafe)
            .or_else(|reason| walk(body, version, |size| Some(plain(size))).map_err(|_| reason)),
        _ => walk(body, version, |size| Some(plain(size))),
    }
}

fn walk(
    body: &[u8],
    version: u8,
    size: impl Fn(&[u8]) -> Option<usize>,
) -> Result<Vec<Range<usize>>, String> {
    let (letters, head) = if version == 2 { (3, 6) } else { (4, HEADER) };
    let (mut at, mut frames) = (0, Vec::new());
    while body.get(at).is_some_and(|byte| *byte != 0) {
        let header = body.get(at..at + head).filter(|header| is_id(&header[..letters]));
        let header = header.ok_or_else(|| {
            format!("at byte {at} of its ID3v2 tag there should be a frame or padding, and is neither")
        })?;
        let left = body.len() - at - head;
        let size = size(&header[letters..2 * letters]).filter(|size| *size <= left);
        let size = size.ok_or_else(|| {
            let name = id(header, version);
            format!("the size of frame {name} of its ID3v2 tag is wrong: {left} bytes are left there")
        })?;
        frames.push(at..at + head + size);
        at += head + size;
    }
    match body[at..].iter().position(|byte| *byte != 0) {
        Some(more) => Err(format!(
            "at byte {} of its ID3v2 tag there is something in the padding",
            at + more
        )),
        None => Ok(frames),
    }
}

/// A frame's identifier, also one of version 2.2 that a program put into a later tag.
fn is_id(id: &[u8]) -> bool {
    let known = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    id[..3].iter().all(known)
        && id
            .get(3)
            .is_none_or(|last| known(last) || matches!(last, 0 | b' '))
}

fn id(frame: &[u8], version: u8) -> String {
    let letters = if version == 2 { 3 } else { 4 };
    let id = String::from_utf8_lossy(&frame[..letters.min(frame.len())]).into_owned();
    id.trim_end_matches(['\0', ' ']).to_owned()
}

/// The description and the value of a user text that can be read as it is.
fn text(frame: &[u8], version: u8, flags: u8) -> Option<(String, String)> {
    let (body, version) = match (frame, version) {
        ([b'T', b'X', b'X', _, _, _, body @ ..], 2) => (Cow::Borrowed(body), Id3v2Version::V2),
        // Compressed, encrypted and grouped ones are not ours.
        ([b'T', b'X', b'X', b'X', _, _, _, _, _, 0, body @ ..], 3) => (Cow::Borrowed(body), Id3v2Version::V3),
        ([b'T', b'X', b'X', b'X', _, _, _, _, _, format, body @ ..], 4) if format & 0x4c == 0 => {
            let body = body.get(if format & 1 == 0 { 0 } else { 4 }..)?;
            let body = if format & 2 != 0 || flags & UNSYNCHRONISED != 0 {
                Cow::Owned(synchronised(body))
            } else {
                Cow::Borrowed(body)
            };
            (body, Id3v2Version::V4)
        }
        _ => return None,
    };
    let text = ExtendedTextFrame::parse(&mut &*body, FrameFlags::default(), version).ok()??;
    let value = text.content.trim_end_matches('\0').to_owned();
    Some((text.description.into_owned(), value))
}

/// The bytes before unsynchronisation.
fn synchronised(bytes: &[u8]) -> Vec<u8> {
    let stays = |at: &usize| *at == 0 || (bytes[at - 1], bytes[*at]) != (0xff, 0);
    (0..bytes.len()).filter(stays).map(|at| bytes[at]).collect()
}

/// Where in `bytes` that is which has these ranges, one behind the other, before unsynchronisation.
fn unsynchronised(bytes: &[u8], ranges: &[Range<usize>]) -> Vec<Range<usize>> {
    let (mut at, mut plain) = (0, 0);
    let place = |range: &Range<usize>| {
        let start = at;
        while plain < range.end {
            at += if bytes[at..].starts_with(b"\xff\0") { 2 } else { 1 };
            plain += 1;
        }
        start..at
    };
    ranges.iter().map(place).collect()
}

fn plain(size: &[u8]) -> usize {
    size.iter().fold(0, |size, byte| size << 8 | usize::from(*byte))
}

/// A number of seven bits a byte.
fn synchsafe(size: &[u8]) -> Option<usize> {
    size.iter().try_fold(0, |size, byte| {
        (*byte < 0x80).then_some(size << 7 | usize::from(*byte))
    })
}
