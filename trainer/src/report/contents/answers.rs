//! The three questions with their answers, tables and figures.

use echometer_engine::Feature;

use super::{Findings, decimals, interval_text, lack, verdict_cell};
use crate::report::figures::forest::{Line, forest};
use crate::report::figures::{Figure, capital, number};
use crate::report::page::{Answer, Block, Cell, Row, Section, Table, Tone};
use crate::report::questions::parameters::{Contrast, LEAST_PAIRS};
use crate::report::questions::reach::{FeatureReach, Reached};
use crate::report::questions::{Comparison, difference};
use crate::report::ratio::Verdict;

const SIDES: (&str, &str) = ("better", "worse");

/// One section a question.
pub(super) fn sections(findings: &Findings) -> Vec<Section> {
    vec![reach(findings), parameters(findings), multi_task(findings)]
}

fn section(id: &str, title: &str, answer: Answer, more: Vec<Block>) -> Section {
    let mut blocks = vec![Block::Answer(answer)];
    blocks.extend(more);
    Section {
        id: id.to_owned(),
        title: title.to_owned(),
        is_part: false,
        blocks,
    }
}

fn reach(findings: &Findings) -> Section {
    let reach = &findings.reach;
    let table = Table {
        caption: "Test errors of the chosen single-task runs".into(),
        groups: vec![("", 1), ("thesis", 1), ("ours", 3), ("", 2)],
        columns: vec!["feature", "MSE", "MSE", "95 %", "R²", "thesis’s MSE", "beats the mean"],
        rows: reach.features.iter().map(|f| reach_row(findings, f)).collect(),
        notes: vec![
            "Beats the mean: whether the error is lower than that of always saying the mean of the training labels.".into(),
        ],
    };
    let lines: Vec<_> = reach
        .features
        .iter()
        .filter_map(|f| {
            let mse = f.mse?;
            Some(Line {
                name: f.feature.to_string(),
                class: "accent",
                ratio: mse / f.thesis_mse,
                interval: f
                    .mse_interval
                    .map(|interval| interval.map(|mse| mse / f.thesis_mse)),
                verdict: match f.reached {
                    Reached::Yes => Verdict::Better,
                    Reached::No => Verdict::Worse,
                    Reached::Unknown => Verdict::Unknown,
                },
                is_total: false,
            })
        })
        .collect();
    let mut figures = Vec::new();
    if !lines.is_empty() {
        figures.push(Block::Figure(forest(
            "reached".into(),
            "Our test error relative to the thesis’s".into(),
            "MSE of the chosen runs on our test clips, relative to the thesis’s on its own. Bars: 95 % bootstrap intervals; faint: not \
             enough data to tell."
                .into(),
            ("lower than the thesis", "higher"),
            "MSE relative to the thesis",
            &lines,
        )));
    }
    let by_mean: Vec<_> = reach
        .features
        .iter()
        .filter_map(|f| {
            let ratio = f.by_mean.as_ref()?;
            Some(Line {
                name: f.feature.to_string(),
                class: "accent",
                ratio: ratio.ratio,
                interval: ratio.interval,
                verdict: f.beats_mean,
                is_total: false,
            })
        })
        .collect();
    if !by_mean.is_empty() {
        figures.push(Block::Figure(forest(
            "beats-mean".into(),
            "Our test error relative to saying the mean".into(),
            "MSE of the chosen runs relative to that of always saying the mean of the training labels, on the same test clips."
                .into(),
            SIDES,
            "MSE relative to always saying the training mean",
            &by_mean,
        )));
    }
    let mut blocks = vec![Block::Table(table)];
    if !figures.is_empty() {
        blocks.push(Block::Beside(figures));
    }
    let answer = Answer {
        name: "RQ1",
        question: "Which error can be reached when Spotify’s features are predicted from 30 seconds of sound?",
        answer: reach.answer.clone(),
        rule: reach.rule.clone(),
    };
    section("rq1", "What is reached", answer, blocks)
}

/// What is not decided does not stand out.
fn strong(decided: bool) -> Tone {
    if decided { Tone::Strong } else { Tone::Plain }
}

fn reach_row(findings: &Findings, f: &FeatureReach) -> Row {
    let places = decimals(f.feature);
    let value = |value: Option<f64>, places, decided| {
        value.map_or(Cell::dash(), |value| {
            Cell::with(number(value, places), strong(decided))
        })
    };
    let lack = || lack(findings, Some(f.feature), f.mse.map(|_| f.groups));
    let told = f.reached != Reached::Unknown;
    let beaten = f.beats_mean != Verdict::Unknown;
    let reached = match f.reached {
        Reached::Yes => Cell::with("reached", Tone::Good),
        Reached::No => Cell::with("not reached", Tone::Bad),
        Reached::Unknown => Cell::with(lack(), Tone::Soft),
    };
    let beats = match f.beats_mean {
        Verdict::Better => Cell::with("yes", Tone::Good),
        Verdict::Worse | Verdict::Equal => Cell::with("no", Tone::Bad),
        Verdict::Unknown => Cell::with(lack(), Tone::Soft),
    };
    Row::new(vec![
        Cell::new(f.feature.name()),
        Cell::new(number(f.thesis_mse, 3)),
        value(f.mse, places, told),
        Cell::with(interval_text(f.mse_interval, places), Tone::Soft),
        value(f.r2, 3, beaten),
        reached,
        beats,
    ])
}

