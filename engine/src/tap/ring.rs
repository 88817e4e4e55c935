//! The ring itself: of pairs where they are all that is needed, else of channels.

use ringbuf::traits::{Consumer, Observer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use super::{Downmix, Stereo};

/// The end that is written to.
pub(super) enum Writes {
    Pairs(HeapProd<Stereo>),
    /// Whole frames of `width` channels.
    Channels {
        ring: HeapProd<f32>,
        width: usize,
    },
}

/// The end that is read.
pub(super) enum Reads {
    Pairs(HeapCons<Stereo>),
    /// Whole frames of `width` channels.
    Channels {
        ring: HeapCons<f32>,
        width: usize,
    },
}

/// A ring with room for `frames` of what is folded by `downmix`.
pub(super) fn ring(downmix: &Downmix, frames: usize) -> (Writes, Reads) {
    let frames = frames.max(1);
    match downmix.surround() {
        None => {
            let (writes, reads) = HeapRb::new(frames).split();
            (Writes::Pairs(writes), Reads::Pairs(reads))
        }
        Some(layout) => {
            let width = usize::from(layout.channels());
            let (writes, reads) = HeapRb::new(frames * width).split();
            let writes = Writes::Channels { ring: writes, width };
            (writes, Reads::Channels { ring: reads, width })
        }
    }
}

impl Writes {
    pub(super) fn vacant_frames(&self) -> usize {
        match self {
            Self::Pairs(ring) => ring.vacant_len(),
            Self::Channels { ring, width } => ring.vacant_len() / width,
        }
    }

    /// How full it is, 0–1.
    pub(super) fn fill(&self) -> f32 {
        let (occupied, capacity) = match self {
            Self::Pairs(ring) => (ring.occupied_len(), ring.capacity()),
            Self::Channels { ring, .. } => (ring.occupied_len(), ring.capacity()),
        };
        occupied as f32 / capacity.get() as f32
    }
}

impl Reads {
    pub(super) fn occupied_frames(&self) -> usize {
        match self {
            Self::Pairs(ring) => ring.occupied_len(),
            Self::Channels { ring, width } => ring.occupied_len() / width,
        }
    }

    /// Throws away up to `frames`; how many that was.
    pub(super) fn skip(&mut self, frames: usize) -> usize {
        match self {
            Self::Pairs(ring) => ring.skip(frames),
            Self::Channels { ring, width } => ring.skip(frames.saturating_mul(*width)) / *width,
        }
    }

    /// Whether the other end is gone and nothing is left.
    pub(super) fn is_finished(&self) -> bool {
        match self {
            Self::Pairs(ring) => !ring.write_is_held() && ring.is_empty(),
            Self::Channels { ring, .. } => !ring.write_is_held() && ring.is_empty(),
        }
    }
}
