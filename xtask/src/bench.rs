//! Every figure in one table: `cargo xtask bench` runs the benchmarks and gathers the lines that end in a verdict.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::cargo::{Ended, cargo, code};

/// Package, benchmark, and whether a glance at everything includes it.
const BENCHES: &[(&str, &str, bool)] = &[
    ("echometer-tests", "front_end", true),
    ("echometer-tests", "rolling", true),
    ("echometer-tests", "load", true),
    ("echometer-plugin", "audio_thread", true),
    ("echometer-tests", "growth", false),
    ("echometer-tests", "streams", false),
    ("echometer-plugin", "instances", false),
    ("echometer-tests", "scan", false),
];

/// What a benchmark's line ends in where it has a goal.
const VERDICTS: [&str; 2] = ["… met", "… missed"];

/// Runs the benchmarks, shows all they say, and ends with one line a figure that has a goal. `quick` is a glance: fewer turns, and
/// only what takes seconds. Missing a goal is no failure: machines differ.
pub(crate) fn bench(repository: &Path, onnxruntime: &Path, quick: bool) -> Result<ExitCode> {
    let mut rows = Vec::new();
    for (package, bench, _) in BENCHES.iter().filter(|(_, _, glance)| *glance || !quick) {
        let mut command = cargo(repository);
        command
            .args([
                "bench",
                "--locked",
                "--quiet",
                "--package",
                package,
                "--bench",
                bench,
            ])
            .env("ORT_DYLIB_PATH", onnxruntime)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if quick {
            command.env("ECHOMETER_QUICK", "1");
        }
        eprintln!("{package}: {bench}");
        let mut child = command.spawn().context("cannot start cargo")?;
        let output = child.stdout.take().context("cannot read what a benchmark says")?;
        for line in BufReader::new(output).lines() {
            let line = line.context("cannot read what a benchmark says")?;
            println!("  {line}");
            rows.extend(figure(&line));
        }
        let status = child.wait().context("cannot wait for cargo")?;
        if !status.success() {
            return Err(Ended(code(status.code())).into());
        }
    }
    println!("\n{}", table(&rows));
    Ok(ExitCode::SUCCESS)
}

/// Whether the environment turns the full comparison on; without it some lines are missing.
pub(crate) fn hint(python: Option<&OsStr>) -> Option<&'static str> {
    python.is_none().then_some(
        "Other libraries are left out: set ECHOMETER_PYTHON to a Python with torchaudio, librosa and kaldi-native-fbank",
    )
}

/// A figure's name, and what is said of it, where the line has a verdict.
fn figure(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    VERDICTS.iter().find(|verdict| line.ends_with(*verdict))?;
    let (name, said) = line.rsplit_once(": ")?;
    Some((name.to_owned(), said.to_owned()))
}

/// One line a figure, names side by side.
fn table(rows: &[(String, String)]) -> String {
    let width = rows
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    let lines = rows.iter().map(|(name, said)| format!("{name:<width$}  {said}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_with_a_verdict_are_figures() {
        let line = "  embedded: loads in ms: 33.0000, goal ≤ 200 … met";
        let (name, said) = figure(line).unwrap();
        assert_eq!(name, "embedded: loads in ms");
        assert_eq!(said, "33.0000, goal ≤ 200 … met");
        assert_eq!(figure("embedded: skipped: no library"), None);
        let rows = [
            ("a".into(), "1 … met".into()),
            ("bcd".into(), "2 … missed".into()),
        ];
        assert_eq!(table(&rows), "a    1 … met\nbcd  2 … missed");
    }
}
