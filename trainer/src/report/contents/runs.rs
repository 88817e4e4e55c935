//! What was run and how, what is missing, and what to doubt.

use std::collections::BTreeSet;

use super::Findings;
use crate::report::figures::{count, number};
use crate::report::grid::{Cell as Place, network_name, optimiser_name, settings};
use crate::report::page::{Block, Cell, Row, Section, Table};
use crate::report::thesis::{CONTRADICTIONS, ORDER, PAIRS};

/// The last section.
pub(super) fn section(findings: &Findings) -> Section {
    let mut blocks = Vec::new();
    let how = how(findings);
    if !how.is_empty() {
        blocks.push(Block::List(how));
    }
    blocks.push(Block::Table(costs(findings)));
    named(&mut blocks, "Not finished:", open(findings));
    named(
        &mut blocks,
        "Other runs, in no table and not compared:",
        others(findings),
    );
    named(
        &mut blocks,
        "Files that could not be read:",
        findings.folder.problems.iter().map(ToString::to_string).collect(),
    );
    named(&mut blocks, "Doubts:", findings.evidence.doubts.clone());
    named(
        &mut blocks,
        "Where the thesis disagrees with itself:",
        CONTRADICTIONS.iter().map(ToString::to_string).collect(),
    );
    Section {
        id: "runs".into(),
        title: "Runs and method".into(),
        is_part: false,
        blocks,
    }
}

fn named(blocks: &mut Vec<Block>, name: &str, items: Vec<String>) {
    if !items.is_empty() {
        blocks.push(Block::Text(name.to_owned()));
        blocks.push(Block::List(items));
    }
}

/// Settings that all runs should share; more than one value of any is worth knowing.
fn how(findings: &Findings) -> Vec<String> {
    let configs: Vec<_> = findings
        .grid
        .cells()
        .filter_map(|cell| Some(&cell.run()?.config))
        .collect();
    if configs.is_empty() {
        return Vec::new();
    }
    let mut items = Vec::new();
    let mut add = |name: &str, values: BTreeSet<String>| {
        let warning = if values.len() > 1 {
            " – runs differ here, compare with care"
        } else {
            ""
        };
        let values: Vec<_> = values.into_iter().collect();
        items.push(format!("{name}: {}{warning}", values.join(", ")));
    };
    add("Profile", configs.iter().map(|c| c.profile.clone()).collect());
    add("Epochs", configs.iter().map(|c| c.epochs.to_string()).collect());
    add("Batch", configs.iter().map(|c| c.batch.to_string()).collect());
    add("Seed", configs.iter().map(|c| c.seed.to_string()).collect());
    add("Precision", configs.iter().map(|c| c.precision.clone()).collect());
    add("Device", configs.iter().map(|c| c.device.clone()).collect());
    add(
        "Input",
        configs
            .iter()
            .map(|c| {
                let f = &c.front_end;
                format!(
                    "{} s at {} Hz, {} frames of {} mel bands (FFT {}, hop {})",
                    c.window_s, f.sample_rate, c.frames, f.mels, f.fft, f.hop
                )
            })
            .collect(),
    );
    let version = |c: &&crate::runs::record::Config| {
        let revision = c
            .revision
            .as_deref()
            .map_or(String::new(), |revision| format!(" ({revision})"));
        format!("{}{revision}", c.version)
    };
    add("Version", configs.iter().map(version).collect());
    if let Some(data) = &findings.folder.data {
        items.push(format!("Clips left out: {}", data.rejected));
    }
    items
}

