//! Table 5.9, and the trunk with eight heads.

use echometer_engine::Feature;

use super::{Findings, error_cells, lack, most_clips, printed_cells, verdict_cell};
use crate::data::row::Split;
use crate::report::page::{Block, Cell, Row, Section, Table, Tone};
use crate::report::questions::{Comparison, difference};
use crate::report::ratio::Verdict;
use crate::report::thesis::{ORDER, PAIRS};

/// Both tables.
pub(super) fn section(findings: &Findings) -> Section {
    Section {
        id: "multi-task".into(),
        title: "Multi-task runs".into(),
        is_part: false,
        blocks: vec![
            Block::Text(format!(
                "Networks that learn several features at once, on up to {} test clips. The last columns compare with the chosen single-task \
                 run on the same clips.",
                most_clips(findings, Split::Test)
            )),
            Block::Table(pairs(findings)),
            Block::Table(heads(findings)),
        ],
    }
}

/// How a feature compares with learning it alone.
fn against(findings: &Findings, comparisons: &[Comparison], feature: Feature) -> [Cell; 2] {
    let found = comparisons
        .iter()
        .find(|comparison| comparison.feature == Some(feature));
    match found {
        Some(found) => [
            Cell::new(difference(found.ratio.ratio)),
            verdict_cell(
                found.verdict,
                lack(findings, Some(feature), Some(found.ratio.groups)),
            ),
        ],
        None => [
            Cell::dash(),
            verdict_cell(Verdict::Unknown, lack(findings, Some(feature), None)),
        ],
    }
}

fn pairs(findings: &Findings) -> Table {
    let features = PAIRS.into_iter().flatten();
    let rows = features.map(|feature| {
        let place = findings.grid.pair(feature);
        let other = PAIRS
            .iter()
            .find(|pair| pair.contains(&feature))
            .into_iter()
            .flatten();
        let other: Vec<_> = other
            .filter(|other| **other != feature)
            .map(|other| other.name())
            .collect();
        let state = if place.state() == "finished" {
            "no test"
        } else {
            place.state()
        };
        let mut cells = vec![Cell::new(format!("{feature} (with {})", other.join(", ")))];
        cells.extend(printed_cells(
            findings.printed(feature, "mtl-cnn", "adam", 1e-3),
            Tone::Plain,
        ));
        cells.extend(error_cells(place.test(feature), state, feature));
        cells.extend(against(findings, &findings.multi_task.pairs, feature));
        Row::new(cells)
    });
    Table {
        caption: "Table 5.9, pairs of features with the thesis’s shared network: test errors".into(),
        groups: vec![("", 1), ("thesis", 3), ("ours", 3), ("against alone", 2)],
        columns: vec![
            "feature", "MAE", "MSE", "R²", "MAE", "MSE", "R²", "MSE", "verdict",
        ],
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

fn heads(findings: &Findings) -> Table {
    let place = findings.grid.heads;
    let state = if place.state() == "finished" {
        "no test"
    } else {
        place.state()
    };
    let rows = ORDER.into_iter().map(|feature| {
        let mut cells = vec![Cell::new(feature.name())];
        cells.extend(error_cells(place.validation(feature), place.state(), feature));
        cells.extend(error_cells(place.test(feature), state, feature));
        cells.extend(against(findings, &findings.multi_task.heads, feature));
        Row::new(cells)
    });
    Table {
        caption: "Not in the thesis: all eight features with one ResNet-34 trunk and eight heads".into(),
        groups: vec![("", 1), ("validation", 3), ("test", 3), ("against alone", 2)],
        columns: vec![
            "feature", "MAE", "MSE", "R²", "MAE", "MSE", "R²", "MSE", "verdict",
        ],
        rows: rows.collect(),
        notes: Vec::new(),
    }
}
