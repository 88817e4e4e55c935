//! RQ2: whether network, optimiser and learning rate matter, in pairs of otherwise equal runs.

use echometer_engine::Feature;
use serde::Serialize;

use super::{Comparison, difference};
use crate::data::row::Split;
use crate::report::evidence::{Evidence, Scored};
use crate::report::grid::{Grid, Setting, network_name, optimiser_name, settings};
use crate::report::ratio::{Ratio, Verdict};
use crate::report::statistics::bootstrap::Interval;
use crate::report::statistics::sign_flip::{holm, p_value};
use crate::report::thesis::ORDER;

/// Level of the tests, after Holm's correction.
const LEVEL: f64 = 0.05;
/// With fewer pairs than this, five corrected sign-flip tests can never fall below the level.
pub(crate) const LEAST_PAIRS: usize = 8;

/// The answer to RQ2.
#[derive(Debug, Serialize)]
pub(crate) struct Parameters {
    pub(crate) answer: String,
    pub(crate) rule: String,
    pub(crate) contrasts: Vec<Contrast>,
}

/// One choice against another, all else equal.
#[derive(Debug, Serialize)]
pub(crate) struct Contrast {
    /// `network`, `optimiser` or `learning rate`.
    pub(crate) factor: &'static str,
    pub(crate) first: String,
    pub(crate) second: String,
    /// First by second over all pairs (geometric mean); `None` without a pair.
    pub(crate) overall: Option<Comparison>,
    /// Of the sign-flip test over all pairs; corrected for the number of contrasts.
    pub(crate) p: f64,
    pub(crate) p_corrected: f64,
    pub(crate) features: Vec<Comparison>,
}

/// A contrast before its numbers.
struct Question {
    factor: &'static str,
    first: String,
    second: String,
    /// Places among the settings of the first's and second's run.
    pairs: Vec<(usize, usize)>,
}

/// Pairs of settings that differ in what `value` gives, and there only by `first` and `second`.
fn pairs<T: PartialEq>(value: fn(&Setting) -> T, first: T, second: T) -> Vec<(usize, usize)> {
    let all = settings();
    let differ = |a: &Setting, b: &Setting| {
        [
            a.network != b.network,
            a.optimiser != b.optimiser,
            a.learning_rate != b.learning_rate,
        ]
    };
    let mut found = Vec::new();
    for (i, a) in all.iter().enumerate() {
        for (j, b) in all.iter().enumerate() {
            let differences = differ(a, b).into_iter().filter(|differs| *differs).count();
            if value(a) == first && value(b) == second && differences == 1 {
                found.push((i, j));
            }
        }
    }
    found
}

fn questions() -> Vec<Question> {
    let mut questions = Vec::new();
    for (first, second) in [("resnet34", "lenet5"), ("resnet34", "crnn"), ("crnn", "lenet5")] {
        questions.push(Question {
            factor: "network",
            first: network_name(first).to_owned(),
            second: network_name(second).to_owned(),
            pairs: pairs(|setting| setting.network, first, second),
        });
    }
    questions.push(Question {
        factor: "optimiser",
        first: optimiser_name("adam").to_owned(),
        second: optimiser_name("sgd").to_owned(),
        pairs: pairs(|setting| setting.optimiser, "adam", "sgd"),
    });
    questions.push(Question {
        factor: "learning rate",
        first: "0.001".to_owned(),
        second: "0.0001".to_owned(),
        pairs: pairs(|setting| setting.learning_rate, 1e-3, 1e-4),
    });
    questions
}

