//! RQ3: whether learning features together does better than one network a feature.

use echometer_engine::Feature;
use serde::Serialize;

use super::{Comparison, list, with_verdict};
use crate::data::row::Split;
use crate::report::evidence::Evidence;
use crate::report::grid::{Cell, Grid};
use crate::report::ratio::Verdict;
use crate::report::thesis::ORDER;

/// So many features decide for all.
const HALF: usize = Feature::COUNT / 2;

/// The answer to RQ3.
#[derive(Debug, Serialize)]
pub(crate) struct MultiTask {
    pub(crate) answer: String,
    pub(crate) rule: String,
    /// The thesis's pairs by the best single-task run.
    pub(crate) pairs: Vec<Comparison>,
    /// The ResNet-34 trunk with eight heads by the same.
    pub(crate) heads: Vec<Comparison>,
}

/// Answers RQ3 on the test clips.
pub(crate) fn multi_task(grid: &Grid, evidence: &Evidence) -> MultiTask {
    let compare = |cells: [Cell; Feature::COUNT]| -> Vec<_> {
        let cells = ORDER.into_iter().zip(cells);
        cells
            .filter_map(|(feature, cell)| comparison(grid, evidence, feature, cell))
            .collect()
    };
    let pairs = compare(ORDER.map(|feature| grid.pair(feature)));
    let heads = compare([grid.heads; Feature::COUNT]);
    let mut answer = format!(
        "{} {}",
        words(
            "Learning two features with the thesis’s small shared network",
            &pairs
        ),
        words("Learning all eight with one ResNet-34 trunk", &heads)
    );
    answer.push_str(conclusion(&pairs, &heads));
    MultiTask {
        answer,
        rule: format!(
            "For each feature, the MSE of the network that learns several features is divided by that of the single-task run chosen \
             on validation, both on the same test clips. {} Over all features it does better \
             where at least {HALF} of the {} are better and none is worse, and worse where at least {HALF} are worse and none is \
             better; it does as well where at least {HALF} are no different and none is better or worse; it depends on the feature \
             where some are better and others worse; otherwise there is not enough data to tell. Where the small shared network does \
             worse, and the large trunk better or as well, the small trunk is blamed.",
            super::rule_of_ratios(evidence.unit),
            Feature::COUNT
        ),
        pairs,
        heads,
    }
}

fn comparison(grid: &Grid, evidence: &Evidence, feature: Feature, several: Cell<'_>) -> Option<Comparison> {
    let (index, _) = grid.chosen(feature)?;
    let single = evidence.of(Split::Test, grid.single[feature][index].run()?, feature)?;
    let ratio = evidence.of(Split::Test, several.run()?, feature)?.by(single)?;
    Some(Comparison {
        feature: Some(feature),
        pairs: 1,
        verdict: ratio.verdict(),
        ratio,
    })
}

/// Over all features: [`Verdict::Unknown`] may also mean that it depends on the feature.
fn overall(comparisons: &[Comparison]) -> Verdict {
    let count = |verdict| with_verdict(comparisons, verdict).len();
    match (
        count(Verdict::Better),
        count(Verdict::Worse),
        count(Verdict::Equal),
    ) {
        (better, 0, _) if better >= HALF => Verdict::Better,
        (0, worse, _) if worse >= HALF => Verdict::Worse,
        (0, 0, equal) if equal >= HALF => Verdict::Equal,
        _ => Verdict::Unknown,
    }
}

fn words(what: &str, comparisons: &[Comparison]) -> String {
    let with = |verdict| with_verdict(comparisons, verdict);
    let (better, worse, equal) = (with(Verdict::Better), with(Verdict::Worse), with(Verdict::Equal));
    let (undecided, missing) = (with(Verdict::Unknown).len(), Feature::COUNT - comparisons.len());
    let mut details = Vec::new();
    for (names, word) in [(&better, "better"), (&worse, "worse"), (&equal, "equal")] {
        if !names.is_empty() {
            details.push(format!("{word} for {}", list(names)));
        }
    }
    if undecided > 0 && !details.is_empty() {
        details.push(format!("not enough data to tell for {undecided} of 8"));
    }
    if missing > 0 && !details.is_empty() {
        details.push(format!("no result for {missing} of 8"));
    }
    let details = details.join("; ");
    match overall(comparisons) {
        Verdict::Better => format!("{what} does better than one network a feature ({details})."),
        Verdict::Worse => format!("{what} does worse than one network a feature ({details})."),
        Verdict::Equal => format!("{what} does as well as one network a feature ({details})."),
        Verdict::Unknown if !better.is_empty() && !worse.is_empty() => {
            format!("{what}: it depends on the feature ({details}).")
        }
        Verdict::Unknown if comparisons.is_empty() => {
            format!("{what}: there is no result, and so not enough data to tell.")
        }
        Verdict::Unknown if details.is_empty() => format!("{what}: there is not enough data to tell."),
        Verdict::Unknown => {
            format!("{what}: there is not enough data to tell over all features ({details}).")
        }
    }
}

