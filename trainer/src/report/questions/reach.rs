//! RQ1: which error is reached, beside the thesis's and beside always saying the training mean.

use echometer_engine::Feature;
use serde::Serialize;

use super::list;
use crate::data::row::Split;
use crate::report::evidence::Evidence;
use crate::report::grid::{Grid, settings};
use crate::report::ratio::{LEAST_GROUPS, Ratio, Verdict};
use crate::report::statistics::bootstrap::Interval;
use crate::report::thesis::{ORDER, Printed};

/// The answer to RQ1.
#[derive(Debug, Serialize)]
pub(crate) struct Reach {
    pub(crate) answer: String,
    pub(crate) rule: String,
    pub(crate) features: Vec<FeatureReach>,
}

/// What was reached for one feature.
#[derive(Debug, Serialize)]
pub(crate) struct FeatureReach {
    pub(crate) feature: Feature,
    /// The chosen run's settings in words; `None` without a finished run.
    pub(crate) chosen: Option<String>,
    /// Test clips, and groups of them that are resampled whole.
    pub(crate) clips: usize,
    pub(crate) groups: usize,
    pub(crate) mse: Option<f64>,
    pub(crate) mse_interval: Option<Interval>,
    pub(crate) r2: Option<f64>,
    pub(crate) r2_interval: Option<Interval>,
    /// The thesis's test MSE and, as it prints no R² of the test clips, its R² on validation.
    pub(crate) thesis_mse: f64,
    pub(crate) thesis_r2: f64,
    pub(crate) reached: Reached,
    /// MSE by that of always saying the training mean.
    pub(crate) by_mean: Option<Ratio>,
    pub(crate) beats_mean: Verdict,
}

/// Whether the thesis's value was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reached {
    Yes,
    No,
    /// Not enough data to tell.
    Unknown,
}

/// By the interval alone.
fn judge(groups: usize, interval: Option<Interval>, thesis: f64) -> Reached {
    match interval {
        Some(interval) if groups >= LEAST_GROUPS && interval.high <= thesis => Reached::Yes,
        Some(interval) if groups >= LEAST_GROUPS && interval.low > thesis => Reached::No,
        _ => Reached::Unknown,
    }
}

/// Answers RQ1 from the chosen runs on the test clips.
pub(crate) fn reach(grid: &Grid, evidence: &Evidence, printed: &[Printed]) -> Reach {
    let features: Vec<_> = printed
        .iter()
        .filter_map(|line| Some((line, line.test_mse?)))
        .map(|(line, thesis_mse)| feature(grid, evidence, line, thesis_mse))
        .collect();
    let with = |reached| -> Vec<_> {
        let found = features
            .iter()
            .filter(|f: &&FeatureReach| f.reached == reached && f.mse.is_some());
        found.map(|f| f.feature.name()).collect()
    };
    let (yes, no, unknown) = (with(Reached::Yes), with(Reached::No), with(Reached::Unknown));
    let missing = features.iter().filter(|f| f.mse.is_none());
    let missing: Vec<_> = missing.map(|f| f.feature.name()).collect();
    let mut parts = Vec::new();
    if !yes.is_empty() {
        parts.push(format!("The thesis’s test error is reached for {}", list(&yes)));
    }
    if !no.is_empty() {
        parts.push(format!("it is not reached for {}", list(&no)));
    }
    if parts.is_empty() {
        parts.push(
            "There is not enough data to tell for any feature whether the thesis’s test error is reached"
                .into(),
        );
    } else {
        if !unknown.is_empty() {
            parts.push(format!("there is not enough data to tell for {}", list(&unknown)));
        }
        if !missing.is_empty() {
            parts.push(format!("there is no result for {}", list(&missing)));
        }
    }
    let better: Vec<_> = features
        .iter()
        .filter(|f| f.beats_mean == Verdict::Better)
        .collect();
    let better: Vec<_> = better.iter().map(|f| f.feature.name()).collect();
    let than_mean = match better.len() {
        0 => "For no feature is it shown that the network beats always saying the training mean.".to_owned(),
        n if n == ORDER.len() => {
            "For every feature the network beats always saying the training mean.".to_owned()
        }
        _ => format!(
            "The network is shown to beat always saying the training mean for {}.",
            list(&better)
        ),
    };
    Reach {
        answer: sentence(&parts.join("; "), &than_mean),
        rule: format!(
            "For each feature, the single-task run that was chosen by the lowest validation MSE is scored on the test clips. Its MSE \
             has a 95 % interval from {}. Reached: the whole interval lies at or below the thesis’s test \
             MSE. Not reached: it lies wholly above. Otherwise, or with fewer than {} of the test side, there is not enough \
             data to tell. The thesis’s value comes from other tracks; where labels spread differently, compare R². Against always \
             saying the training mean, the ratio of the two errors on the same clips is judged: {}",
            super::resamples(evidence.unit),
            super::least(evidence.unit),
            super::rule_of_ratios(evidence.unit)
        ),
        features,
    }
}

