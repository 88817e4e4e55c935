//! The bootstrap over clips or groups of them: all values are resampled together, so that any two can be compared in pairs.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;
use serde::Serialize;

/// Resamples that share one pass over the values.
const AT_ONCE: usize = 16;

/// Resamples behind every interval of the report.
pub(crate) const RESAMPLES: usize = 2_000;

/// A central 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Interval {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Interval {
    /// The 2.5 % and 97.5 % quantiles of `values` without those that are not finite; `None` where under half are left.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mut finite: Vec<_> = values.iter().copied().filter(|value| value.is_finite()).collect();
        if finite.is_empty() || finite.len() * 2 < values.len() {
            return None;
        }
        finite.sort_unstable_by(f64::total_cmp);
        Some(Self {
            low: super::distribution::quantile(&finite, 0.025),
            high: super::distribution::quantile(&finite, 0.975),
        })
    }

    /// Whether `value` lies inside or on an end.
    #[cfg(test)]
    pub(crate) fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Both ends through a rising function.
    pub(crate) fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self {
            low: f(self.low),
            high: f(self.high),
        }
    }
}

/// The mean of each column in each of `resamples` draws of as many clips as there are, with replacement.
///
/// A column holds one value a clip, NaN where the clip has none; all columns see the same draws. A draw that meets no value
/// of a column gives NaN there. The same seed gives the same draws on any number of threads.
pub(crate) fn means(columns: &[Vec<f64>], resamples: usize, seed: u64) -> Vec<Vec<f64>> {
    let clips = columns.iter().map(Vec::len).max().unwrap_or(0);
    let alone: Vec<_> = (0..clips).collect();
    means_of_groups(columns, &alone, resamples, seed)
}

/// The same with whole groups drawn instead of clips, as many as there are: clips of one group are not independent.
///
/// `groups` says for each clip which group it belongs to, from 0 without gaps.
pub(crate) fn means_of_groups(
    columns: &[Vec<f64>],
    groups: &[usize],
    resamples: usize,
    seed: u64,
) -> Vec<Vec<f64>> {
    let count = groups.iter().max().map_or(0, |last| last + 1);
    if count == 0 {
        return vec![vec![f64::NAN; resamples]; columns.len()];
    }
    let width = 2 * columns.len();
    let table = sums_and_counts(columns, groups, count);
    let draws: Vec<Vec<f64>> = (0..resamples.div_ceil(AT_ONCE))
        .into_par_iter()
        .flat_map_iter(|block| {
            let draws = (block * AT_ONCE)..((block + 1) * AT_ONCE).min(resamples);
            let times: Vec<_> = draws.map(|draw| draw_groups(count, seed, draw as u64)).collect();
            let mut totals = vec![vec![0.0; width]; times.len()];
            for (group, values) in table.chunks_exact(width.max(1)).enumerate() {
                for (totals, times) in totals.iter_mut().zip(&times) {
                    let times = times[group];
                    if times > 0.0 {
                        let sums = totals.iter_mut().zip(values);
                        sums.for_each(|(total, value)| *total += times * value);
                    }
                }
            }
            totals
        })
        .collect();
    let mean = |draw: &Vec<f64>, column: usize| {
        let (sum, count) = (draw[2 * column], draw[2 * column + 1]);
        if count > 0.0 { sum / count } else { f64::NAN }
    };
    (0..columns.len())
        .map(|column| draws.iter().map(|draw| mean(draw, column)).collect())
        .collect()
}

/// How often each group is drawn.
fn draw_groups(count: usize, seed: u64, draw: u64) -> Vec<f64> {
    let mut rng = StdRng::seed_from_u64(seed.wrapping_add(draw.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    let mut times = vec![0.0; count];
    for _ in 0..count {
        times[rng.random_range(0..count)] += 1.0;
    }
    times
}

/// One row a group: for each column the sum of the values that are there, and their number.
fn sums_and_counts(columns: &[Vec<f64>], groups: &[usize], count: usize) -> Vec<f64> {
    let width = 2 * columns.len();
    let mut table = vec![0.0; width * count];
    for (index, column) in columns.iter().enumerate() {
        for (value, group) in column.iter().zip(groups) {
            if !value.is_nan() {
                table[group * width + 2 * index] += value;
                table[group * width + 2 * index + 1] += 1.0;
            }
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_is_that_of_theory() {
        // The mean of n values of variance s² has the standard error s/√n.
        let column: Vec<_> = (0..400).map(|i| f64::from(i % 20)).collect();
        let error = (399.0f64 / 12.0 / 400.0).sqrt(); // Variance of 0…19: (20² − 1)/12.
        let interval = Interval::of(&means(&[column], 4000, 7)[0]).unwrap();
        assert!((interval.low - (9.5 - 1.96 * error)).abs() < 0.05, "{interval:?}");
        assert!(
            (interval.high - (9.5 + 1.96 * error)).abs() < 0.05,
            "{interval:?}"
        );
    }

    #[test]
    fn groups_are_drawn_whole() {
        // 40 groups of ten equal clips: the mean is as uncertain as that of 40 values, not of 400.
        let column: Vec<_> = (0..400).map(|i| f64::from(i / 10 % 20)).collect();
        let groups: Vec<_> = (0..400).map(|i| i / 10).collect();
        let error = (399.0f64 / 12.0 / 40.0).sqrt();
        let drawn = means_of_groups(std::slice::from_ref(&column), &groups, 4000, 7);
        let interval = Interval::of(&drawn[0]).unwrap();
        assert!((interval.low - (9.5 - 1.96 * error)).abs() < 0.15, "{interval:?}");
        assert!(
            (interval.high - (9.5 + 1.96 * error)).abs() < 0.15,
            "{interval:?}"
        );
        let one_a_group: Vec<_> = column.iter().copied().step_by(10).collect();
        assert_eq!(
            drawn,
            means(&[one_a_group], 4000, 7),
            "the same draws of 40 single clips"
        );
    }

    #[test]
    fn columns_are_drawn_together_and_the_seed_decides() {
        let column: Vec<_> = (0..50).map(|i| f64::from(i * i % 17)).collect();
        let higher: Vec<_> = column.iter().map(|value| value + 1.0).collect();
        let drawn = means(&[column.clone(), higher], 100, 3);
        assert!(
            drawn[0]
                .iter()
                .zip(&drawn[1])
                .all(|(a, b)| (b - a - 1.0).abs() < 1e-12)
        );
        assert_eq!(means(std::slice::from_ref(&column), 100, 3)[0], drawn[0]);
        assert_ne!(means(&[column], 100, 4)[0], drawn[0]);
    }

    #[test]
    fn clips_without_value_are_left_out() {
        let drawn = means(&[vec![2.0, f64::NAN, 2.0, f64::NAN]], 50, 1);
        assert!(drawn[0].iter().all(|mean| mean.is_nan() || *mean == 2.0));
        assert!(Interval::of(&[f64::NAN; 4]).is_none());
        assert!(means(&[Vec::new()], 3, 1)[0].iter().all(|mean| mean.is_nan()));
    }
}
