//! Moments, quantiles and histograms.

use serde::Serialize;

/// What describes a set of values, in their unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Summary {
    pub(crate) count: usize,
    pub(crate) mean: f64,
    /// Divided by the count.
    pub(crate) variance: f64,
    pub(crate) low: f64,
    pub(crate) q25: f64,
    pub(crate) q50: f64,
    pub(crate) q75: f64,
    pub(crate) high: f64,
}

impl Summary {
    /// Sorts `values`; `None` for nothing.
    pub(crate) fn of(values: &mut [f64]) -> Option<Self> {
        values.sort_unstable_by(f64::total_cmp);
        let (low, high) = (*values.first()?, *values.last()?);
        let (mean, variance) = crate::training::metrics::mean_and_variance(values);
        Some(Self {
            count: values.len(),
            mean,
            variance,
            low,
            q25: quantile(values, 0.25),
            q50: quantile(values, 0.5),
            q75: quantile(values, 0.75),
            high,
        })
    }
}

/// The quantile at `share` (0–1) of sorted values, linear between neighbours; NaN for nothing.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let position = share.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

/// How many values fall into each of `bins` equal parts of `low`–`high`; the last part holds its upper end too.
pub(crate) fn histogram(values: &[f64], low: f64, high: f64, bins: usize) -> Vec<usize> {
    let mut counts = vec![0; bins];
    for value in values.iter().filter(|value| (low..=high).contains(*value)) {
        let bin = (value - low) / (high - low) * bins as f64;
        counts[(bin as usize).min(bins - 1)] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_give_known_quantiles_and_moments() {
        let mut values = [4.0, 1.0, 3.0, 2.0, 5.0];
        let summary = Summary::of(&mut values).unwrap();
        assert_eq!((summary.q25, summary.q50, summary.q75), (2.0, 3.0, 4.0));
        assert_eq!((summary.mean, summary.variance), (3.0, 2.0));
        assert_eq!(quantile(&[1.0, 2.0], 0.25), 1.25);
        assert!(quantile(&[], 0.5).is_nan() && Summary::of(&mut []).is_none());
    }

    #[test]
    fn every_value_of_the_range_is_counted_once() {
        let values = [0.0, 0.1, 0.5, 0.99, 1.0, 1.5, f64::NAN];
        assert_eq!(histogram(&values, 0.0, 1.0, 2), [2, 3]);
    }
}
