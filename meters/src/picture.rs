//! A scrolling picture of mel frames.

use std::collections::VecDeque;

use echometer_engine::frontend::Scale;

use crate::History;

/// Columns a second: as fine as a picture half a thousand pixels wide can show.
const COLUMNS_HZ: f64 = 20.0;

/// Decibels from the darkest to the brightest.
const RANGE_DB: f32 = 45.0;

/// How fast the brightest level falls when the music gets quieter, in decibels a column.
const FALL_DB: f32 = 0.05;

/// Where the brightest level starts and below which it never falls, in decibels of mel power.
const FLOOR_DB: f32 = 0.0;

/// The last half minute of mel frames as brightnesses, one byte a band, brightest relative to the loudest of late.
#[derive(Debug, Clone)]
pub struct MelPicture {
    mels: usize,
    scale: Scale,
    frames_per_column: usize,
    /// The column being filled: the largest power of each band, and from how many frames.
    filling: Vec<f32>,
    filled: usize,
    top_db: f32,
    columns: VecDeque<Vec<u8>>,
    /// Columns since the start, so that a viewer sees what is new.
    total: u64,
}

impl MelPicture {
    pub(crate) fn new(mels: usize, scale: Scale, frames_hz: f64) -> Self {
        Self {
            mels: mels.max(1),
            scale,
            frames_per_column: (frames_hz / COLUMNS_HZ).round().max(1.0) as usize,
            filling: vec![0.0; mels.max(1)],
            filled: 0,
            top_db: FLOOR_DB,
            columns: VecDeque::new(),
            total: 0,
        }
    }

    /// Columns of a full picture.
    pub const CAPACITY: usize = (History::SPAN_S * COLUMNS_HZ) as usize;

    /// Adds whole frames.
    pub(crate) fn push(&mut self, frames: &[f32]) {
        for frame in frames.chunks_exact(self.mels) {
            for (largest, &value) in self.filling.iter_mut().zip(frame) {
                *largest = largest.max(value);
            }
            self.filled += 1;
            if self.filled == self.frames_per_column {
                self.end_column();
            }
        }
    }

    fn end_column(&mut self) {
        let scale = self.scale;
        let decibels = |&value: &f32| 10.0 * scale.power(value).max(1e-12).log10();
        let peak = self.filling.iter().map(decibels).fold(FLOOR_DB, f32::max);
        self.top_db = (self.top_db - FALL_DB).max(peak);
        let bottom = self.top_db - RANGE_DB;
        let column = self
            .filling
            .iter()
            .map(|value| ((decibels(value) - bottom) / RANGE_DB * 255.0).clamp(0.0, 255.0) as u8);
        if self.columns.len() == Self::CAPACITY {
            self.columns.pop_front();
        }
        self.columns.push_back(column.collect());
        self.total += 1;
        self.filling.fill(0.0);
        self.filled = 0;
    }

    pub(crate) fn clear(&mut self) {
        self.filling.fill(0.0);
        self.filled = 0;
        self.top_db = FLOOR_DB;
        self.columns.clear();
        self.total = 0;
    }

    /// Bands, lowest first.
    pub fn mels(&self) -> usize {
        self.mels
    }

    /// Columns there are, at most [`Self::CAPACITY`].
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// Columns since the start or the last reset.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The columns, oldest first; in each, the brightness of every band, lowest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.columns.iter().map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loudest_band_is_brightest_and_silence_is_dark() {
        let mut picture = MelPicture::new(3, Scale::Power, 80.0);
        for _ in 0..8 {
            picture.push(&[0.0, 1e3, 1e3 * 10f32.powf(-RANGE_DB / 20.0)]);
        }
        assert_eq!(picture.columns(), 2);
        let column = picture.iter().next().unwrap();
        assert_eq!((column[0], column[1]), (0, 255));
        assert!(
            (120..136).contains(&column[2]),
            "half the range below is half: {}",
            column[2]
        );
    }

    #[test]
    fn is_bounded() {
        let mut picture = MelPicture::new(1, Scale::Power, 20.0);
        picture.push(&vec![1.0; MelPicture::CAPACITY + 50]);
        assert_eq!(picture.columns(), MelPicture::CAPACITY);
        assert_eq!(picture.total(), MelPicture::CAPACITY as u64 + 50);
    }
}
