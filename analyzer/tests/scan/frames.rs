//! ID3v2 frames of other programs: after scores are written, each is the bytes that it was.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::*;
use crate::scanned;
use crate::write_tags::ffmpeg;

const APPLY: [&str; 6] = [".", "--out", "t.jsonl", "--write-tags", "1t", "--apply"];

/// An MP3 without any tags; `None` where there is no ffmpeg.
pub(crate) fn bare(folder: &Path) -> Option<Vec<u8>> {
    wav(folder, "chord.wav", &chord(3.0));
    let codec = ["-c:a", "libmp3lame", "-id3v2_version", "0", "-map_metadata", "-1"];
    ffmpeg(
        folder,
        &[&["-i", "chord.wav"], &codec[..], &["bare.mp3"]].concat(),
    )?;
    let bytes = fs::read(folder.join("bare.mp3")).unwrap();
    fs::remove_file(folder.join("chord.wav")).unwrap();
    fs::remove_file(folder.join("bare.mp3")).unwrap();
    Some(bytes)
}

pub(crate) fn synchsafe(size: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| (size >> shift) as u8 & 0x7f)
}

/// A frame of version 2.3.
pub(crate) fn frame(id: &[u8; 4], flags: [u8; 2], body: &[u8]) -> Vec<u8> {
    [id, &(body.len() as u32).to_be_bytes()[..], &flags, body].concat()
}

pub(crate) fn tag(version: u8, flags: u8, frames: &[u8], padding: usize) -> Vec<u8> {
    let size = synchsafe(frames.len() + padding);
    [b"ID3", &[version, 0, flags][..], &size, frames, &vec![0; padding]].concat()
}

fn utf16(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().flat_map(u16::to_le_bytes);
    [0xff, 0xfe].into_iter().chain(units).collect()
}

/// Frames that version 2.3 has, and such as it must not have but that are found in it.
fn odd_frames() -> Vec<Vec<u8>> {
    let plain = |id, text: &str| frame(id, [0, 0], &[b"\0", text.as_bytes()].concat());
    let url = [&[1][..], &utf16("shop"), &[0, 0], b"http://example.com/\xff\xfe"].concat();
    let comment = [b"\x01eng", &utf16("")[..], &[0, 0], &utf16("keep me")].concat();
    let picture = [b"\0image/png\0\x03\0", &[0xff, 0xe0, 0xff, 0, 0, 0xff][..]].concat();
    vec![
        frame(b"TIT2", [0, 0], &[&[1], &utf16("Ä song")[..]].concat()),
        plain(b"TYER", "2020"),
        plain(b"TDAT", "0605"),
        plain(b"TDRC", "2020-05-06T10:11"),
        plain(b"TYER", "c. 1970"),
        plain(b"TDOR", "1999-01-02"),
        plain(b"TSOP", "Body, Some"),
        plain(b"TCON", "(17)Rock"),
        plain(b"IPLS", "producer\0X"),
        frame(b"TIPL", [0, 0], b"\x03producer\0X\0"),
        frame(b"WXXX", [0, 0], &url),
        frame(b"COMM", [0, 0], &comment),
        frame(b"RVA2", [0, 0], b"track\0\x01\xfe\0\x10\x7f\xff"),
        frame(b"APIC", [0, 0], &picture),
        frame(b"POPM", [0, 0], b"a@b\0\xc8"),
        frame(b"TXXX", [0, 0], b"\0MOOD\0a\0b"),
        // Encrypted, and of an unknown kind with an empty body.
        frame(b"TXXX", [0, 0x40], b"\x80\x001T_ENERGY\x0050"),
        frame(b"XABC", [0xe0, 0x1f], b""),
    ]
}

/// The frames of a tag of version 2.3, by a reader that is not the program's.
fn frames(tag: &[u8]) -> Vec<Vec<u8>> {
    let end = 10
        + tag[6..10]
            .iter()
            .fold(0, |size, byte| size << 7 | usize::from(*byte));
    let (mut at, mut frames) = (10, Vec::new());
    while at < end && tag[at] != 0 {
        let size = u32::from_be_bytes(tag[at + 4..at + 8].try_into().unwrap()) as usize;
        frames.push(tag[at..at + 10 + size].to_vec());
        at += 10 + size;
    }
    frames
}

fn is_score(frame: &[u8]) -> bool {
    frame[10..].starts_with(b"\x001T_") && frame.starts_with(b"TXXX")
}

#[test]
fn frames_of_id3v2_3_stay_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some(audio) = bare(folder) else { return };
    // A score of another program is in their midst, and twice.
    let other = [&[1][..], &utf16("1T_ENERGY"), &[0, 0], &utf16("99")].concat();
    let mut all = odd_frames();
    all.insert(3, frame(b"TXXX", [0, 0], &other));
    all.push(frame(b"TXXX", [0, 0], b"\x001T_ENERGY\x00101"));
    let file = folder.join("odd.mp3");
    fs::write(&file, [tag(3, 0x20, &all.concat(), 0), audio.clone()].concat()).unwrap();

    let told = scanned(folder, &APPLY);
    assert!(
        told.contains("tags of 1 files written") && told.contains("(was 99)"),
        "{told}"
    );
    let first = fs::read(&file).unwrap();
    assert!(first.starts_with(b"ID3\x03\0\x20"), "version and flags stay");
    assert!(first.ends_with(&audio));
    let kept: Vec<_> = frames(&first)
        .into_iter()
        .filter(|frame| !is_score(frame))
        .collect();
    assert_eq!(kept, odd_frames());
    let scores: Vec<_> = frames(&first)
        .into_iter()
        .filter(|frame| is_score(frame))
        .collect();
    assert_eq!(scores.len(), 6, "each once");
    assert!(probed(&file).contains("1T_ENERGY="));

    // What an earlier run wrote is updated, in the space that is there.
    let told = scanned(folder, &APPLY);
    assert!(told.contains("tags of 0 files written"), "{told}");
    let name = b"\x001T_ENERGY\0";
    let at = first.windows(name.len()).position(|bytes| bytes == name).unwrap() + name.len();
    let mut old = first.clone();
    old[at] = if first[at] == b'1' { b'2' } else { b'1' };
    fs::write(&file, &old).unwrap();
    let told = scanned(folder, &APPLY);
    assert!(
        told.contains("tags of 1 files written") && told.contains("(was "),
        "{told}"
    );
    assert!(fs::read(&file).unwrap() == first, "as after the first time");
}

