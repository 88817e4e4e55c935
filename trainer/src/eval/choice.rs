//! Which clips of the data are measured.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;
use echometer_engine::Feature;

use rayon::prelude::*;

use crate::data::cache::content_key;
use crate::data::row::{Row, Split};
use crate::data::source::Rejected;

/// A clip whatever way its path is written: the file, and the bits of its start.
type Place = (PathBuf, u64);

/// The sides that a grid's OUT/clips.csv puts its clips on.
pub(super) struct Sides {
    file: PathBuf,
    /// Name in the file, and side.
    lines: Vec<(String, Split)>,
}

impl Sides {
    /// Reads the columns `clip` and `split`; others are ignored.
    pub(super) fn read(file: &Path) -> anyhow::Result<Self> {
        let context = || format!("cannot read {}", file.display());
        let mut table = csv::Reader::from_path(file).with_context(context)?;
        let headers = table.headers().with_context(context)?.clone();
        let find = |name: &str| {
            let found = headers.iter().position(|header| header == name);
            found.with_context(|| {
                format!(
                    "{}: no column `{name}`; --clips takes clips.csv of a grid's OUT folder",
                    file.display()
                )
            })
        };
        let (clip, side) = (find("clip")?, find("split")?);
        let mut lines = Vec::new();
        for (i, record) in table.records().enumerate() {
            let record = record.with_context(context)?;
            let cell = |column: usize| record.get(column).unwrap_or_default();
            let split = Split::from_str(cell(side), false).map_err(|_| {
                anyhow::anyhow!(
                    "{}, row {}: split is `{}`, but must be training, validation or test",
                    file.display(),
                    i + 2,
                    cell(side)
                )
            })?;
            lines.push((cell(clip).to_owned(), split));
        }
        Ok(Self {
            file: file.to_owned(),
            lines,
        })
    }

    /// The rows that the file puts on `split`. What it has there and the data has not is told.
    fn choose(&self, rows: Vec<Row>, split: Split) -> Vec<Row> {
        let mut missing = HashMap::new();
        for (line, (name, _)) in self.lines.iter().enumerate().filter(|(_, line)| line.1 == split) {
            for place in places(name) {
                missing.insert(place, line);
            }
        }
        let mut found = HashSet::new();
        let rows: Vec<_> = rows
            .into_iter()
            .filter(|row| match missing.get(&place(&row.path, row.start)) {
                Some(line) => {
                    found.insert(*line);
                    true
                }
                None => false,
            })
            .collect();
        let wanted = self.lines.iter().enumerate().filter(|(_, line)| line.1 == split);
        let lost: Vec<_> = wanted.filter(|(line, _)| !found.contains(line)).collect();
        if let Some((_, (name, _))) = lost.first() {
            tracing::warn!(
                "{} clips on the {} side of {} are not in the data, the first is {name}",
                lost.len(),
                split.name(),
                self.file.display()
            );
        }
        rows
    }
}

/// The rows to measure: with a label for one of `features`, on the side asked for, and each clip once; clips that come
/// twice, also in a copy of the file, are added to `rejected`. `data` names the data set in the error where none is left.
pub(super) fn choose(
    rows: Vec<Row>,
    features: &[Feature],
    split: Option<Split>,
    sides: Option<&Sides>,
    data: &str,
    rejected: &mut Vec<Rejected>,
) -> anyhow::Result<Vec<Row>> {
    let labelled = |row: &Row| features.iter().any(|&feature| row.labels[feature].is_some());
    let mut rows: Vec<_> = rows.into_iter().filter(labelled).collect();
    if rows.is_empty() {
        bail!(
            "{data}: no clip has a label of its own for these features; a loudness that is measured here is none"
        );
    }
    match (split, sides) {
        (Some(split), Some(sides)) => rows = sides.choose(rows, split),
        (Some(split), None) => rows.retain(|row| row.split == Some(split)),
        (None, _) => {}
    }
    if let (true, Some(split)) = (rows.is_empty(), split) {
        let who = sides.map_or("it".into(), |sides| sides.file.display().to_string());
        bail!(
            "{data}: {who} puts no clip with these labels on the {} side",
            split.name()
        );
    }
    let mut seen = HashSet::new();
    rows.retain(|row| {
        let first = seen.insert(place(&row.path, row.start));
        if !first {
            rejected.push(Rejected {
                clip: row.name(),
                reason: "the same file and start are listed before".into(),
            });
        }
        first
    });
    Ok(without_copies(rows, rejected))
}

