//! A host's buffers as the plugin takes them.
//!
//! The plugin works in place on single precision, a channel for each speaker that was agreed on. Hosts may give double
//! precision, fewer channels or more, none where nothing is connected, the same memory for input and output, even crosswise:
//! where the plugin cannot work in the host's memory, it does so in memory of its own, a piece at a time.

use std::ops::Range;
use std::slice;

use nice_plug::prelude::Buffer;

/// Most channels of a bus.
pub(crate) const MOST: usize = 24;

/// Most sample frames of a piece.
const PIECE: usize = 4096;

/// A sample as hosts have them.
pub(crate) trait Sample: Copy + Default {
    fn widened(self) -> f64;
    fn narrowed(wide: f64) -> Self;
    /// The channels as the plugin could work on them.
    fn single(channel: *mut Self) -> Option<*mut f32>;
}

impl Sample for f32 {
    fn widened(self) -> f64 {
        // As the plugin does: what comes after is slowed down by them.
        if self.is_subnormal() { 0.0 } else { self.into() }
    }

    fn narrowed(wide: f64) -> Self {
        wide as f32
    }

    fn single(channel: *mut Self) -> Option<*mut f32> {
        Some(channel)
    }
}

impl Sample for f64 {
    fn widened(self) -> f64 {
        if self.is_subnormal() { 0.0 } else { self }
    }

    fn narrowed(wide: f64) -> Self {
        wide
    }

    fn single(_channel: *mut Self) -> Option<*mut f32> {
        None
    }
}

/// A bus: its channels, any of which may be missing.
pub(crate) struct Bus<S> {
    channels: *mut *mut S,
    count: usize,
}

impl<S: Sample> Bus<S> {
    /// A bus of `count` channels; none where `channels` is null.
    ///
    /// # Safety
    ///
    /// `channels` must be null or point to `count` pointers. Each of these must be null or point to the samples of a block. All
    /// of it lives as long as what is made of this.
    pub(crate) unsafe fn new(channels: *mut *mut S, count: usize) -> Self {
        Self {
            channels,
            count: if channels.is_null() { 0 } else { count.min(MOST) },
        }
    }

    /// Null where it is missing, or lies where no sample can.
    fn channel(&self, index: usize) -> *mut S {
        if index < self.count {
            // SAFETY: a bus has as many pointers as it says.
            let channel = unsafe { self.channels.add(index).read() };
            if channel.is_aligned() {
                return channel;
            }
        }
        std::ptr::null_mut()
    }

    fn is_connected(&self) -> bool {
        (0..self.count).any(|index| !self.channel(index).is_null())
    }
}

/// One block of a host.
pub(crate) struct Block<S> {
    inputs: Bus<S>,
    outputs: Bus<S>,
    frames: usize,
}

impl<S: Sample> Block<S> {
    pub(crate) fn new(inputs: Bus<S>, outputs: Bus<S>, frames: usize) -> Self {
        Self {
            inputs,
            outputs,
            frames,
        }
    }

    pub(crate) fn frames(&self) -> usize {
        self.frames
    }

    /// Takes the beginning of an input over; silence where there is none.
    pub(crate) fn take(&self, index: usize, to: &mut [S]) {
        let from = self.inputs.channel(index);
        for (at, to) in to.iter_mut().take(self.frames).enumerate() {
            // SAFETY: channels that are not null hold the block's frames.
            *to = if from.is_null() {
                S::default()
            } else {
                unsafe { from.add(at).read() }
            };
        }
    }

    /// Gives an output, where there is one, the beginning of `from`.
    pub(crate) fn give(&self, index: usize, from: &[S]) {
        let to = self.outputs.channel(index);
        if to.is_null() {
            return;
        }
        for (at, from) in from.iter().take(self.frames).enumerate() {
            // SAFETY: channels that are not null hold the block's frames.
            unsafe { to.add(at).write(*from) };
        }
    }

    /// Whether there is nothing to hear and nothing to fill: hosts give such blocks to move parameters.
    pub(crate) fn is_empty(&self) -> bool {
        self.frames == 0 || !(self.inputs.is_connected() || self.outputs.is_connected())
    }

    /// Gives out what comes in, and silence where nothing comes in.
    pub(crate) fn pass(&self) {
        for index in 0..self.outputs.count {
            self.pass_channel(index);
        }
    }

    fn pass_channel(&self, index: usize) {
        let (from, to) = (self.inputs.channel(index), self.outputs.channel(index));
        if to.is_null() || from == to {
            return;
        }
        // SAFETY: channels that are not null hold the block's frames; they may overlap. All-zero is silence.
        unsafe {
            if from.is_null() {
                to.write_bytes(0, self.frames);
            } else {
                std::ptr::copy(from, to, self.frames);
            }
        }
    }

    /// Whether the first `width` outputs are there, each in memory that no other channel uses. Its own input may lie in the
    /// very same place.
    pub(crate) fn lie_apart(&self, width: usize) -> bool {
        let bytes = self.frames * size_of::<S>();
        let apart = |a: *mut S, b: *mut S| b.is_null() || a.addr().abs_diff(b.addr()) >= bytes;
        (0..width).all(|index| {
            let own = self.outputs.channel(index);
            !own.is_null()
                && (0..width).all(|other| {
                    let (input, output) = (self.inputs.channel(other), self.outputs.channel(other));
                    if other == index {
                        own == input || apart(own, input)
                    } else {
                        apart(own, output) && apart(own, input)
                    }
                })
        })
    }
}

