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
    /// Blocks the tap dropped so far because its ring was full.
    pub dropped: u64,
    /// Samples replaced by zero so far: NaN, infinite, subnormal or absurdly large.
    pub replaced: u64,
}
