//! FLAC on its own: several files in one, and headers that the library refuses.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSourceStream, ReadOnlySource};
use symphonia::core::packet::Packet;
use symphonia::default::formats::FlacReader;

use crate::input::{Input, Stream, Window};
use crate::packets::Packets;

/// Where a file begins: the marker and the header of its first block, of which the bit of the last block is left out.
const BEGINNING: [&[u8]; 2] = [b"fLaC\0\0\0\x22", b"fLaC\x80\0\0\x22"];
const BEGINNING_SIZE: usize = 8;
/// The two sizes of blocks in the first block's body, and the smallest that the format allows.
const BLOCKS_AT: usize = 8;
const SMALLEST_BLOCK: u16 = 16;

/// Bytes at the end of a file in which tags are known. Of a stream, less is waited for.
const TAIL: usize = 1 << 16;
/// Sizes of tags that other programs put behind a file.
const ID3V1: usize = 128;
const APE_FOOTER: usize = 32;

/// Files joined to one, of which each is read up to the next.
struct Joined {
    window: Window,
    /// Bytes until the next look for a beginning: what is behind the one that was found is passed first.
    clear: usize,
    /// Bytes that are looked at again.
    kept: usize,
}

impl Joined {
    /// Whether a further file begins here; its header is repaired where needed.
    fn head(&mut self) -> io::Result<Option<Vec<u8>>> {
        let seen = self.window.see(BEGINNING_SIZE + 34)?;
        if !seen.starts_with(b"fLaC") {
            return Ok(None);
        }
        let mut head = seen[..seen.len().min(BLOCKS_AT + 4)].to_vec();
        if let Some([a, b, c, d]) = head.get_mut(BLOCKS_AT..).and_then(<[u8]>::first_chunk_mut::<4>) {
            // Some programs leave the smallest block 0, or both, where it is not known.
            let (small, large) = (u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]));
            if small < SMALLEST_BLOCK {
                [*a, *b] = SMALLEST_BLOCK.to_be_bytes();
            }
            if large < small.max(SMALLEST_BLOCK) {
                [*c, *d] = u16::MAX.to_be_bytes();
            }
        }
        self.window.pass(head.len() as u64)?;
        Ok(Some(head))
    }
}

/// One of the joined files.
struct Link {
    head: io::Cursor<Vec<u8>>,
    joined: Arc<Mutex<Joined>>,
}

impl Read for Link {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.head.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        let joined = &mut *self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        if joined.clear == 0 {
            // A beginning may lie across the end of what is seen: the last bytes are looked at again, unless they are the last of all.
            let kept = joined.kept;
            let seen = joined.window.see(2 * kept)?;
            joined.clear = match beginning(seen) {
                Some(at) => at,
                None if seen.len() < 2 * kept => sound(seen),
                None => seen.len() - kept,
            };
        }
        let count = joined.clear.min(buffer.len());
        let seen = joined.window.see(count)?;
        let count = count.min(seen.len());
        buffer[..count].copy_from_slice(&seen[..count]);
        joined.window.pass(count as u64)?;
        joined.clear -= count;
        Ok(count)
    }
}

/// How much of a file's last bytes is no tag: the library gives up its last frame where anything is behind it.
fn sound(bytes: &[u8]) -> usize {
    let mut sound = bytes;
    loop {
        if let Some((before, tag)) = sound.split_last_chunk::<ID3V1>()
            && tag.starts_with(b"TAG")
        {
            sound = before;
            continue;
        }
        let Some((before, footer)) = sound.split_last_chunk::<APE_FOOTER>() else {
            break;
        };
        if !footer.starts_with(b"APETAGEX") {
            break;
        }
        let size = u32::from_le_bytes([footer[12], footer[13], footer[14], footer[15]]) as usize;
        let header = if footer[23] & 0x80 != 0 { APE_FOOTER } else { 0 };
        // The size counts the footer and leaves the header out.
        let items = size.saturating_sub(APE_FOOTER).saturating_add(header);
        sound = before
            .get(..before.len().saturating_sub(items))
            .unwrap_or_default();
    }
    sound.len()
}

