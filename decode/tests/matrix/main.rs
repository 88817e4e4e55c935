//! Every kind of file against ffmpeg: heard alike, or it is said.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test that cannot go on has failed"
)]

mod cases;
mod ffmpeg;
mod made;
mod mutations;
mod ours;
mod page;
mod special;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use cases::{Case, Change};
use echometer_decode::Choice;
use ffmpeg::Heard;
use made::make;
use ours::Verdict;

/// What came of one file.
struct Tried {
    case: Case,
    verdict: Verdict,
    /// The same without ffmpeg at hand.
    alone: Verdict,
    decoder: Option<String>,
    said: Vec<String>,
    lengths: (f64, f64),
}

fn attempt(case: &Case, folder: &Path, number: usize) -> Option<Tried> {
    let made = make(case, folder, number)?;
    let theirs = ffmpeg::hear(&made.path);
    let references = references(case, theirs.as_ref(), made.before, folder);
    let judge = |choice| {
        let outcome = ours::hear(&made.path, choice);
        let mut verdict = ours::judge(&outcome, &references, case.exact, case.packet);
        let cut = matches!(case.change, Change::Cut(_));
        if cut && case.tells_cuts && outcome.notes.is_empty() && outcome.error.is_none() {
            verdict = Verdict::Wrong("it is cut off, and nothing is said".into());
        }
        (verdict, outcome)
    };
    let (alone_verdict, alone) = judge(Choice::Builtin);
    let (verdict, outcome) = judge(Choice::Auto);
    let seconds = |heard: Option<&Heard>| heard.map_or(0.0, Heard::seconds);
    let tried = Tried {
        case: case.clone(),
        verdict,
        alone: alone_verdict,
        decoder: outcome.decoder,
        lengths: (seconds(outcome.heard.as_ref()), seconds(theirs.as_ref())),
        said: outcome
            .notes
            .into_iter()
            .chain(outcome.error)
            .chain(alone.notes)
            .chain(alone.error)
            .collect(),
    };
    fs::remove_file(&made.path).unwrap();
    Some(tried)
}

/// What a file should sound like: as ffmpeg hears it; as what it was made of; where a file was changed and not
/// cut, as ffmpeg heard it before; and a file behind itself as ffmpeg hears both, for where files are joined it may lose or repeat a
/// packet.
fn references(case: &Case, theirs: Option<&Heard>, before: Option<Heard>, folder: &Path) -> Vec<Heard> {
    let mut references: Vec<_> = theirs.cloned().into_iter().collect();
    match (case.change, before) {
        (Change::Twice, Some(mut before)) => {
            before.samples.extend_from_within(..);
            references.push(before);
        }
        // What was made without loss is what it was made of.
        (Change::None, _) if case.exact => {
            references.push(ffmpeg::made_of(
                folder,
                case.channels,
                case.rate,
                case.silent,
                case.seconds,
            ));
        }
        (Change::By(_) | Change::Id3(_) | Change::Before(..) | Change::Behind(..), Some(before)) => {
            references.push(before)
        }
        _ => {}
    }
    references
}

/// What came of all files.
fn attempt_all(cases: &[Case]) -> Vec<Tried> {
    let folder = tempfile::tempdir().unwrap();
    let next = AtomicUsize::new(0);
    let tried = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, Into::into) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(number) else { return };
                    match attempt(case, folder.path(), number) {
                        Some(result) => tried.lock().unwrap().push((number, result)),
                        None => println!("not made: {}", case.name),
                    }
                }
            });
        }
    });
    let mut tried = tried.into_inner().unwrap();
    tried.sort_by_key(|(number, _)| *number);
    tried.into_iter().map(|(_, tried)| tried).collect()
}

