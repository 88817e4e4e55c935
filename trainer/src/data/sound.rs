//! The samples of one clip.

use std::path::Path;

use echometer_decode::{DecodeError, Decoder};
use echometer_engine::InputFormat;
use echometer_engine::tap::{ChannelsError, Downmix, Layout};

/// Reads a stretch of an audio file, block by block.
pub(crate) struct Sound {
    decoder: Decoder,
    /// Samples of all channels still to be skipped, and still to be given.
    skip: usize,
    left: usize,
    block: Vec<f32>,
}

impl Sound {
    /// Opens `seconds` of a file, from `start` seconds on, or what there is of them.
    pub(crate) fn open(path: &Path, start: f64, seconds: f64) -> Result<Self, DecodeError> {
        let decoder = Decoder::open(path)?;
        let samples = |seconds: f64| {
            (seconds * f64::from(decoder.rate())).round() as usize * usize::from(decoder.channels())
        };
        Ok(Self {
            skip: samples(start),
            left: samples(seconds),
            block: Vec::new(),
            decoder,
        })
    }

    /// Samples a second.
    pub(crate) fn rate(&self) -> u32 {
        self.decoder.rate()
    }

    /// What the samples are, as the analyzer takes them.
    pub(crate) fn format(&self) -> InputFormat {
        let channels = self.decoder.channels();
        let mask = self.decoder.channel_mask();
        InputFormat {
            rate: self.decoder.rate(),
            channels,
            layout: mask.and_then(|mask| Layout::of_mask(mask, channels)),
        }
    }

    /// How its channels are folded, as the analyzer folds them.
    pub(crate) fn downmix(&self) -> Result<Downmix, ChannelsError> {
        let format = self.format();
        format
            .layout
            .map_or_else(|| Downmix::new(format.channels), |layout| Ok(Downmix::of(layout)))
    }

    /// The next interleaved samples; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<&[f32]>, DecodeError> {
        while self.left > 0 {
            self.block.clear();
            if !self.decoder.next(&mut self.block)? {
                return Ok(None);
            }
            let from = self.skip.min(self.block.len());
            let to = self.block.len().min(from.saturating_add(self.left));
            self.skip -= from;
            self.left -= to - from;
            if to > from {
                return Ok(Some(&self.block[from..to]));
            }
        }
        Ok(None)
    }
}
