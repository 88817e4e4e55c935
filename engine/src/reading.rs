//! What comes out: the eight meters at one moment.

use crate::feature::PerFeature;

/// The features of the last window.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// End of the window, in seconds of input.
    pub time: f64,
    /// Share of the window that was heard so far, 0–1.
    pub coverage: f32,
    /// Whether the whole window was below −70 LUFS: nothing to score.
    pub silent: bool,
    /// Values in the features' ranges; `None` while silent, before the first column, or where the model has no such
    /// feature. A measured loudness is there from the first 400 ms on, also in silence (then −60).
    pub values: PerFeature<Option<f32>>,
    /// Standard deviations of the values; 0 for a measured loudness.
    pub sd: PerFeature<Option<f32>>,
    /// What else is measured of the sound. Nothing where nobody asked for it: scans do without.
    pub levels: Levels,
    /// Blocks the tap dropped so far because its ring was full.
    pub dropped: u64,
    /// Samples replaced by zero so far: NaN, infinite, subnormal or absurdly large.
    pub replaced: u64,
}

/// Loudness of the moment, how far it ranges, and the highest peak: EBU Tech 3341 and 3342, ITU-R BS.1770. Each is `None` before
/// there is enough input, and where there is nothing above −70 LUFS. What is largest is so since the start or the last reset.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Levels {
    /// Loudness of the last 400 ms, in LUFS.
    pub momentary: Option<f32>,
    /// The largest momentary loudness, in LUFS.
    pub max_momentary: Option<f32>,
    /// Loudness of the last 3 s, in LUFS.
    pub short_term: Option<f32>,
    /// The largest short-term loudness, in LUFS.
    pub max_short_term: Option<f32>,
    /// How far quiet and loud parts lie apart, in LU; it means little for less than a minute.
    pub range: Option<f32>,
    /// The largest peak of all channels, between samples too, in decibels of full scale (dBTP).
    pub true_peak: Option<f32>,
}
