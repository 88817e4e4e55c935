//! The report on a folder of runs: the thesis's tables, figures and questions, with our numbers beside.

mod cell;
mod console;
mod contents;
mod evidence;
mod figures;
#[cfg(test)]
mod fixture;
mod grid;
mod numbers;
mod page;
mod questions;
mod ratio;
pub(crate) mod statistics;
#[cfg(test)]
mod tests;
mod thesis;
mod unit;

use std::path::{Path, PathBuf};

use anyhow::Context;

pub(crate) use console::{progress_bar, table};

/// Writes tables, figures and answers about a folder of runs beside those of the thesis.
///
/// Reads only what the runs left on disk, so it can be written at any time, also while others still train.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ReportOptions {
    /// The folder of runs.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// Where the report goes; `report` inside the folder of runs by default.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,
}

impl ReportOptions {
    /// The report of a folder of runs, in its usual place.
    pub(crate) fn of(out: PathBuf) -> Self {
        Self { out, to: None }
    }
}

/// Writes `index.html`, `report.md` with `plots/*.svg`, `tables.csv` and `report.json`.
///
/// Missing, failed and unfinished runs are listed in it. Fails where the folder of runs is none or a file cannot be written.
pub(crate) fn write(options: &ReportOptions) -> anyhow::Result<()> {
    let folder = crate::runs::read::folder(&options.out)?;
    for problem in &folder.problems {
        tracing::warn!("{problem}; the report goes on without it");
    }
    let findings = contents::Findings::new(&folder).context("the thesis’s numbers cannot be read")?;
    let document = contents::document(&findings);
    let to = options.to.clone().unwrap_or_else(|| options.out.join("report"));
    let plots = to.join("plots");
    std::fs::create_dir_all(&plots).with_context(|| format!("cannot make the folder {}", plots.display()))?;
    for figure in document.figures() {
        save(&plots.join(format!("{}.svg", figure.name)), figure.file())?;
    }
    let mut csv = csv::Writer::from_writer(Vec::new());
    for line in numbers::lines(&findings) {
        csv.serialize(line)?;
    }
    save(&to.join("tables.csv"), csv.into_inner().context("tables.csv")?)?;
    save(
        &to.join("report.json"),
        serde_json::to_string_pretty(&numbers::numbers(&findings))?,
    )?;
    save(&to.join("report.md"), page::markdown::text(&document))?;
    save(&to.join("index.html"), page::html::page(&document))?;
    tracing::info!("the report is in {}", to.join("index.html").display());
    Ok(())
}

fn save(path: &Path, contents: impl AsRef<[u8]>) -> anyhow::Result<()> {
    std::fs::write(path, contents).with_context(|| format!("cannot write {}", path.display()))
}
