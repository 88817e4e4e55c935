//! Pearson's and Spearman's correlation.

/// Pearson's correlation; `None` for fewer than three pairs or a side without variance.
pub(crate) fn pearson(pairs: &[(f64, f64)]) -> Option<f64> {
    if pairs.len() < 3 {
        return None;
    }
    let count = pairs.len() as f64;
    let mean = |side: fn(&(f64, f64)) -> f64| pairs.iter().map(side).sum::<f64>() / count;
    let (x, y) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let sum = |f: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>();
    let both = sum(&|pair| (pair.0 - x) * (pair.1 - y));
    let product = sum(&|pair| (pair.0 - x).powi(2)) * sum(&|pair| (pair.1 - y).powi(2));
    (product > 0.0).then(|| (both / product.sqrt()).clamp(-1.0, 1.0))
}

/// Spearman's rank correlation, with mean ranks for equal values; `None` as for [`pearson`].
pub(crate) fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    let left = ranks(pairs.iter().map(|pair| pair.0));
    let right = ranks(pairs.iter().map(|pair| pair.1));
    pearson(&left.into_iter().zip(right).collect::<Vec<_>>())
}

fn ranks(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut order: Vec<_> = values.enumerate().collect();
    order.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
    let mut ranks = vec![0.0; order.len()];
    let mut first = 0;
    for equal in order.chunk_by(|a, b| a.1 == b.1) {
        let middle = first as f64 + (equal.len() - 1) as f64 / 2.0;
        for (index, _) in equal {
            ranks[*index] = middle;
        }
        first += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_pairs_give_known_correlations() {
        // Anscombe's first set: r = 0.81642, and ρ = 0.81818.
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        let pairs: Vec<_> = x.into_iter().zip(y).collect();
        assert!((pearson(&pairs).unwrap() - 0.816_420_5).abs() < 1e-6);
        assert!((spearman(&pairs).unwrap() - 0.818_181_8).abs() < 1e-6);
    }

    #[test]
    fn equal_values_share_a_rank_and_a_constant_side_has_no_correlation() {
        assert_eq!(ranks([3.0, 1.0, 3.0, 2.0].into_iter()), [2.5, 0.0, 2.5, 1.0]);
        assert_eq!(pearson(&[(1.0, 2.0), (1.0, 3.0), (1.0, 4.0)]), None);
        assert_eq!(spearman(&[(1.0, 2.0), (2.0, 3.0)]), None);
    }
}
