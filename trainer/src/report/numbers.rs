//! All numbers of the report as files for other programs: `tables.csv` and `report.json`.

use echometer_engine::Feature;
use serde::Serialize;

use super::contents::Findings;
use super::grid::{Cell, settings};
use super::questions::{MultiTask, Parameters, Reach};
use super::statistics::distribution::Summary;
use super::thesis::{CORRELATIONS, ORDER, PAIRS, table_number};
use crate::data::row::Split;
use crate::runs::record::{DataRecord, Errors};

/// One line of `tables.csv`: errors of one model on one side of the split.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    /// `5.1`–`5.9`; `extra` for what the thesis does not have.
    table: String,
    feature: Feature,
    network: String,
    optimiser: String,
    learning_rate: Option<f64>,
    split: Split,
    /// `thesis` or `ours`.
    source: &'static str,
    /// `finished`, `failed`, `unfinished` or `missing`.
    state: &'static str,
    /// Whether it is the single-task run that was chosen by its validation error.
    chosen: bool,
    clips: Option<usize>,
    mae: Option<f64>,
    mse: Option<f64>,
    mse_low: Option<f64>,
    mse_high: Option<f64>,
    r2: Option<f64>,
    r2_low: Option<f64>,
    r2_high: Option<f64>,
    baseline_mse: Option<f64>,
    run: Option<String>,
}

/// `report.json`.
#[derive(Debug, Serialize)]
pub(crate) struct Numbers<'a> {
    data: Option<&'a DataRecord>,
    rq1: &'a Reach,
    rq2: &'a Parameters,
    rq3: &'a MultiTask,
    results: Vec<Line>,
    labels: Vec<Labels>,
    correlations: Vec<Correlation>,
    problems: Vec<String>,
    doubts: &'a [String],
}

#[derive(Debug, Serialize)]
struct Labels {
    feature: Feature,
    ours: Option<Summary>,
    thesis: Option<super::thesis::PrintedLabels>,
}

#[derive(Debug, Serialize)]
struct Correlation {
    a: Feature,
    b: Feature,
    pearson: Option<f64>,
    spearman: Option<f64>,
    thesis: Option<f64>,
}

/// Collects everything.
pub(crate) fn numbers<'a>(findings: &'a Findings) -> Numbers<'a> {
    let labels = ORDER.map(|feature| Labels {
        feature,
        ours: findings.labels(feature).1,
        thesis: findings
            .printed_labels
            .iter()
            .find(|line| line.feature == feature)
            .copied(),
    });
    let mut correlations = Vec::new();
    for (i, a) in ORDER.into_iter().enumerate() {
        for (j, b) in ORDER.into_iter().enumerate().skip(i + 1) {
            let printed = CORRELATIONS
                .iter()
                .find(|(x, y, _)| (*x, *y) == (a, b) || (*y, *x) == (a, b));
            correlations.push(Correlation {
                a,
                b,
                pearson: findings.pearson[i][j],
                spearman: findings.spearman[i][j],
                thesis: printed.map(|printed| printed.2),
            });
        }
    }
    Numbers {
        data: findings.folder.data.as_ref(),
        rq1: &findings.reach,
        rq2: &findings.parameters,
        rq3: &findings.multi_task,
        results: lines(findings),
        labels: labels.into(),
        correlations,
        problems: findings.folder.problems.iter().map(ToString::to_string).collect(),
        doubts: &findings.evidence.doubts,
    }
}

/// The lines of `tables.csv`: the thesis's 104 and its eight test errors, and ours at every place of the grid.
pub(crate) fn lines(findings: &Findings) -> Vec<Line> {
    let mut lines = Vec::new();
    for printed in &findings.printed {
        let line = |split, mae, mse, r2| Line {
            table: printed.table.clone(),
            feature: printed.feature,
            network: printed.network.clone(),
            optimiser: printed.optimiser.clone(),
            learning_rate: Some(printed.learning_rate),
            split,
            source: "thesis",
            state: "finished",
            chosen: printed.test_mse.is_some(),
            clips: None,
            mae,
            mse: Some(mse),
            mse_low: None,
            mse_high: None,
            r2,
            r2_low: None,
            r2_high: None,
            baseline_mse: None,
            run: None,
        };
        lines.push(line(
            printed.split,
            Some(printed.mae),
            printed.mse,
            Some(printed.r2),
        ));
        lines.extend(printed.test_mse.map(|mse| line(Split::Test, None, mse, None)));
    }
    for feature in ORDER {
        let chosen = findings.grid.chosen(feature).map(|(index, _)| index);
        for (index, (setting, cell)) in settings()
            .into_iter()
            .zip(findings.grid.single[feature])
            .enumerate()
        {
            let names = (setting.network, setting.optimiser, Some(setting.learning_rate));
            ours(
                &mut lines,
                findings,
                &table_number(feature),
                names,
                feature,
                cell,
                chosen == Some(index),
            );
        }
    }
    for feature in PAIRS.into_iter().flatten() {
        let cell = findings.grid.pair(feature);
        ours(
            &mut lines,
            findings,
            "5.9",
            ("mtl-cnn", "adam", Some(1e-3)),
            feature,
            cell,
            false,
        );
    }
    for feature in ORDER {
        let cell = findings.grid.heads;
        let config = cell.run().map(|run| &run.config);
        let optimiser = config.map_or("", |config| &config.optimiser);
        let names = (
            "resnet34-heads",
            optimiser,
            config.map(|config| config.learning_rate),
        );
        ours(&mut lines, findings, "extra", names, feature, cell, false);
    }
    lines
}

/// Validation errors, or why there are none, and test errors where there are any.
fn ours(
    lines: &mut Vec<Line>,
    findings: &Findings,
    table: &str,
    (network, optimiser, learning_rate): (&str, &str, Option<f64>),
    feature: Feature,
    cell: Cell,
    chosen: bool,
) {
    for (split, errors) in [
        (Split::Validation, cell.validation(feature)),
        (Split::Test, cell.test(feature)),
    ] {
        if split == Split::Test && errors.is_none() {
            continue;
        }
        let scored = cell
            .run()
            .and_then(|run| findings.evidence.of(split, run, feature));
        let mse = scored.and_then(|scored| scored.interval());
        let r2 = scored.and_then(|scored| scored.r2_interval());
        let value = |value: fn(&Errors) -> f64| errors.as_ref().map(value).filter(|value| value.is_finite());
        lines.push(Line {
            table: table.to_owned(),
            feature,
            network: network.to_owned(),
            optimiser: optimiser.to_owned(),
            learning_rate,
            split,
            source: "ours",
            state: cell.state(),
            chosen,
            clips: errors.map(|errors| errors.clips),
            mae: value(|errors| errors.mae),
            mse: value(|errors| errors.mse),
            mse_low: mse.map(|interval| interval.low),
            mse_high: mse.map(|interval| interval.high),
            r2: value(|errors| errors.known_r2().unwrap_or(f64::NAN)),
            r2_low: r2.map(|interval| interval.low),
            r2_high: r2.map(|interval| interval.high),
            baseline_mse: value(|errors| errors.baseline_mse),
            run: cell.run().map(|run| run.name.clone()),
        });
    }
}
