//! Scores as tags in every kind of file that ffmpeg makes: what is written plays as before and keeps its other tags, for ffmpeg and mutagen
//! too, and what is not written stays as it is.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test that cannot go on has failed"
)]

#[path = "../../../decode/tests/matrix/cases.rs"]
#[allow(dead_code, reason = "the decoder's test uses more of them")]
mod cases;
#[path = "../common/mod.rs"]
mod common;
#[path = "../../../decode/tests/matrix/ffmpeg.rs"]
#[allow(dead_code, reason = "the decoder's test uses more of it")]
mod ffmpeg;
#[path = "../../../decode/tests/matrix/made.rs"]
#[allow(dead_code, reason = "the decoder's test uses more of it")]
mod made;
#[path = "../../../decode/tests/matrix/special.rs"]
mod special;
mod trial;

use std::fs;
use std::path::Path;

use cases::{Case, Change, FORMATS};
use trial::{Outcome, Trial};

/// The formats of the matrix that are written.
const WRITTEN: [&str; 14] = [
    "WAV",
    "WAV, A-law and µ-law",
    "WAV, ADPCM",
    "WAV with MP3 inside",
    "AIFF",
    "AIFF-C",
    "FLAC",
    "MP3",
    "Ogg Vorbis",
    "Ogg Opus",
    "AAC (M4A)",
    "ALAC",
    "MP4 with MP3 inside",
    "MP4 with FLAC inside",
];

/// The same, where a decoder may be missing or another one come in.
const EITHER: [&str; 1] = ["MP4 with Opus inside"];

/// Changes after which a file is no longer one container from its first byte to its last, by format.
const REFUSED: [(&str, &str); 16] = [
    ("MP3", "zeros in front"),
    ("MP3", "zeros in front, no counts"),
    ("MP3", "junk in front"),
    ("FLAC", "two joined"),
    ("FLAC", "joined with one of another rate"),
    ("FLAC", "a tag in front"),
    ("Ogg Vorbis", "two joined"),
    ("Ogg Vorbis", "joined with one of another rate"),
    ("Ogg Vorbis", "a tag in front"),
    ("Ogg Vorbis", "junk behind"),
    ("Ogg Opus", "two joined"),
    ("WAV", "two joined"),
    ("WAV", "a tag in front"),
    ("WAV", "junk behind"),
    ("WAV", "named BW64"),
    ("WAV", "a length beyond its end"),
];

/// Puts the files of these cases into a folder; their names.
fn make(folder: &Path, cases: &[Case]) -> Vec<(String, Case)> {
    let sources = tempfile::tempdir().unwrap();
    let mut made = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let mut case = case.clone();
        // As long as a score needs.
        case.seconds = 3.0;
        if let Some(file) = made::make(&case, sources.path(), number) {
            let name = file.path.file_name().unwrap().to_str().unwrap().to_owned();
            fs::rename(&file.path, folder.join(&name)).unwrap();
            made.push((name, case));
        }
    }
    made
}

#[test]
fn every_format_is_written_right_or_stays_as_it_is() {
    let Some(trial) = Trial::new() else { return };
    let files = make(&trial.folder, &cases::all());
    assert!(files.len() > 250, "{}", files.len());
    let outcomes = trial.run();
    let mut counts = [0; 2];
    for (name, case) in &files {
        let outcome = &outcomes[name];
        let plain = matches!(case.change, Change::None) && !case.silent;
        let special = REFUSED
            .iter()
            .any(|(format, change)| case.format == *format && case.name == format!("{format}: {change}"));
        let fragments = case.format.contains("fragments");
        match outcome {
            Outcome::Written => assert!(
                (WRITTEN.contains(&case.format) || EITHER.contains(&case.format)) && !special && !fragments,
                "{} is written",
                case.name
            ),
            Outcome::Refused(told) => assert!(
                !plain || special || !WRITTEN.contains(&case.format),
                "{} is not written: {told}",
                case.name
            ),
        }
        counts[usize::from(*outcome == Outcome::Written)] += 1;
    }
    println!("{} files written, {} as they were", counts[1], counts[0]);
    assert!(counts[1] > 120 && counts[0] > 80, "{counts:?}");
}

