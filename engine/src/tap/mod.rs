//! The real-time tap: the audio thread's only contact with the engine.
//!
//! [`tap`] makes both ends of a ring. The audio thread holds the [`Tap`] and pushes blocks: it down-mixes and writes, and
//! does nothing else – no allocation, lock, log, wait or system call. The analysis thread holds the [`TapReader`].
//!
//! Of surround, the channels themselves go through the ring, and the reader folds them: loudness is measured before the
//! fold-down.

mod block;
mod downmix;
mod layout;
mod ring;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use ringbuf::traits::{Consumer, Producer};

pub use block::{Block, Folded};
use downmix::usable;
pub use downmix::{CHANNELS, ChannelsError, Downmix, Stereo};
pub use layout::Layout;
use ring::{Reads, Writes};

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
    ring: Writes,
    downmix: Downmix,
    counters: Arc<TapCounters>,
}

/// The analysis thread's end.
pub struct TapReader {
    ring: Reads,
    downmix: Downmix,
    counters: Arc<TapCounters>,
    read: u64,
    resets: u64,
}

/// Makes a tap for blocks of `channels` in their usual layout, with room for `frames` sample frames.
///
/// Two seconds of audio ride out any scheduling delay of the analysis thread.
pub fn tap(channels: u16, frames: usize) -> Result<(Tap, TapReader), ChannelsError> {
    Ok(tap_with(Downmix::new(channels)?, frames))
}

/// [`tap`] for blocks in a layout of their own.
pub fn tap_with(downmix: Downmix, frames: usize) -> (Tap, TapReader) {
    let (writes, reads) = ring::ring(&downmix, frames);
    let counters = Arc::new(TapCounters::default());
    let reader = TapReader {
        ring: reads,
        downmix: downmix.clone(),
        counters: Arc::clone(&counters),
        read: 0,
        resets: 0,
    };
    let tap = Tap {
        ring: writes,
        downmix,
        counters,
    };
    (tap, reader)
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
        if self.ring.vacant_frames() < frames {
            self.counters.dropped.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        let (mut replaced, mut peak) = (0, 0.0f32);
        match &mut self.ring {
            Writes::Pairs(ring) => {
                let downmix = &self.downmix;
                ring.push_iter((0..frames).map(|frame| {
                    let folded = downmix.fold(|c| sample(frame, c), &mut replaced);
                    peak = peak.max(folded[0].abs()).max(folded[1].abs());
                    folded
                }));
            }
            Writes::Channels { ring, width } => {
                let (mut frame, mut channel) = (0, 0);
                ring.push_iter((0..frames * *width).map(|_| {
                    let sample = usable(sample(frame, channel), &mut replaced);
                    peak = peak.max(sample.abs());
                    channel += 1;
                    if channel == *width {
                        (frame, channel) = (frame + 1, 0);
                    }
                    sample
                }));
            }
        }
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
        self.ring.fill()
    }

    /// The counters shared with the reader.
    pub fn counters(&self) -> &Arc<TapCounters> {
        &self.counters
    }
}

impl TapReader {
    /// Moves what is in the ring to `block` in place of what is there, at most `most` sample frames; returns how many that
    /// was. Never waits.
    pub fn read(&mut self, block: &mut Block, most: usize) -> usize {
        let frames = self.ring.occupied_frames().min(most);
        match &mut self.ring {
            Reads::Pairs(ring) => {
                block.channels.clear();
                block.width = 0;
                block.pairs.resize(frames, [0.0; 2]);
                ring.pop_slice(&mut block.pairs);
            }
            Reads::Channels { ring, width } => {
                block.width = *width;
                block.channels.resize(frames * *width, 0.0);
                ring.pop_slice(&mut block.channels);
                block.pairs.clear();
                // What cannot be used was replaced before it was written.
                self.downmix.fold_interleaved(&block.channels, &mut block.pairs);
            }
        }
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

    /// What the tap's blocks are folded by.
    pub fn downmix(&self) -> &Downmix {
        &self.downmix
    }

    /// Whether the [`Tap`] is gone and the ring empty: nothing will ever come.
    pub fn is_finished(&self) -> bool {
        self.ring.is_finished()
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
        let mut block = Block::default();
        assert_eq!(reader.read(&mut block, 8), 3);
        assert_eq!(block.folded().pairs()[2], [0.3, 0.3]);
        assert!(tap.push_interleaved(&[0.4, 0.5]));
        assert_eq!(reader.read(&mut block, 8), 2);
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
        let mut block = Block::default();
        assert_eq!(reader.read(&mut block, 8), 1);
        assert_eq!(block.folded().pairs(), [[0.4, 0.4]]);
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
        let (mut a, mut b) = (Block::default(), Block::default());
        assert_eq!(planar_reader.read(&mut a, 8), 2);
        assert_eq!(interleaved_reader.read(&mut b, 8), 2);
        assert_eq!(a.folded().pairs(), b.folded().pairs());
    }

    #[test]
    fn surround_goes_through_as_a_block_of_a_file_does() {
        let channels = 6;
        let samples: Vec<f32> = (0..20 * channels).map(|i| i as f32 * 0.001).collect();
        let odd: Vec<f32> = samples
            .iter()
            .map(|&x| if x == 0.05 { f32::NAN } else { x })
            .collect();
        let mut expected = Block::default();
        assert_eq!(Downmix::new(6).unwrap().fold_block(&odd, &mut expected), 1);
        let (mut tap, mut reader) = tap(6, 20).unwrap();
        let mut block = Block::default();
        // Over the ring's end, and in pieces that are none of the blocks written.
        assert!(tap.push_interleaved(&samples[..7 * channels]));
        assert_eq!(reader.read(&mut block, 20), 7);
        assert!(tap.push_interleaved(&odd[..9 * channels]));
        assert!(tap.push_interleaved(&odd[9 * channels..]));
        assert_eq!(tap.fill(), 1.0);
        assert!(!tap.push_interleaved(&samples[..channels]), "it is full");
        let (mut pairs, mut kept) = (Vec::<Stereo>::new(), Vec::<f32>::new());
        while reader.read(&mut block, 3) > 0 {
            pairs.extend(block.folded().pairs());
            kept.extend(block.folded().channels());
        }
        assert_eq!(pairs, expected.folded().pairs());
        assert_eq!(kept, expected.folded().channels());
        assert_eq!(tap.counters().replaced_samples(), 1);
        assert_eq!(tap.counters().take_peak(), 0.119);
        // A reset is counted in frames.
        assert!(tap.push_interleaved(&samples[..5 * channels]));
        tap.counters().reset();
        assert!(tap.push_interleaved(&samples[..channels]));
        assert_eq!(reader.take_reset(), Some(32));
        assert_eq!(reader.read(&mut block, 20), 1);
        assert!(!reader.is_finished());
        drop(tap);
        assert!(reader.is_finished());
    }
}