/// What the plugin works in.
#[derive(Default)]
pub(crate) struct Stage {
    /// A channel for each speaker. Empty unless a block is on.
    buffer: Buffer<'static>,
    width: usize,
    /// A piece of each channel, for the plugin …
    single: Vec<Vec<f32>>,
    /// … and for the host.
    wide: Vec<Vec<f64>>,
}

/// A buffer with slices that are not its own; without any when this goes.
struct Lent<'a>(&'a mut Buffer<'static>);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        // SAFETY: no slice is left.
        unsafe { self.0.set_slices(0, Vec::clear) };
    }
}

impl Stage {
    /// For blocks of `width` channels and at most `longest` sample frames; longer ones are taken too.
    pub(crate) fn new(width: usize, longest: usize) -> Self {
        let frames = longest.clamp(1, PIECE);
        let mut buffer = Buffer::default();
        // SAFETY: there are no slices yet, only room for them.
        unsafe { buffer.set_slices(0, |slices| slices.reserve(width)) };
        Self {
            buffer,
            width,
            single: vec![vec![0.0; frames]; width],
            wide: vec![vec![0.0; frames]; width],
        }
    }

    /// Passes a block through `work`, which is given a buffer of its and where that begins in the block. Real-time safe.
    pub(crate) fn play<S: Sample>(
        &mut self,
        block: &Block<S>,
        mut work: impl FnMut(&mut Buffer<'static>, usize),
    ) {
        let mut channels = [std::ptr::null_mut(); MOST];
        let direct = block.lie_apart(self.width)
            && (0..self.width).all(|index| {
                let single = S::single(block.outputs.channel(index));
                channels[index] = single.unwrap_or(std::ptr::null_mut());
                single.is_some()
            });
        if direct {
            block.pass();
            // SAFETY: all of them are there, hold the block's frames and lie apart.
            unsafe { self.lend(&channels, block.frames, |buffer| work(buffer, 0)) };
            return;
        }
        let longest = self.single.first().map_or(PIECE, Vec::len);
        let mut from = 0;
        while from < block.frames {
            let piece = from..block.frames.min(from + longest);
            self.take(block, piece.clone());
            for (channel, single) in channels.iter_mut().zip(&mut self.single) {
                *channel = single.as_mut_ptr();
            }
            // SAFETY: each is a vector of its own, of at least so many samples.
            unsafe { self.lend(&channels, piece.len(), |buffer| work(buffer, from)) };
            self.give(block, piece.clone());
            from = piece.end;
        }
        for index in self.width..block.outputs.count {
            block.pass_channel(index);
        }
    }

    /// Lends the buffer, filled with the first channels, to `work`.
    ///
    /// # Safety
    ///
    /// The first `width` channels must each hold `frames` samples that nobody else uses until this returns.
    unsafe fn lend(
        &mut self,
        channels: &[*mut f32; MOST],
        frames: usize,
        work: impl FnOnce(&mut Buffer<'static>),
    ) {
        let channels = &channels[..self.width.min(MOST)];
        let lent = Lent(&mut self.buffer);
        // SAFETY: the caller's own; the slices are gone again before this returns, also where `work` panics.
        unsafe {
            lent.0.set_slices(frames, |slices| {
                slices.clear();
                for channel in channels {
                    slices.push(slice::from_raw_parts_mut(*channel, frames));
                }
            });
        }
        work(lent.0);
    }

    /// Takes what comes in over, before anything goes out: the host may use one memory for both.
    fn take<S: Sample>(&mut self, block: &Block<S>, piece: Range<usize>) {
        for (index, (single, wide)) in self.single.iter_mut().zip(&mut self.wide).enumerate() {
            let from = block.inputs.channel(index);
            for ((at, single), wide) in piece.clone().zip(single).zip(wide) {
                let sample = if from.is_null() {
                    S::default()
                } else {
                    // SAFETY: channels that are not null hold the block's frames.
                    unsafe { from.add(at).read() }
                };
                *wide = sample.widened();
                *single = *wide as f32;
            }
        }
    }

    /// Gives the host what it gave: the plugin only looks.
    fn give<S: Sample>(&self, block: &Block<S>, piece: Range<usize>) {
        for (index, wide) in self.wide.iter().enumerate() {
            let to = block.outputs.channel(index);
            if to.is_null() {
                continue;
            }
            for (at, wide) in piece.clone().zip(wide) {
                // SAFETY: channels that are not null hold the block's frames.
                unsafe { to.add(at).write(S::narrowed(*wide)) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn nothing_of_the_host_stays_after_a_panic() {
        let mut samples = vec![vec![0.5f32; 8]; 2];
        let mut channels: Vec<_> = samples.iter_mut().map(Vec::as_mut_ptr).collect();
        let bus = |channels: &mut Vec<*mut f32>| {
            // SAFETY: two channels of eight samples, which outlive the block.
            unsafe { Bus::new(channels.as_mut_ptr(), 2) }
        };
        let block = Block::new(bus(&mut channels), bus(&mut channels), 8);
        let mut stage = Stage::new(2, 8);
        let played = catch_unwind(AssertUnwindSafe(|| {
            stage.play(&block, |buffer, _| {
                assert_eq!((buffer.channels(), buffer.samples()), (2, 8));
                panic!("of the plugin");
            });
        }));
        assert!(played.is_err());
        assert_eq!((stage.buffer.channels(), stage.buffer.samples()), (0, 0));
    }
}
