//! The real-time tap: the audio thread's only contact with the engine.
//!
//! [`tap`] makes both ends of a ring. The audio thread holds the [`Tap`] and pushes blocks: it down-mixes and writes, and
//! does nothing else – no allocation, lock, log, wait or system call. The analysis thread holds the [`TapReader`].

mod downmix;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

pub use downmix::{CHANNELS, ChannelsError, Downmix, Stereo};

/// Counters that both ends share; read them from any thread.
#[derive(Debug, Default)]
pub struct TapCounters {
    written: AtomicU64,
    /// Resets asked for, and how many sample frames were written when the last one was.
    resets: AtomicU64,
    reset_at: AtomicU64,
    dropped: AtomicU64,
    replaced: AtomicU64,
    peak: AtomicU32,
}

impl TapCounters {
    /// Sample frames written to the ring.
    pub fn written_frames(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Asks the analysis side to forget everything written so far, whether it has read it or not. Real-time safe.
    pub fn reset(&self) {
        self.reset_at.fetch_max(self.written_frames(), Ordering::Release);
        self.resets.fetch_add(1, Ordering::Release);
    }

    /// Blocks dropped because the ring was full.
    pub fn dropped_blocks(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Samples that were NaN, infinite, subnormal or absurdly large, and were replaced by zero.
    pub fn replaced_samples(&self) -> u64 {
        self.replaced.load(Ordering::Relaxed)
    }

    /// Largest absolute sample since the last call (full scale is 1), for an input level meter.
    pub fn take_peak(&self) -> f32 {
        f32::from_bits(self.peak.swap(0, Ordering::Relaxed))
    }
}

/// The audio thread's end.
pub struct Tap {
    ring: HeapProd<Stereo>,
    downmix: Downmix,
    counters: Arc<TapCounters>,
}

/// The analysis thread's end.
pub struct TapReader {
    ring: HeapCons<Stereo>,
    width: u16,
    counters: Arc<TapCounters>,
    read: u64,
    resets: u64,
}

/// Makes a tap for blocks of `channels`, with room for `frames` sample frames.
///
/// Two seconds of audio ride out any scheduling delay of the analysis thread.
pub fn tap(channels: u16, frames: usize) -> Result<(Tap, TapReader), ChannelsError> {
    let downmix = Downmix::new(channels)?;
    let (producer, consumer) = HeapRb::new(frames.max(1)).split();
    let counters = Arc::new(TapCounters::default());
    let reader = TapReader {
        ring: consumer,
        width: downmix.width(),
        counters: Arc::clone(&counters),
        read: 0,
        resets: 0,
    };
    Ok((
        Tap {
            ring: producer,
            downmix,
            counters,
        },
        reader,
    ))
}

impl Tap {
    /// Writes a block of interleaved samples. Real-time safe.
    ///
    /// A block that does not fit whole is dropped whole and counted, so that what is in the ring never has a hole inside
    /// a block. Returns whether the block was taken.
    pub fn push_interleaved(&mut self, block: &[f32]) -> bool {
        let channels = self.downmix.channels();
        self.push_with(block.len() / channels, |frame, c| block[frame * channels + c])
    }

    /// Writes a block of one slice a channel; the shortest slice decides its length. Real-time safe.
    ///
    /// Missing channels count as silence, surplus ones are ignored.
    pub fn push_planar(&mut self, block: &[&[f32]]) -> bool {
        let used = &block[..block.len().min(self.downmix.channels())];
        let frames = used.iter().map(|channel| channel.len()).min().unwrap_or(0);
        self.push_with(frames, |frame, c| {
            used.get(c).map_or(0.0, |channel| channel[frame])
        })
    }

    /// Writes a block of `frames`, asking `sample(frame, channel)` for each value: for blocks that are not `f32` or lie in a
    /// layout of their own. Real-time safe if `sample` is.
    pub fn push_with(&mut self, frames: usize, sample: impl Fn(usize, usize) -> f32) -> bool {
        if self.ring.vacant_len() < frames {
            self.counters.dropped.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        let (mut replaced, mut peak) = (0, 0.0f32);
        let downmix = &self.downmix;
        self.ring.push_iter((0..frames).map(|frame| {
            let folded = downmix.fold(|c| sample(frame, c), &mut replaced);
            peak = peak.max(folded[0].abs()).max(folded[1].abs());
            folded
        }));
        if replaced > 0 {
            self.counters.replaced.fetch_add(replaced, Ordering::Relaxed);
        }
        // Positive floats order as their bits do.
        self.counters.peak.fetch_max(peak.to_bits(), Ordering::Relaxed);
        self.counters.written.fetch_add(frames as u64, Ordering::Release);
        true
    }

    /// How full the ring is, 0–1. Real-time safe.
    pub fn fill(&self) -> f32 {
        self.ring.occupied_len() as f32 / self.ring.capacity().get() as f32
    }

    /// The counters shared with the reader.
    pub fn counters(&self) -> &Arc<TapCounters> {
        &self.counters
    }
}

impl TapReader {
    /// Moves what is in the ring to `buffer`, as much as fits; returns how many frames that was. Never waits.
    pub fn read(&mut self, buffer: &mut [Stereo]) -> usize {
        let frames = self.ring.pop_slice(buffer);
        self.read += frames as u64;
        frames
    }

    /// Where in the sample frames written so far a reset was asked for since the last call. What was written before it and not
    /// yet read is thrown away; what was read already is the caller's to forget.
    pub fn take_reset(&mut self) -> Option<u64> {
        let resets = self.counters.resets.load(Ordering::Acquire);
        if resets == self.resets {
            return None;
        }
        self.resets = resets;
        let until = self.counters.reset_at.load(Ordering::Acquire);
        let stale = usize::try_from(until.saturating_sub(self.read)).unwrap_or(usize::MAX);
        self.read += self.ring.skip(stale) as u64;
        Some(until)
    }

    /// Sample frames taken out of the ring, read or thrown away by a reset.
    pub fn frames_read(&self) -> u64 {
        self.read
    }

    /// Channels that carry information: 1 or 2.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether the [`Tap`] is gone and the ring empty: nothing will ever come.
    pub fn is_finished(&self) -> bool {
        !self.ring.write_is_held() && self.ring.is_empty()
    }

    /// The counters shared with the tap.
    pub fn counters(&self) -> &Arc<TapCounters> {
        &self.counters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_ring_drops_the_newest_block_whole() {
        let (mut tap, mut reader) = tap(1, 4).unwrap();
        assert!(tap.push_interleaved(&[0.1, 0.2, 0.3]));
        assert!(!tap.push_interleaved(&[0.4, 0.5]));
        assert_eq!(reader.counters().dropped_blocks(), 1);
        let mut buffer = [[0.0; 2]; 8];
        assert_eq!(reader.read(&mut buffer), 3);
        assert_eq!(buffer[2], [0.3, 0.3]);
        assert!(tap.push_interleaved(&[0.4, 0.5]));
        assert_eq!(reader.read(&mut buffer), 2);
        assert_eq!(reader.counters().take_peak(), 0.5);
        drop(tap);
        assert!(reader.is_finished());
    }

    #[test]
    fn a_reset_forgets_what_was_written_before_it_and_nothing_after() {
        let (mut tap, mut reader) = tap(1, 8).unwrap();
        assert_eq!(reader.take_reset(), None);
        assert!(tap.push_interleaved(&[0.1, 0.2, 0.3]));
        tap.counters().reset();
        assert!(tap.push_interleaved(&[0.4]));
        assert_eq!((reader.take_reset(), reader.take_reset()), (Some(3), None));
        let mut buffer = [[0.0; 2]; 8];
        assert_eq!(reader.read(&mut buffer), 1);
        assert_eq!(buffer[0], [0.4, 0.4]);
        // A reset with nothing unread is one all the same.
        tap.counters().reset();
        assert_eq!(reader.take_reset(), Some(4));
        assert_eq!(tap.counters().written_frames(), 4);
    }

    #[test]
    fn planar_equals_interleaved() {
        let (mut planar, mut planar_reader) = tap(2, 8).unwrap();
        let (mut interleaved, mut interleaved_reader) = tap(2, 8).unwrap();
        assert!(planar.push_planar(&[&[1.0, 2.0], &[-1.0, -2.0]]));
        assert!(interleaved.push_interleaved(&[1.0, -1.0, 2.0, -2.0]));
        let (mut a, mut b) = ([[0.0; 2]; 8], [[0.0; 2]; 8]);
        assert_eq!(planar_reader.read(&mut a), interleaved_reader.read(&mut b));
        assert_eq!(a, b);
    }
}
