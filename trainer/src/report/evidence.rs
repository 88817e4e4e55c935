//! Errors clip by clip, resampled: what every interval and comparison of the report rests on.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::ratio::Ratio;
use super::statistics::bootstrap::{self, Interval, RESAMPLES};
use super::unit::{Unit, groups};
use crate::data::row::Split;
use crate::runs::read::{Folder, LabelledClip, Run, State};
use echometer_engine::{Feature, PerFeature};

/// Any will do; a fixed one makes a report repeatable.
const SEED: u64 = 20_230_703;

/// One run's errors of one feature on one side of the split.
#[derive(Debug, Clone)]
pub(crate) struct Scored {
    pub(crate) clips: usize,
    /// Groups of these clips, which are resampled whole.
    pub(crate) groups: usize,
    /// Mean squared error, in the feature's units squared.
    pub(crate) mse: f64,
    /// The same in each resample.
    pub(crate) mses: Vec<f64>,
    /// R² in each resample; only on the test clips.
    pub(crate) r2s: Vec<f64>,
    /// MSE of always saying the training mean, in each resample; only on the test clips and where training labels are known.
    pub(crate) baselines: Vec<f64>,
    /// Which clips these are, and their truths.
    digest: u64,
}

/// The errors of all finished runs with predictions.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    scored: BTreeMap<(Split, String, Feature), Scored>,
    /// Mean of the training labels.
    pub(crate) training_means: PerFeature<Option<f64>>,
    /// What is resampled.
    pub(crate) unit: Unit,
    /// What does not fit together, in words.
    pub(crate) doubts: Vec<String>,
}

impl Evidence {
    /// Resamples all finished runs of `folder` that learned from its data.
    pub(crate) fn new(folder: &Folder) -> Self {
        let mut evidence = Self {
            training_means: training_means(&folder.clips),
            unit: Unit::of(&folder.clips),
            ..Self::default()
        };
        for split in [Split::Validation, Split::Test] {
            evidence.add(split, folder);
        }
        evidence
    }

    /// The errors of a run.
    pub(crate) fn of(&self, split: Split, run: &Run, feature: Feature) -> Option<&Scored> {
        self.scored.get(&(split, run.name.clone(), feature))
    }

    fn add(&mut self, split: Split, folder: &Folder) {
        let pairs: Vec<_> = folder
            .runs
            .iter()
            .filter(|run| matches!(run.state, State::Finished(_)) && folder.has_data_of(run))
            .flat_map(|run| run.config.features.iter().map(move |&feature| (run, feature)))
            .collect();
        // Row of `clips.csv` to position among those that any run predicted.
        let mut position: BTreeMap<usize, usize> = BTreeMap::new();
        for line in pairs.iter().flat_map(|(run, _)| &run.predictions) {
            if line.split == split {
                position.insert(line.clip, 0);
            }
        }
        position
            .values_mut()
            .enumerate()
            .for_each(|(i, value)| *value = i);
        let rows: Vec<_> = position.keys().copied().collect();
        let groups = groups(&rows, &folder.clips);
        let mut columns = Vec::new();
        let mut owners = Vec::new();
        for (run, feature) in pairs {
            let mut error = vec![f64::NAN; position.len()];
            let mut truth = error.clone();
            for line in run
                .predictions
                .iter()
                .filter(|line| line.split == split && line.feature == feature)
            {
                let at = position[&line.clip];
                error[at] = (line.prediction - line.truth).powi(2);
                truth[at] = line.truth;
            }
            if error.iter().all(|value| value.is_nan()) {
                continue;
            }
            owners.push((run, feature, columns.len(), digest(&rows, &truth)));
            columns.push(error);
            if split == Split::Test {
                columns.push(truth.iter().map(|value| value.powi(2)).collect());
                columns.push(truth);
            }
        }
        let drawn = bootstrap::means_of_groups(&columns, &groups, RESAMPLES, SEED);
        for (run, feature, first, digest) in owners {
            let column = &columns[first];
            let clips = column.iter().filter(|value| !value.is_nan()).count();
            let of_value = column.iter().zip(&groups).filter(|(value, _)| !value.is_nan());
            let groups = of_value.map(|(_, group)| group).collect::<BTreeSet<_>>().len();
            let mse = column.iter().filter(|value| !value.is_nan()).sum::<f64>() / clips as f64;
            self.check(split, run, feature, mse);
            let (mut r2s, mut baselines) = (Vec::new(), Vec::new());
            if split == Split::Test {
                let (squares, means) = (&drawn[first + 1], &drawn[first + 2]);
                let moments = || squares.iter().zip(means);
                r2s = drawn[first]
                    .iter()
                    .zip(moments())
                    .map(|(mse, (square, mean))| 1.0 - mse / (square - mean * mean))
                    .collect();
                if let Some(said) = self.training_means[feature] {
                    baselines = moments()
                        .map(|(square, mean)| square - 2.0 * said * mean + said * said)
                        .collect();
                }
            }
            let scored = Scored {
                clips,
                groups,
                mse,
                mses: drawn[first].clone(),
                r2s,
                baselines,
                digest,
            };
            self.scored.insert((split, run.name.clone(), feature), scored);
        }
    }