/// The tags that a program sees that is not ours, and reads odd ones too.
fn probed(path: &Path) -> String {
    let output = std::process::Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "format_tags",
            "-of",
            "default=nk=0",
        ])
        .arg(path)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn ordinary_files_of_ffmpeg_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    wav(folder, "chord.wav", &chord(3.0));
    let to = [
        "-i",
        "chord.wav",
        "-c:a",
        "libmp3lame",
        "-metadata",
        "date=2020",
        "-id3v2_version",
    ];
    for version in ["3", "4"] {
        let name = format!("{version}.mp3");
        if ffmpeg(folder, &[&to[..], &[version, &name]].concat()).is_none() {
            return;
        }
    }
    fs::remove_file(folder.join("chord.wav")).unwrap();
    let told = scanned(folder, &APPLY);
    assert!(told.contains("tags of 2 files written"), "{told}");
    for name in ["3.mp3", "4.mp3"] {
        let told = probed(&folder.join(name));
        assert!(
            told.contains("2020") && told.contains("1T_ENERGY"),
            "{name}: {told}"
        );
    }
}

/// Before the audio of an MP3: tags of each kind, and what is in them before padding.
fn kinds() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let kind =
        |name, version, frames: &[u8], padding| (name, tag(version, 0, frames, padding), frames.to_vec());
    let year = frame(b"TYER", [0, 0], b"\x002020");
    // A frame that is unsynchronised on its own, with its length from before.
    let newer = [
        b"TXXX",
        &synchsafe(15)[..],
        b"\0\x03",
        &synchsafe(10),
        b"\0MOOD\0ab\xff\0\xfe",
    ]
    .concat();
    vec![
        kind("v24.mp3", 4, &newer, 700),
        kind("empty.mp3", 3, b"", 0),
        kind("roomy.mp3", 3, &year, 2000),
    ]
}

#[test]
fn tags_of_each_version_keep_their_frames() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some(audio) = bare(folder) else { return };
    for (name, tag, _) in kinds() {
        fs::write(folder.join(name), [&tag[..], &audio].concat()).unwrap();
    }
    let told = scanned(folder, &APPLY);
    assert!(told.contains("tags of 3 files written\n"), "{told}");
    for (name, tag, frames) in kinds() {
        let now = fs::read(folder.join(name)).unwrap();
        assert_eq!(now[..6], tag[..6], "{name}: version and flags");
        assert!(now[10..].starts_with(&frames), "{name}");
        assert!(now.ends_with(&audio), "{name}");
        let grown = now.len() - audio.len() - tag.len();
        assert_eq!(grown == 0, name != "empty.mp3", "{name}: {grown}");
        let told = probed(&folder.join(name));
        assert!(told.contains("1T_ENERGY="), "{name}: {told}");
    }
    let told = scanned(folder, &APPLY);
    assert!(told.contains("tags of 0 files written"), "{told}");
}

/// The chunks of WAV.
fn chunks(bytes: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let size = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!(size(4), bytes.len() - 8);
    let (mut at, mut chunks) = (12, Vec::new());
    while at < bytes.len() {
        let end = at + 8 + size(at + 4);
        chunks.push((bytes[at..at + 4].to_vec(), bytes[at + 8..end].to_vec()));
        at = end + end % 2;
    }
    chunks
}

#[test]
fn frames_in_chunks_stay_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file: PathBuf = wav(folder, "a.wav", &chord(3.0));
    // Behind the format, before the sound, of an odd length, and with another chunk behind it.
    let mut bytes = fs::read(&file).unwrap();
    let tag = tag(3, 0, &odd_frames().concat(), 1);
    let odd = if tag.len().is_multiple_of(2) {
        &[0][..]
    } else {
        &[]
    };
    let tag = [&tag[..], odd].concat();
    let chunk = [
        b"id3 ",
        &(tag.len() as u32).to_le_bytes()[..],
        &tag,
        b"\0note\x03\0\0\0abc\0",
    ]
    .concat();
    let at = bytes.windows(4).position(|name| name == b"data").unwrap();
    bytes.splice(at..at, chunk);
    let size = (bytes.len() as u32 - 8).to_le_bytes();
    bytes[4..8].copy_from_slice(&size);
    fs::write(&file, &bytes).unwrap();

    for expected in ["tags of 1 files written", "tags of 0 files written"] {
        let told = scanned(folder, &APPLY);
        assert!(told.contains(expected), "{told}");
        let (before, after) = (chunks(&bytes), chunks(&fs::read(&file).unwrap()));
        assert_eq!(before.len(), after.len());
        for ((name, old), (now, new)) in before.iter().zip(&after) {
            assert_eq!(name, now);
            match &name[..] {
                b"id3 " => assert!(new[10..].starts_with(&odd_frames().concat())),
                _ => assert!(old == new, "{}", name.escape_ascii()),
            }
        }
        let chunk = &after.iter().find(|(name, _)| name == b"id3 ").unwrap().1;
        assert_eq!(frames(chunk).iter().filter(|frame| is_score(frame)).count(), 6);
    }
}
