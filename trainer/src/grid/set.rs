//! The clips of a grid, split, and what all its runs share.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::bail;
use echometer_engine::{Feature, PerFeature};
use sha2::{Digest, Sha256};

use crate::data::clips::Clip;
use crate::data::prepare::Data;
use crate::data::row::Split;
use crate::data::split::{Shares, split};
use crate::runs::record::DataRecord;
use crate::training::bands::Bands;
use crate::training::metrics::mean_and_variance;

/// A split data set.
pub(crate) struct Set {
    pub(crate) clips: Vec<Clip>,
    pub(crate) sides: Vec<Split>,
    pub(crate) record: DataRecord,
    /// Statistics of the training clips' mel bands.
    pub(crate) bands: Bands,
}

impl Set {
    /// Splits the clips and looks at the training clips' mel bands; `None` where `stop` came first.
    pub(crate) fn new(
        data: Data,
        mels: usize,
        shares: Option<Shares>,
        seed: u64,
        stop: &AtomicBool,
    ) -> anyhow::Result<Option<Self>> {
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
        let training = side_of(&data.clips, &sides, Split::Training).map(|i| &data.clips[i]);
        let Some(bands) = Bands::of(&training.collect::<Vec<_>>(), mels, stop)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            record: DataRecord {
                description: data.description,
                split: how,
                clips: counts,
                rejected: data.rejected.len(),
                fingerprint: fingerprint(&data.clips, &sides),
            },
            clips: data.clips,
            sides,
            bands,
        }))
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
        let mut table = csv::Writer::from_writer(Vec::new());
        let header = ["clip", "split"]
            .into_iter()
            .chain(Feature::ALL.map(Feature::name));
        table.write_record(header.chain(["group"]))?;
        for (clip, side) in self.clips.iter().zip(&self.sides) {
            let label = |feature| {
                clip.labels[feature]
                    .map(|label| label.to_string())
                    .unwrap_or_default()
            };
            let cells = [clip.name.clone(), side.name().to_owned()].into_iter();
            let cells = cells.chain(Feature::ALL.map(label)).chain([clip.group.clone()]);
            table.write_record(cells)?;
        }
        crate::runs::write(&out.join("clips.csv"), &table.into_inner()?)?;
        crate::runs::write_json(&out.join("data.json"), &self.record)
    }
}

/// Everything of the clips that a run's result depends on.
fn fingerprint(clips: &[Clip], sides: &[Split]) -> String {
    let mut hasher = Sha256::new();
    for (clip, side) in clips.iter().zip(sides) {
        hasher.update(format!("{:?} {:?} {side:?}\n", clip.hash, clip.labels));
    }
    hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn side_of(clips: &[Clip], sides: &[Split], side: Split) -> impl Iterator<Item = usize> {
    (0..clips.len()).filter(move |&i| sides[i] == side)
}
