//! Scans that come back, and scans that were ended.

use std::fs::{self, File};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::common::*;
use crate::{scan, scanned, table};

#[test]
fn only_what_changed_is_scored_again() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("music");
    fs::create_dir(&root).unwrap();
    for name in ["a.wav", "b.wav", "c.wav"] {
        wav(&root, name, &chord(2.5));
    }
    let update = |more: &[&str]| scanned(folder.path(), &[&["music", "--out", "t.jsonl"], more].concat());
    let path = folder.path().join("t.jsonl");
    update(&[]);
    let (first, written) = (table(&path), fs::metadata(&path).unwrap().modified().unwrap());
    let told = update(&[]);
    assert!(told.contains("0 scored, 3 unchanged: 3 rows"), "{told}");
    assert_eq!(
        fs::metadata(&path).unwrap().modified().unwrap(),
        written,
        "nothing new, nothing written"
    );

    wav(&root, "b.wav", &chord(3.5));
    wav(&root, "d.wav", &chord(2.5));
    fs::remove_file(root.join("a.wav")).unwrap();
    let told = update(&["--keep-missing"]);
    assert!(told.contains("2 scored, 1 unchanged: 4 rows"), "{told}");
    let told = update(&[]);
    assert!(told.contains("0 scored, 3 unchanged, 1 gone: 3 rows"), "{told}");
    let second = table(&path);
    assert_eq!(second["c.wav"], first["c.wav"]);
    assert_eq!(second["b.wav"]["duration_ms"], 3_500);

    // Other folders' rows are nobody's business here; curves are something new.
    let other = tempfile::tempdir().unwrap();
    wav(other.path(), "e.wav", &chord(2.5));
    let told = scanned(
        folder.path(),
        &[other.path().to_str().unwrap(), "--out", "t.jsonl", "--curves"],
    );
    assert!(told.contains("1 scored, 0 unchanged: 4 rows"), "{told}");
    assert!(update(&["--curves"]).contains("3 scored, 0 unchanged: 4 rows"));
    assert!(update(&["--again"]).contains("3 scored, 0 unchanged: 4 rows"));
}

#[test]
fn a_killed_scan_goes_on_where_it_was() {
    const FILES: usize = 12;
    let folder = tempfile::tempdir().unwrap();
    let samples = chord(8.0);
    for i in 0..FILES {
        wav(folder.path(), &format!("{i}.wav"), &samples);
    }
    let mut child = analyzer(&[
        "scan", ".", "--out", "t.jsonl", "--device", "embedded", "--jobs", "1",
    ])
    .current_dir(folder.path())
    .stdout(Stdio::null())
    .stderr(Stdio::null())
    .spawn()
    .unwrap();
    let journal = folder.path().join("t.jsonl.journal");
    let rows = || fs::read_to_string(&journal).unwrap_or_default().lines().count();
    let begun = Instant::now();
    while rows() < 2 && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = rows();
    assert!((2..FILES).contains(&kept), "{kept} rows before it was killed");
    assert!(!folder.path().join("t.jsonl").exists());
    // Even half a line is survived.
    let mut torn = fs::read(&journal).unwrap();
    torn.extend(b"{\"path\":\"/half");
    fs::write(&journal, torn).unwrap();

    let told = scanned(folder.path(), &[".", "--out", "t.jsonl"]);
    assert!(
        told.contains(&format!("{} scored, {kept} unchanged: 12 rows", FILES - kept)),
        "{told}"
    );
    let rows = table(&folder.path().join("t.jsonl"));
    assert!(
        rows.values()
            .all(|row| row["error"].is_null() && row["energy"].is_f64())
    );
    assert!(!journal.exists());
}

#[test]
fn two_scans_do_not_write_one_table() {
    let folder = tempfile::tempdir().unwrap();
    wav(folder.path(), "x.wav", &chord(2.5));
    let journal = File::create(folder.path().join("t.csv.journal")).unwrap();
    journal.lock().unwrap();
    let output = scan(folder.path(), &[".", "--out", "t.csv"]);
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("another scan is writing"),
        "{}",
        stderr(&output)
    );
    drop(journal);
    scanned(folder.path(), &[".", "--out", "t.csv"]);
}

