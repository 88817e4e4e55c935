//! Sample frames after the down-mix, and what loudness needs beside them.

use super::Stereo;

/// Sample frames after the down-mix: the pairs that features are made of, and, of surround, the channels themselves, of
/// which loudness is measured.
#[derive(Debug, Clone, Default)]
pub struct Block {
    pub(super) pairs: Vec<Stereo>,
    /// Interleaved; empty where the pairs are all there is.
    pub(super) channels: Vec<f32>,
    /// Channels of a frame in `channels`; 0 where the pairs are all there is.
    pub(super) width: usize,
}

impl Block {
    /// Drops what is in it, and keeps its memory.
    pub fn clear(&mut self) {
        self.pairs.clear();
        self.channels.clear();
    }

    /// What is in it.
    pub fn folded(&self) -> Folded<'_> {
        Folded {
            pairs: &self.pairs,
            channels: &self.channels,
            width: self.width,
        }
    }
}

/// A part of a [`Block`], or pairs alone.
#[derive(Debug, Clone, Copy)]
pub struct Folded<'a> {
    pairs: &'a [Stereo],
    channels: &'a [f32],
    width: usize,
}

impl<'a> From<&'a [Stereo]> for Folded<'a> {
    /// Frames of which the pairs are all there is: mono, stereo, and more channels than have a layout.
    fn from(pairs: &'a [Stereo]) -> Self {
        Self {
            pairs,
            channels: &[],
            width: 0,
        }
    }
}

impl<'a> Folded<'a> {
    /// Sample frames.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Left and right after the fold-down.
    pub fn pairs(&self) -> &'a [Stereo] {
        self.pairs
    }

    /// The first `frames`, and the rest; all of them where there are fewer.
    #[must_use]
    pub fn split_at(self, frames: usize) -> (Self, Self) {
        let at = frames.min(self.len());
        let (pairs, later_pairs) = self.pairs.split_at(at);
        let (channels, later_channels) = self.channels.split_at(at * self.width);
        let now = Self {
            pairs,
            channels,
            ..self
        };
        let later = Self {
            pairs: later_pairs,
            channels: later_channels,
            ..self
        };
        (now, later)
    }

    /// The channels of surround, interleaved.
    pub(crate) fn channels(&self) -> &'a [f32] {
        self.channels
    }

    /// How many channels of surround there are; 0 where the pairs are all there is.
    pub(crate) fn width(&self) -> usize {
        self.width
    }
}