/// Answers RQ2 from all finished single-task runs on the validation clips.
pub(crate) fn parameters(grid: &Grid, evidence: &Evidence) -> Parameters {
    let mut contrasts: Vec<_> = questions()
        .iter()
        .map(|question| contrast(grid, evidence, question))
        .collect();
    let corrected = holm(&contrasts.iter().map(|contrast| contrast.p).collect::<Vec<_>>());
    for (contrast, p) in contrasts.iter_mut().zip(corrected) {
        contrast.p_corrected = p;
        if let Some(overall) = &mut contrast.overall {
            overall.verdict = judge(overall, p);
        }
    }
    let factors = ["network", "optimiser", "learning rate"];
    let answer = factors.map(|factor| answer(factor, &contrasts)).join(" ");
    Parameters {
        answer,
        rule: format!(
            "Two runs make a pair where they learn the same feature and all settings but the one in question are equal; their MSEs on \
             the same validation clips are divided. The mean ratio over all pairs of all features has a 95 % interval from \
             {}. With fewer than {LEAST_PAIRS} pairs or {} there is not enough data to tell. The choice makes no difference where the \
             interval lies wholly {}, even where it leaves out 1. Else it matters where both hold: the interval leaves out 1, and an \
             exact or drawn sign-flip test of the logarithms gives p < {LEVEL} after Holm’s correction for five tests. Otherwise there \
             is not enough data to tell. The choice of network matters where it does between any two of the three, and makes no \
             difference where it makes none between any compared. For single features only the interval is judged. Pairs with a failed run are left out, which \
             favours the setting that fails. Each setting was trained once, so the luck of one initialisation is in every pair.",
            super::resamples(evidence.unit),
            super::least(evidence.unit),
            super::equal_range()
        ),
        contrasts,
    }
}

fn judge(overall: &Comparison, p: f64) -> Verdict {
    match overall.ratio.verdict() {
        _ if overall.pairs < LEAST_PAIRS => Verdict::Unknown,
        Verdict::Better | Verdict::Worse if p >= LEVEL => Verdict::Unknown,
        verdict => verdict,
    }
}

fn contrast(grid: &Grid, evidence: &Evidence, question: &Question) -> Contrast {
    let scored = |feature: Feature, index: usize| -> Option<&Scored> {
        evidence.of(Split::Validation, grid.single[feature][index].run()?, feature)
    };
    let mut features = Vec::new();
    let mut all = Vec::new();
    for feature in ORDER {
        let pairs: Vec<_> = question
            .pairs
            .iter()
            .filter_map(|&(first, second)| Some((scored(feature, first)?, scored(feature, second)?)))
            .filter(|(first, second)| first.same_clips(second) && first.mse > 0.0 && second.mse > 0.0)
            .collect();
        features.extend(compare(Some(feature), &pairs));
        all.extend(pairs);
    }
    let differences: Vec<_> = all
        .iter()
        .map(|(first, second)| (first.mse / second.mse).ln())
        .collect();
    Contrast {
        factor: question.factor,
        first: question.first.clone(),
        second: question.second.clone(),
        overall: compare(None, &all),
        p: p_value(&differences, 1),
        p_corrected: 1.0,
        features,
    }
}

/// The geometric mean of the pairs' ratios; `None` without a pair.
fn compare(feature: Option<Feature>, pairs: &[(&Scored, &Scored)]) -> Option<Comparison> {
    let count = pairs.len() as f64;
    let clips = pairs.iter().map(|(first, _)| first.clips).min()?;
    let mean = pairs
        .iter()
        .map(|(first, second)| (first.mse / second.mse).ln())
        .sum::<f64>()
        / count;
    let resampled: Vec<_> = (0..pairs[0].0.mses.len())
        .map(|i| {
            pairs
                .iter()
                .map(|(first, second)| (first.mses[i] / second.mses[i]).ln())
                .sum::<f64>()
                / count
        })
        .collect();
    let groups = pairs.iter().map(|(first, _)| first.groups).min()?;
    let ratio = Ratio {
        clips,
        groups,
        ratio: mean.exp(),
        interval: Interval::of(&resampled).map(|interval| interval.map(f64::exp)),
    };
    Some(Comparison {
        feature,
        pairs: pairs.len(),
        verdict: ratio.verdict(),
        ratio,
    })
}

