//! Files that stay as they are, and why; and that a dry run tells it as well.

use std::fs;
use std::path::Path;

use lofty::config::WriteOptions;
use lofty::mp4::{Atom, AtomData, AtomIdent, DataType, Ilst};
use lofty::tag::TagExt;

use crate::common::*;
use crate::frames::{bare, frame, synchsafe, tag};
use crate::write_tags::{ffmpeg, written};
use crate::{scanned, table};

const DRY: [&str; 5] = [".", "--out", "t.jsonl", "--write-tags", "1t"];

/// What is told of each file, the same for a dry run and for one that writes.
fn told(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let text = scanned(folder, arguments);
    let mut lines: Vec<_> = text
        .lines()
        .filter(|line| !line.contains("scored") && line.contains("note:"))
        .map(|line| {
            line.replace("would write tags", "tags")
                .replace("; --apply does it", "")
        })
        .map(|line| line.replace("would not write tags", "tags not written"))
        .map(|line| {
            line.replace("would write", "wrote")
                .replace("would be ", "")
                .replace("would stay", "stay")
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn a_dry_run_tells_what_a_real_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some(audio) = bare(folder) else { return };
    let year = frame(b"TYER", [0, 0], b"\x002020");
    let long = [b"APIC", &1_000_u32.to_be_bytes()[..], b"\0\0abc"].concat();
    let id3v1 = [&b"TAGan old song"[..], &[0; 114]].concat();
    let short = frame(b"TP1\0", [0, 0], b"\0of version 2.2");
    let plain = frame(b"APIC", [0, 0], &[b"\0image/png\0\x03\0", &[7; 300][..]].concat());
    let footer = [b"3DI\x04\0\x10", &synchsafe(year.len() + 9)[..]].concat();
    let refused = [
        (
            "extended.mp3",
            tag(3, 0x40, &[&b"\0\0\0\x06\0\0\0\0\0\x09"[..], &year].concat(), 9),
            "has an extended header",
        ),
        (
            "footer.mp3",
            [tag(4, 0x10, &year, 9), footer].concat(),
            "ID3v2.4 tag is unsynchronised or has an extended header or a footer",
        ),
        (
            "v23-unsynchronised.mp3",
            tag(3, 0x80, &year, 9),
            "ID3v2.3 tag is unsynchronised",
        ),
        (
            "v24-unsynchronised.mp3",
            tag(4, 0x80, &year, 9),
            "ID3v2.4 tag is unsynchronised",
        ),
        ("v22.mp3", tag(2, 0, b"TT2\0\0\x05\0song", 9), "ID3v2.2"),
        // Names and sizes that belong into another version.
        ("short.mp3", tag(3, 0, &short, 9), "neither"),
        ("plain.mp3", tag(4, 0, &plain, 9), "neither"),
        (
            "hidden.mp3",
            tag(3, 0, &[&year[..], b"\0\0hidden"].concat(), 9),
            "something in the padding",
        ),
        (
            "junk.mp3",
            tag(3, 0, &[&year[..], b"not a frame"].concat(), 9),
            "neither",
        ),
        ("long.mp3", tag(3, 0, &long, 0), "size of frame APIC"),
        (
            "late.mp3",
            [&[0; 9][..], &tag(3, 0, &year, 0)].concat(),
            "frames of sound only from there on",
        ),
        (
            "twice.mp3",
            [tag(3, 0, &year, 0), tag(3, 0, &year, 0)].concat(),
            "frames of sound only from there on",
        ),
    ];
    for (name, tag, _) in &refused {
        fs::write(folder.join(name), [&tag[..], &audio].concat()).unwrap();
    }
    fs::write(
        folder.join("good.mp3"),
        [&tag(3, 0, &year, 0)[..], &audio].concat(),
    )
    .unwrap();
    fs::write(folder.join("old.mp3"), [&audio[..], &id3v1].concat()).unwrap();
    let locked = wav(folder, "locked.wav", &chord(3.0));
    let mut rights = fs::metadata(&locked).unwrap().permissions();
    rights.set_readonly(true);
    fs::set_permissions(&locked, rights).unwrap();

    let all = || {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let mut all: Vec<_> = entries
            .map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap()))
            .collect();
        all.retain(|(name, _)| !name.to_string_lossy().starts_with("t.jsonl"));
        all.sort();
        all
    };
    let before = all();
    let looked = told(folder, &DRY);
    assert!(
        all() == before,
        "looking changes nothing and leaves nothing behind"
    );
    let refused = refused.map(|(name, _, reason)| (name, reason));
    let more = [
        ("old.mp3", "ID3v1 alone"),
        ("locked.wav", "the file is read-only"),
    ];
    for (name, reason) in refused.into_iter().chain(more) {
        let known = |line: &&String| line.contains(name) && line.contains(reason);
        assert!(looked.iter().any(|line| known(&line)), "{name}: {looked:#?}");
    }
    assert!(
        looked
            .iter()
            .any(|line| line.ends_with("tags of 1 files written; 14 files stay as they are")),
        "{looked:#?}"
    );

    assert_eq!(told(folder, &[&DRY[..], &["--apply"]].concat()), looked);
    for (old, new) in before.iter().zip(all()) {
        assert_eq!(old.0, new.0);
        assert_eq!(*old == new, old.0 != "good.mp3", "{:?}", old.0);
    }
}

