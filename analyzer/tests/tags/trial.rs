//! A folder of files whose tags are written, and a look at each of them by programs that are not ours.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{analyzer, code, stderr};
use crate::ffmpeg;

/// What became of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Written,
    /// It stays as it was; what was told of it.
    Refused(String),
}

pub struct Trial {
    /// Where the files belong.
    pub folder: PathBuf,
    holder: TempDir,
}

/// What mutagen tells of files: by their names, and by those of tags.
type Told = BTreeMap<String, Option<Vec<(String, String)>>>;

impl Trial {
    /// `None`, with the reason printed, where there is no ffmpeg.
    pub fn new() -> Option<Self> {
        if ffmpeg::program().is_none() {
            println!("skipped: there is no ffmpeg (ECHOMETER_FFMPEG)");
            return None;
        }
        let holder = tempfile::tempdir().unwrap();
        let folder = holder.path().join("music");
        fs::create_dir(&folder).unwrap();
        Some(Self { folder, holder })
    }

    /// Makes files with tags of mutagen's of those that are called `plain`; `false`, with the reason printed, where it is missing.
    pub fn dress(&self) -> bool {
        mutagen("dress", &self.folder).is_some()
    }

    /// Writes scores into the files, and fails where one that was written does not sound as before or lost another tag, or one that was
    /// not is another.
    pub fn run(&self) -> BTreeMap<String, Outcome> {
        let before = self.holder.path().join("before");
        fs::create_dir(&before).unwrap();
        for name in names(&self.folder) {
            fs::copy(self.folder.join(&name), before.join(&name)).unwrap();
        }
        let rows = self.holder.path().join("rows.jsonl");
        let output = scan(&self.folder, &rows);
        assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let told = stderr(&output);
        let rows = fs::read_to_string(rows).unwrap();
        let energies: BTreeMap<_, _> = rows
            .lines()
            .map(|line| {
                let row: Value = serde_json::from_str(line).unwrap();
                let path = row["path"]
                    .as_str()
                    .unwrap()
                    .rsplit('/')
                    .next()
                    .unwrap()
                    .to_owned();
                (
                    path,
                    row["energy"]
                        .as_f64()
                        .map(|energy| format!("{:.0}", energy * 100.0)),
                )
            })
            .collect();
        let names = names(&self.folder);
        assert_eq!(names, self::names(&before), "no file more, none less");
        let is_same =
            |name: &String| fs::read(self.folder.join(name)).unwrap() == fs::read(before.join(name)).unwrap();
        let (same, written): (Vec<_>, Vec<_>) = names.into_iter().partition(is_same);
        self.sound_alike(&before, &written);
        if let (Some(old), Some(new)) = (tags(&before), tags(&self.folder)) {
            for name in &written {
                compare(name, &old[name], &new[name], energies[name].as_ref().unwrap());
            }
        }
        let lines = |name: &String| {
            let of = |line: &&str| line.ends_with(&format!("/{name}"));
            told.lines().filter(of).collect::<Vec<_>>().join("\n")
        };
        let mut outcomes = BTreeMap::new();
        for name in written {
            assert!(lines(&name).contains("wrote 1T_"), "{name}: {told}");
            outcomes.insert(name, Outcome::Written);
        }
        for name in same {
            let told = lines(&name);
            assert!(!told.contains("wrote 1T_"), "{told}");
            if energies.get(&name).is_some_and(Option::is_some) {
                assert!(told.contains("tags not written, "), "{name} says why: {told}");
            }
            outcomes.insert(name, Outcome::Refused(told));
        }
        // What is written is found again.
        let again = scan(&self.folder, &self.holder.path().join("rows.jsonl"));
        assert!(
            stderr(&again).contains("tags of 0 files written"),
            "{}",
            stderr(&again)
        );
        outcomes
    }

    /// Whether ffmpeg decodes the files to the same samples.
    fn sound_alike(&self, before: &Path, names: &[String]) {
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                let (old, new) = (heard(&before.join(name)), heard(&self.folder.join(name)));
                assert!(old.contains("MD5=") || old.is_empty(), "{name}: {old}");
                assert_eq!(old, new, "{name} sounds otherwise");
            }
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
            workers.into_iter().for_each(|worker| worker.join().unwrap());
        });
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn scan(folder: &Path, rows: &Path) -> Output {
    let list = rows.with_extension("list");
    let paths: Vec<_> = names(folder)
        .iter()
        .map(|name| folder.join(name).to_str().unwrap().to_owned())
        .collect();
    fs::write(&list, paths.join("\n")).unwrap();
    analyzer(&["scan", "--device", "embedded", "--write-tags", "1t", "--apply"])
        .args([Path::new("--out"), rows, Path::new("--from"), &list])
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// A hash of all decoded samples of the first track.
fn heard(path: &Path) -> String {
    let output = Command::new(ffmpeg::program().unwrap())
        .args(["-nostdin", "-v", "quiet", "-i"])
        .arg(path)
        .args(["-map", "0:a:0", "-c:a", "pcm_f32le", "-f", "md5", "-"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// What mutagen reads; `None`, with the reason printed, where it is missing.
fn tags(folder: &Path) -> Option<Told> {
    Some(serde_json::from_str(&mutagen("tell", folder)?).unwrap())
}

fn mutagen(what: &str, folder: &Path) -> Option<String> {
    let python = env::var_os("ECHOMETER_PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    if let Some(path) = env::var_os("ECHOMETER_MUTAGEN") {
        command.env("PYTHONPATH", path);
    }
    let there = command.args(["-c", "import mutagen"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        println!("in part skipped: there is no Python with mutagen (ECHOMETER_MUTAGEN)");
        return None;
    }
    let mut command = Command::new(command.get_program());
    if let Some(path) = env::var_os("ECHOMETER_MUTAGEN") {
        command.env("PYTHONPATH", path);
    }
    let output = command
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tags/others.py"))
        .arg(what)
        .arg(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Whether the fields are there, once each, and all else is as before.
fn compare(
    name: &str,
    old: &Option<Vec<(String, String)>>,
    new: &Option<Vec<(String, String)>>,
    energy: &String,
) {
    let is_ours = |key: &str| key.contains("1T_");
    let new = new
        .as_ref()
        .unwrap_or_else(|| panic!("{name}: mutagen does not know it any more"));
    let ours: Vec<_> = new.iter().filter(|(key, _)| is_ours(key)).collect();
    assert_eq!(ours.len(), 6, "{name}: {ours:?}");
    let found = ours.iter().find(|(key, _)| key.ends_with("1T_ENERGY"));
    assert_eq!(found.map(|(_, value)| value), Some(energy), "{name}");
    let others = |told: &[(String, String)]| -> Vec<_> {
        let others = told.iter().filter(|(key, _)| !is_ours(key));
        others.cloned().collect()
    };
    let (old, new) = (others(old.as_deref().unwrap_or_default()), others(new));
    // A tag that was not there has a version, or a name for who encoded it.
    let brought =
        |key: &str| !old.iter().any(|(known, _)| known == key) && matches!(key, "version" | "vendor");
    let new: Vec<_> = new.into_iter().filter(|(key, _)| !brought(key)).collect();
    assert_eq!(old, new, "{name}: other tags");
}
