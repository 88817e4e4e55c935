//! What a run leaves behind: the files that the grid writes and the report reads.
//!
//! ```text
//! OUT/data.json               the data set: description, split, counts
//! OUT/clips.csv               clip,split,danceability,…,loudness,group   (empty: no label)
//! OUT/chosen.json             the run that was chosen for each feature, and tested
//! OUT/rejected.csv            clip,reason
//! OUT/runs/ID/config.json     Config
//! OUT/runs/ID/curve.csv       samples,split,feature,mse            (training: over the samples since the last point)
//! OUT/runs/ID/metrics.json    Outcome of a finished run
//! OUT/runs/ID/predictions.csv clip,split,feature,truth,prediction  (validation; test too once the run was chosen)
//! OUT/runs/ID/failure.json    Failure, instead of the last two
//! ```

use std::collections::BTreeMap;

use echometer_engine::Feature;
use echometer_engine::frontend::FrontEndConfig;
use serde::{Deserialize, Serialize};

use crate::data::row::Split;

/// The data set of a folder of runs, `data.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DataRecord {
    /// The source in words.
    pub(crate) description: String,
    /// How clips were split, in words: `90/5/5, seed 1, by artist`.
    pub(crate) split: String,
    /// Usable clips on each side.
    pub(crate) clips: BTreeMap<Split, usize>,
    /// Clips left out.
    pub(crate) rejected: usize,
    /// Fingerprint of the clips, their labels and their split: runs of another one are not compared with these.
    #[serde(default)]
    pub(crate) fingerprint: String,
}

/// Networks, optimisers and the like are named as on the command line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Config {
    /// Folder of the run: `energy-resnet34-adam-1e-3`, `danceability+valence-mtl-cnn-adam-1e-3`, `all-resnet34-heads-adam-1e-3`.
    pub(crate) id: String,
    /// `lenet5`, `resnet34`, `crnn`, `mtl-cnn` or `resnet34-heads`.
    pub(crate) network: String,
    /// One for single-task runs, two for the thesis's pairs, eight for the shared trunk.
    pub(crate) features: Vec<Feature>,
    /// `adam` or `sgd`.
    pub(crate) optimiser: String,
    pub(crate) learning_rate: f64,
    /// `thesis` or `quick`.
    pub(crate) profile: String,
    pub(crate) epochs: u32,
    pub(crate) batch: usize,
    pub(crate) seed: u64,
    /// `f32` or `mixed`.
    pub(crate) precision: String,
    pub(crate) front_end: FrontEndConfig,
    /// Seconds of a clip and frames of the network's input.
    pub(crate) window_s: f64,
    pub(crate) frames: usize,
    /// `cpu` or `cuda:N`.
    pub(crate) device: String,
    /// The trainer's version, and the revision of the source it was built from where that is known.
    pub(crate) version: String,
    pub(crate) revision: Option<String>,
    /// [`DataRecord::fingerprint`] of the clips that it learned from.
    #[serde(default)]
    pub(crate) data: String,
    /// Fingerprint of the clips, their split and everything above that decides the result.
    #[serde(default)]
    pub(crate) key: String,
}

/// `metrics.json` of a finished run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Training samples seen, and seconds spent on them without validation.
    pub(crate) samples: u64,
    pub(crate) seconds: f64,
    /// Trained weights.
    pub(crate) parameters: u64,
    pub(crate) validation: BTreeMap<Feature, Errors>,
    /// Only once the run was chosen by its validation error: empty before.
    #[serde(default)]
    pub(crate) test: BTreeMap<Feature, Errors>,
}

/// Errors of one feature on clips that the weights were not fitted to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Errors {
    pub(crate) clips: usize,
    /// Mean absolute and mean squared error, in the feature's units.
    pub(crate) mae: f64,
    pub(crate) mse: f64,
    /// 1 − SSE/SST; 0 where all truths are equal.
    pub(crate) r2: f64,
    /// Mean squared error of always saying the training mean.
    pub(crate) baseline_mse: f64,
}

impl Errors {
    /// R² where it means something: not of one clip, nor where all truths are equal.
    pub(crate) fn known_r2(&self) -> Option<f64> {
        (self.clips > 1 && self.r2 != 0.0).then_some(self.r2)
    }
}

/// `failure.json` of a run that did not finish.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// Samples seen until then.
    pub(crate) samples: u64,
    pub(crate) reason: String,
    /// [`Config::key`] of the run that failed.
    #[serde(default)]
    pub(crate) key: String,
}

/// A point of a learning curve, one line of `curve.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) samples: u64,
    pub(crate) split: Split,
    pub(crate) feature: Feature,
    pub(crate) mse: f64,
}

/// One line of `predictions.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Prediction {
    /// Row of `clips.csv`, from 0.
    pub(crate) clip: usize,
    pub(crate) split: Split,
    pub(crate) feature: Feature,
    pub(crate) truth: f64,
    pub(crate) prediction: f64,
}