    /// Predictions must give the error that the run itself reports.
    fn check(&mut self, split: Split, run: &Run, feature: Feature, mse: f64) {
        let State::Finished(outcome) = &run.state else {
            return;
        };
        let reported = match split {
            Split::Test => outcome.test.get(&feature),
            _ => outcome.validation.get(&feature),
        };
        if let Some(reported) = reported
            && (reported.mse - mse).abs() > 1e-3 * reported.mse.abs().max(1e-9)
        {
            self.doubts.push(format!(
                "{}: metrics.json has a {} MSE of {} for {feature}, but its predictions give {mse:.6}; train the run again",
                run.name,
                split.name(),
                reported.mse
            ));
        }
    }
}

/// The clips that have a value, as rows of `clips.csv`, with their truths.
fn digest(rows: &[usize], truth: &[f64]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (row, truth) in rows.iter().zip(truth).filter(|(_, truth)| !truth.is_nan()) {
        (row, truth.to_bits()).hash(&mut hasher);
    }
    hasher.finish()
}

fn training_means(clips: &[LabelledClip]) -> PerFeature<Option<f64>> {
    PerFeature::from_fn(|feature| {
        let labels = clips.iter().filter(|clip| clip.split == Split::Training);
        let labels: Vec<_> = labels.filter_map(|clip| clip.labels[feature]).collect();
        (!labels.is_empty()).then(|| labels.iter().sum::<f64>() / labels.len() as f64)
    })
}

impl Scored {
    /// Interval of the MSE; one group alone has none.
    pub(crate) fn interval(&self) -> Option<Interval> {
        (self.groups > 1).then(|| Interval::of(&self.mses)).flatten()
    }

    /// Interval of R² on the test clips.
    pub(crate) fn r2_interval(&self) -> Option<Interval> {
        (self.groups > 1).then(|| Interval::of(&self.r2s)).flatten()
    }

    /// Whether both were measured on the same clips.
    pub(crate) fn same_clips(&self, other: &Self) -> bool {
        self.digest == other.digest && self.clips == other.clips
    }

    /// This error by `other`; `None` where the clips differ or the other makes none.
    pub(crate) fn by(&self, other: &Self) -> Option<Ratio> {
        (self.same_clips(other) && other.mse > 0.0).then(|| {
            let ratios: Vec<_> = self.mses.iter().zip(&other.mses).map(|(a, b)| a / b).collect();
            Ratio {
                clips: self.clips,
                groups: self.groups,
                ratio: self.mse / other.mse,
                interval: Interval::of(&ratios),
            }
        })
    }

