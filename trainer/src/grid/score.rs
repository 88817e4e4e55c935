//! What a network of the grid says of clips, and how wrong it is.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use echometer_engine::Feature;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::Settings;
use super::plan::Unit;
use super::run::stopped;
use super::set::Set;
use crate::data::row::Split;
use crate::network::thesis::ThesisNetwork;
use crate::runs::record::{Errors, Prediction};
use crate::training::loader::{Shape, batches};
use crate::training::metrics::mean_and_variance;

/// A clip's true and predicted value of one feature.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scored {
    pub(super) clip: usize,
    pub(super) truth: f64,
    pub(super) prediction: f64,
}

/// What the unit's network is fed with.
pub(super) fn shape<'a>(unit: &'a Unit, settings: &Settings) -> Shape<'a> {
    Shape {
        features: &unit.features,
        frames: settings.profile.frames(),
        mels: settings.profile.front_end().mels,
    }
}

/// Scores `clips`; one list a feature of the unit, of the clips that have its label. `None` where `stop` came first.
pub(super) fn predict(
    network: &ThesisNetwork,
    unit: &Unit,
    set: &Set,
    clips: &[usize],
    settings: &Settings,
    stop: &AtomicBool,
) -> std::io::Result<Option<Vec<Vec<Scored>>>> {
    let plan = clips.chunks(settings.batch).map(<[usize]>::to_vec).collect();
    let mut scored = vec![Vec::new(); unit.features.len()];
    std::thread::scope(|scope| {
        for batch in batches(scope, &set.clips, plan, shape(unit, settings), settings.loaders) {
            if stopped(stop) {
                return Ok(None);
            }
            let batch = batch?;
            let frames = batch.frames.to_device(settings.device);
            let values = tch::no_grad(|| settings.precision.run(|| network.forward(&frames, false)));
            let values = values.to_device(tch::Device::Cpu).to_kind(Kind::Float);
            for (row, &clip) in batch.clips.iter().enumerate() {
                for (column, &feature) in unit.features.iter().enumerate() {
                    if let Some(truth) = set.clips[clip].labels[feature] {
                        scored[column].push(Scored {
                            clip,
                            truth: f64::from(truth),
                            prediction: values.double_value(&[row as i64, column as i64]),
                        });
                    }
                }
            }
        }
        Ok(Some(scored))
    })
}

/// Mean squared error; `None` for nothing.
pub(super) fn mse(scored: &[Scored]) -> Option<f64> {
    let sum: f64 = scored.iter().map(|s| (s.prediction - s.truth).powi(2)).sum();
    (!scored.is_empty()).then(|| sum / scored.len() as f64)
}

/// Errors of each of the unit's features; those without a label are left out.
pub(super) fn errors(
    unit: &Unit,
    set: &Set,
    training: &[usize],
    scored: &[Vec<Scored>],
) -> BTreeMap<Feature, Errors> {
    let features = unit.features.iter().zip(scored);
    features
        .filter_map(|(&feature, scored)| {
            let labels: Vec<_> = training
                .iter()
                .filter_map(|&i| set.clips[i].labels[feature])
                .map(f64::from)
                .collect();
            Some((feature, errors_of(scored, mean_and_variance(&labels).0)?))
        })
        .collect()
}

fn errors_of(scored: &[Scored], baseline: f64) -> Option<Errors> {
    let count = scored.len() as f64;
    let average = |value: &dyn Fn(&Scored) -> f64| scored.iter().map(value).sum::<f64>() / count;
    let truths: Vec<_> = scored.iter().map(|s| s.truth).collect();
    let (_, variance) = mean_and_variance(&truths);
    let mse = mse(scored)?;
    Some(Errors {
        clips: scored.len(),
        mae: average(&|s| (s.prediction - s.truth).abs()),
        mse,
        r2: if variance > 0.0 { 1.0 - mse / variance } else { 0.0 },
        baseline_mse: average(&|s| (baseline - s.truth).powi(2)),
    })
}

/// Lines of `predictions.csv`.
pub(super) fn rows(unit: &Unit, split: Split, scored: &[Vec<Scored>]) -> Vec<Prediction> {
    let features = unit.features.iter().zip(scored);
    features
        .flat_map(|(&feature, scored)| {
            scored.iter().map(move |s| Prediction {
                clip: s.clip,
                split,
                feature,
                truth: s.truth,
                prediction: s.prediction,
            })
        })
        .collect()
}

/// Squared errors of the samples since the last point of the training curve.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Recent {
    /// Sums and numbers of labels, one a feature.
    sums: Vec<f64>,
    counts: Vec<f64>,
    samples: u64,
    /// What was added since the last fetch lies where the network computes: fetching waits for the device.
    #[serde(skip)]
    pending: Option<[Tensor; 2]>,
}

impl Recent {
    pub(super) fn new(features: usize) -> Self {
        Self {
            sums: vec![0.0; features],
            counts: vec![0.0; features],
            samples: 0,
            pending: None,
        }
    }

    /// Adds a batch's sums and counts, one a feature.
    pub(super) fn add(&mut self, sums: &Tensor, counts: &Tensor, samples: u64) {
        self.samples += samples;
        self.pending = Some(match self.pending.take() {
            Some([all_sums, all_counts]) => [all_sums + sums, all_counts + counts],
            None => [sums, counts].map(Tensor::shallow_clone),
        });
    }

    pub(super) fn samples(&self) -> u64 {
        self.samples
    }

    /// Fetches what is pending; needed before it is saved.
    pub(super) fn fetch(&mut self) -> anyhow::Result<()> {
        let Some(pending) = self.pending.take() else {
            return Ok(());
        };
        for (all, new) in [&mut self.sums, &mut self.counts].into_iter().zip(pending) {
            let new = Vec::<f64>::try_from(new.to_device(tch::Device::Cpu).to_kind(Kind::Double))?;
            all.iter_mut().zip(new).for_each(|(all, new)| *all += new);
        }
        Ok(())
    }

    /// The mean of each feature since the last call; `None` where there was no label.
    pub(super) fn take(&mut self) -> anyhow::Result<Vec<Option<f64>>> {
        self.fetch()?;
        let known = std::mem::replace(self, Self::new(self.sums.len()));
        let mean = |(sum, count): (&f64, &f64)| (*count > 0.0).then(|| sum / count);
        Ok(known.sums.iter().zip(&known.counts).map(mean).collect())
    }
}