#[test]
fn every_file_is_heard_as_ffmpeg_hears_it_or_it_is_said() {
    if ffmpeg::program().is_none() {
        println!("skipped: there is no ffmpeg; `cargo xtask test` fetches one");
        return;
    }
    let tried = attempt_all(&cases::all());
    let all = std::env::var_os("ECHOMETER_MATRIX_ALL").is_some();
    let mut wrong = Vec::new();
    for tried in &tried {
        let line = format!(
            "{}: {:?}, alone {:?}; {:.2} s of {:.2} s by {}; {}",
            tried.case.name,
            tried.verdict,
            tried.alone,
            tried.lengths.0,
            tried.lengths.1,
            tried.decoder.as_deref().unwrap_or("none"),
            tried.said.join("; ")
        );
        if all || tried.verdict != Verdict::Equal {
            println!("{line}");
        }
        if tried.verdict.is_wrong() || tried.alone.is_wrong() {
            wrong.push(line);
        }
    }
    let count = |wanted: &Verdict| tried.iter().filter(|tried| tried.verdict == *wanted).count();
    println!(
        "{} files: {} equal, {} noted, {} refused",
        tried.len(),
        count(&Verdict::Equal),
        count(&Verdict::Noted),
        count(&Verdict::Refused)
    );
    assert!(wrong.is_empty(), "{} files:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried.len() > 400, "only {} files could be made", tried.len());
    let unknown = page::unknown(tried.iter().flat_map(|tried| tried.said.clone()));
    assert!(
        unknown.is_empty(),
        "docs/formats.md does not say:\n{}",
        unknown.join("\n")
    );
    page::keep(&tried, &ffmpeg::version());
}

/// Bad files made in every run; `ECHOMETER_MUTATIONS` makes more of them, and `ECHOMETER_SEED` others.
const MUTATIONS: usize = 250;

#[test]
fn bad_files_are_heard_as_ffmpeg_hears_them_or_it_is_said() {
    if ffmpeg::program().is_none() {
        println!("skipped: there is no ffmpeg; `cargo xtask test` fetches one");
        return;
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let count = number("ECHOMETER_MUTATIONS").unwrap_or(MUTATIONS);
    let folder = tempfile::tempdir().unwrap();
    let (wrong, said) = mutations::run(count, number("ECHOMETER_SEED").unwrap_or(1) as u64, folder.path());
    if !wrong.is_empty() {
        println!("kept in {}", folder.keep().display());
    }
    println!(
        "{count} bad files, {} of them heard otherwise without a word",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let unknown = page::unknown(said.into_iter());
    assert!(
        unknown.is_empty(),
        "docs/formats.md does not say:\n{}",
        unknown.join("\n")
    );
}

/// What the child below is to listen to.
const CHILD: &str = "ECHOMETER_MATRIX_CHILD";

/// Run by the test below alone, in a process that knows no ffmpeg.
#[test]
fn child_without_ffmpeg() {
    let Some(path) = std::env::var_os(CHILD).map(PathBuf::from) else {
        return;
    };
    let stream = Box::new(fs::File::open(&path).unwrap());
    for mut decoder in [
        echometer_decode::Decoder::open(&path).unwrap(),
        echometer_decode::Decoder::from_stream(stream, "standard input").unwrap(),
    ] {
        while decoder.next(&mut Vec::new()).unwrap() {}
        let notes = decoder.notes().join("; ");
        assert!(
            notes.contains("holds HE-AAC") && decoder.decoder() == "builtin",
            "{notes}"
        );
    }
}

#[test]
fn without_ffmpeg_half_the_band_of_he_aac_is_better_than_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cases = cases::all();
    let number = cases
        .iter()
        .position(|case| case.name.contains("HE-AAC"))
        .unwrap();
    let Some(made) = make(&cases[number], folder.path(), number) else {
        println!("skipped: there is no ffmpeg; `cargo xtask test` fetches one");
        return;
    };
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_without_ffmpeg"])
        .env("ECHOMETER_FFMPEG", "")
        .env(CHILD, &made.path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}
