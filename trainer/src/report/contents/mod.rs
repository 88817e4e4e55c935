//! What the report says, section by section.

mod answers;
mod features;
mod labels;
mod multi_task;
mod runs;

use echometer_engine::Feature;

use super::evidence::Evidence;
use super::figures::matrix::{Correlations, correlations};
use super::figures::{count, number};
use super::grid::{Grid, RUNS};
use super::page::{Block, Cell, Document, Section, Tone};
use super::questions::{self, MultiTask, Parameters, Reach};
use super::ratio::{LEAST_GROUPS, Verdict};
use super::statistics::bootstrap::Interval;
use super::statistics::correlation::{pearson, spearman};
use super::statistics::distribution::Summary;
use super::thesis::{self, ORDER, Printed, PrintedLabels};
use crate::data::row::Split;
use crate::runs::read::Folder;
use crate::runs::record::Errors;

/// Everything that was read and computed.
pub(crate) struct Findings<'a> {
    pub(crate) folder: &'a Folder,
    pub(crate) grid: Grid<'a>,
    pub(crate) evidence: Evidence,
    pub(crate) printed: Vec<Printed>,
    pub(crate) printed_labels: Vec<PrintedLabels>,
    pub(crate) reach: Reach,
    pub(crate) parameters: Parameters,
    pub(crate) multi_task: MultiTask,
    pub(crate) pearson: Correlations,
    pub(crate) spearman: Correlations,
}

impl<'a> Findings<'a> {
    /// Computes all that the report needs. Fails only where the thesis's own numbers are broken.
    pub(crate) fn new(folder: &'a Folder) -> Result<Self, csv::Error> {
        let grid = Grid::new(folder);
        let mut evidence = Evidence::new(folder);
        evidence.doubts.extend(grid.doubts.iter().cloned());
        let printed = thesis::results()?;
        Ok(Self {
            reach: questions::reach(&grid, &evidence, &printed),
            parameters: questions::parameters(&grid, &evidence),
            multi_task: questions::multi_task(&grid, &evidence),
            pearson: correlations(&folder.clips, pearson),
            spearman: correlations(&folder.clips, spearman),
            printed_labels: thesis::labels()?,
            folder,
            grid,
            evidence,
            printed,
        })
    }

    /// The thesis's line for these settings.
    fn printed(&self, feature: Feature, network: &str, optimiser: &str, rate: f64) -> Option<&Printed> {
        self.printed.iter().find(|line| {
            line.feature == feature
                && line.network == network
                && line.optimiser == optimiser
                && (line.learning_rate / rate - 1.0).abs() < 1e-6
        })
    }

    /// All labels of a feature, sorted, with what describes them.
    pub(crate) fn labels(&self, feature: Feature) -> (Vec<f64>, Option<Summary>) {
        let mut values: Vec<_> = self
            .folder
            .clips
            .iter()
            .filter_map(|clip| clip.labels[feature])
            .collect();
        let summary = Summary::of(&mut values);
        (values, summary)
    }

    /// MSE of always saying the training mean, on the validation clips.
    fn baseline(&self, feature: Feature) -> Option<f64> {
        self.grid.chosen(feature).map(|(_, errors)| errors.baseline_mse)
    }
}

/// The whole report.
pub(crate) fn document(findings: &Findings) -> Document {
    let folder = findings.folder;
    let with = |state: &str| findings.grid.cells().filter(|cell| cell.state() == state).count();
    let mut lead = Vec::new();
    match &folder.data {
        Some(data) => {
            lead.push(format!(
                "Eight audio features of Spotify, learned again from sound and set beside A. Schmidt’s diploma thesis (TU Wien, 2023). \
                 Data: {}.",
                data.description.trim_end_matches('.')
            ));
            lead.push(format!("Split: {}.", data.split));
        }
        None => lead.push(
            "Eight audio features of Spotify, learned again from sound and set beside A. Schmidt’s diploma thesis (TU Wien, 2023)."
                .to_owned(),
        ),
    }
    let mut facts = vec![(
        format!("{} of {RUNS}", with("finished")),
        "runs finished".to_owned(),
    )];
    for state in ["failed", "unfinished"] {
        if with(state) > 0 {
            facts.push((with(state).to_string(), format!("runs {state}")));
        }
    }
    if let Some(data) = &folder.data {
        for split in Split::ALL {
            let clips = data.clips.get(&split).copied().unwrap_or(0);
            facts.push((count(clips as u64), format!("{} clips", split.name())));
        }
    }
    let mut sections = Vec::new();
    if folder.runs.is_empty() {
        sections.push(no_runs());
    }
    sections.extend(answers::sections(findings));
    sections.extend(features::sections(findings));
    sections.push(multi_task::section(findings));
    sections.push(labels::section(findings));
    sections.push(runs::section(findings));
    Document {
        title: "Spotify’s audio features, reproduced".into(),
        lead,
        facts,
        sections,
    }
}

