//! All usable clips of a manifest, with their frames as tensors.

use echometer_engine::{Feature, PerFeature};
use indicatif::ParallelProgressIterator;
use rayon::prelude::*;
use tch::Tensor;

use super::cache::{Cache, ClipError};
use super::row::Row;
use crate::report::progress_bar;

/// A labelled clip.
pub(crate) struct Clip {
    /// Mel frames, `[frames, mels]`.
    pub(crate) frames: Tensor,
    /// Group that a split keeps together.
    pub(crate) group: String,
    /// Whether the group is an artist, as the manifest says.
    pub(crate) has_artist: bool,
    /// Labels; `None` where missing.
    pub(crate) labels: PerFeature<Option<f32>>,
}

impl Clip {
    /// How many frames it has.
    pub(crate) fn len(&self) -> i64 {
        self.frames.size()[0]
    }
}

/// A clip that cannot be used, and why.
pub(crate) struct Rejected {
    pub(crate) row: Row,
    pub(crate) reason: ClipError,
}

/// Loads every row that has any of `features`; rows that cannot be used are returned with the reason.
pub(crate) fn load(
    rows: &[Row],
    features: &[Feature],
    cache: &Cache,
    mels: i64,
) -> (Vec<Clip>, Vec<Rejected>) {
    let wanted: Vec<_> = rows
        .iter()
        .filter(|row| features.iter().any(|&f| row.labels[f].is_some()))
        .collect();
    let bar = progress_bar(wanted.len() as u64, "mel frames");
    let loaded: Vec<_> = wanted
        .par_iter()
        .progress_with(bar)
        .map(|row| (*row, cache.frames(row)))
        .collect();
    let (mut clips, mut rejected) = (Vec::new(), Vec::new());
    for (row, frames) in loaded {
        match frames {
            Ok(frames) => clips.push(Clip {
                frames: Tensor::from_slice(&frames).view([-1, mels]),
                group: row.group.clone(),
                has_artist: row.has_artist,
                labels: row.labels,
            }),
            Err(reason) => rejected.push(Rejected {
                row: row.clone(),
                reason,
            }),
        }
    }
    (clips, rejected)
}
