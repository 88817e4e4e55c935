//! What is in a table, in each format.

use std::fs;
use std::path::Path;

use crate::common::*;
use crate::{rows, scan, scanned, table};

const HEADER: &str = "path,title,artist,album,isrc,musicbrainz_id,duration_ms,danceability,energy,loudness,\
    speechiness,acousticness,instrumentalness,liveness,valence,danceability_sd,energy_sd,speechiness_sd,\
    acousticness_sd,instrumentalness_sd,liveness_sd,valence_sd,model,decoder,note,error,size,mtime_ms";

#[test]
fn a_row_has_what_one_reading_of_the_file_has() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("album")).unwrap();
    wav(folder.path(), "album/chord.wav", &chord(33.0));
    fs::write(folder.path().join("album/cover.jpg"), "no audio").unwrap();
    let told = scanned(folder.path(), &[".", "--out", "table.csv"]);
    assert!(told.contains("1 scored, 0 unchanged: 1 rows in "), "{told}");
    let text = fs::read_to_string(folder.path().join("table.csv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(HEADER));
    let cells: Vec<_> = lines.next().unwrap().split(',').collect();
    assert_eq!(lines.next(), None);

    let once = analyzer(&["--once", "--device", "embedded", "--input", "album/chord.wav"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let once = &crate::common::lines(&once)[0];
    for (name, cell) in HEADER.split(',').zip(&cells) {
        match name.strip_suffix("_sd") {
            Some(feature) => assert_eq!(*cell, once["sd"][feature].to_string(), "{name}"),
            None if FEATURES.contains(&name) => assert_eq!(*cell, once[name].to_string(), "{name}"),
            None => {}
        }
    }
    assert!(cells[0].ends_with("/album/chord.wav") && Path::new(cells[0]).is_absolute());
    assert_eq!(cells[6], "33000");
    assert_eq!(cells[22], once["model"].as_str().unwrap());
    assert!(!folder.path().join("table.csv.journal").exists());
}

#[test]
fn without_a_table_rows_are_json_lines_on_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    wav(folder.path(), "-a.wav", &chord(3.0));
    wav(folder.path(), "b.wav", &chord(4.0));
    let output = scan(folder.path(), &["./-a.wav", "b.wav", "--curves"]);
    let said = scan(
        folder.path(),
        &["./-a.wav", "b.wav", "--curves", "--format", "jsonl"],
    );
    // Rows come as files are done.
    let lines = |output: &[u8]| {
        let mut lines: Vec<_> = output.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        lines.sort();
        lines
    };
    assert_eq!(lines(&said.stdout), lines(&output.stdout));
    assert_eq!(code(&scan(folder.path(), &["b.wav", "--format", "csv"])), 2);
    let rows = rows(std::str::from_utf8(&output.stdout).unwrap());
    assert_eq!(output.stderr, b"");
    assert_eq!(rows["-a.wav"]["duration_ms"], 3_000);
    let curve = &rows["b.wav"]["curve"];
    assert_eq!(curve["time"].to_string(), "[1.0,2.0,3.0,4.0]");
    assert_eq!(
        curve["energy"][3], rows["b.wav"]["energy"],
        "a short file is its last reading"
    );
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        2,
        "nothing is left behind"
    );
}

#[test]
fn a_table_that_a_scan_wrote_without_rows_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    wav(folder.path(), "a.wav", &chord(2.5));
    let header = format!("{HEADER}\n");
    fs::write(folder.path().join("empty.csv"), header).unwrap();
    scanned(folder.path(), &["a.wav", "--out", "empty.csv"]);
}