    /// This error by that of always saying the training mean, which is `baseline` on these clips.
    pub(crate) fn by_baseline(&self, baseline: f64) -> Option<Ratio> {
        (!self.baselines.is_empty() && baseline > 0.0).then(|| {
            let ratios: Vec<_> = self
                .mses
                .iter()
                .zip(&self.baselines)
                .map(|(a, b)| a / b)
                .collect();
            Ratio {
                clips: self.clips,
                groups: self.groups,
                ratio: self.mse / baseline,
                interval: Interval::of(&ratios),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{Fixture, Kind};
    use crate::report::ratio::Verdict;

    #[test]
    fn resampled_errors_lie_around_the_measured_ones() {
        let fixture = Fixture::new(Kind::Full, 300);
        let folder = crate::runs::read::folder(fixture.path()).unwrap();
        let evidence = Evidence::new(&folder);
        assert!(evidence.doubts.is_empty(), "{:?}", evidence.doubts);
        for run in &folder.runs {
            let State::Finished(outcome) = &run.state else {
                continue;
            };
            for (&feature, errors) in &outcome.validation {
                let scored = evidence.of(Split::Validation, run, feature).unwrap();
                assert!(scored.interval().unwrap().contains(errors.mse), "{}", run.name);
            }
            for (&feature, errors) in &outcome.test {
                let scored = evidence.of(Split::Test, run, feature).unwrap();
                assert!(Interval::of(&scored.r2s).unwrap().contains(errors.r2));
                assert!(
                    Interval::of(&scored.baselines)
                        .unwrap()
                        .contains(errors.baseline_mse)
                );
                assert_eq!(scored.by(scored).unwrap().verdict(), Verdict::Equal);
            }
        }
    }

    #[test]
    fn only_the_same_clips_with_the_same_truths_are_compared() {
        let fixture = Fixture::new(Kind::Full, 40);
        let mut folder = crate::runs::read::folder(fixture.path()).unwrap();
        let same = |folder: &Folder| {
            let evidence = Evidence::new(folder);
            let feature = folder.runs[0].config.features[0];
            let other = folder.runs[1..]
                .iter()
                .find(|run| run.config.features == [feature]);
            let of = |run| evidence.of(Split::Validation, run, feature).unwrap();
            of(&folder.runs[0]).same_clips(of(other.unwrap()))
        };
        assert!(same(&folder));
        folder.runs[0].predictions[0].truth += 0.25;
        assert!(!same(&folder), "another label");
        folder.runs[0].predictions[0].truth -= 0.25;
        folder.runs[0].predictions[0].clip = 0; // A training clip, in place of the first validation clip.
        assert!(!same(&folder), "another clip");
    }

    #[test]
    fn clips_of_an_artist_stay_together() {
        let fixture = Fixture::new(Kind::One, 100);
        let mut folder = crate::runs::read::folder(fixture.path()).unwrap();
        let of = |folder: &Folder| {
            let evidence = Evidence::new(folder);
            let run = &folder.runs[0];
            let scored = evidence.of(Split::Validation, run, run.config.features[0]);
            (evidence.unit, scored.unwrap().clone())
        };
        let (unit, scored) = of(&folder);
        assert_eq!((unit, scored.clips, scored.groups), (Unit::Artists, 100, 80));
        folder.clips.iter_mut().for_each(|clip| clip.group = None);
        let (unit, alone) = of(&folder);
        assert_eq!((unit, alone.groups), (Unit::Clips, 100));
        assert_eq!(alone.mse, scored.mse);
        assert_ne!(alone.mses, scored.mses);
        folder.clips.clear();
        assert_eq!(of(&folder).1.groups, 100, "without clips.csv");
    }

    #[test]
    fn runs_of_other_data_are_no_evidence() {
        let fixture = Fixture::new(Kind::One, 40);
        let mut folder = crate::runs::read::folder(fixture.path()).unwrap();
        folder.runs[0].config.data = "old".into();
        let (evidence, run) = (Evidence::new(&folder), &folder.runs[0]);
        assert!(
            evidence
                .of(Split::Validation, run, run.config.features[0])
                .is_none()
        );
    }

    #[test]
    fn an_error_that_the_predictions_do_not_give_is_doubted() {
        let fixture = Fixture::new(Kind::Full, 40);
        let mut folder = crate::runs::read::folder(fixture.path()).unwrap();
        folder.runs[0].predictions[0].prediction += 0.5;
        let doubts = Evidence::new(&folder).doubts;
        assert_eq!(doubts.len(), 1);
        assert!(doubts[0].starts_with(&folder.runs[0].name), "{doubts:?}");
    }
}
