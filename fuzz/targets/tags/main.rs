//! Tags of any bytes, read as a scan reads them and written as `--write-tags --apply` does. The analyzer's own files are
//! taken in by their paths.
#![no_main]
#![allow(dead_code, unreachable_pub, reason = "the analyzer uses more of them")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../../../analyzer/src/scan/row.rs"]
mod row;
#[path = "../../../analyzer/src/scan/tags.rs"]
mod tags;
#[path = "../../../analyzer/src/whole.rs"]
mod whole;
mod write_tags;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use write_tags::{held, write};

const NAMES: [&str; 7] = ["a.wav", "a.mp3", "a.ogg", "a.flac", "a.m4a", "a.aac", "a.aiff"];

/// A folder of this process.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("echometer-fuzz-tags-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the file");
    folder
});

/// The first byte names the file; the rest is its bytes.
fn tag(data: &[u8]) -> Option<()> {
    let (first, bytes) = data.split_first()?;
    let path = FOLDER.join(NAMES[usize::from(*first) % NAMES.len()]);
    fs::write(&path, bytes).expect("the file");
    tags::read(&path);
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let fields = [field("1T_ENERGY", "72"), field("DANCEABILITY", "0.51")];
    let written = catch_unwind(AssertUnwindSafe(|| write(&path, &fields)));
    // The tag library gave up, or the file was refused: nothing may have changed.
    let Ok(Ok(())) = written else {
        assert_eq!(fs::read(&path).expect("the file"), bytes, "{written:?}");
        return None;
    };
    // What the file holds now is found again, and written again is the same file.
    let once = fs::read(&path).expect("the file");
    assert_eq!(held(&path, &fields).as_deref(), Ok(&fields[..]));
    write(&path, &fields).expect("what was written once can be written again");
    assert!(fs::read(&path).expect("the file") == once, "written twice is another file");
    Some(())
}

fuzz_target!(init: common::keep_caught_panics(), |data: &[u8]| {
    tag(data);
});
