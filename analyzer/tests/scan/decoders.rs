//! What decodes a file, with ffmpeg and without.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::{analyzer, chord, code, stderr, wav};
use crate::{rows, scan, table};

/// Makes a file of a WAV; false where there is no ffmpeg.
fn convert(from: &Path, to: &Path, arguments: &[&str]) -> bool {
    let program = env::var_os("ECHOMETER_FFMPEG").unwrap_or_else(|| "ffmpeg".into());
    let made = Command::new(program)
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(from)
        .args(arguments)
        .arg(to)
        .stderr(Stdio::null())
        .status();
    let made = made.is_ok_and(|status| status.success());
    if !made {
        println!("skipped: there is no ffmpeg");
    }
    made
}

/// A folder with a WavPack file, and the WAV that it was made of.
fn folder() -> Option<tempfile::TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let song = wav(folder.path(), "song.wav", &chord(6.0));
    convert(&song, &folder.path().join("song.wv"), &["-c:a", "wavpack"]).then_some(folder)
}

#[test]
fn what_is_not_built_in_is_read_by_ffmpeg_and_the_row_says_so() {
    let Some(folder) = folder() else { return };
    let out = scan(folder.path(), &[".", "--out", "t.jsonl"]);
    assert_eq!(code(&out), 0, "{}", stderr(&out));
    let rows = table(&folder.path().join("t.jsonl"));
    let (own, theirs) = (&rows["song.wav"], &rows["song.wv"]);
    assert_eq!(own["decoder"], "builtin");
    assert!(
        theirs["decoder"].as_str().unwrap().starts_with("ffmpeg "),
        "{theirs}"
    );
    // WavPack loses nothing.
    assert_eq!(own["energy"], theirs["energy"]);
    assert_eq!(
        (&own["note"], &theirs["note"], &theirs["error"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );

    // Rows of another decoder than is asked for are made anew, and no others.
    let again = |choice: &str| {
        let out = scan(
            folder.path(),
            &["song.wav", "--out", "t.jsonl", "--decoder", choice],
        );
        assert_eq!(code(&out), 0, "{}", stderr(&out));
        stderr(&out)
    };
    assert!(again("auto").contains("0 scored, 1 unchanged"));
    assert!(again("builtin").contains("0 scored, 1 unchanged"));
    assert!(again("ffmpeg").contains("1 scored, 0 unchanged"));
    let rows = table(&folder.path().join("t.jsonl"));
    assert!(
        rows["song.wav"]["decoder"]
            .as_str()
            .unwrap()
            .starts_with("ffmpeg ")
    );
    assert_eq!(rows["song.wav"]["energy"], rows["song.wv"]["energy"]);
}

#[test]
fn without_ffmpeg_the_row_names_the_format_and_what_to_install() {
    let Some(folder) = folder() else { return };
    for (hide, choice) in [(true, "auto"), (false, "builtin")] {
        let mut command = analyzer(&["scan", "--device", "embedded", "song.wv", "--decoder", choice]);
        command.current_dir(folder.path());
        if hide {
            command.env("ECHOMETER_FFMPEG", "");
        }
        let out = command.output().unwrap();
        let rows = rows(std::str::from_utf8(&out.stdout).unwrap());
        let error = rows["song.wv"]["error"].as_str().unwrap();
        assert!(error.starts_with("is WavPack"), "{error}");
        assert_eq!(error.contains("install"), hide, "{error}");
    }
    // Asked for by name, there is an error rather than another decoder.
    let out = analyzer(&["--input", "song.wav", "--decoder", "ffmpeg", "--once"])
        .env("ECHOMETER_FFMPEG", "")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(code(&out), 3);
    assert!(stderr(&out).contains("no ffmpeg was found"), "{}", stderr(&out));
    // A scan says so once, and leaves what is known.
    assert_eq!(code(&scan(folder.path(), &["song.wav", "--out", "t.jsonl"])), 0);
    let before = fs::read(folder.path().join("t.jsonl")).unwrap();
    let out = analyzer(&[
        "scan",
        "--device",
        "embedded",
        "song.wav",
        "--out",
        "t.jsonl",
        "--decoder",
        "ffmpeg",
    ])
    .env("ECHOMETER_FFMPEG", "")
    .current_dir(folder.path())
    .output()
    .unwrap();
    assert_eq!(code(&out), 3, "{}", stderr(&out));
    assert_eq!(fs::read(folder.path().join("t.jsonl")).unwrap(), before);
    // One that is named and is none is told.
    let out = analyzer(&["--input", "song.wv", "--once"])
        .env("ECHOMETER_FFMPEG", "/bin/true")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(
        stderr(&out).contains("ECHOMETER_FFMPEG names /bin/true"),
        "{}",
        stderr(&out)
    );
    let wrong = scan(folder.path(), &["song.wav", "--decoder", "vlc"]);
    assert_eq!(code(&wrong), 2);
    assert!(
        stderr(&wrong).contains("auto, builtin, ffmpeg"),
        "{}",
        stderr(&wrong)
    );
}

#[test]
fn a_table_that_names_no_decoder_is_scored_anew() {
    let folder = tempfile::tempdir().unwrap();
    wav(folder.path(), "song.wav", &chord(6.0));
    let again = || stderr(&scan(folder.path(), &["song.wav", "--out", "t.jsonl"]));
    assert!(again().contains("1 scored"));
    assert!(again().contains("1 unchanged"));
    // As an earlier version wrote it, which may have heard a part of the file alone.
    let path = folder.path().join("t.jsonl");
    let old = fs::read_to_string(&path)
        .unwrap()
        .replace("\"decoder\":\"builtin\",", "");
    assert!(!old.contains("decoder"));
    fs::write(&path, old).unwrap();
    assert!(again().contains("1 scored"));
    assert_eq!(table(&path)["song.wav"]["decoder"], "builtin");
}

/// The processes that a process has begun, by their numbers.
#[cfg(target_os = "linux")]
fn children(of: u32) -> Vec<u32> {
    let path = format!("/proc/{of}/task/{of}/children");
    let own = fs::read_to_string(path).unwrap_or_default();
    // Threads begin processes as well.
    let tasks = fs::read_dir(format!("/proc/{of}/task")).map(|tasks| tasks.flatten().collect::<Vec<_>>());
    let all = tasks
        .unwrap_or_default()
        .into_iter()
        .map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    let text: String = all.chain([own]).collect::<Vec<_>>().join(" ");
    text.split_whitespace().filter_map(|id| id.parse().ok()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn ffmpeg_ends_with_the_program_however_that_ends() {
    let folder = tempfile::tempdir().unwrap();
    let song = wav(folder.path(), "song.wav", &chord(120.0));
    let path = folder.path().join("song.wv");
    if !convert(&song, &path, &["-c:a", "wavpack"]) {
        return;
    }
    for signal in ["-KILL", "-INT"] {
        let mut child = analyzer(&["--device", "embedded", "--realtime", "--input"])
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        let ffmpeg = loop {
            if let Some(ffmpeg) = children(child.id()).first().copied() {
                // Not one that was only asked for its version.
                let line = fs::read_to_string(format!("/proc/{ffmpeg}/cmdline")).unwrap_or_default();
                if line.contains("pcm_f32le") {
                    break ffmpeg;
                }
            }
            assert!(Instant::now() < deadline, "ffmpeg was not begun");
            std::thread::sleep(Duration::from_millis(20));
        };
        // Set right after it was begun.
        let unlimited = || {
            let limits = fs::read_to_string(format!("/proc/{ffmpeg}/limits")).unwrap();
            let mut lines = limits.lines();
            let memory = lines.find(|line| line.starts_with("Max address space"));
            memory.unwrap().contains("unlimited")
        };
        while unlimited() {
            assert!(Instant::now() < deadline, "its memory has no limit");
            std::thread::sleep(Duration::from_millis(5));
        }
        let id = child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        child.wait().unwrap();
        while Path::new(&format!("/proc/{ffmpeg}")).exists() {
            let state = fs::read_to_string(format!("/proc/{ffmpeg}/stat")).unwrap_or_default();
            if state.contains(") Z ") {
                break; // ended; whoever adopted it has not looked yet
            }
            assert!(Instant::now() < deadline, "ffmpeg goes on after {signal}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn a_file_that_is_cut_too_short_says_that_it_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let song = wav(folder.path(), "song.wav", &chord(6.0));
    let bytes = fs::read(&song).unwrap();
    fs::write(&song, &bytes[..bytes.len() / 6]).unwrap();
    let out = scan(folder.path(), &["song.wav"]);
    let row = &rows(std::str::from_utf8(&out.stdout).unwrap())["song.wav"];
    assert!(row["error"].as_str().unwrap().contains("too short"), "{row}");
    assert_eq!(row["note"], "it ends after 1.00 s, but its header says 6.00 s");
}
