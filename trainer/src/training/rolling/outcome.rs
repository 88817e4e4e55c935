//! What a cross-validation came to: metrics, how sure they are, and the files that say so.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use echometer_engine::model::FeatureMetrics;
use echometer_engine::{Feature, PerFeature};

use super::detect::Heard;
use super::evaluate::Held;
use crate::report;
use crate::report::statistics::bootstrap::{Interval, RESAMPLES, means_of_groups};
use crate::training::metrics::{Scored, Shrinkage, calibration, metrics};

/// Metrics of held-out predictions.
pub(super) struct Outcome<'a> {
    features: &'a [Feature],
    /// One list a feature; empty lists without folds.
    held: Vec<Vec<Held<'a>>>,
    /// `None` where nothing was held out.
    pub(super) metrics: PerFeature<Option<FeatureMetrics>>,
    intervals: PerFeature<Option<Interval>>,
    shrinkage: Vec<Shrinkage>,
}

impl<'a> Outcome<'a> {
    /// Each fold is judged as the others would have it drawn to the mean, and after what detectors, which saw none of these
    /// clips, heard in it.
    pub(super) fn of(
        features: &'a [Feature],
        mut held: Vec<Vec<Held<'a>>>,
        heard: &Heard<'_>,
    ) -> anyhow::Result<Self> {
        let shrinkage = held.iter().map(|held| Shrinkage::of(&scored(held))).collect();
        for (feature, held) in held.iter_mut().enumerate() {
            shrink_by_the_others(held);
            for Held { clip, scored } in held {
                scored.mean = heard.mean(clip, feature, scored.mean)?;
            }
        }
        let list = |feature| {
            let i = features.iter().position(|&known| known == feature)?;
            held.get(i)
        };
        Ok(Self {
            metrics: PerFeature::from_fn(|feature| metrics(&scored(list(feature)?))),
            intervals: PerFeature::from_fn(|feature| r2(list(feature)?)),
            features,
            held,
            shrinkage,
        })
    }

    /// How a model fitted to all clips is drawn to the mean, one a feature.
    pub(super) fn shrinkage(&self) -> &[Shrinkage] {
        &self.shrinkage
    }

    /// The factors on the standard deviations, one a feature.
    pub(super) fn calibration(&self) -> Vec<f32> {
        let factors = self.held.iter().map(|held| calibration(&scored(held)) as f32);
        factors.collect()
    }

    /// The table of metrics, in Markdown.
    pub(super) fn table(&self) -> String {
        report::table(self.features, &self.metrics, &self.intervals)
    }

    /// Writes the table, the same as JSON, and every held-out prediction for whoever doubts them.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        fs::write(folder.join("metrics.md"), self.table())
            .with_context(|| format!("cannot write into {}", folder.display()))?;
        let json: Vec<_> = self
            .features
            .iter()
            .map(|&feature| (feature, self.metrics[feature]))
            .collect();
        fs::write(folder.join("metrics.json"), serde_json::to_vec_pretty(&json)?)?;
        let mut table = csv::Writer::from_path(folder.join("predictions.csv"))?;
        table.write_record(["clip", "fold", "feature", "truth", "prediction", "sd"])?;
        for (feature, held) in self.features.iter().zip(&self.held) {
            for Held { clip, scored } in held {
                let numbers = [scored.truth, scored.mean, scored.sd].map(|value| format!("{value:.5}"));
                let [label, value, sd] = &numbers;
                let fold = (scored.fold + 1).to_string();
                table.write_record([&clip.name, &fold, feature.name(), label, value, sd])?;
            }
        }
        Ok(table.flush()?)
    }
}

fn shrink_by_the_others(held: &mut [Held<'_>]) {
    let all = scored(held);
    for held in held {
        let others = all.iter().filter(|other| other.fold != held.scored.fold);
        let others: Vec<_> = others.copied().collect();
        held.scored.mean = Shrinkage::of(&others).apply(held.scored.mean);
    }
}

fn scored(held: &[Held<'_>]) -> Vec<Scored> {
    held.iter().map(|held| held.scored).collect()
}

/// Seed of the resamples: the same predictions give the same interval.
const SEED: u64 = 1;

/// 95 % interval of R², by the bootstrap over whole artists; `None` for nothing.
fn r2(held: &[Held<'_>]) -> Option<Interval> {
    let mut numbers = HashMap::new();
    let groups: Vec<_> = held
        .iter()
        .map(|held| {
            let next = numbers.len();
            *numbers.entry(held.clip.group.as_str()).or_insert(next)
        })
        .collect();
    let column = |value: &dyn Fn(&Held<'_>) -> f64| held.iter().map(value).collect::<Vec<_>>();
    let columns = [
        column(&|held| (held.scored.mean - held.scored.truth).powi(2)),
        column(&|held| held.scored.truth),
        column(&|held| held.scored.truth.powi(2)),
    ];
    let drawn = means_of_groups(&columns, &groups, RESAMPLES, SEED);
    let [error, truth, square] = drawn.as_slice() else {
        return None;
    };
    let r2 = error.iter().zip(truth).zip(square);
    Interval::of(
        &r2.map(|((error, truth), square)| 1.0 - error / (square - truth * truth))
            .collect::<Vec<_>>(),
    )
}
