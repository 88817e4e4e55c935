//! One error by another, and what its interval says.

use serde::Serialize;

use super::statistics::bootstrap::Interval;

/// With fewer groups of clips than this, no interval is believed: too few make it too narrow. A clip without one is its own.
pub(crate) const LEAST_GROUPS: usize = 30;
/// Ratios of two MSEs from this to its inverse are called equal, whichever of the two is the divisor.
pub(crate) const EQUAL_TO: f64 = 1.05;
pub(crate) const EQUAL_FROM: f64 = 1.0 / EQUAL_TO;

/// How one MSE compares with another on the same clips.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Ratio {
    pub(crate) clips: usize,
    /// Groups of these clips, which are resampled whole.
    pub(crate) groups: usize,
    /// First MSE by the second.
    pub(crate) ratio: f64,
    /// Central 95 % over groups of clips.
    pub(crate) interval: Option<Interval>,
}

/// What an interval says about the first of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// Lower error.
    Better,
    Worse,
    /// From [`EQUAL_FROM`] to [`EQUAL_TO`].
    Equal,
    /// Not enough data to tell.
    Unknown,
}

impl Ratio {
    /// Judges by the interval alone, in this order: inside the equal ones is equal, even where it leaves out 1; on one side of 1
    /// is better or worse; all else is unknown.
    pub(crate) fn verdict(&self) -> Verdict {
        match self.interval {
            Some(interval) if self.groups >= LEAST_GROUPS => {
                if interval.low >= EQUAL_FROM && interval.high <= EQUAL_TO {
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

    fn ratio(groups: usize, low: f64, high: f64) -> Verdict {
        let interval = Some(Interval { low, high });
        let ratio = 1.0;
        Ratio {
            clips: 1000,
            groups,
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
        assert_eq!(
            ratio(100, 1.0 / 1.05, 1.05),
            Verdict::Equal,
            "the ends belong to it"
        );
        assert_eq!(ratio(100, 0.951, 0.99), Verdict::Better, "1/1.05 is 0.952");
        assert_eq!(ratio(100, 1.01, 1.051), Verdict::Worse);
        assert_eq!(ratio(100, 0.8, 1.1), Verdict::Unknown);
        assert_eq!(ratio(100, 0.8, 1.0), Verdict::Unknown);
        assert_eq!(ratio(LEAST_GROUPS - 1, 0.5, 0.9), Verdict::Unknown);
    }
}
