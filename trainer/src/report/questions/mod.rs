//! The thesis's three questions, answered from the numbers by rules that are fixed beforehand.

pub(crate) mod multi_task;
pub(crate) mod parameters;
pub(crate) mod reach;

use echometer_engine::Feature;
use serde::Serialize;

use super::ratio::{EQUAL, LEAST_CLIPS, Ratio, Verdict};

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

/// How ratios are judged, for the rules in words.
pub(crate) fn rule_of_ratios() -> String {
    format!(
        "The 95 % interval comes from 2,000 bootstrap resamples of the clips, the same for both. Wholly below 1 is better, wholly \
         above 1 is worse, wholly within ±{:.0} % is no difference; anything else, or fewer than {LEAST_CLIPS} clips, is not \
         enough data to tell.",
        100.0 * EQUAL
    )
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

    #[test]
    fn words_for_numbers_and_names() {
        assert_eq!(difference(0.62), "38 % lower");
        assert_eq!(difference(1.12), "12 % higher");
        assert_eq!(difference(1.001), "the same");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(list(&["a"]), "a");
    }
}
