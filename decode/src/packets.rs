//! Packets of encoded sound, wherever they come from.

use std::io;

use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatReader, Track, TrackType};
use symphonia::core::packet::Packet;

use crate::ogg;

/// The number of the only track of a stream of frames.
pub(crate) const TRACK: u32 = 0;

/// Packets, one after the other.
pub(crate) trait Packets: Send + Sync {
    /// The next packet of any track; `None` at the end. [`Error::ResetRequired`] says that another stream begins.
    fn next(&mut self) -> Result<Option<Packet>, Error>;

    /// The track to listen to, as it is now.
    fn track(&self) -> Option<&Track>;

    /// Tracks with sound besides.
    fn others(&self) -> usize {
        0
    }

    /// Whether the track's length is what the file says, and no guess.
    fn states_length(&self) -> bool;

    /// Whether that length is meant to the sample, and no more packets are padded than it says.
    fn is_exact(&self) -> bool {
        false
    }

    /// What should be known of what was heard, once it ended.
    fn notes(&self, notes: &mut Vec<String>);
}

/// A container reader of the library.
pub(crate) struct Library {
    reader: Box<dyn FormatReader>,
    states_length: bool,
    is_exact: bool,
    /// Whether the reader knows a last packet, and whether it met the end without one.
    knows_last: bool,
    is_open: bool,
}

impl Library {
    pub(crate) fn new(reader: impl FormatReader + 'static, states_length: bool) -> Self {
        Self {
            reader: Box::new(reader),
            states_length,
            is_exact: false,
            knows_last: false,
            is_open: false,
        }
    }

    /// The same where the reader tells an end from a stop.
    pub(crate) fn with_last(mut self) -> Self {
        self.knows_last = true;
        self
    }

    /// The same where that length is meant to the sample.
    pub(crate) fn exact(mut self) -> Self {
        self.is_exact = true;
        self
    }
}

impl Packets for Library {
    fn next(&mut self) -> Result<Option<Packet>, Error> {
        let next = self.reader.next_packet();
        self.is_open |= self.knows_last
            && matches!(&next, Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof);
        next
    }

    fn track(&self) -> Option<&Track> {
        self.reader.default_track(TrackType::Audio)
    }

    fn others(&self) -> usize {
        let sounds = self.reader.tracks().iter();
        sounds
            .filter(|track| track.track_type() == Some(TrackType::Audio))
            .count()
            .saturating_sub(1)
    }

    fn states_length(&self) -> bool {
        self.states_length
    }

    fn is_exact(&self) -> bool {
        self.is_exact
    }

    fn notes(&self, notes: &mut Vec<String>) {
        // Of a file that was looked at, more is known.
        if self.is_open && !notes.iter().any(|note| note.contains("cut off")) {
            notes.push(ogg::OPEN.into());
        }
    }
}

/// Says what of a stream of frames was no frame.
pub(crate) fn note_gaps(skipped: u64, lacks: usize, notes: &mut Vec<String>) {
    if skipped > 0 {
        notes.push(format!("{skipped} bytes that are no sound were passed over"));
    }
    if lacks > 0 {
        notes.push(format!("it is cut off: its last frame lacks {lacks} bytes"));
    }
}
