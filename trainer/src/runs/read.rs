//! Reads a folder of runs back; whatever is missing or broken is named and left out, and the rest is read.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use echometer_engine::{Feature, PerFeature};
use rayon::prelude::*;

use super::files::{ReadError, json, open, table};
use super::record::{Config, DataRecord, Failure, Outcome, Point, Prediction};
use crate::data::row::Split;

/// A folder of runs.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    /// `data.json`; `None` where missing or broken.
    pub(crate) data: Option<DataRecord>,
    /// `clips.csv`; empty where missing or broken.
    pub(crate) clips: Vec<LabelledClip>,
    /// `chosen.json`: the name of the run that was chosen for a feature, before any look at the test clips.
    pub(crate) chosen: BTreeMap<Feature, String>,
    /// Runs whose `config.json` could be read, by name.
    pub(crate) runs: Vec<Run>,
    /// What could not be read.
    pub(crate) problems: Vec<ReadError>,
}

/// One line of `clips.csv`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LabelledClip {
    pub(crate) split: Split,
    /// The artist, or what else the split keeps together; `None` where the file does not say.
    pub(crate) group: Option<String>,
    /// In the features' units; `None` where there is no label.
    pub(crate) labels: PerFeature<Option<f64>>,
}

/// What one run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its folder under `OUT/runs`.
    pub(crate) name: String,
    pub(crate) config: Config,
    pub(crate) state: State,
    /// Finite points in the order of training; a diverged run's others are left out.
    pub(crate) curve: Vec<Point>,
    /// Empty where missing or broken.
    pub(crate) predictions: Vec<Prediction>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum State {
    Finished(Outcome),
    Failed(Failure),
    /// Neither result nor failure: still running, or cut off.
    Unfinished,
}

impl Folder {
    /// Whether a run learned from the clips of `data.json`; one that does not say is believed to.
    pub(crate) fn has_data_of(&self, run: &Run) -> bool {
        let (own, here) = (&run.config.data, self.data.as_ref().map(|data| &data.fingerprint));
        own.is_empty() || here.is_none_or(|here| here.is_empty() || here == own)
    }
}

/// Reads a folder of runs. Fails only where `out` is no folder; an empty one is a folder without runs.
pub(crate) fn folder(out: &Path) -> Result<Folder, ReadError> {
    if !out.is_dir() {
        return Err(ReadError::NoFolder {
            path: out.to_path_buf(),
        });
    }
    let mut folder = Folder::default();
    folder.data = note(json(&out.join("data.json")), &mut folder.problems).flatten();
    folder.clips = note(clips(&out.join("clips.csv")), &mut folder.problems).unwrap_or_default();
    folder.chosen = note(json(&out.join("chosen.json")), &mut folder.problems)
        .flatten()
        .unwrap_or_default();
    let (mut read, problems): (Vec<_>, Vec<_>) = run_folders(out, &mut folder.problems)
        .par_iter()
        .map(|path| run(path))
        .unzip();
    folder.runs = read.drain(..).flatten().collect();
    folder.problems.extend(problems.into_iter().flatten());
    Ok(folder)
}

/// Folders under `OUT/runs` that hold a configuration, by name.
fn run_folders(out: &Path, problems: &mut Vec<ReadError>) -> Vec<PathBuf> {
    let runs = out.join("runs");
    let entries = match std::fs::read_dir(&runs) {
        Ok(entries) => entries,
        Err(source) => {
            if source.kind() != ErrorKind::NotFound {
                problems.push(ReadError::Open { path: runs, source });
            }
            return Vec::new();
        }
    };
    let mut paths: Vec<_> = entries
        .filter_map(|entry| {
            note(
                entry.map_err(|source| ReadError::Open {
                    path: runs.clone(),
                    source,
                }),
                problems,
            )
        })
        .map(|entry| entry.path())
        .filter(|path| path.join("config.json").is_file())
        .collect();
    paths.sort();
    paths
}

