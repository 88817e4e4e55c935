//! The trainer's manifests, CSV and Parquet. The trainer's own files are taken in by their paths: as a library it would
//! want libtorch here.
#![no_main]
#![allow(dead_code, unreachable_pub, reason = "the trainer uses more of them")]

mod data;
#[path = "../../../trainer/src/panics.rs"]
mod panics;

use std::path::PathBuf;
use std::sync::LazyLock;

use data::source::Source;
use data::sources::manifest::Manifest;
use libfuzzer_sys::fuzz_target;

/// A folder of this process, with one clip in it.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("echometer-fuzz-manifest-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the manifest");
    std::fs::write(folder.join("a.wav"), b"").expect("a clip");
    folder
});

/// What the Parquet library's panics come to is an error, and libFuzzer's own hook would end the process at them.
fn keep_caught_panics() {
    std::panic::set_hook(Box::new(|_| {}));
}

fuzz_target!(init: keep_caught_panics(), |data: &[u8]| {
    let Some((first, bytes)) = data.split_first() else {
        return;
    };
    let parquet = first % 4 == 0;
    let path = FOLDER.join(if parquet { "manifest.parquet" } else { "manifest.csv" });
    std::fs::write(&path, bytes).expect("the manifest");
    let listing = Manifest::open(&path).and_then(|manifest| manifest.list());
    for row in listing.iter().flat_map(|listing| &listing.rows) {
        assert!(row.start >= 0.0 && row.start.is_finite());
        for (feature, value) in row.labels.iter() {
            let (low, high) = feature.range();
            assert!(value.is_none_or(|value| (low..=high).contains(&value)), "{feature}: {value:?}");
        }
        assert!(row.auxiliary.values().all(|value| value.is_finite()));
    }
});