fn parameters(findings: &Findings) -> Section {
    let parameters = &findings.parameters;
    let rows = parameters.contrasts.iter().map(|contrast| {
        let overall = contrast.overall.as_ref();
        let interval = overall.and_then(|overall| overall.ratio.interval);
        Row::new(vec![
            Cell::new(format!("{} against {}", contrast.first, contrast.second)),
            Cell::new(overall.map_or(0, |overall| overall.pairs).to_string()),
            overall.map_or(Cell::dash(), |overall| {
                let decided = overall.verdict != Verdict::Unknown;
                Cell::with(difference(overall.ratio.ratio), strong(decided))
            }),
            Cell::with(
                percent(interval.map(|interval| (interval.low, interval.high))),
                Tone::Soft,
            ),
            Cell::new(if overall.is_some() {
                p_text(contrast.p_corrected)
            } else {
                "–".into()
            }),
            verdict_cell(
                overall.map_or(Verdict::Unknown, |overall| overall.verdict),
                match overall {
                    Some(overall) if overall.pairs < LEAST_PAIRS => format!("only {} pairs", overall.pairs),
                    _ => lack(findings, None, overall.map(|overall| overall.ratio.groups)),
                },
            ),
        ])
    });
    let table = Table {
        caption: "Choices compared in pairs of otherwise equal runs, validation clips".into(),
        groups: Vec::new(),
        columns: vec!["choice", "pairs", "MSE of the first", "95 %", "p", "the first is"],
        rows: rows.collect(),
        notes: vec!["p: sign-flip test over the pairs, after Holm’s correction for the five choices.".into()],
    };
    let figures: Vec<_> = parameters
        .contrasts
        .iter()
        .enumerate()
        .filter_map(|(i, contrast)| effect(i, contrast))
        .map(Block::Figure)
        .collect();
    let answer = Answer {
        name: "RQ2",
        question: "Do the choices of network, optimiser and learning rate matter?",
        answer: parameters.answer.clone(),
        rule: parameters.rule.clone(),
    };
    section(
        "rq2",
        "What matters",
        answer,
        vec![Block::Table(table), Block::Beside(figures)],
    )
}

/// `−30 % to −12 %`.
fn percent(ends: Option<(f64, f64)>) -> String {
    ends.map_or(String::new(), |(low, high)| {
        let text = |ratio: f64| format!("{} %", number(100.0 * (ratio - 1.0), 0));
        format!("{} to {}", text(low), text(high))
    })
}

fn p_text(p: f64) -> String {
    if p < 0.001 { "< 0.001".into() } else { number(p, 3) }
}

fn line(name: String, class: &'static str, comparison: &Comparison) -> Line {
    Line {
        name,
        class,
        ratio: comparison.ratio.ratio,
        interval: comparison.ratio.interval,
        verdict: comparison.verdict,
        is_total: comparison.feature.is_none(),
    }
}

fn effect(index: usize, contrast: &Contrast) -> Option<Figure> {
    let name = |comparison: &Comparison| {
        comparison
            .feature
            .map_or("all features", Feature::name)
            .to_owned()
    };
    let all = contrast.features.iter().chain(&contrast.overall);
    let lines: Vec<_> = all
        .map(|comparison| line(name(comparison), "accent", comparison))
        .collect();
    (!lines.is_empty()).then(|| {
        forest(
            format!("effect-{}-{}", index + 1, contrast.factor.replace(' ', "-")),
            format!("{}: {} against {}", capital(contrast.factor), contrast.first, contrast.second),
            "Mean over pairs of otherwise equal runs on the same validation clips, with 95 % bootstrap intervals; faint: not enough data \
             to tell."
                .into(),
            (&format!("{} better", contrast.first), &format!("{} better", contrast.second)),
            &format!("MSE of {} relative to {}", contrast.first, contrast.second),
            &lines,
        )
    })
}

fn multi_task(findings: &Findings) -> Section {
    let found = &findings.multi_task;
    let figures = [
        (
            &found.pairs,
            "mtl-cnn",
            "pairs",
            "Pairs with the small shared network",
        ),
        (
            &found.heads,
            "resnet34-heads",
            "heads",
            "Eight heads on one ResNet-34 trunk",
        ),
    ];
    let figures: Vec<_> = figures
        .into_iter()
        .filter(|(comparisons, ..)| !comparisons.is_empty())
        .map(|(comparisons, class, name, title)| {
            let name_of = |comparison: &Comparison| comparison.feature.map_or("", Feature::name).to_owned();
            let lines: Vec<_> =
                comparisons.iter().map(|comparison| line(name_of(comparison), class, comparison)).collect();
            Block::Figure(forest(
                format!("multi-task-{name}"),
                title.to_owned(),
                "Test MSE relative to the chosen single-task run on the same clips, with 95 % bootstrap intervals; faint: not enough \
                 data to tell."
                    .into(),
                SIDES,
                "MSE relative to the best single-task run",
                &lines,
            ))
        })
        .collect();
    let blocks = if figures.is_empty() {
        Vec::new()
    } else {
        vec![Block::Beside(figures)]
    };
    let answer = Answer {
        name: "RQ3",
        question: "Does learning several features together do better?",
        answer: found.answer.clone(),
        rule: found.rule.clone(),
    };
    section("rq3", "Together or alone", answer, blocks)
}