#[cfg(unix)]
#[test]
fn a_polite_end_keeps_what_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let samples = chord(8.0);
    for i in 0..12 {
        wav(folder.path(), &format!("{i}.wav"), &samples);
    }
    let child = analyzer(&[
        "scan", ".", "--out", "t.jsonl", "--device", "embedded", "--jobs", "1",
    ])
    .current_dir(folder.path())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let journal = folder.path().join("t.jsonl.journal");
    let begun = Instant::now();
    while fs::read(&journal).unwrap_or_default().is_empty() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = std::process::Command::new("kill")
        .arg(child.id().to_string())
        .status();
    assert!(killed.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stderr(&output).contains("of 12 tracks") && stderr(&output).contains("goes on from here"));
    assert!(!fs::read(&journal).unwrap().is_empty());
}

#[test]
fn a_merge_waits_for_scans() {
    let folder = tempfile::tempdir().unwrap();
    wav(folder.path(), "x.wav", &chord(2.5));
    scanned(folder.path(), &["x.wav", "--out", "part.jsonl"]);
    let part = fs::read_to_string(folder.path().join("part.jsonl")).unwrap();
    for unfinished in ["part.jsonl", "all.csv"] {
        let journal = folder.path().join(format!("{unfinished}.journal"));
        fs::write(&journal, &part).unwrap();
        let output = scan(folder.path(), &["--merge", "part.jsonl", "--out", "all.csv"]);
        assert_eq!(code(&output), 3, "{}", stderr(&output));
        assert!(stderr(&output).contains("has not ended"), "{}", stderr(&output));
        assert_eq!(fs::read_to_string(&journal).unwrap(), part);
        fs::remove_file(journal).unwrap();
    }
    scanned(folder.path(), &["--merge", "part.jsonl", "--out", "all.csv"]);
    assert!(folder.path().join("all.csv").exists() && !folder.path().join("all.csv.journal").exists());
}

#[test]
fn a_disk_that_is_not_mounted_keeps_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir(&music).unwrap();
    wav(&music, "x.wav", &chord(2.5));
    scanned(folder.path(), &["music", "--out", "t.jsonl"]);
    fs::rename(music.join("x.wav"), folder.path().join("away.wav")).unwrap();
    let output = scan(folder.path(), &["music", "--out", "t.jsonl"]);
    assert!(
        stderr(&output).contains("is empty: rows of files in it are kept"),
        "{}",
        stderr(&output)
    );
    assert_eq!(table(&folder.path().join("t.jsonl")).len(), 1);
    // With anything in it, it is there, and what is missing is gone.
    fs::write(music.join("notes.txt"), "").unwrap();
    scanned(folder.path(), &["music", "--out", "t.jsonl"]);
    assert_eq!(table(&folder.path().join("t.jsonl")).len(), 0);
}

#[test]
fn a_disk_within_the_library_that_is_not_mounted_keeps_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    for album in ["music/disk/one", "music/album"] {
        fs::create_dir_all(at(album)).unwrap();
        wav(&at(album), &format!("{}.wav", &album[6..9]), &chord(2.5));
    }
    fs::create_dir(at("music/never used")).unwrap();
    scanned(folder.path(), &["music", "--out", "t.csv"]);
    fs::rename(at("music/disk"), at("away")).unwrap();
    fs::create_dir(at("music/disk")).unwrap();
    // Such as some put where a disk is missing.
    fs::write(at("music/disk/.not-mounted"), "").unwrap();
    let told = scanned(folder.path(), &["music", "--out", "t.csv"]);
    assert!(
        told.contains("disk is empty: rows of files in it are kept"),
        "{told}"
    );
    assert!(!told.contains("never used") && !told.contains("gone"), "{told}");
    assert!(told.contains("1 unchanged: 2 rows"), "{told}");
    // A folder that is not there any more was taken away, not unmounted.
    fs::remove_dir_all(at("music/disk")).unwrap();
    let told = scanned(folder.path(), &["music", "--out", "t.csv"]);
    assert!(told.contains("1 gone: 1 rows"), "{told}");
}