fn free(name: &str) -> AtomIdent<'static> {
    AtomIdent::Freeform {
        mean: "com.apple.iTunes".into(),
        name: name.to_owned().into(),
    }
}

/// An MP4 with a score of another program in the midst of other fields.
fn mp4(folder: &Path, name: &str) -> Option<()> {
    wav(folder, "chord.wav", &chord(3.0));
    ffmpeg(
        folder,
        &["-i", "chord.wav", "-c:a", "aac", "-map_metadata", "-1", name],
    )?;
    fs::remove_file(folder.join("chord.wav")).unwrap();
    let mut list = Ilst::new();
    let values = [
        (AtomIdent::Fourcc(*b"\xa9nam"), 1, &b"song"[..]),
        (free("MOOD"), 1, b"good"),
        (free("1T_ENERGY"), 1, b"101"),
        // Numbers of one and two bytes, which the library would write with four.
        (AtomIdent::Fourcc(*b"rtng"), 21, b"\x04"),
        (AtomIdent::Fourcc(*b"tmpo"), 21, b"\0\x78"),
        (free("binary"), 0, b"\0\xff\x01"),
    ];
    for (ident, code, data) in values {
        let code = DataType::from(code);
        list.insert(Atom::new(
            ident,
            AtomData::Unknown {
                code,
                data: data.to_vec(),
            },
        ));
    }
    list.save_to_path(folder.join(name), WriteOptions::new()).unwrap();
    Some(())
}

/// The items of the list, by a reader that is not the program's.
fn items(path: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let size = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let start = bytes.windows(4).position(|name| name == b"ilst").unwrap() - 4;
    let (mut at, mut items) = (start + 8, Vec::new());
    while at < start + size(start) {
        items.push(bytes[at..at + size(at)].to_vec());
        at += size(at);
    }
    items
}

#[test]
fn fields_of_mp4_are_updated() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if mp4(folder, "a.m4a").is_none() {
        return;
    }
    let file = folder.join("a.m4a");
    let others = || -> Vec<_> {
        let is_score = |item: &[u8]| item.windows(3).any(|name| name == b"1T_");
        items(&file).into_iter().filter(|item| !is_score(item)).collect()
    };
    let before = others();
    assert_eq!(before.len(), 5);
    let apply = [&DRY[..], &["--apply"]].concat();
    let looked = told(folder, &DRY);
    assert!(looked.iter().any(|line| line.contains("(was 101)")), "{looked:?}");
    assert_eq!(told(folder, &apply), looked);
    assert_eq!(others(), before);
    let energy = table(&folder.join("t.jsonl"))["a.m4a"]["energy"]
        .as_f64()
        .unwrap();
    let energy = format!("{:.0}", energy * 100.0);
    assert_eq!(written(&file, "1T_ENERGY").as_ref(), Some(&energy));
    assert!(scanned(folder, &apply).contains("tags of 0 files written"));

    // And what the program itself wrote.
    let mut bytes = fs::read(&file).unwrap();
    let name = bytes.windows(9).position(|name| name == b"1T_ENERGY").unwrap();
    bytes[name + 9 + 16] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert!(scanned(folder, &apply).contains("tags of 1 files written"));
    assert_eq!(written(&file, "1T_ENERGY"), Some(energy));
    assert_eq!(others(), before);
}

#[test]
fn a_tag_that_would_not_survive_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if mp4(folder, "a.m4a").is_none() {
        return;
    }
    // A language, which the library does not write.
    let file = folder.join("a.m4a");
    let mut bytes = fs::read(&file).unwrap();
    let at = bytes.windows(4).position(|name| name == b"tmpo").unwrap() + 4;
    bytes[at + 12 + 3] = 7;
    fs::write(&file, &bytes).unwrap();
    let looked = told(folder, &DRY);
    assert!(
        looked
            .iter()
            .any(|line| line.contains("its tag tmpo would not survive it")),
        "{looked:?}"
    );
    assert_eq!(told(folder, &[&DRY[..], &["--apply"]].concat()), looked);
    assert!(fs::read(&file).unwrap() == bytes);
}
