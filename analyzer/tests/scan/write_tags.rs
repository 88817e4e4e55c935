//! Scores in the files' tags: as other programs look for them, and nothing else touched.

use std::fs;
use std::path::Path;
use std::process::Command;

use lofty::file::TaggedFileExt;
use lofty::tag::{ItemKey, ItemValue};

use crate::common::*;
use crate::{scan, scanned, table};

/// `None`, with the reason printed, where there is no ffmpeg.
pub(crate) fn ffmpeg(folder: &Path, arguments: &[&str]) -> Option<String> {
    match Command::new("ffmpeg")
        .args(["-hide_banner", "-v", "error", "-nostdin", "-y"])
        .args(arguments)
        .current_dir(folder)
        .output()
    {
        Ok(output) => {
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(error) => {
            println!("skipped: ffmpeg cannot be run ({error})");
            None
        }
    }
}

/// A hash of the encoded audio, by a program that is not ours.
fn audio(folder: &Path, name: &str) -> String {
    ffmpeg(
        folder,
        &["-i", name, "-map", "0:a", "-c", "copy", "-f", "md5", "-"],
    )
    .unwrap()
}

/// All tags besides the scores.
fn tags(path: &Path) -> Vec<String> {
    let file = lofty::read_from_path(path).unwrap();
    let mut all: Vec<_> = file
        .tags()
        .iter()
        .flat_map(|tag| {
            let pictures = tag
                .pictures()
                .iter()
                .map(|picture| format!("{:?}", picture.data().len()));
            let items = tag.items().map(|item| match item.value() {
                ItemValue::Text(text) => format!("{:?}={text}", item.key()),
                other => format!("{:?}={other:?}", item.key()),
            });
            pictures.chain(items).collect::<Vec<_>>()
        })
        .collect();
    all.sort();
    all
}

/// The formats that are written, made from one excerpt, each with tags and, where it can have one, a picture.
fn make(folder: &Path) -> Option<Vec<&'static str>> {
    wav(folder, "chord.wav", &chord(6.0));
    ffmpeg(
        folder,
        &[
            "-f",
            "lavfi",
            "-i",
            "color=red:s=64x64",
            "-frames:v",
            "1",
            "cover.jpg",
        ],
    )?;
    let tags = [
        "-metadata",
        "title=Ä song",
        "-metadata",
        "artist=Somebody",
        "-metadata",
        "comment=keep me",
    ];
    let covered = [
        "-i",
        "cover.jpg",
        "-map",
        "0:a",
        "-map",
        "1:v",
        "-c:v",
        "copy",
        "-disposition:v",
        "attached_pic",
    ];
    let plain = &[][..];
    let kinds = [
        ("a.mp3", &covered[..], &["-c:a", "libmp3lame"][..]),
        ("b.mp3", plain, &["-c:a", "libmp3lame", "-id3v2_version", "3"]),
        (
            "bare.mp3",
            plain,
            &["-c:a", "libmp3lame", "-id3v2_version", "0", "-map_metadata", "-1"],
        ),
        ("c.flac", &covered, &["-c:a", "flac"]),
        ("d.ogg", plain, &["-c:a", "libvorbis"]),
        ("e.m4a", &covered, &["-c:a", "aac"]),
        ("f.wav", plain, &["-c:a", "pcm_s16le"]),
        ("g.aiff", plain, &["-c:a", "pcm_s16be", "-write_id3v2", "1"]),
    ];
    for (name, inputs, codec) in kinds {
        let arguments = [&["-i", "chord.wav"], inputs, codec, &tags, &[name]].concat();
        ffmpeg(folder, &arguments)?;
    }
    fs::remove_file(folder.join("chord.wav")).unwrap();
    Some(kinds.map(|(name, ..)| name).to_vec())
}

#[test]
fn scores_are_added_and_nothing_else_changes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some(names) = make(folder) else { return };
    let bytes = |name: &&str| fs::read(folder.join(name)).unwrap();
    let untouched: Vec<_> = names.iter().map(bytes).collect();
    let before: Vec<_> = names
        .iter()
        .map(|name| (audio(folder, name), tags(&folder.join(name))))
        .collect();

    let arguments = [".", "--out", "t.jsonl", "--write-tags", "1t"];
    let told = scanned(folder, &arguments);
    assert!(told.contains("would write 1T_DANCEABILITY="), "{told}");
    assert!(
        told.contains("tags of 8 files would be written; --apply does it"),
        "{told}"
    );
    assert_eq!(
        names.iter().map(bytes).collect::<Vec<_>>(),
        untouched,
        "looking changes nothing"
    );

    let told = scanned(folder, &[&arguments[..], &["--apply"]].concat());
    assert!(told.contains("tags of 8 files written"), "{told}");
    let rows = table(&folder.join("t.jsonl"));
    for (name, (sound, others)) in names.iter().zip(&before) {
        let path = folder.join(name);
        assert_eq!(audio(folder, name), *sound, "{name}");
        let now: Vec<_> = tags(&path);
        let kept: Vec<_> = now.into_iter().filter(|tag| !tag.contains("1T_")).collect();
        // Tags that were not there before may bring their own name with them, but nothing of the file's.
        assert!(
            others.iter().all(|tag| kept.contains(tag)),
            "{name}: {others:?} {kept:?}"
        );
        assert_eq!(
            written(&path, "1T_ENERGY"),
            percent(&rows[*name]["energy"]),
            "{name}"
        );
        assert_eq!(
            written(&path, "1T_LIVENESS"),
            None,
            "{name}: the model only guesses at it"
        );
    }
    // The files are other files now, but known ones; and what is written is not written again.
    let told = scanned(folder, &[&arguments[..], &["--apply"]].concat());
    assert!(
        told.contains("0 scored, 8 unchanged") && told.contains("tags of 0 files written"),
        "{told}"
    );
    let again = scanned(folder, &[".", "--out", "again.jsonl"]);
    assert!(again.contains("8 scored"), "{again}");
    let rescored = table(&folder.join("again.jsonl"));
    for name in names {
        assert_eq!(
            rescored[name]["energy"], rows[name]["energy"],
            "{name} still plays the same"
        );
    }
    assert!(fs::read_dir(folder).unwrap().all(|entry| {
        !entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with(".echometer")
    }));
}