/// What each kind of network costs, in the middle of its finished runs.
fn costs(findings: &Findings) -> Table {
    let networks = ["lenet5", "resnet34", "crnn", "mtl-cnn", "resnet34-heads"];
    let rows = networks.iter().map(|network| {
        let outcomes = findings.grid.cells().filter_map(|cell| match cell {
            Place::Finished(run, outcome) if run.config.network == *network => Some(outcome),
            _ => None,
        });
        let mut outcomes: Vec<_> = outcomes.collect();
        outcomes.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let states = |state: &str| {
            let cells = findings.grid.cells().filter(|cell| cell.state() == state);
            cells
                .filter(|cell| cell.run().is_some_and(|run| run.config.network == *network))
                .count()
        };
        let middle = outcomes.get(outcomes.len() / 2);
        let cell = |text: Option<String>| text.map_or(Cell::dash(), Cell::new);
        Row::new(vec![
            Cell::new(network_name(network)),
            Cell::new(outcomes.len().to_string()),
            Cell::new(states("failed").to_string()),
            cell(middle.map(|outcome| count(outcome.parameters))),
            cell(middle.map(|outcome| count(outcome.samples))),
            cell(middle.map(|outcome| number(outcome.seconds / 60.0, 1))),
            cell(
                middle
                    .filter(|o| o.seconds > 0.0)
                    .map(|o| number(o.samples as f64 / o.seconds, 1)),
            ),
        ])
    });
    Table {
        caption: "What the runs cost (the median run of each network)".into(),
        groups: Vec::new(),
        columns: vec![
            "network",
            "finished",
            "failed",
            "weights",
            "samples",
            "minutes",
            "samples/s",
        ],
        rows: rows.collect(),
        notes: vec!["Minutes are those of training, without validation.".into()],
    }
}

/// Places of the grid without a result, the missing ones counted and the others named.
fn open(findings: &Findings) -> Vec<String> {
    let mut items = Vec::new();
    for feature in ORDER {
        let places = settings().into_iter().zip(findings.grid.single[feature]);
        let missing: Vec<_> = places
            .filter(|(_, place)| matches!(place, Place::Missing))
            .map(|(setting, _)| setting.name())
            .collect();
        match missing.len() {
            0 => {}
            12 => items.push(format!("{feature}: all 12 single-task runs are missing")),
            _ => items.push(format!("{feature}: missing are {}", missing.join("; "))),
        }
    }
    for (pair, place) in PAIRS.iter().zip(findings.grid.pairs) {
        if matches!(place, Place::Missing) {
            items.push(format!("{} and {}: the pair is missing", pair[0], pair[1]));
        }
    }
    if matches!(findings.grid.heads, Place::Missing) {
        items.push("The ResNet-34 trunk with eight heads is missing".into());
    }
    for place in findings.grid.cells() {
        match place {
            Place::Failed(run, failure) => {
                items.push(format!(
                    "{} failed after {} samples: {}",
                    run.name,
                    count(failure.samples),
                    failure.reason
                ));
            }
            Place::Unfinished(run) => {
                let last = run.curve.last().map(|point| count(point.samples));
                let last = last.map_or("no point yet".to_owned(), |samples| {
                    format!("its last point is at {samples} samples")
                });
                items.push(format!("{} is unfinished; {last}", run.name));
            }
            _ => {}
        }
    }
    items
}

fn others(findings: &Findings) -> Vec<String> {
    let others = findings
        .grid
        .others
        .iter()
        .filter_map(|(place, why)| Some((place, why, place.run()?)));
    others
        .map(|(place, why, run)| {
            let config = &run.config;
            let errors = config.features.iter().filter_map(|feature| {
                let errors = place.validation(*feature)?;
                Some(format!(
                    "{feature} validation MSE {}",
                    number(errors.mse, super::decimals(*feature))
                ))
            });
            let errors: Vec<_> = errors.collect();
            format!(
                "{}: {}, {}, {} ({}); {}{}",
                run.name,
                network_name(&config.network),
                optimiser_name(&config.optimiser),
                config.learning_rate,
                place.state(),
                why.words(),
                if errors.is_empty() {
                    String::new()
                } else {
                    format!("; {}", errors.join("; "))
                }
            )
        })
        .collect()
}
