//! One error by another, and what its interval says.

use serde::Serialize;

use super::statistics::bootstrap::Interval;

/// With fewer clips than this, no interval is believed.
pub(crate) const LEAST_CLIPS: usize = 30;
/// Relative differences of the MSE up to this are called equal.
pub(crate) const EQUAL: f64 = 0.05;

/// How one MSE compares with another on the same clips.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Ratio {
    pub(crate) clips: usize,
    /// First MSE by the second.
    pub(crate) ratio: f64,
    /// Central 95 % over clips.
    pub(crate) interval: Option<Interval>,
}

/// What an interval says about the first of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// Lower error.
    Better,
    Worse,
    /// Within [`EQUAL`].
    Equal,
    /// Not enough data to tell.
    Unknown,
}

impl Ratio {
    /// Judges by the interval alone: inside ±5 % is equal, on one side of 1 is better or worse, all else is unknown.
    pub(crate) fn verdict(&self) -> Verdict {
        match self.interval {
            Some(interval) if self.clips >= LEAST_CLIPS => {
                if interval.low >= 1.0 / (1.0 + EQUAL) && interval.high <= 1.0 + EQUAL {
                    Verdict::Equal
                } else if interval.high < 1.0 {
                    Verdict::Better
                } else if interval.low > 1.0 {
                    Verdict::Worse
                } else {
                    Verdict::Unknown
                }
            }
            _ => Verdict::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(clips: usize, low: f64, high: f64) -> Verdict {
        let interval = Some(Interval { low, high });
        let ratio = 1.0;
        Ratio {
            clips,
            ratio,
            interval,
        }
        .verdict()
    }

    #[test]
    fn verdicts_follow_the_rule() {
        assert_eq!(ratio(100, 0.5, 0.9), Verdict::Better);
        assert_eq!(ratio(100, 1.1, 2.0), Verdict::Worse);
        assert_eq!(ratio(100, 0.97, 1.04), Verdict::Equal);
        assert_eq!(ratio(100, 0.97, 0.99), Verdict::Equal);
        assert_eq!(ratio(100, 0.8, 1.1), Verdict::Unknown);
        assert_eq!(ratio(LEAST_CLIPS - 1, 0.5, 0.9), Verdict::Unknown);
    }
}