#[test]
fn formats_hold_the_same_and_lead_into_each_other() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a,b.wav", "quo\"te.wav", "new\nline.wav", "=1+1.wav", "é.wav"] {
        wav(folder.path(), name, &chord(2.5));
    }
    fs::write(folder.path().join("broken.wav"), "no audio at all").unwrap();
    scanned(folder.path(), &[".", "--out", "first.jsonl", "--curves"]);
    let first = fs::read(folder.path().join("first.jsonl")).unwrap();
    let steps = [
        ("first.jsonl", "second.csv"),
        ("second.csv", "third.parquet"),
        ("third.parquet", "fourth.ndjson"),
    ];
    for (from, to) in steps {
        let told = scanned(folder.path(), &["--merge", from, "--out", to]);
        assert!(told.contains("6 rows in "), "{told}");
    }
    assert_eq!(fs::read(folder.path().join("fourth.ndjson")).unwrap(), first);
    // A table is brought up to date whatever its format: nothing is to be done here.
    for name in ["second.csv", "third.parquet"] {
        let told = scanned(folder.path(), &[".", "--out", name, "--curves"]);
        assert!(
            told.contains("0 scored, 5 unchanged, 1 could not be scored"),
            "{told}"
        );
    }
}

#[test]
fn cells_are_no_formulas() {
    let folder = tempfile::tempdir().unwrap();
    let mut row = table_row(folder.path());
    let texts = [
        "=HYPERLINK(1)",
        "'=quoted",
        "'plain",
        "+44",
        "-M-",
        "@x",
        "\tx",
        "a=b",
        "''",
        "it's",
    ];
    let lines: String = texts
        .iter()
        .enumerate()
        .map(|(i, text)| {
            row["path"] = format!("/{i}.wav").into();
            row["title"] = (*text).into();
            row["artist"] = serde_json::Value::Null;
            format!("{row}\n")
        })
        .collect();
    fs::write(folder.path().join("a.jsonl"), lines).unwrap();
    scanned(folder.path(), &["--merge", "a.jsonl", "--out", "b.csv"]);
    let csv = fs::read_to_string(folder.path().join("b.csv")).unwrap();
    for line in csv.lines().skip(1) {
        let title = line.split(',').nth(1).unwrap();
        assert!(!title.starts_with(['=', '+', '-', '@', '\t']), "{line}");
    }
    assert!(csv.contains(",'=HYPERLINK(1),") && csv.contains(",''=quoted,") && csv.contains(",'plain,"));
    scanned(folder.path(), &["--merge", "b.csv", "--out", "c.jsonl"]);
    for (i, text) in texts.iter().enumerate() {
        assert_eq!(
            table(&folder.path().join("c.jsonl"))[&format!("{i}.wav")]["title"],
            *text
        );
    }
}

fn table_row(folder: &Path) -> serde_json::Value {
    wav(folder, "x.wav", &chord(2.5));
    let output = scan(folder, &["x.wav"]);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn shards_make_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..6 {
        wav(folder.path(), &format!("{i}.wav"), &chord(2.5));
    }
    scanned(folder.path(), &[".", "--out", "whole.jsonl"]);
    let mut parts = vec!["--merge"];
    let names = ["1.jsonl", "2.csv", "3.parquet"];
    for (i, name) in names.iter().enumerate() {
        let told = scanned(
            folder.path(),
            &[".", "--shard", &format!("{}/3", i + 1), "--out", name],
        );
        assert!(!told.contains(" 6 rows"), "{told}");
        parts.push(name);
    }
    // A row that two tables have is there once.
    parts.extend(["1.jsonl", "--out", "merged.jsonl"]);
    scanned(folder.path(), &parts);
    let read = |name| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("merged.jsonl"), read("whole.jsonl"));
}

#[test]
fn of_two_rows_for_a_file_the_scored_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let good = table_row(folder.path());
    let mut bad = good.clone();
    bad["error"] = "gone".into();
    bad["mtime_ms"] = i64::MAX.into();
    fs::write(folder.path().join("bad.jsonl"), format!("{bad}\n")).unwrap();
    fs::write(folder.path().join("good.jsonl"), format!("{good}\n")).unwrap();
    for order in [["bad.jsonl", "good.jsonl"], ["good.jsonl", "bad.jsonl"]] {
        scanned(
            folder.path(),
            &["--merge", order[0], order[1], "--out", "all.jsonl"],
        );
        assert_eq!(table(&folder.path().join("all.jsonl"))["x.wav"], good);
    }
}

