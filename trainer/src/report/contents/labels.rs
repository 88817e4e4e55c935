//! The labels: distributions and correlations beside the thesis's.

use super::Findings;
use crate::report::figures::distributions::distribution;
use crate::report::figures::matrix::{heat_map, scatter_matrix};
use crate::report::figures::{count, number};
use crate::report::page::{Block, Cell, Row, Section, Table, Tone};
use crate::report::thesis::{CORRELATIONS, ORDER};

/// All of it, or the thesis's numbers alone where there are no labels.
pub(super) fn section(findings: &Findings) -> Section {
    let clips = &findings.folder.clips;
    let mut blocks = vec![Block::Text(format!(
        "The labels of {} clips, beside those of the thesis’s 1.4 million tracks. Where they spread differently, errors are not comparable, \
         and R² says more.",
        count(clips.len() as u64)
    ))];
    blocks.push(Block::Table(moments(findings)));
    let figures: Vec<_> = ORDER
        .into_iter()
        .filter_map(|feature| {
            let (values, summary) = findings.labels(feature);
            let printed = findings
                .printed_labels
                .iter()
                .find(|line| line.feature == feature);
            Some(distribution(feature, &values, &summary?, printed))
        })
        .collect();
    if !figures.is_empty() {
        blocks.push(Block::Gallery(figures));
    }
    blocks.push(Block::Table(correlations(findings)));
    if !clips.is_empty() {
        blocks.push(Block::Figure(scatter_matrix(clips, &findings.pearson)));
        blocks.push(Block::Beside(vec![
            Block::Figure(heat_map("pearson", "Pearson", &findings.pearson)),
            Block::Figure(heat_map("spearman", "Spearman", &findings.spearman)),
        ]));
    }
    Section {
        id: "labels".into(),
        title: "Labels".into(),
        is_part: false,
        blocks,
    }
}

fn moments(findings: &Findings) -> Table {
    let rows = ORDER.into_iter().map(|feature| {
        let printed = findings
            .printed_labels
            .iter()
            .find(|line| line.feature == feature);
        let summary = findings.labels(feature).1;
        let mut cells = vec![Cell::new(feature.name())];
        cells.extend(printed.map_or(vec![Cell::dash(); 5], |p| {
            [p.mean, p.q25, p.q50, p.q75, p.variance]
                .map(|value| Cell::new(number(value, 3)))
                .to_vec()
        }));
        cells.extend(summary.map_or(vec![Cell::dash(); 5], |s| {
            [s.mean, s.q25, s.q50, s.q75, s.variance]
                .map(|value| Cell::new(number(value, 3)))
                .to_vec()
        }));
        cells.push(Cell::with(
            count(summary.map_or(0, |s| s.count as u64)),
            Tone::Soft,
        ));
        Row::new(cells)
    });
    Table {
        caption: "Distribution of the labels".into(),
        groups: vec![("", 1), ("thesis", 5), ("ours", 6)],
        columns: vec![
            "feature", "mean", "25 %", "median", "75 %", "variance", "mean", "25 %", "median", "75 %",
            "variance", "clips",
        ],
        rows: rows.collect(),
        notes: vec!["Loudness in dB, its variance in dB².".into()],
    }
}

fn correlations(findings: &Findings) -> Table {
    let place = |feature| {
        ORDER
            .iter()
            .position(|other| *other == feature)
            .unwrap_or_default()
    };
    let text = |value: Option<f64>| value.map_or(Cell::dash(), |value| Cell::new(number(value, 3)));
    let rows = CORRELATIONS.iter().map(|&(a, b, printed)| {
        Row::new(vec![
            Cell::new(format!("{a} – {b}")),
            Cell::new(number(printed, 3)),
            text(findings.pearson[place(a)][place(b)]),
            text(findings.spearman[place(a)][place(b)]),
        ])
    });
    Table {
        caption: "The correlations that the thesis prints".into(),
        groups: vec![("", 1), ("thesis", 1), ("ours", 2)],
        columns: vec!["labels", "", "Pearson", "Spearman"],
        rows: rows.collect(),
        notes: Vec::new(),
    }
}
