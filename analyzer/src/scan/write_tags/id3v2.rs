//! An ID3v2 tag frame by frame: each frame but ours stays the bytes that it is.
//!
//! Tag libraries read frames into values and write the values anew, which changes what they do not know or hold to be wrong:
//! a date of version 2.4 in a tag of version 2.3 would be gone. What is rare is refused: all but plain versions 2.3 and 2.4.

use lofty::id3::v2::{ExtendedTextFrame, FrameFlags, Id3v2Version};

use super::pieces::Piece;

/// Bytes of a tag's header, and of a frame's.
pub(super) const HEADER: usize = 10;

/// Space that a tag that grows gets for the next time.
const ROOM: usize = 1024;

/// The tag's only flag that changes nothing about its frames.
const EXPERIMENTAL: u8 = 0x20;

/// A tag as it is in its file.
pub(super) struct Tag {
    /// The header up to the size: version, revision and flags come last.
    head: [u8; 6],
    frames: Vec<Frame>,
    /// How long its frames and its padding were together.
    room: usize,
}

struct Frame {
    /// With its header.
    raw: Vec<u8>,
    /// A user text's description and value.
    text: Option<(String, String)>,
}

impl Default for Tag {
    fn default() -> Self {
        Self {
            head: *b"ID3\x04\0\0",
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
        let (Some(head), Some(body)) = (tag.first_chunk(), tag.get(HEADER..)) else {
            return Err("its ID3v2 tag ends within its header".into());
        };
        let &[_, _, _, version, _, flags] = head;
        if !matches!(version, 3 | 4) {
            return Err(format!(
                "its tag is ID3v2.{version}, and only 2.3 and 2.4 are written"
            ));
        }
        if flags & !EXPERIMENTAL != 0 {
            return Err(format!(
                "its ID3v2.{version} tag is unsynchronised or has an extended header or a footer (flags {flags:#04x}), \
                 which are not written"
            ));
        }
        Ok(Self {
            head: *head,
            frames: frames(body, version)?,
            room: body.len(),
        })
    }

    /// The user text's value.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let mut texts = self.frames.iter().filter_map(|frame| frame.text.as_ref());
        texts.find(|text| text.0 == name).map(|text| text.1.clone())
    }

    /// Puts a user text in place of all of this name.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let mut new = Some(Frame::new(name, value));
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
        let mut tag = [&self.head[..], &sizes].concat();
        tag.extend(self.frames.iter().flat_map(|frame| &frame.raw));
        tag.resize(HEADER + size, 0);
        Ok(tag)
    }

    /// Its frames as they are in the file.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        let piece = |frame: &Frame| {
            let name = match &frame.text {
                Some((description, _)) => format!("TXXX:{description}"),
                None => frame.raw[..4].escape_ascii().to_string(),
            };
            (name, frame.raw.clone())
        };
        self.frames.iter().map(piece).collect()
    }
}

impl Frame {
    /// A user text. Names and values of scores are ASCII, and short: the same in both versions.
    fn new(name: &str, value: &str) -> Self {
        let body = [b"\0", name.as_bytes(), b"\0", value.as_bytes()].concat();
        // Below 128 a size is the same in all ways of writing it.
        let head = [b'T', b'X', b'X', b'X', 0, 0, 0, body.len() as u8, 0, 0];
        Self {
            raw: [&head[..], &body].concat(),
            text: Some((name.to_owned(), value.to_owned())),
        }
    }
}

/// The frames of a tag's body that has nothing but frames and zeros.
fn frames(mut body: &[u8], version: u8) -> Result<Vec<Frame>, String> {
    let mut frames = Vec::new();
    while body.first().is_some_and(|byte| *byte != 0) {
        let known = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let (id, sizes) = match body {
            [a, b, c, d, sizes @ ..] if [a, b, c, d].into_iter().all(known) && body.len() >= HEADER => {
                (body[..4].escape_ascii(), &sizes[..4])
            }
            _ => return Err("in its ID3v2 tag is something that is neither a frame nor padding".into()),
        };
        let size = match version {
            4 => synchsafe(sizes),
            _ => Some(sizes.iter().fold(0, |size, byte| size << 8 | usize::from(*byte))),
        };
        let frame = size.and_then(|size| body.get(..HEADER + size)).ok_or_else(|| {
            let left = body.len() - HEADER;
            format!("the size of frame {id} of its ID3v2 tag is wrong: {left} bytes are left there")
        })?;
        frames.push(Frame {
            raw: frame.to_vec(),
            text: text(frame, version),
        });
        body = &body[frame.len()..];
    }
    match body.iter().all(|byte| *byte == 0) {
        true => Ok(frames),
        false => Err("there is something in the padding of its ID3v2 tag".into()),
    }
}

/// The description and the value of a user text that can be read as it is: not compressed, encrypted, grouped or unsynchronised.
fn text(frame: &[u8], version: u8) -> Option<(String, String)> {
    let [b'T', b'X', b'X', b'X', _, _, _, _, _, 0, body @ ..] = frame else {
        return None;
    };
    let version = match version {
        3 => Id3v2Version::V3,
        _ => Id3v2Version::V4,
    };
    let text = ExtendedTextFrame::parse(&mut &*body, FrameFlags::default(), version).ok()??;
    let value = text.content.trim_end_matches('\0').to_owned();
    Some((text.description.into_owned(), value))
}

/// A number of seven bits a byte.
fn synchsafe(size: &[u8]) -> Option<usize> {
    size.iter().try_fold(0, |size, byte| {
        (*byte < 0x80).then_some(size << 7 | usize::from(*byte))
    })
}