/// Reads one run; `None` where its configuration cannot be read.
fn run(path: &Path) -> (Option<Run>, Vec<ReadError>) {
    let mut problems = Vec::new();
    let Some(config) = note(json::<Config>(&path.join("config.json")), &mut problems).flatten() else {
        return (None, problems);
    };
    let outcome = note(json(&path.join("metrics.json")), &mut problems).flatten();
    let failure = note(json(&path.join("failure.json")), &mut problems).flatten();
    let state = match (outcome, failure) {
        (Some(outcome), _) => State::Finished(outcome),
        (None, Some(failure)) => State::Failed(failure),
        (None, None) => State::Unfinished,
    };
    let mut curve: Vec<Point> =
        note(table(&path.join("curve.csv"), |_| None), &mut problems).unwrap_or_default();
    curve.retain(|point| point.mse.is_finite());
    curve.sort_by_key(|point| point.samples);
    let predictions = note(table(&path.join("predictions.csv"), check), &mut problems).unwrap_or_default();
    let run = Run {
        name: path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        config,
        state,
        curve,
        predictions,
    };
    (Some(run), problems)
}

/// What is wrong with a prediction.
fn check(line: &Prediction) -> Option<String> {
    [("truth", line.truth), ("prediction", line.prediction)]
        .into_iter()
        .find(|(_, value)| !value.is_finite())
        .map(|(column, value)| format!("{column} is {value}, but must be finite"))
}

fn note<T>(result: Result<T, ReadError>, problems: &mut Vec<ReadError>) -> Option<T> {
    result.map_err(|error| problems.push(error)).ok()
}

