//! What a manifest's auxiliary columns say of whole clips, for the trunk to learn beside the teachers' lessons.

use std::collections::{BTreeMap, BTreeSet};

use tch::{Kind, Tensor};

/// What the auxiliary columns weigh together, where the teachers weigh 1.
const WEIGHT: f64 = 0.5;

/// Standardised values of every clip.
pub(super) struct Auxiliary {
    /// The columns' names, sorted.
    pub(super) names: Vec<String>,
    /// `[clips, names]`: values of mean 0 and deviation 1, and 1 where there is one.
    values: Tensor,
    known: Tensor,
}

impl Auxiliary {
    /// Those of each clip, by their names. A column that is the same everywhere teaches nothing and is left out.
    pub(super) fn of(clips: &[&BTreeMap<String, f32>]) -> Self {
        let all: BTreeSet<_> = clips.iter().flat_map(|clip| clip.keys()).collect();
        let (mut names, mut values, mut known) = (Vec::new(), Vec::new(), Vec::new());
        for name in all {
            let column: Vec<_> = clips.iter().map(|clip| clip.get(name).copied()).collect();
            let there: Vec<_> = column.iter().copied().flatten().map(f64::from).collect();
            let mean = there.iter().sum::<f64>() / there.len() as f64;
            let variance = there.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / there.len() as f64;
            if variance.sqrt() <= 1e-6 * mean.abs().max(1e-6) {
                continue;
            }
            let standard = |value: Option<f32>| {
                value.map_or(0.0, |value| ((f64::from(value) - mean) / variance.sqrt()) as f32)
            };
            names.push(name.clone());
            values.push(Tensor::from_slice(
                &column.iter().copied().map(standard).collect::<Vec<_>>(),
            ));
            let there: Vec<_> = column
                .iter()
                .map(|value| f32::from(u8::from(value.is_some())))
                .collect();
            known.push(Tensor::from_slice(&there));
        }
        let side_by_side = |columns: &[Tensor]| match columns {
            [] => Tensor::zeros([clips.len() as i64, 0], (Kind::Float, tch::Device::Cpu)),
            columns => Tensor::stack(columns, 1),
        };
        Self {
            values: side_by_side(&values),
            known: side_by_side(&known),
            names,
        }
    }

    /// Weighted squared error of `found`, `[batch, names]`, for the clips `batch`; zero where nothing is known of them.
    pub(super) fn loss(&self, found: &Tensor, batch: &[usize]) -> Tensor {
        let batch: Vec<_> = batch.iter().map(|&clip| clip as i64).collect();
        let rows = Tensor::from_slice(&batch);
        let pick = |table: &Tensor| table.index_select(0, &rows).to_device(found.device());
        let (values, known) = (pick(&self.values), pick(&self.known));
        let each = (found - values).square() * &known;
        each.sum(Kind::Float) / known.sum(Kind::Float).clamp_min(1.0) * WEIGHT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_standardised_and_gaps_cost_nothing() {
        let clip = |pairs: &[(&str, f32)]| -> BTreeMap<_, _> {
            let pairs = pairs.iter();
            pairs.map(|&(name, value)| (name.to_owned(), value)).collect()
        };
        let clips = [
            clip(&[("crowd", 1.0), ("same", 3.0)]),
            clip(&[("crowd", 3.0), ("same", 3.0)]),
            clip(&[]),
        ];
        let auxiliary = Auxiliary::of(&clips.iter().collect::<Vec<_>>());
        assert_eq!(auxiliary.names, ["crowd"]);
        let loss = |found: [f32; 2], batch: &[usize]| {
            f64::try_from(auxiliary.loss(&Tensor::from_slice(&found).view([2, 1]), batch)).unwrap()
        };
        assert_eq!(loss([-1.0, 1.0], &[0, 1]), 0.0);
        assert_eq!(loss([0.0, 9.0], &[0, 2]), WEIGHT);
        assert_eq!(loss([9.0, 9.0], &[2, 2]), 0.0);
        assert!(Auxiliary::of(&[]).names.is_empty());
    }
}