/// What both together say about the thesis's finding that multi-task learning does worse.
fn conclusion(pairs: &[Comparison], heads: &[Comparison]) -> &'static str {
    match (overall(pairs), overall(heads)) {
        (Verdict::Worse, Verdict::Better | Verdict::Equal) => {
            " So what does worse is the small trunk, not learning together."
        }
        (Verdict::Worse, Verdict::Worse) => " So learning together does worse also with a large trunk.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{Fixture, Kind};
    use crate::report::ratio::Ratio;

    fn made(verdicts: &[Verdict]) -> Vec<Comparison> {
        let features = ORDER.into_iter().zip(verdicts);
        features
            .map(|(feature, &verdict)| Comparison {
                feature: Some(feature),
                pairs: 1,
                ratio: Ratio {
                    clips: 100,
                    groups: 100,
                    ratio: 1.0,
                    interval: None,
                },
                verdict,
            })
            .collect()
    }

    #[test]
    fn the_rule_over_all_features() {
        use Verdict::{Better, Equal, Unknown, Worse};
        assert_eq!(overall(&made(&[Worse, Worse, Worse, Worse, Equal])), Worse);
        assert_eq!(overall(&made(&[Worse, Worse, Worse])), Unknown);
        assert_eq!(overall(&made(&[Better, Better, Better, Better, Worse])), Unknown);
        assert_eq!(overall(&made(&[Better; HALF])), Better);
        assert_eq!(overall(&made(&[Better; HALF - 1])), Unknown);
        assert_eq!(overall(&made(&[Equal; HALF])), Equal);
        assert_eq!(overall(&made(&[Equal; HALF - 1])), Unknown);
        assert_eq!(overall(&made(&[Equal, Equal, Equal, Equal, Worse])), Unknown);
        assert!(words("It", &made(&[Better, Worse])).starts_with("It: it depends on the feature"));
        assert!(words("It", &made(&[Worse, Unknown])).contains("tell for 1 of 8; no result for 6 of 8"));
        assert!(words("It", &made(&[])).contains("there is no result"));
        assert!(words("It", &made(&[Unknown; 8])).contains("not enough data to tell"));
        assert!(conclusion(&made(&[Worse; 8]), &made(&[Equal; 8])).contains("small trunk"));
    }

    #[test]
    fn the_small_shared_network_is_found_worse() {
        let fixture = Fixture::new(Kind::Full, 400);
        let folder = crate::runs::read::folder(fixture.path()).unwrap();
        let found = multi_task(&Grid::new(&folder), &Evidence::new(&folder));
        assert_eq!((found.pairs.len(), found.heads.len()), (8, 8));
        assert!(
            found.pairs.iter().filter(|c| c.verdict == Verdict::Worse).count() >= 6,
            "{}",
            found.answer
        );
    }

    /// Each outcome that the answer can have stands in the rule, in the same words.
    #[test]
    fn the_rule_names_every_outcome() {
        use Verdict::{Better, Equal, Unknown, Worse};
        let fixture = Fixture::new(Kind::NoRuns, 40);
        let folder = crate::runs::read::folder(fixture.path()).unwrap();
        let rule = multi_task(&Grid::new(&folder), &Evidence::new(&folder)).rule;
        assert!(rule.contains("at least 4 of the 8 are better"), "{rule}");
        for (verdicts, in_answer, in_rule) in [
            (vec![Better; 4], "does better", "does better"),
            (vec![Worse; 4], "does worse", "worse where at least 4 are worse"),
            (
                vec![Equal; 4],
                "does as well",
                "does as well where at least 4 are no different",
            ),
            (
                vec![Better, Worse],
                "it depends on the feature",
                "it depends on the feature",
            ),
            (
                vec![Unknown; 8],
                "not enough data to tell",
                "not enough data to tell",
            ),
        ] {
            let answer = words("It", &made(&verdicts));
            assert!(
                answer.contains(in_answer) && rule.contains(in_rule),
                "{answer} {rule}"
            );
        }
    }

    #[test]
    fn without_runs_nothing_is_told() {
        let fixture = Fixture::new(Kind::NoRuns, 40);
        let folder = crate::runs::read::folder(fixture.path()).unwrap();
        let found = multi_task(&Grid::new(&folder), &Evidence::new(&folder));
        assert_eq!(
            found.answer.matches("not enough data to tell").count(),
            2,
            "{}",
            found.answer
        );
    }
}
