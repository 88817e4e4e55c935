//! The clips of a grid, split, and what all its runs share.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use echometer_engine::{Feature, PerFeature};
use tch::Tensor;

use super::profile::Profile;
use crate::data::clips::{Clip, band_statistics};
use crate::data::prepare::Data;
use crate::data::row::Split;
use crate::data::split::{Shares, split};
use crate::runs::record::DataRecord;
use crate::training::metrics::mean_and_variance;

/// A split data set.
pub(crate) struct Set {
    pub(crate) clips: Vec<Clip>,
    pub(crate) sides: Vec<Split>,
    pub(crate) record: DataRecord,
    /// Mean and standard deviation of each mel band over the training clips.
    pub(crate) bands: (Tensor, Tensor),
}

impl Set {
    /// Splits the clips.
    pub(crate) fn new(
        data: Data,
        profile: Profile,
        shares: Option<Shares>,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let (sides, how) = split(&data.clips, shares, seed);
        let mut counts: BTreeMap<_, _> = Split::ALL.map(|side| (side, 0)).into();
        for side in &sides {
            *counts.entry(*side).or_default() += 1;
        }
        if let Some((side, _)) = counts.iter().find(|(_, count)| **count == 0) {
            bail!(
                "{}: {} usable clips, none of them for {}; at least three clips by three artists are needed",
                data.description,
                data.clips.len(),
                side.name()
            );
        }
        let training: Vec<_> = side_of(&data.clips, &sides, Split::Training)
            .map(|i| &data.clips[i])
            .collect();
        let bands = band_statistics(&training, profile.front_end().mels as i64)?;
        Ok(Self {
            record: DataRecord {
                description: data.description,
                split: how,
                clips: counts,
                rejected: data.rejected.len(),
            },
            clips: data.clips,
            sides,
            bands,
        })
    }

    /// Clips of one side that have a label for any of `features`.
    pub(crate) fn side(&self, side: Split, features: &[Feature]) -> Vec<usize> {
        side_of(&self.clips, &self.sides, side)
            .filter(|&i| {
                features
                    .iter()
                    .any(|&feature| self.clips[i].labels[feature].is_some())
            })
            .collect()
    }

    /// The mean training label; the middle of the range where there is none.
    pub(crate) fn prior(&self) -> PerFeature<f32> {
        PerFeature::from_fn(|feature| {
            let labels: Vec<_> = side_of(&self.clips, &self.sides, Split::Training)
                .filter_map(|i| self.clips[i].labels[feature])
                .map(f64::from)
                .collect();
            let (low, high) = feature.range();
            match labels.is_empty() {
                true => 0.5 * (low + high),
                false => mean_and_variance(&labels).0 as f32,
            }
        })
    }

    /// Writes `data.json` and `clips.csv`, which the report reads.
    pub(crate) fn write(&self, out: &Path) -> anyhow::Result<()> {
        let path = out.join("data.json");
        crate::runs::write_json(&path, &self.record)?;
        let path = out.join("clips.csv");
        let context = || format!("cannot write {}", path.display());
        let mut table = csv::Writer::from_path(&path).with_context(context)?;
        let header = ["clip", "split"]
            .into_iter()
            .chain(Feature::ALL.map(Feature::name));
        table.write_record(header).with_context(context)?;
        for (clip, side) in self.clips.iter().zip(&self.sides) {
            let labels =
                Feature::ALL.map(|f| clip.labels[f].map(|label| label.to_string()).unwrap_or_default());
            let cells = [clip.name.clone(), side.name().to_owned()]
                .into_iter()
                .chain(labels);
            table.write_record(cells).with_context(context)?;
        }
        table.flush().with_context(context)
    }

    /// Everything of the clips that a run's result depends on.
    pub(crate) fn fingerprint(&self) -> String {
        let clips: Vec<_> = self
            .clips
            .iter()
            .zip(&self.sides)
            .map(|(clip, side)| (clip.hash, clip.labels, side))
            .collect();
        echometer_engine::model::sha256_hex(format!("{clips:?}").as_bytes())
    }
}

fn side_of(clips: &[Clip], sides: &[Split], side: Split) -> impl Iterator<Item = usize> {
    (0..clips.len()).filter(move |&i| sides[i] == side)
}