fn sentence(first: &str, second: &str) -> String {
    let mut letters = first.chars();
    let start: String = letters
        .next()
        .map(|c| c.to_uppercase().collect())
        .unwrap_or_default();
    format!("{start}{}. {second}", letters.as_str())
}

fn feature(grid: &Grid, evidence: &Evidence, line: &Printed, thesis_mse: f64) -> FeatureReach {
    let feature = line.feature;
    let chosen = grid.chosen(feature).map(|(index, _)| index);
    let cell = chosen.map(|index| grid.single[feature][index]);
    let errors = cell.and_then(|cell| cell.test(feature));
    let run = cell.and_then(|cell| cell.run());
    let scored = run.and_then(|run| evidence.of(Split::Test, run, feature));
    let mse_interval = scored.and_then(|scored| scored.interval());
    let (clips, groups) = scored.map_or((0, 0), |scored| (scored.clips, scored.groups));
    let by_mean = scored
        .zip(errors)
        .and_then(|(scored, errors)| scored.by_baseline(errors.baseline_mse));
    FeatureReach {
        feature,
        chosen: chosen.map(|index| settings()[index].name()),
        clips: errors.map_or(clips, |errors| errors.clips),
        groups,
        mse: errors.map(|errors| errors.mse),
        mse_interval,
        r2: errors.and_then(|errors| errors.known_r2()),
        r2_interval: scored.and_then(|scored| scored.r2_interval()),
        thesis_mse,
        thesis_r2: line.r2,
        reached: judge(groups, mse_interval, thesis_mse),
        beats_mean: by_mean.as_ref().map_or(Verdict::Unknown, Ratio::verdict),
        by_mean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{Fixture, Kind};
    use crate::report::thesis;

    #[test]
    fn the_interval_decides() {
        let interval = |low, high| Some(Interval { low, high });
        assert_eq!(judge(100, interval(0.007, 0.009), 0.009), Reached::Yes);
        assert_eq!(judge(100, interval(0.010, 0.012), 0.009), Reached::No);
        assert_eq!(judge(100, interval(0.008, 0.012), 0.009), Reached::Unknown);
        assert_eq!(judge(12, interval(0.001, 0.002), 0.009), Reached::Unknown);
        assert_eq!(judge(100, None, 0.009), Reached::Unknown);
    }

    #[test]
    fn few_clips_and_no_runs_are_not_enough_data() {
        for (kind, clips) in [(Kind::Full, 12), (Kind::NoRuns, 100)] {
            let fixture = Fixture::new(kind, clips);
            let folder = crate::runs::read::folder(fixture.path()).unwrap();
            let reach = reach(
                &Grid::new(&folder),
                &Evidence::new(&folder),
                &thesis::results().unwrap(),
            );
            assert_eq!(reach.features.len(), 8);
            assert!(
                reach
                    .features
                    .iter()
                    .all(|f| f.reached == Reached::Unknown && f.beats_mean == Verdict::Unknown)
            );
            assert!(
                reach
                    .answer
                    .starts_with("There is not enough data to tell for any"),
                "{}",
                reach.answer
            );
        }
    }

    #[test]
    fn every_run_that_explains_its_labels_beats_the_mean() {
        let fixture = Fixture::new(Kind::Full, 400);
        let folder = crate::runs::read::folder(fixture.path()).unwrap();
        let reach = reach(
            &Grid::new(&folder),
            &Evidence::new(&folder),
            &thesis::results().unwrap(),
        );
        for f in &reach.features {
            assert_eq!(
                f.clips,
                folder
                    .runs
                    .iter()
                    .find_map(|run| match &run.state {
                        crate::runs::read::State::Finished(outcome) =>
                            Some(outcome.test.get(&f.feature)?.clips),
                        _ => None,
                    })
                    .unwrap()
            );
            if f.r2.unwrap() > 0.3 {
                assert_eq!(f.beats_mean, Verdict::Better, "{f:?}");
            }
        }
    }
}
