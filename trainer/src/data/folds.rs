//! Seeded folds that keep a group together.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

/// Gives each item a fold from 0 to `folds − 1`, so that no group is in two folds and the folds are about equally large.
pub(crate) fn assign<'a>(groups: impl Iterator<Item = &'a str>, folds: usize, seed: u64) -> Vec<usize> {
    let groups: Vec<_> = groups.collect();
    let mut sizes = BTreeMap::new();
    for group in &groups {
        *sizes.entry(*group).or_insert(0usize) += 1;
    }
    let mut order: Vec<_> = sizes.into_iter().collect();
    order.shuffle(&mut StdRng::seed_from_u64(seed));
    order.sort_by_key(|(_, size)| std::cmp::Reverse(*size)); // Stable: large groups first, each size in random order.
    let mut filled = vec![0; folds];
    let mut fold_of = BTreeMap::new();
    for (group, size) in order {
        let emptiest = (0..folds).min_by_key(|&fold| filled[fold]).unwrap_or(0);
        filled[emptiest] += size;
        fold_of.insert(group, emptiest);
    }
    groups.iter().map(|group| fold_of[group]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stay_together_and_folds_are_even() {
        let groups: Vec<String> = (0..257).map(|i| format!("artist {}", i * i % 188)).collect();
        let folds = assign(groups.iter().map(String::as_str), 5, 7);
        for (i, a) in groups.iter().enumerate() {
            for (j, b) in groups.iter().enumerate() {
                assert!(a != b || folds[i] == folds[j]);
            }
        }
        for fold in 0..5 {
            let size = folds.iter().filter(|&&f| f == fold).count();
            assert!((45..=58).contains(&size), "{size}");
        }
        assert_eq!(folds, assign(groups.iter().map(String::as_str), 5, 7));
        assert_ne!(folds, assign(groups.iter().map(String::as_str), 5, 8));
    }
}
