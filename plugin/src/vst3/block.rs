//! The host's buffers as the plugin takes them.
//!
//! The plugin works in place on single precision, a channel for each speaker that was agreed on. Hosts may give double
//! precision, fewer channels or more, none where nothing is connected, the same memory for input and output, even crosswise:
//! where the plugin cannot work in the host's memory, it does so in memory of its own, a piece at a time.

use std::ops::Range;
use std::slice;

use nice_plug::prelude::Buffer;
use vst3::Steinberg::Vst::{AudioBusBuffers, ProcessData};

/// Most channels of a bus.
pub(super) const MOST: usize = 24;

/// Most sample frames of a piece.
const PIECE: usize = 4096;

/// A sample as hosts have them.
pub(super) trait Sample: Copy + Default {
    /// The channels of a bus, where `bus` is of such samples.
    fn channels(bus: &AudioBusBuffers) -> *mut *mut Self;
    fn widened(self) -> f64;
    fn narrowed(wide: f64) -> Self;
    /// The channels as the plugin could work on them.
    fn single(channel: *mut Self) -> Option<*mut f32>;
}

impl Sample for f32 {
    fn channels(bus: &AudioBusBuffers) -> *mut *mut Self {
        // SAFETY: both fields of the union are pointers, and any bits are a pointer.
        unsafe { bus.__field0.channelBuffers32 }
    }

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
    fn channels(bus: &AudioBusBuffers) -> *mut *mut Self {
        // SAFETY: as above.
        unsafe { bus.__field0.channelBuffers64 }
    }

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
struct Bus<S> {
    channels: *mut *mut S,
    count: usize,
}

impl<S: Sample> Bus<S> {
    /// The first of `count` buses; none where there is none.
    ///
    /// # Safety
    ///
    /// `buses` must be null or point to `count` buses of such samples, which live as long as what is made of them.
    unsafe fn first(buses: *mut AudioBusBuffers, count: i32) -> Self {
        // Of no buses, the pointer may be anything.
        let bus = if count > 0 {
            // SAFETY: the caller's own.
            unsafe { buses.as_ref() }
        } else {
            None
        };
        let channels = bus.map_or(std::ptr::null_mut(), S::channels);
        let count = bus.map_or(0, |bus| usize::try_from(bus.numChannels).unwrap_or(0));
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
pub(super) struct Block<S> {
    inputs: Bus<S>,
    outputs: Bus<S>,
    frames: usize,
}

impl<S: Sample> Block<S> {
    /// # Safety
    ///
    /// All pointers of `data` must be null or live as long as the block; its samples must be of `S`.
    pub(super) unsafe fn of(data: &ProcessData) -> Self {
        // SAFETY: the caller's own.
        unsafe {
            Self {
                inputs: Bus::first(data.inputs, data.numInputs),
                outputs: Bus::first(data.outputs, data.numOutputs),
                frames: usize::try_from(data.numSamples).unwrap_or(0),
            }
        }
    }

    /// Whether there is nothing to hear and nothing to fill: hosts give such blocks to move parameters.
    pub(super) fn is_empty(&self) -> bool {
        self.frames == 0 || !(self.inputs.is_connected() || self.outputs.is_connected())
    }

    /// Gives out what comes in, and silence where nothing comes in.
    pub(super) fn pass(&self) {
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

    /// Whether the first `width` outputs are there, each in memory that no other channel uses.
    fn lie_apart(&self, width: usize) -> bool {
        let bytes = self.frames * size_of::<S>();
        let apart = |a: *mut S, b: *mut S| b.is_null() || a.addr().abs_diff(b.addr()) >= bytes;
        (0..width).all(|index| {
            let own = self.outputs.channel(index);
            !own.is_null()
                && (0..width).filter(|other| *other != index).all(|other| {
                    apart(own, self.outputs.channel(other)) && apart(own, self.inputs.channel(other))
                })
        })
    }
}

/// What the plugin works in.
#[derive(Default)]
pub(super) struct Stage {
    /// A channel for each speaker. Empty unless a block is on.
    buffer: Buffer<'static>,
    width: usize,
    /// A piece of each channel, for the plugin …
    single: Vec<Vec<f32>>,
    /// … and for the host.
    wide: Vec<Vec<f64>>,
}

impl Stage {
    /// For blocks of `width` channels and at most `longest` sample frames; longer ones are taken too.
    pub(super) fn new(width: usize, longest: usize) -> Self {
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
    pub(super) fn play<S: Sample>(
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
        // SAFETY: the caller's own; the slices are gone again before this returns.
        unsafe {
            self.buffer.set_slices(frames, |slices| {
                slices.clear();
                for channel in channels {
                    slices.push(slice::from_raw_parts_mut(*channel, frames));
                }
            });
        }
        work(&mut self.buffer);
        // SAFETY: no slice is left.
        unsafe { self.buffer.set_slices(0, Vec::clear) };
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
