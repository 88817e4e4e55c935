//! What is drawn together in a resample: clips of one artist are more alike than others.

use std::collections::{BTreeSet, HashMap};

use crate::runs::read::LabelledClip;

/// What an interval is resampled over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Unit {
    #[default]
    Clips,
    /// Several clips are by one artist, and are drawn together.
    Artists,
}

impl Unit {
    /// Artists where any two clips share one.
    pub(super) fn of(clips: &[LabelledClip]) -> Self {
        let mut seen = BTreeSet::new();
        let mut groups = clips.iter().filter_map(|clip| clip.group.as_deref());
        if groups.all(|group| seen.insert(group)) {
            Self::Clips
        } else {
            Self::Artists
        }
    }

    /// `artists`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Clips => "clips",
            Self::Artists => "artists",
        }
    }

    /// `the artists, each with all its clips (a clip without one stands for itself)`.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Clips => "the clips",
            Self::Artists => "the artists, each with all its clips (a clip without one stands for itself)",
        }
    }
}

/// The group of each of these rows of `clips.csv`, from 0; a clip without one is its own.
pub(super) fn groups(rows: &[usize], clips: &[LabelledClip]) -> Vec<usize> {
    let mut known = HashMap::new();
    let mut count = 0;
    let mut next = || {
        count += 1;
        count - 1
    };
    rows.iter()
        .map(
            |&row| match clips.get(row).and_then(|clip| clip.group.as_deref()) {
                Some(name) => *known.entry(name).or_insert_with(&mut next),
                None => next(),
            },
        )
        .collect()
}
