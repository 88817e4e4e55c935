//! Plugin bundles for real hosts: those in the folder that `ECHOMETER_BUNDLES` names, which `cargo xtask bundle` made,
//! or ones made of the plugin as the tests are built.

use std::env::consts::{ARCH, DLL_PREFIX, DLL_SUFFIX};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use crate::cargo_build;

/// The VST3 bundle; made in `room` if none is named.
pub fn vst3(room: &Path) -> PathBuf {
    chosen("Echometer.vst3").unwrap_or_else(|| {
        let bundle = room.join("Echometer.vst3");
        let folder = bundle.join(format!("Contents/{ARCH}-linux"));
        fs::create_dir_all(&folder).expect("a new folder");
        copy(library(), &folder.join("Echometer.so"));
        bundle
    })
}

/// The CLAP bundle; made in `room` if none is named.
pub fn clap(room: &Path) -> PathBuf {
    chosen("Echometer.clap").unwrap_or_else(|| {
        let bundle = room.join("Echometer.clap");
        copy(library(), &bundle);
        bundle
    })
}

/// The bundle in the folder that the user names.
fn chosen(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("ECHOMETER_BUNDLES").filter(|value| !value.is_empty())?;
    let bundle = Path::new(&folder).join(name);
    let bundle = bundle.canonicalize().unwrap_or_else(|error| {
        panic!(
            "ECHOMETER_BUNDLES names a folder without {name} ({}: {error}); make it with `cargo xtask bundle`",
            bundle.display()
        )
    });
    Some(bundle)
}

/// A copy with a time of a whole second a minute ago: Ardour takes a scan of the same second for too old.
fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).expect("room on the disk");
    let now = UNIX_EPOCH.elapsed().expect("a clock that is set").as_secs();
    let file = File::options().write(true).open(to).expect("a file of our own");
    file.set_modified(UNIX_EPOCH + Duration::from_secs(now - 60))
        .expect("a file of our own");
}

/// The plugin's library, built as the tests are.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let test = std::env::current_exe().expect("a test is a program");
        let beside = test.with_file_name(format!("{DLL_PREFIX}echometer_plugin{DLL_SUFFIX}"));
        if std::env::var_os("ECHOMETER_BUILT").is_some() && beside.is_file() {
            return beside;
        }
        build()
    })
}

/// Builds the library, because a single package's run may find it old or missing.
fn build() -> PathBuf {
    cargo_build(&["--package", "echometer-plugin", "--lib"])
        .into_iter()
        .filter(|message| message["target"]["name"] == "echometer_plugin")
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|name| name.as_str().map(PathBuf::from))
        .find(|path| path.to_string_lossy().ends_with(DLL_SUFFIX))
        .expect("cargo builds the library")
}
