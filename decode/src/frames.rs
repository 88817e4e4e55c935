//! Streams of frames that each say how long they are: MPEG audio and ADTS.
//!
//! Container readers guess such a stream's length from its first frames, or believe a count in its first frame, and stop there. Here
//! every frame is read until the bytes end.

use std::io;

use crate::adts::Adts;
use crate::container::tag_length;
use crate::input::Window;
use crate::mpeg::Mpeg;

/// Frames that must follow one another, of one kind, before the first of them is believed after something else.
const CONFIRMED: usize = 3;
/// Bytes passed over in search of a first frame; whatever has none so far is something else.
const FARTHEST: u64 = 4 << 20;
/// A larger tag between frames is none.
const LARGEST_TAG: usize = 32 << 20;
/// A tag of ID3v1, and one of its extensions.
const ID3V1: usize = 128;
/// Shortest and longest that is looked at to tell a tag.
const TAG_LEAD: usize = 64;

/// Bytes that tell a header of either kind.
const HEADER: usize = 7;

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Header {
    Mpeg(Mpeg),
    Adts(Adts),
}

impl Header {
    /// The header that begins with these bytes. No header is of both kinds: they differ in the bits of the layer.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.first_chunk::<HEADER>()?;
        let mpeg = Mpeg::parse(bytes).map(Self::Mpeg);
        mpeg.or_else(|| Adts::parse(bytes).map(Self::Adts))
    }

    /// Bytes of the frame, with its header.
    fn length(&self) -> usize {
        match self {
            Self::Mpeg(header) => header.length,
            Self::Adts(header) => header.length,
        }
    }

    /// Whether both can be of one stream.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Mpeg(one), Self::Mpeg(two)) => one.is_like(two),
            (Self::Adts(one), Self::Adts(two)) => one.is_like(two),
            _ => false,
        }
    }
}

/// Frames, and what was between them.
pub(crate) struct Frames {
    window: Window,
    /// The frame before, while the next is expected right behind it.
    synced: Option<Header>,
    found_any: bool,
    /// Bytes between frames that are neither tags nor zeros.
    skipped: u64,
    /// Bytes that the last frame lacks.
    lacks: usize,
}

impl Frames {
    pub(crate) fn new(window: Window) -> Self {
        Self {
            window,
            synced: None,
            found_any: false,
            skipped: 0,
            lacks: 0,
        }
    }

    /// The next frame, or `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<(Header, Vec<u8>)>> {
        loop {
            let seen = self.window.see(TAG_LEAD)?;
            if let Some(length) = tag(seen)
                && self.is_meant(length)?
            {
                self.window.pass(length)?;
                continue;
            }
            let seen = self.window.see(TAG_LEAD)?;
            if seen.len() < HEADER {
                self.skipped += seen.iter().filter(|byte| **byte != 0).count() as u64;
                return Ok(None);
            }
            let Some(header) = self.header_here()? else {
                if !self.found_any && self.window.passed() >= FARTHEST {
                    return Ok(None);
                }
                self.pass_junk()?;
                continue;
            };
            let length = header.length();
            let seen = self.window.see(length)?;
            if seen.len() < length {
                self.lacks = length - seen.len();
                return Ok(None);
            }
            let frame = seen[..length].to_vec();
            self.window.pass(length as u64)?;
            self.synced = Some(header);
            self.found_any = true;
            return Ok(Some((header, frame)));
        }
    }

    /// Whether a tag of this length is one: in front of all frames it is, and later on if frames, tags or the end are behind it.
    fn is_meant(&mut self, length: u64) -> io::Result<bool> {
        let Some(length) = usize::try_from(length)
            .ok()
            .filter(|length| *length <= LARGEST_TAG)
        else {
            return Ok(!self.found_any);
        };
        if !self.found_any {
            return Ok(true);
        }
        let seen = self.window.see(length + TAG_LEAD)?;
        Ok(seen.get(length..).is_some_and(|rest| {
            let another = tag(rest).is_some() || rest.starts_with(b"LYRICSBEGIN");
            rest.is_empty() || another || Header::parse(rest).is_some()
        }))
    }

    /// The header of a frame that is meant as one: right behind another of its kind, or with others behind it.
    fn header_here(&mut self) -> io::Result<Option<Header>> {
        let Some(header) = Header::parse(self.window.see(HEADER)?) else {
            return Ok(None);
        };
        if self.synced.is_some_and(|before| header.is_like(&before)) {
            return Ok(Some(header));
        }
        let mut at = header.length();
        for _ in 1..CONFIRMED {
            let seen = self.window.see(at + TAG_LEAD)?;
            let Some(rest) = seen.get(at..) else {
                // The file ends inside: believed where it is the first thing in the file, as a cut one is.
                return Ok((!self.found_any && self.skipped == 0).then_some(header));
            };
            if rest.is_empty() || tag(rest).is_some() {
                break;
            }
            match Header::parse(rest) {
                Some(next) if next.is_like(&header) => at += next.length(),
                _ => return Ok(None),
            }
        }
        Ok(Some(header))
    }

    /// Passes over what is no frame, at least a byte of it.
    fn pass_junk(&mut self) -> io::Result<()> {
        self.synced = None;
        let seen = self.window.see(HEADER)?;
        // Headers of both kinds begin with eleven ones, tags with letters.
        let here = seen
            .iter()
            .skip(1)
            .position(|byte| matches!(byte, 0xFF | b'I' | b'T' | b'A'));
        let count = here.map_or(seen.len(), |at| at + 1);
        self.skipped += seen[..count].iter().filter(|byte| **byte != 0).count() as u64;
        self.window.pass(count as u64)
    }

    /// Bytes that are no frames, no tags and no zeros, so far.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Bytes passed so far, with the last frame.
    pub(crate) fn passed(&self) -> u64 {
        self.window.passed()
    }

    /// Bytes that the last frame lacks, at the end.
    pub(crate) fn lacks(&self) -> usize {
        self.lacks
    }
}

/// How long the tag is that begins here, wherever in a file it may be.
fn tag(seen: &[u8]) -> Option<u64> {
    if seen.starts_with(b"TAG") && seen.get(3) != Some(&b'+') {
        return Some(ID3V1 as u64);
    }
    if seen.starts_with(b"TAG+") {
        return Some(227);
    }
    tag_length(seen).filter(|length| *length > 0)
}