#[test]
fn what_is_no_table_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    wav(folder.path(), "x.wav", &chord(2.5));
    for (name, content) in [
        ("mine.csv", "name,age\nme,1\n"),
        ("mine.jsonl", "{\"name\":\"me\"}\n"),
        ("mine.parquet", "PAR1 no"),
        ("numbers.csv", "path,energy\n/x,loud\n"),
        ("manifest.csv", "path,start,energy\nx.wav,0,0.5\n"),
        ("manifest.jsonl", "{\"path\":\"x.wav\",\"energy\":0.5}\n"),
        // Without a row, too.
        ("notes.csv", "my private notes"),
        ("header.csv", "a,b\n"),
        ("path.csv", "path\n"),
        ("notes.jsonl", "my private notes"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        let output = scan(folder.path(), &["x.wav", "--out", name]);
        assert_eq!(code(&output), 3, "{}", stderr(&output));
        assert!(stderr(&output).contains(name) && stderr(&output).contains("hint: "));
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
    let ours = folder.path().join("ours.jsonl");
    scanned(folder.path(), &["x.wav", "--out", "ours.jsonl"]);
    let merged = scan(folder.path(), &["--merge", "ours.jsonl", "--out", "manifest.csv"]);
    assert_eq!(code(&merged), 3, "{}", stderr(&merged));
    let manifest = fs::read_to_string(folder.path().join("manifest.csv")).unwrap();
    assert!(manifest.starts_with("path,start,energy"));
    // A column of somebody's own makes it somebody's own table.
    let more = fs::read_to_string(&ours)
        .unwrap()
        .replacen('{', "{\"mine\":1,", 1);
    fs::write(&ours, &more).unwrap();
    assert_eq!(code(&scan(folder.path(), &["x.wav", "--out", "ours.jsonl"])), 3);
    assert_eq!(fs::read_to_string(&ours).unwrap(), more);
    for (arguments, expected) in [
        (&["nowhere", "--out", "t.csv"][..], 3),
        (&["--from", "nowhere", "--out", "t.csv"], 3),
        (&["--merge", "nowhere.csv", "--out", "t.csv"], 3),
        (&["x.wav", "--out", "t.xls"], 2),
        (&["x.wav", "--out", "."], 2),
        (&["x.wav", "--shard", "3/2"], 2),
        (&["x.wav", "--apply"], 2),
        (&["--merge", "t.csv"], 2),
        (&[], 2),
        (&["x.wav", "--out", "no/such/folder/t.csv"], 1),
    ] {
        let output = scan(folder.path(), arguments);
        assert_eq!(code(&output), expected, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).starts_with("error: "), "{}", stderr(&output));
        assert!(output.stdout.is_empty() && !folder.path().join("t.csv").exists());
    }
}

#[test]
fn tables_and_journals_take_the_place_of_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    wav(folder.path(), "song.wav", &chord(2.5));
    // Empty, as a table may be.
    fs::write(at("empty.mp3"), "").unwrap();
    let before = fs::read(at("song.wav")).unwrap();
    fs::hard_link(at("song.wav"), at("t.csv.journal")).unwrap();
    fs::hard_link(at("song.wav"), at("u.csv")).unwrap();
    for (out, expected) in [
        ("t.csv", 1),
        ("u.csv", 3),
        ("empty.mp3", 2),
        ("song.wav", 2),
        ("new.flac", 2),
    ] {
        let output = scan(folder.path(), &["song.wav", "--format", "csv", "--out", out]);
        assert_eq!(code(&output), expected, "{out}: {}", stderr(&output));
        assert!(stderr(&output).contains(out), "{}", stderr(&output));
        for name in ["song.wav", "t.csv.journal", "u.csv"] {
            assert!(fs::read(at(name)).unwrap() == before, "{out} {name}");
        }
        assert!(at("empty.mp3").exists() && !at("new.flac").exists());
    }
}
