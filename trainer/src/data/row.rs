//! One clip of a data set: where its sound is and what is known of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use echometer_engine::{Feature, PerFeature};

/// One labelled clip.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The audio file.
    pub(crate) path: PathBuf,
    /// Where the clip starts in it, in seconds.
    pub(crate) start: f64,
    /// Clips of one group stay on one side of a split: the artist, or the clip's own path where there is none.
    pub(crate) group: String,
    /// Whether the group is an artist.
    pub(crate) has_artist: bool,
    /// Labels; `None` where missing or not trusted.
    pub(crate) labels: PerFeature<Option<f32>>,
    /// What else is known of it, by name: targets that a trunk learns beside its teachers.
    pub(crate) auxiliary: BTreeMap<String, f32>,
    /// Whether the clip's measured EBU R128 loudness becomes its label: for data that has none of its own.
    pub(crate) measure_loudness: bool,
    /// The side of the split that the data set itself puts the clip on.
    pub(crate) split: Option<Split>,
}

impl Row {
    /// What the clip is called in lists: `path`, or `path at S s`.
    pub(crate) fn name(&self) -> String {
        if self.start > 0.0 {
            format!("{} at {} s", self.path.display(), self.start)
        } else {
            self.path.display().to_string()
        }
    }
}

/// A side of the split.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    clap::ValueEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Split {
    /// Fits the weights.
    Training,
    /// Chooses among runs.
    Validation,
    /// Looked at once, by what was chosen.
    Test,
}

impl Split {
    /// Whether a clip that the data puts on this side, or on none, may be learned from.
    pub(crate) fn teaches(side: Option<Self>) -> bool {
        side.is_none_or(|side| side == Self::Training)
    }

    /// All sides, in the order in which they are used.
    pub(crate) const ALL: [Self; 3] = [Self::Training, Self::Validation, Self::Test];

    /// Its name in files and tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

impl Row {
    /// A clip without labels, whose group is `artist`, or its own path where that is empty.
    pub(crate) fn new(path: PathBuf, start: f64, artist: &str) -> Self {
        let artist = artist.trim().to_lowercase();
        let group = if artist.is_empty() {
            format!("path {}", path.display())
        } else {
            format!("artist {artist}")
        };
        Self {
            path,
            start,
            group,
            has_artist: !artist.is_empty(),
            labels: PerFeature::default(),
            auxiliary: BTreeMap::new(),
            measure_loudness: false,
            split: None,
        }
    }

    /// Whether the clip has, or will have once measured, a label for any of `features`.
    pub(crate) fn has_any(&self, features: &[Feature]) -> bool {
        features.iter().any(|&feature| {
            self.labels[feature].is_some() || (feature == Feature::Loudness && self.measure_loudness)
        })
    }
}