#[test]
fn folders_without_audio_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let documents = folder.path().join("documents");
    fs::create_dir_all(documents.join("deep")).unwrap();
    for (arguments, expected) in [
        (&["documents"][..], "documents holds no audio"),
        (&["documents/deep"], "deep is empty"),
        (&["documents", "--out", "t.csv"], "documents holds no audio"),
    ] {
        let told = scanned(folder.path(), arguments);
        assert!(told.contains(expected), "{told}");
    }
    wav(&documents.join("deep"), "x.wav", &chord(2.5));
    assert!(!scanned(folder.path(), &["documents"]).contains("no audio"));
}

#[cfg(unix)]
#[test]
fn a_scan_clears_what_a_killed_one_left_among_the_music() {
    use std::time::{Duration, Instant};

    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir_all(music.join("album")).unwrap();
    // Long, so that the copy can be found while it is written.
    let samples: Vec<_> = std::iter::repeat_n(chord(20.0), 12).flatten().collect();
    wav(&music.join("album"), "long.wav", &samples);
    scanned(folder.path(), &["music", "--out", "t.csv"]);
    let unfinished = |folder: &std::path::Path| -> Vec<_> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let name = |path: &std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        entries
            .filter(|path| name(path).starts_with(".echometer-"))
            .collect()
    };
    let mut child = analyzer(&["scan", "--device", "embedded", "music", "--out", "t.csv"])
        .args(["--write-tags", "1t", "--apply"])
        .current_dir(folder.path())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while unfinished(&music.join("album")).is_empty() {
        assert!(Instant::now() < deadline, "no copy was made");
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before its copy was seen"
        );
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(unfinished(&music.join("album")).len(), 1);
    // What another process still writes: it holds a lock.
    let theirs = music.join(".echometer-Ab12Cd.wav");
    let held = fs::File::create(&theirs).unwrap();
    held.lock().unwrap();
    // What only looks like it, and what was left beside the table.
    let mine = music.join(".echometer-my notes.wav");
    fs::write(&mine, "").unwrap();
    let table = folder.path().join(".echometer-Ab12Cd.csv");
    fs::write(&table, "").unwrap();
    scanned(folder.path(), &["music", "--out", "t.csv"]);
    assert_eq!(unfinished(&music.join("album")).len(), 0);
    assert!(theirs.exists() && mine.exists() && !table.exists());
    drop(held);
    scanned(folder.path(), &["music", "--out", "t.csv"]);
    assert!(!theirs.exists());
}

#[cfg(unix)]
#[test]
fn who_writes_tags_clears_where_no_scan_looks() {
    let folder = tempfile::tempdir().unwrap();
    let (music, elsewhere) = (folder.path().join("music"), folder.path().join("elsewhere"));
    fs::create_dir(&music).unwrap();
    fs::create_dir(&elsewhere).unwrap();
    wav(&elsewhere, "song.wav", &chord(3.0));
    std::os::unix::fs::symlink("../elsewhere/song.wav", music.join("link.wav")).unwrap();
    // As a killed process leaves it: a copy of the file that the link leads to.
    let left = elsewhere.join(".echometer-Ab12Cd.wav");
    fs::write(&left, "half of a song").unwrap();
    let arguments = ["music", "--out", "t.csv", "--write-tags", "1t", "--apply"];
    let told = scanned(folder.path(), &arguments);
    assert!(told.contains("tags of 1 files written"), "{told}");
    assert!(!left.exists());
}

#[test]
fn flags_may_need_what_the_configuration_says() {
    let folder = tempfile::tempdir().unwrap();
    wav(folder.path(), "x.wav", &chord(2.5));
    let config = folder.path().join("analyzer.toml");
    fs::write(&config, "[scan]\nout = \"t.jsonl\"\n").unwrap();
    let output = scan(
        folder.path(),
        &["--config", "analyzer.toml", "x.wav", "--keep-missing"],
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(table(&folder.path().join("t.jsonl")).len(), 1);
}
