//! Scores as tags of the files they are of, where other programs look for them.

mod comments;
mod edit;
mod id3v2;
mod mp4;
mod one;
mod pieces;
mod place;
mod replace;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use clap::ValueEnum;
use echometer_engine::{Feature, Model, PerFeature};

use super::Sink;
use super::row::Row;
use super::walk::{Found, state};
use crate::control::Control;
use crate::failure::Failure;
use crate::outputs::notice;
use crate::whole;
use one::{Field, one};

/// How scores are written into files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Style {
    /// `1T_ENERGY` and so on, whole numbers from 0 to 100, as OneTagger writes them
    #[value(name = "1t")]
    OneTagger,
    /// `ENERGY` and so on, 0 to 1, loudness in LUFS
    Plain,
}

/// Shows what would be written into `files`, or writes it, where their tags do not say it already.
pub(crate) fn run(
    style: Style,
    apply: bool,
    model: &Model,
    files: &[(&String, &Found)],
    sink: &mut Sink,
    control: &Control,
) -> Result<(), Failure> {
    // A value that is no better than a constant has no business in anybody's files.
    let guesses = PerFeature::from_fn(|feature| model.card().is_guess(feature));
    clear(apply, files);
    let (mut changed, mut failed) = (0, 0);
    for (path, found) in files {
        if control.is_stopped() {
            return Err(
                Failure::failed(format!("stopped after the tags of {changed} files"))
                    .hint("the same command goes on from here"),
            );
        }
        let Some(row) = sink.rows.get(*path) else { continue };
        let fields = fields(style, row, &guesses);
        if fields.is_empty() {
            continue;
        }
        // Files come from anywhere: one that the tag library trips over must not end the scan.
        let tagged = catch_unwind(AssertUnwindSafe(|| one(&found.path, &fields, apply)));
        match tagged.unwrap_or_else(|_| Err("the tag library gave up on it".into())) {
            Ok(None) => {}
            Ok(Some(change)) => {
                changed += 1;
                let will = if apply { "wrote" } else { "would write" };
                notice(&format!("{will} {change}: {path}"));
                if apply {
                    // The file is another now, but sounds the same.
                    let row = restated(row.clone(), &found.path);
                    sink.keep(row)?;
                }
            }
            Err(reason) => {
                failed += 1;
                let will = if apply {
                    "tags not written"
                } else {
                    "would not write tags"
                };
                notice(&format!("{will}, {reason}: {path}"));
            }
        }
    }
    let mut text = match apply {
        true => format!("tags of {changed} files written"),
        false => format!("tags of {changed} files would be written; --apply does it"),
    };
    if failed > 0 {
        let stay = if apply { "stay" } else { "would stay" };
        text += &format!("; {failed} files {stay} as they are");
    }
    notice(&text);
    Ok(())
}

/// Removes what a killed process left where copies are made. That is also where no scan looks: beside a file that was named alone, or
/// that a link leads to.
fn clear(apply: bool, files: &[(&String, &Found)]) {
    if !apply {
        whole::clear_folder(&env::temp_dir());
        return;
    }
    let folder = |found: &Found| Some(whole::folder_of(&fs::canonicalize(&found.path).ok()?).to_owned());
    let folders: BTreeSet<_> = files.iter().filter_map(|(_, found)| folder(found)).collect();
    folders.iter().for_each(|folder| whole::clear_folder(folder));
}

/// The tags that say what the row says.
fn fields(style: Style, row: &Row, guesses: &PerFeature<bool>) -> Vec<Field> {
    let field = |feature: Feature| {
        let value = row.values[feature].filter(|_| !guesses[feature])?;
        let name = feature.name().to_uppercase();
        match style {
            // OneTagger has no loudness.
            Style::OneTagger if feature == Feature::Loudness => None,
            Style::OneTagger => Some((format!("1T_{name}"), format!("{:.0}", value * 100.0))),
            Style::Plain => Some((name, value.to_string())),
        }
    };
    // Silence has a loudness and nothing else.
    let scored = row
        .values
        .iter()
        .any(|(feature, value)| feature != Feature::Loudness && value.is_some());
    if scored && row.error.is_none() {
        Feature::ALL.into_iter().filter_map(field).collect()
    } else {
        Vec::new()
    }
}

/// The row with its file's new size and time.
fn restated(mut row: Row, path: &Path) -> Row {
    let state = fs::metadata(path).and_then(|metadata| state(&metadata));
    (row.size, row.mtime_ms) = state.ok().unzip();
    row
}
