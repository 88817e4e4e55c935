//! The sign-flip permutation test of paired differences, and Holm's correction for several tests.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Up to so many pairs all flips are tried; beyond, as many are drawn.
const EXACT: usize = 16;
const DRAWN: u64 = 100_000;

/// The two-sided probability of a mean at least as far from 0 if each difference could as well have the other sign.
///
/// 1 for nothing. With few pairs it cannot be small: at best 2/2ⁿ.
pub(crate) fn p_value(differences: &[f64], seed: u64) -> f64 {
    let observed = differences.iter().sum::<f64>().abs();
    // Sums of the same numbers in another order differ in their last bits.
    let bound = observed - 1e-9 * differences.iter().map(|d| d.abs()).sum::<f64>();
    let reaches = |flips: &mut dyn FnMut() -> bool| {
        let sum: f64 = differences.iter().map(|d| if flips() { -d } else { *d }).sum();
        sum.abs() >= bound
    };
    if differences.len() <= EXACT {
        let all = 1u64 << differences.len();
        let as_far = (0..all)
            .filter(|&pattern| {
                let mut rest = pattern;
                reaches(&mut || {
                    let flip = rest & 1 == 1;
                    rest >>= 1;
                    flip
                })
            })
            .count();
        return as_far as f64 / all as f64;
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let as_far = (0..DRAWN).filter(|_| reaches(&mut || rng.random())).count();
    // The observed signs are one of the possible flips.
    (as_far + 1) as f64 / (DRAWN + 1) as f64
}

/// Holm's correction: what each p-value becomes when all are looked at together.
pub(crate) fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<_> = (0..p_values.len()).collect();
    order.sort_unstable_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut corrected = vec![1.0; p_values.len()];
    let mut largest = 0.0f64;
    for (rank, &index) in order.iter().enumerate() {
        largest = largest.max(p_values[index] * (p_values.len() - rank) as f64);
        corrected[index] = largest.min(1.0);
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_pairs_are_counted_exactly() {
        // All of one sign: only the two patterns without a mixture reach that far.
        assert_eq!(p_value(&[1.0; 8], 1), 2.0 / 256.0);
        assert_eq!(p_value(&[1.0, -1.0], 1), 1.0);
        // Sums of 1, 2, 3 with signs: ±6 reach 6; of 1, 2, −3 all reach 0.
        assert_eq!(p_value(&[1.0, 2.0, 3.0], 1), 0.25);
        assert_eq!(p_value(&[1.0, 2.0, -3.0], 1), 1.0);
        assert_eq!(p_value(&[], 1), 1.0);
    }

    #[test]
    fn many_pairs_are_drawn() {
        let strong: Vec<_> = (0..40).map(|i| 1.0 + f64::from(i % 3)).collect();
        assert!(p_value(&strong, 1) < 1e-4);
        let none: Vec<_> = (0..40).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert!(p_value(&none, 1) > 0.9);
    }

    #[test]
    fn holm_corrects_as_published() {
        let corrected = holm(&[0.01, 0.04, 0.03, 0.005]);
        let expected = [0.03, 0.06, 0.06, 0.02];
        assert!(
            corrected.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12),
            "{corrected:?}"
        );
    }
}