fn answer(factor: &str, contrasts: &[Contrast]) -> String {
    let found = contrasts.iter().filter(|contrast| contrast.factor == factor);
    let judged: Vec<_> = found
        .filter_map(|contrast| Some((contrast, contrast.overall.as_ref()?)))
        .collect();
    let words: Vec<_> = judged
        .iter()
        .filter_map(|(contrast, overall)| {
            let better = overall.ratio.ratio <= 1.0;
            let (good, bad) = if better {
                (&contrast.first, &contrast.second)
            } else {
                (&contrast.second, &contrast.first)
            };
            let ratio = if better {
                overall.ratio.ratio
            } else {
                1.0 / overall.ratio.ratio
            };
            match overall.verdict {
                Verdict::Better | Verdict::Worse => Some(format!(
                    "the error with {good} is {} than with {bad}",
                    difference(ratio)
                )),
                _ => None,
            }
        })
        .collect();
    let equal = !judged.is_empty()
        && judged
            .iter()
            .all(|(_, overall)| overall.verdict == Verdict::Equal);
    if !words.is_empty() {
        format!("The choice of {factor} matters: {}.", words.join("; "))
    } else if equal {
        format!("The choice of {factor} makes no difference.")
    } else {
        format!("There is not enough data to tell whether the choice of {factor} matters.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{Fixture, Kind};

    fn run(kind: Kind, clips: usize) -> Parameters {
        let fixture = Fixture::new(kind, clips);
        let folder = crate::runs::read::folder(fixture.path()).unwrap();
        parameters(&Grid::new(&folder), &Evidence::new(&folder))
    }

    #[test]
    fn every_setting_meets_its_like() {
        let counts: Vec<_> = questions().iter().map(|question| question.pairs.len()).collect();
        assert_eq!(counts, [4, 4, 4, 6, 6]);
    }

    #[test]
    fn a_clear_difference_is_found_and_its_direction_is_right() {
        let found = run(Kind::Full, 300);
        let network = &found.contrasts[0];
        let overall = network.overall.as_ref().unwrap();
        assert_eq!(
            (overall.pairs, overall.verdict),
            (32, Verdict::Better),
            "{overall:?}"
        );
        assert!(overall.ratio.ratio < 0.8 && network.p_corrected < 0.001);
        assert!(
            found.answer.contains("the error with ResNet-34 is"),
            "{}",
            found.answer
        );
        assert!(
            found.answer.contains("lower than with LeNet-5"),
            "{}",
            found.answer
        );
    }

    #[test]
    fn little_data_does_not_tell() {
        for (kind, clips) in [(Kind::Full, 12), (Kind::One, 300), (Kind::NoRuns, 300)] {
            let found = run(kind, clips);
            let mut overall = found
                .contrasts
                .iter()
                .filter_map(|contrast| contrast.overall.as_ref());
            assert!(overall.all(|overall| overall.verdict == Verdict::Unknown));
            assert_eq!(
                found.answer.matches("not enough data").count(),
                3,
                "{}",
                found.answer
            );
        }
    }

    #[test]
    fn the_rule_says_what_is_computed() {
        let rule = run(Kind::NoRuns, 40).rule;
        let judged = |pairs, low, high, p| {
            let interval = Some(Interval { low, high });
            let ratio = Ratio {
                clips: 100,
                groups: 100,
                ratio: 1.0,
                interval,
            };
            let verdict = Verdict::Unknown;
            judge(
                &Comparison {
                    feature: None,
                    pairs,
                    ratio,
                    verdict,
                },
                p,
            )
        };
        assert!(
            rule.contains(&format!("fewer than {LEAST_PAIRS} pairs")),
            "{rule}"
        );
        assert_eq!(judged(LEAST_PAIRS - 1, 0.5, 0.6, 0.001), Verdict::Unknown);
        let equal = rule.find("makes no difference").unwrap();
        assert!(
            equal < rule.find("leaves out 1, and").unwrap(),
            "no difference goes first: {rule}"
        );
        assert_eq!(judged(LEAST_PAIRS, 0.97, 0.99, 0.001), Verdict::Equal);
        assert!(rule.contains(&format!("p < {LEVEL} ")), "{rule}");
        assert_eq!(judged(LEAST_PAIRS, 0.5, 0.6, 0.049), Verdict::Better);
        assert_eq!(judged(LEAST_PAIRS, 0.5, 0.6, LEVEL), Verdict::Unknown);
    }

    #[test]
    fn pairs_with_a_failed_run_are_left_out() {
        let found = run(Kind::Failing, 60);
        assert_eq!(found.contrasts[3].overall.as_ref().unwrap().pairs, 24); // Adam against SGD at 0.0001 alone.
        assert_eq!(found.contrasts[0].overall.as_ref().unwrap().pairs, 24);
    }
}