/// Splits, groups and labels; a feature without a column has no labels, and old files name no groups.
fn clips(path: &Path) -> Result<Vec<LabelledClip>, ReadError> {
    let Some(file) = open(path)? else {
        return Ok(Vec::new());
    };
    let at = |line, reason| ReadError::Line {
        path: path.to_path_buf(),
        line,
        reason,
    };
    let mut reader = csv::Reader::from_reader(file);
    let headers = reader
        .headers()
        .map_err(|error| at(1, error.to_string()))?
        .clone();
    let column = |name: &str| headers.iter().position(|header| header.trim() == name);
    let split = column("split").ok_or_else(|| ReadError::Column {
        path: path.to_path_buf(),
        column: "split",
        found: headers.iter().collect::<Vec<_>>().join(", "),
    })?;
    let group = column("group");
    let features = PerFeature::from_fn(|feature| column(feature.name()));
    let mut clips = Vec::new();
    for record in reader.records() {
        let record =
            record.map_err(|error| at(error.position().map_or(0, csv::Position::line), error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let name = record.get(split).unwrap_or_default().trim();
        let split = Split::ALL.into_iter().find(|split| split.name() == name);
        let split = split.ok_or_else(|| {
            at(
                line,
                format!("split is `{name}`, but must be training, validation or test"),
            )
        })?;
        let mut labels = PerFeature::default();
        for feature in Feature::ALL {
            let text = features[feature]
                .and_then(|index| record.get(index))
                .unwrap_or_default()
                .trim();
            if text.is_empty() {
                continue;
            }
            let value = text.parse().ok().filter(|value: &f64| value.is_finite());
            let value = value.ok_or_else(|| {
                at(
                    line,
                    format!("{feature} is `{text}`, but must be a number or empty"),
                )
            })?;
            labels[feature] = Some(value);
        }
        let group = group
            .and_then(|index| record.get(index))
            .map(|text| text.trim().to_owned());
        clips.push(LabelledClip {
            split,
            group: group.filter(|text| !text.is_empty()),
            labels,
        });
    }
    Ok(clips)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn config(id: &str) -> String {
        let front_end = serde_json::to_string(&echometer_engine::frontend::FrontEndConfig::thesis()).unwrap();
        format!(
            r#"{{"id":"{id}","network":"lenet5","features":["energy"],"optimiser":"adam","learning_rate":0.001,
            "profile":"quick","epochs":1,"batch":8,"seed":1,"precision":"f32","front_end":{front_end},"window_s":30.0,
            "frames":6616,"device":"cpu","version":"0.1.0","revision":null}}"#
        )
    }

    #[test]
    fn a_missing_folder_is_an_error_and_an_empty_one_is_empty() {
        let out = tempfile::tempdir().unwrap();
        let error = folder(&out.path().join("nowhere")).unwrap_err().to_string();
        assert!(error.contains("nowhere is not a folder"), "{error}");
        let empty = folder(out.path()).unwrap();
        assert!(empty.runs.is_empty() && empty.problems.is_empty() && empty.data.is_none());
    }

    #[test]
    fn broken_files_are_named_with_their_line_and_the_rest_is_read() {
        let out = tempfile::tempdir().unwrap();
        let out = out.path();
        write(
            out,
            "clips.csv",
            "clip,split,energy\na,training,0.5\nb,test,\nc,test,loud\n",
        );
        write(out, "runs/a/config.json", &config("a"));
        write(
            out,
            "runs/a/predictions.csv",
            "clip,split,feature,truth,prediction\n0,test,energy,0.5,0.4\n1,test,energy,0.5,NaN\n",
        );
        write(
            out,
            "runs/a/curve.csv",
            "samples,split,feature,mse\n64,training,energy,0.2\n128,training,energy,NaN\n",
        );
        write(out, "runs/b/config.json", "{\n \"id\": 3 }");
        write(out, "runs/notes.txt", "not a run");
        let read = folder(out).unwrap();
        assert_eq!(read.runs.len(), 1);
        assert_eq!(read.runs[0].curve.len(), 1, "the diverged point is left out");
        assert_eq!(read.runs[0].state, State::Unfinished);
        let problems: Vec<_> = read.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 3, "{problems:?}");
        for (problem, words) in problems.iter().zip([
            ["clips.csv, line 4", "energy is `loud`"],
            ["predictions.csv, line 3", "prediction is NaN"],
            ["config.json, line 2", "expected a string"],
        ]) {
            assert!(words.iter().all(|word| problem.contains(word)), "{problem}");
        }
    }

    #[test]
    fn the_chosen_runs_and_the_data_are_read() {
        let out = tempfile::tempdir().unwrap();
        let data = r#"{"description":"","split":"","clips":{},"rejected":0,"fingerprint":"new"}"#;
        write(out.path(), "data.json", data);
        write(out.path(), "chosen.json", r#"{"energy":"a"}"#);
        write(out.path(), "runs/a/config.json", &config("a"));
        let mut read = folder(out.path()).unwrap();
        assert!(read.problems.is_empty(), "{:?}", read.problems);
        assert_eq!(read.chosen[&Feature::Energy], "a");
        let mut run = read.runs.remove(0);
        assert!(read.has_data_of(&run), "an old run names no data");
        run.config.data = "new".into();
        assert!(read.has_data_of(&run));
        run.config.data = "old".into();
        assert!(!read.has_data_of(&run));
        read.data = None;
        assert!(read.has_data_of(&run));
    }

    #[test]
    fn a_feature_without_column_has_no_labels() {
        let out = tempfile::tempdir().unwrap();
        write(out.path(), "clips.csv", "clip,energy,split\na,0.25,validation\n");
        let clips = folder(out.path()).unwrap().clips;
        assert_eq!(clips[0].split, Split::Validation);
        assert_eq!(clips[0].labels[Feature::Energy], Some(0.25));
        assert_eq!(clips[0].labels[Feature::Valence], None);
        assert_eq!(clips[0].group, None);
        write(out.path(), "clips.csv", "clip,split,group\na,test,Ann\nb,test,\n");
        let clips = folder(out.path()).unwrap().clips;
        assert_eq!(clips[0].group.as_deref(), Some("Ann"));
        assert_eq!(clips[1].group, None);
        write(out.path(), "clips.csv", "clip,energy\na,0.25\n");
        let problem = folder(out.path()).unwrap().problems.remove(0).to_string();
        assert!(
            problem.contains("no column `split`; found clip, energy"),
            "{problem}"
        );
    }
}