fn no_runs() -> Section {
    Section {
        id: "no-runs".into(),
        title: "No runs yet".into(),
        is_part: false,
        blocks: vec![Block::Text(
            "This folder holds no runs, so there is nothing to compare with the thesis. Train into it first (trainer --help names the \
             commands), then write the report again. Runs are looked for in OUT/runs/ID/config.json. The thesis’s own numbers stand \
             below."
                .into(),
        )],
    }
}

/// Decimals of a feature's errors: the thesis prints three.
fn decimals(feature: Feature) -> usize {
    if feature == Feature::Loudness { 3 } else { 4 }
}

/// `0.0081–0.0104`; nothing without an interval.
fn interval_text(interval: Option<Interval>, decimals: usize) -> String {
    interval.map_or(String::new(), |interval| {
        format!(
            "{}–{}",
            number(interval.low, decimals),
            number(interval.high, decimals)
        )
    })
}

/// MAE, MSE and R² of a run, or what stands in their place.
fn error_cells(errors: Option<Errors>, state: &str, feature: Feature) -> [Cell; 3] {
    match errors {
        Some(errors) => [
            Cell::new(number(errors.mae, decimals(feature))),
            Cell::new(number(errors.mse, decimals(feature))),
            errors
                .known_r2()
                .map_or(Cell::dash(), |r2| Cell::new(number(r2, 3))),
        ],
        None => {
            let tone = if state == "failed" { Tone::Bad } else { Tone::Soft };
            [Cell::dash(), Cell::with(state, tone), Cell::dash()]
        }
    }
}

/// MAE, MSE and R² as the thesis prints them.
fn printed_cells(line: Option<&Printed>, tone: Tone) -> [Cell; 3] {
    line.map_or([Cell::dash(), Cell::dash(), Cell::dash()], |line| {
        [line.mae, line.mse, line.r2].map(|value| Cell::with(number(value, 3), tone))
    })
}

/// A verdict in a table; `lack` says why there is none.
fn verdict_cell(verdict: Verdict, lack: String) -> Cell {
    match verdict {
        Verdict::Better => Cell::with("better", Tone::Good),
        Verdict::Worse => Cell::with("worse", Tone::Bad),
        Verdict::Equal => Cell::with("no difference", Tone::Strong),
        Verdict::Unknown => Cell::with(lack, Tone::Soft),
    }
}

/// Why nothing can be told, where so many groups of clips were compared; `None` where there was no result to compare.
fn lack(findings: &Findings, feature: Option<Feature>, groups: Option<usize>) -> String {
    let labelled = |feature| {
        findings
            .folder
            .clips
            .iter()
            .any(|clip| clip.labels[feature].is_some())
    };
    let unlabelled = feature.is_some_and(|feature| !findings.folder.clips.is_empty() && !labelled(feature));
    match groups {
        _ if unlabelled => "no labels".into(),
        None => "not run".into(),
        Some(1) => format!("only 1 {}", findings.evidence.unit.name().trim_end_matches('s')),
        Some(groups) if groups < LEAST_GROUPS => format!("only {groups} {}", findings.evidence.unit.name()),
        Some(_) => "not enough data".into(),
    }
}

/// Clips on one side of the split, counted in the results.
fn most_clips(findings: &Findings, split: Split) -> usize {
    let errors = ORDER.into_iter().flat_map(|feature| {
        findings.grid.cells().filter_map(move |cell| match split {
            Split::Test => cell.test(feature),
            _ => cell.validation(feature),
        })
    });
    errors.map(|errors| errors.clips).max().unwrap_or(0)
}