/// Where in `bytes` a file begins.
fn beginning(bytes: &[u8]) -> Option<usize> {
    let finder = |beginning| memchr::memmem::find(bytes, beginning);
    BEGINNING.into_iter().filter_map(finder).min()
}

/// Bytes that are searched at a time.
const SEARCHED: usize = 1 << 16;

/// What is wrong with a file that begins where the input is, if it is not one FLAC file: in words that follow "it is".
pub(crate) fn alone(input: &mut Input) -> io::Result<Option<String>> {
    input.skip(4)?;
    loop {
        let &[kind, a, b, c] = input.peek(4)? else {
            return Ok(Some("FLAC that ends within its blocks".into()));
        };
        input.skip(4 + u64::from(u32::from_be_bytes([0, a, b, c])))?;
        if kind & 0x80 != 0 {
            break;
        }
    }
    // All frames begin with these bits, and one that says whether blocks are of one size.
    if !matches!(input.peek(2)?, [0xFF, 0xF8 | 0xF9]) {
        return Ok(Some("FLAC without a frame behind its blocks".into()));
    }
    loop {
        let seen = input.peek(SEARCHED)?;
        if beginning(seen).is_some() {
            return Ok(Some("several FLAC files joined to one".into()));
        }
        if seen.len() < BEGINNING_SIZE {
            return Ok(None);
        }
        let searched = seen.len() - (BEGINNING_SIZE - 1);
        input.skip(searched as u64)?;
    }
}

/// The packets of a file, and of those joined to it.
pub(crate) struct FlacPackets {
    joined: Arc<Mutex<Joined>>,
    reader: FlacReader<'static>,
    links: usize,
    /// Samples that the headers say, while all of them do.
    said: Option<u64>,
    track: Track,
}

impl FlacPackets {
    /// Reads the headers of a stream that begins with FLAC's marker, and `is_there` whole or comes as it is made.
    pub(crate) fn start(stream: Stream, is_there: bool) -> Result<Self, Error> {
        let joined = Arc::new(Mutex::new(Joined {
            window: Window::new(stream),
            clear: 0,
            kept: if is_there { TAIL } else { BEGINNING_SIZE },
        }));
        let Some(reader) = link(&joined)? else {
            return Err(Error::DecodeError("flac: no beginning"));
        };
        let track = track(&reader)?;
        Ok(Self {
            said: track.num_frames,
            track,
            joined,
            reader,
            links: 1,
        })
    }
}

/// A reader of the file that begins here.
fn link(joined: &Arc<Mutex<Joined>>) -> Result<Option<FlacReader<'static>>, Error> {
    let head = joined
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .head()
        .map_err(Error::IoError)?;
    let Some(head) = head else { return Ok(None) };
    let source = ReadOnlySource::new(Link {
        head: io::Cursor::new(head),
        joined: Arc::clone(joined),
    });
    let stream = MediaSourceStream::new(Box::new(source), Default::default());
    FlacReader::try_new(stream, FormatOptions::default()).map(Some)
}

fn track(reader: &FlacReader<'_>) -> Result<Track, Error> {
    let track = reader.default_track(TrackType::Audio);
    track
        .cloned()
        .ok_or(Error::DecodeError("flac: no stream information"))
}

impl Packets for FlacPackets {
    fn next(&mut self) -> Result<Option<Packet>, Error> {
        let ended = match self.reader.next_packet() {
            Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => true,
            Ok(None) => true,
            other => return other,
        };
        debug_assert!(ended);
        let Some(next) = link(&self.joined)? else {
            return Ok(None);
        };
        self.reader = next;
        self.links += 1;
        let track = track(&self.reader)?;
        self.said = self
            .said
            .zip(track.num_frames)
            .map(|(before, here)| before + here);
        self.track.codec_params.clone_from(&track.codec_params);
        self.track.num_frames = self.said;
        self.track.duration = self.said.map(Into::into);
        Err(Error::ResetRequired)
    }

    fn track(&self) -> Option<&Track> {
        Some(&self.track)
    }

    fn states_length(&self) -> bool {
        true
    }

    fn is_exact(&self) -> bool {
        true
    }

    fn notes(&self, notes: &mut Vec<String>) {
        if self.links > 1 {
            notes.push(format!("{} FLAC files joined to one: all were heard", self.links));
        }
    }
}