/// The first clip of those with the same bytes and start. A file that cannot be read stays: scoring says why.
fn without_copies(rows: Vec<Row>, rejected: &mut Vec<Rejected>) -> Vec<Row> {
    let keys: Vec<_> = rows.par_iter().map(content_key).collect();
    let mut first = HashMap::new();
    let mut kept = Vec::new();
    for (row, key) in rows.into_iter().zip(keys) {
        let name = row.name();
        match key.map(|key| first.entry(key).or_insert_with(|| name.clone())) {
            Ok(other) if *other != name => rejected.push(Rejected {
                reason: format!("it is the same sound as {other}"),
                clip: name,
            }),
            _ => kept.push(row),
        }
    }
    kept
}

fn place(path: &Path, start: f64) -> Place {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    (path, start.to_bits())
}

/// What a name of [`Row::name`] may stand for: a path, and a path and a start.
fn places(name: &str) -> Vec<Place> {
    let mut places = vec![place(Path::new(name), 0.0)];
    let start = name
        .strip_suffix(" s")
        .and_then(|name| name.rsplit_once(" at "))
        .and_then(|(path, start)| Some((path, start.parse::<f64>().ok()?)));
    if let Some((path, start)) = start {
        places.push(place(Path::new(path), start));
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let starts = [("a.wav", 0.0), ("a.wav", 2.5), ("b.wav", 0.0), ("a.wav", 2.5)];
        let row = |(path, start): (&str, f64)| {
            let mut row = Row::new(path.into(), start, "");
            row.labels[Feature::Energy] = Some(0.5);
            row
        };
        starts.map(row).into()
    }

    fn sides(text: &str) -> anyhow::Result<Sides> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clips.csv");
        std::fs::write(&path, text).unwrap();
        Sides::read(&path)
    }

    fn names(split: Option<Split>, sides: Option<&Sides>) -> anyhow::Result<Vec<String>> {
        let chosen = choose(rows(), &[Feature::Energy], split, sides, "m.csv", &mut Vec::new())?;
        Ok(chosen.iter().map(Row::name).collect())
    }

    #[test]
    fn a_clip_that_comes_twice_counts_once() {
        let mut rejected = Vec::new();
        let chosen = choose(rows(), &[Feature::Energy], None, None, "m.csv", &mut rejected).unwrap();
        assert_eq!(chosen.len(), 3);
        assert_eq!(rejected.len(), 1);
        assert_eq!(rejected[0].clip, "a.wav at 2.5 s");
    }

    #[test]
    fn the_side_is_that_of_the_file() {
        let text = "clip,split,energy\na.wav,training,0.5\na.wav at 2.5 s,test,0.5\nb.wav,test,0.5\nc.wav,test,0.5\n";
        let sides = sides(text).unwrap();
        assert_eq!(
            names(Some(Split::Test), Some(&sides)).unwrap(),
            ["a.wav at 2.5 s", "b.wav"]
        );
        assert_eq!(names(Some(Split::Training), Some(&sides)).unwrap(), ["a.wav"]);
        let error = names(Some(Split::Validation), Some(&sides))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("clips.csv puts no clip with these labels on the validation side"),
            "{error}"
        );
        let error = names(Some(Split::Test), None).unwrap_err().to_string();
        assert!(
            error.contains("it puts no clip with these labels on the test side"),
            "{error}"
        );
    }

    #[test]
    fn another_table_is_no_list_of_sides() {
        for (text, words) in [
            ("path,split\na.wav,test\n", "no column `clip`"),
            ("clip,split\na.wav,train\n", "row 2: split is `train`"),
        ] {
            let error = sides(text).err().unwrap().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
