//! Tags of any bytes, read as a scan reads them and written as `--write-tags` does. The analyzer's own files are taken in by
//! their paths.
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

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::{fs, panic, process};

use echometer_decode::Decoder;
use libfuzzer_sys::fuzz_target;
use write_tags::write;

/// A folder of this process.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("echometer-fuzz-tags-{}", process::id()));
    fs::create_dir_all(&folder).expect("a folder for the file");
    folder
});

/// A scan survives a panic of the tag library, but there must be none of the analyzer's own, which it would also survive.
fn keep_library_panics() {
    panic::set_hook(Box::new(|info| {
        let ours = |file: &str| file.contains("analyzer/src") || file.contains("targets/tags");
        if info.location().is_some_and(|location| ours(location.file())) {
            eprintln!("{info}");
            process::abort();
        }
    }));
}

/// What `--write-tags` does with one file; `None` where the tag library gave up.
fn tried(path: &Path, fields: &[(String, String)], apply: bool) -> Option<Result<Option<String>, String>> {
    panic::catch_unwind(|| write(path, fields, apply)).ok()
}

fn sound(path: &Path) -> impl PartialEq + use<> {
    Decoder::open(path).and_then(Decoder::digest).ok()
}

fn tag(data: &[u8]) -> Option<()> {
    let (name, bytes) = common::file(data)?;
    let path = FOLDER.join(name);
    fs::write(&path, bytes).expect("the file");
    tags::read(&path);
    let before = sound(&path);
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let fields = [field("1T_ENERGY", "72"), field("DANCEABILITY", "0.51")];

    // Only a look: the same answer as later, and the same file.
    let looked = tried(&path, &fields, false);
    assert!(fs::read(&path).expect("the file") == bytes, "a look changed the file");
    let done = tried(&path, &fields, true);
    assert_eq!(looked, done, "a look says something else");
    let Some(Ok(change)) = done else {
        assert!(fs::read(&path).expect("the file") == bytes, "{done:?}, and the file is another");
        return None;
    };
    assert!(before == sound(&path), "{change:?} changed the sound");
    assert_eq!(write(&path, &fields, true), Ok(None), "what was written is not found again");
    // And by who writes other values.
    let fields = [field("1T_ENERGY", "7"), field("DANCEABILITY", "0.5123")];
    write(&path, &fields, true).expect("what was written once can be written again");
    assert!(before == sound(&path), "the second time changed the sound");
    Some(())
}

fuzz_target!(init: keep_library_panics(), |data: &[u8]| {
    tag(data);
});
