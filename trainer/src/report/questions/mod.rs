//! The thesis's three questions, answered from the numbers by rules that are fixed beforehand.

pub(crate) mod multi_task;
pub(crate) mod parameters;
pub(crate) mod reach;

use echometer_engine::Feature;
use serde::Serialize;

use super::ratio::{EQUAL_FROM, EQUAL_TO, LEAST_GROUPS, Ratio, Verdict};
use super::statistics::bootstrap::RESAMPLES;
use super::unit::Unit;

pub(crate) use multi_task::{MultiTask, multi_task};
pub(crate) use parameters::{Parameters, parameters};
pub(crate) use reach::{Reach, reach};

/// One MSE by another, for one feature or several.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Comparison {
    /// `None` over all features.
    pub(crate) feature: Option<Feature>,
    /// Pairs of runs behind it.
    pub(crate) pairs: usize,
    pub(crate) ratio: Ratio,
    pub(crate) verdict: Verdict,
}

/// How ratios are judged, for the rules in words: the order is that of [`Ratio::verdict`].
pub(crate) fn rule_of_ratios(unit: Unit) -> String {
    format!(
        "The ratio’s 95 % interval comes from {}, the same for both. First, fewer than {} are not enough data to tell. Then, an \
         interval wholly {} is no difference, even where it leaves out 1; else, wholly below 1 is better, wholly above 1 is worse, \
         and anything else is not enough data to tell.",
        resamples(unit),
        least(unit),
        equal_range()
    )
}

/// `2,000 bootstrap resamples of the clips`.
pub(crate) fn resamples(unit: Unit) -> String {
    format!(
        "{},{:03} bootstrap resamples of {}",
        RESAMPLES / 1000,
        RESAMPLES % 1000,
        unit.words()
    )
}

/// `30 clips`.
pub(crate) fn least(unit: Unit) -> String {
    format!("{LEAST_GROUPS} {}", unit.name())
}

/// The ratios that are no difference.
pub(crate) fn equal_range() -> String {
    format!("from {EQUAL_FROM:.3} (1/{EQUAL_TO}) to {EQUAL_TO}")
}

/// `38 % lower`, `12 % higher`, `the same`.
pub(crate) fn difference(ratio: f64) -> String {
    let percent = 100.0 * (ratio - 1.0);
    match percent {
        _ if percent.abs() < 0.5 => "the same".to_owned(),
        _ if percent < 0.0 => format!("{:.0} % lower", -percent),
        _ => format!("{percent:.0} % higher"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The features of the comparisons with this verdict.
pub(crate) fn with_verdict(comparisons: &[Comparison], verdict: Verdict) -> Vec<&'static str> {
    let chosen = comparisons
        .iter()
        .filter(|comparison| comparison.verdict == verdict);
    chosen
        .filter_map(|comparison| comparison.feature.map(Feature::name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the numbers out of the rule and judges ratios beside them.
    #[test]
    fn the_rule_says_what_is_computed() {
        for unit in [Unit::Clips, Unit::Artists] {
            let rule = rule_of_ratios(unit);
            let after = |start: &str| -> f64 {
                let rest = rule.split_once(start).unwrap().1;
                rest.split([' ', ')']).next().unwrap().parse().unwrap()
            };
            let (least, from, to) = (after("fewer than "), 1.0 / after("(1/"), after(") to "));
            assert!((after("wholly from ") - from).abs() < 5e-4, "{rule}");
            let judge = |groups: f64, low, high| {
                let interval = Some(crate::report::statistics::bootstrap::Interval { low, high });
                let groups = groups as usize;
                Ratio {
                    clips: 10_000,
                    groups,
                    ratio: 1.0,
                    interval,
                }
                .verdict()
            };
            // In the order of the sentence.
            assert_eq!(judge(least - 1.0, from, to), Verdict::Unknown);
            assert_eq!(judge(least - 1.0, 0.5, 0.6), Verdict::Unknown);
            assert_eq!(judge(least, from, to), Verdict::Equal);
            assert_eq!(judge(least, from, 0.99), Verdict::Equal);
            assert_eq!(judge(least, from - 1e-9, 0.99), Verdict::Better);
            assert_eq!(judge(least, 1.01, to + 1e-9), Verdict::Worse);
            assert_eq!(judge(least, from - 1e-9, 1.0), Verdict::Unknown);
            let words = [
                "not enough data",
                "no difference",
                "better",
                "worse",
                "anything else",
            ];
            let places: Vec<_> = words.iter().map(|word| rule.find(word).unwrap()).collect();
            assert!(places.is_sorted(), "{rule}");
            assert!(rule.contains(unit.name()), "{rule}");
        }
    }

    #[test]
    fn words_for_numbers_and_names() {
        assert_eq!(difference(0.62), "38 % lower");
        assert_eq!(difference(1.12), "12 % higher");
        assert_eq!(difference(1.001), "the same");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(list(&["a"]), "a");
    }
}