fn percent(value: &serde_json::Value) -> Option<String> {
    value.as_f64().map(|value| format!("{:.0}", value * 100.0))
}

/// The value of a free field, whatever the format calls it.
pub(crate) fn written(path: &Path, name: &str) -> Option<String> {
    use lofty::config::ParseOptions;
    use lofty::file::AudioFile;

    let mut file = fs::File::open(path).unwrap();
    let options = ParseOptions::new();
    match path.extension().unwrap().to_str().unwrap() {
        "m4a" => {
            let file = lofty::mp4::Mp4File::read_from(&mut file, options).unwrap();
            let ident = lofty::mp4::AtomIdent::Freeform {
                mean: "com.apple.iTunes".into(),
                name: name.into(),
            };
            file.ilst()?
                .get(&ident)
                .map(|atom| match atom.data().next().unwrap() {
                    lofty::mp4::AtomData::UTF8(text) => text.clone(),
                    other => panic!("{other:?}"),
                })
        }
        "flac" => {
            let file = lofty::flac::FlacFile::read_from(&mut file, options).unwrap();
            file.vorbis_comments()?.get(name).map(str::to_owned)
        }
        "ogg" => {
            let file = lofty::ogg::VorbisFile::read_from(&mut file, options).unwrap();
            file.vorbis_comments().get(name).map(str::to_owned)
        }
        "wav" => {
            let file = lofty::iff::wav::WavFile::read_from(&mut file, options).unwrap();
            file.id3v2()?.get_user_text(name).map(str::to_owned)
        }
        "aiff" => {
            let file = lofty::iff::aiff::AiffFile::read_from(&mut file, options).unwrap();
            file.id3v2()?.get_user_text(name).map(str::to_owned)
        }
        _ => {
            let file = lofty::mpeg::MpegFile::read_from(&mut file, options).unwrap();
            file.id3v2()?.get_user_text(name).map(str::to_owned)
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_s_place_and_rights_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = wav(folder, "real.audio", &chord(3.0));
    symlink("real.audio", folder.join("link.wav")).unwrap();
    let locked = wav(folder, "locked.wav", &chord(3.0));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o444)).unwrap();
    let told = scanned(
        folder,
        &[".", "--out", "t.csv", "--write-tags", "plain", "--apply"],
    );
    assert!(
        told.contains("tags of 1 files written; 1 files stay as they are"),
        "{told}"
    );
    assert!(
        told.contains("read-only") && told.contains("locked.wav"),
        "{told}"
    );
    assert!(folder.join("link.wav").is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    let tags = lofty::read_from_path(folder.join("link.wav"));
    assert!(tags.is_ok());
    assert!(
        written(&folder.join("link.wav"), "LOUDNESS")
            .unwrap()
            .starts_with('-')
    );
    assert!(
        written(&folder.join("link.wav"), "ENERGY")
            .unwrap()
            .starts_with("0.")
    );
}

#[test]
fn a_file_s_tags_are_in_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    wav(folder, "chord.wav", &chord(3.0));
    let tags = [
        ("title", "Ä = \"song\""),
        ("artist", "Some, body"),
        ("album", "Other"),
        ("ISRC", "DEX000000001"),
        ("MUSICBRAINZ_TRACKID", "0d6b3c4a-0000-4000-8000-000000000001"),
    ];
    let metadata: Vec<_> = tags
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    for name in ["a.flac", "b.ogg"] {
        let mut arguments = vec!["-i", "chord.wav"];
        if name.ends_with("ogg") {
            arguments.extend(["-c:a", "libvorbis"]);
        }
        arguments.extend(metadata.iter().flat_map(|text| ["-metadata", text]));
        arguments.push(name);
        if ffmpeg(folder, &arguments).is_none() {
            return;
        }
    }
    let output = scan(folder, &["a.flac", "b.ogg"]);
    for row in crate::rows(std::str::from_utf8(&output.stdout).unwrap()).values() {
        for (column, (_, value)) in ["title", "artist", "album", "isrc", "musicbrainz_id"]
            .iter()
            .zip(tags)
        {
            assert_eq!(row[*column], value, "{row}");
        }
    }
    let key = lofty::read_from_path(folder.join("a.flac")).unwrap();
    assert!(key.primary_tag().unwrap().get_string(ItemKey::Isrc).is_some());
}