#[test]
fn other_tags_stay_whoever_wrote_them() {
    let Some(trial) = Trial::new() else { return };
    let plain = [
        ("mp3", &["-c:a", "libmp3lame"][..]),
        ("flac", &["-c:a", "flac"]),
        ("ogg", &["-c:a", "libvorbis"]),
        ("opus", &["-c:a", "libopus"]),
        ("m4a", &["-c:a", "aac"]),
        ("mp4", &["-c:a", "aac", "-movflags", "+faststart"]),
        ("wav", &["-c:a", "pcm_s16le"]),
        ("aiff", &["-c:a", "pcm_s16be"]),
    ];
    for (extension, arguments) in plain {
        let format = &FORMATS[0];
        let case = Case {
            arguments: arguments.to_vec(),
            extension,
            seconds: 3.0,
            ..cases::all()
                .into_iter()
                .find(|case| case.format == format.name && case.channels == 2)
                .unwrap()
        };
        let path = trial.folder.join(format!("plain.{extension}"));
        let sources = tempfile::tempdir().unwrap();
        let made = sources.path().join(format!("plain.{extension}"));
        made::encode(&case, 48_000, arguments, &made).unwrap();
        fs::rename(made, path).unwrap();
    }
    if !trial.dress() {
        return;
    }
    let outcomes = trial.run();
    assert!(outcomes.len() > 35, "{}", outcomes.len());
    for (name, outcome) in &outcomes {
        match outcome {
            Outcome::Written => assert!(!name.starts_with("no-"), "{name} is written"),
            Outcome::Refused(told) => assert!(name.starts_with("no-"), "{name} is not written: {told}"),
        }
    }
}

#[test]
fn the_container_decides_and_not_the_name() {
    let Some(trial) = Trial::new() else { return };
    let find = |format: &str, codec: &str| {
        let case = cases::all().into_iter().find(|case| {
            let plain = matches!(case.change, Change::None);
            plain && case.format == format && case.arguments.contains(&codec)
        });
        let made = make(&trial.folder, &[case.unwrap()]);
        let path = trial.folder.join(&made[0].0);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(path).unwrap();
        bytes
    };
    let ogg_flac = find("FLAC in Ogg", "flac");
    let matroska = find("Matroska", "libmp3lame");
    let ogg = find("Ogg Vorbis", "libvorbis");
    let mp3 = find("MP3", "libmp3lame");
    let adts = find("AAC (ADTS)", "aac");
    let junk = |count: usize| b"what is this? ".repeat(count);
    let refused = [
        ("a.oga", ogg_flac.clone(), "FLAC in Ogg"),
        ("b.ogg", ogg_flac.clone(), "FLAC in Ogg"),
        ("c.flac", ogg_flac.clone(), "FLAC in Ogg"),
        ("d.mp3", ogg_flac, "FLAC in Ogg"),
        ("e.mka", matroska.clone(), "Matroska"),
        ("f.mp3", matroska, "Matroska"),
        ("g.ogg", [junk(30), ogg.clone()].concat(), ""),
        ("h.mp3", [junk(30), ogg.clone()].concat(), ""),
        ("i.mp3", [vec![0; 3000], ogg.clone()].concat(), ""),
        (
            "j.mp3",
            [junk(30), mp3.clone()].concat(),
            "frames of sound only from there on",
        ),
        (
            "k.mp3",
            [vec![0; 20], mp3.clone()].concat(),
            "frames of sound only from there on",
        ),
        ("l.mp3", adts, "ADTS"),
        (
            "m.flac",
            [&b"ID3\x04\0\0\0\0\0\x00"[..], &ogg].concat(),
            "Ogg behind 10 bytes",
        ),
    ];
    for (name, bytes, _) in &refused {
        fs::write(trial.folder.join(name), bytes).unwrap();
    }
    // What it is told by its structure is written whatever its name.
    fs::write(trial.folder.join("n.wav"), &mp3).unwrap();
    fs::write(trial.folder.join("o.mp3"), &ogg).unwrap();
    let outcomes = trial.run();
    for (name, _, reason) in refused {
        match &outcomes[name] {
            Outcome::Written => panic!("{name} is written"),
            Outcome::Refused(told) => assert!(told.contains(reason), "{name}: {told}"),
        }
    }
    assert_eq!(outcomes["n.wav"], Outcome::Written);
    assert_eq!(outcomes["o.mp3"], Outcome::Written);
}
