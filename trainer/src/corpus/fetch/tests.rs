//! Resuming, failing and stopping, with programs that stand in for apt-get and apt-cache; dpkg-deb is the real one.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::corpus::list::Clip;
use crate::corpus::packages::{Package, files_below, has_dpkg, track};

const A: &[u8] = b"OggS the first";
const B: &[u8] = b"OggS the second";

/// Copies `archive/PACKAGE.deb` here; without it fails as apt-get does. `archive/slow` makes it hang.
const APT_GET: &str = r#"#!/bin/sh
[ "$1" = --version ] && exit 0
home=$(dirname "$0")
for last; do :; done
echo "$last" >> "$home/calls"
[ -e "$home/archive/slow" ] && exec sleep 60
package=${last%%=*}
cp "$home/archive/$package.deb" . 2>/dev/null && exit 0
echo "W: a warning" >&2
echo "E: Failed to fetch $package" >&2
exit 100
"#;
const APT_CACHE: &str = "#!/bin/sh\n[ \"$1\" = --version ] || cat \"$(dirname \"$0\")/offers\"\n";

struct Archive(tempfile::TempDir);

impl Archive {
    /// An archive with these packages, of these versions.
    fn new(packages: &[(&str, &str, Package)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("apt-get", APT_GET), ("apt-cache", APT_CACHE)] {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            // A program that another test is just starting may still have the file open, and then it is "busy".
            while Command::new(&path).arg("--version").status().is_err() {}
        }
        fs::create_dir(folder.path().join("archive")).unwrap();
        let mut offers = String::new();
        for (name, version, package) in packages {
            fs::write(folder.path().join(format!("archive/{name}.deb")), package.bytes()).unwrap();
            offers += &format!(
                "Package: {name}\nVersion: {version}\nFilename: x\nSize: {}\n\n",
                package.bytes().len()
            );
        }
        fs::write(folder.path().join("offers"), offers).unwrap();
        fs::write(folder.path().join("calls"), "").unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.path().join("calls")).unwrap();
        calls.lines().map(str::to_owned).collect()
    }

    fn options(&self) -> FetchOptions {
        FetchOptions {
            dir: Some(self.path().join("corpus")),
            ..FetchOptions::default()
        }
    }

    fn fetch(&self, tracks: &[Track]) -> anyhow::Result<Summary> {
        run(
            &self.options(),
            tracks,
            || Apt::in_folder(self.path()),
            &AtomicBool::new(false),
        )
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join("corpus").join(name)).unwrap()
    }
}

fn labelled(package: &str, path: &str, bytes: &[u8]) -> Track {
    let mut track = track(package, path, bytes);
    track.clips.push(Clip {
        start: 12.5,
        labels: echometer_engine::PerFeature::default(),
        assumed: [0.8, 0.03],
    });
    track
}

#[test]
fn what_can_be_had_is_kept_and_the_rest_reported() {
    if !has_dpkg() {
        return;
    }
    let both = Package::default()
        .file("usr/a.ogg", A)
        .file("usr/new.ogg", b"OggS changed");
    let archive = Archive::new(&[("both", "2", both), ("gone", "1", Package::default())]);
    fs::remove_file(archive.path().join("archive/gone.deb")).unwrap();
    let mut tracks = [
        labelled("both", "usr/a.ogg", A),
        labelled("both", "usr/new.ogg", B),
        labelled("gone", "usr/a.ogg", A),
        labelled("unknown", "usr/a.ogg", A),
        labelled("both", "usr/a.xm", A),
        track("both", "usr/b.ogg", B),
    ];
    tracks[4].codec = "module-xm".into();
    let summary = archive.fetch(&tracks).unwrap();
    assert_eq!(
        (summary.tracks, summary.clips, summary.fetched, summary.failed),
        (1, 1, 1, 2)
    );
    // The version that was looked at is gone, so that the archive's own is taken.
    assert_eq!(archive.calls(), ["gone=1", "both=2"]);
    let manifest = archive.read("manifest.csv");
    assert!(
        manifest.contains("\naudio/both/usr/a.ogg,12.5,both,"),
        "{manifest}"
    );
    assert_eq!(manifest.lines().count(), 2);
    let report = archive.read("report.csv").replace('"', "");
    assert_eq!(report.lines().count(), tracks.len(), "{report}");
    for part in [
        "both,usr/new.ogg,its MD5 is",
        "gone,usr/a.ogg,gone 1 could not be downloaded: Failed to fetch gone. ",
        "unknown,usr/a.ogg,apt does not know the package unknown",
        "both,usr/a.xm,skipped: tracker module",
        "both,usr/b.ogg,no labels",
    ] {
        assert!(report.contains(part), "{part} in {report}");
    }
    assert!(
        archive
            .read("ATTRIBUTION.md")
            .contains("**a.ogg** by unstated artist; licence: CC0-1.0")
    );
    assert!(
        !files_below(&archive.path().join("corpus"))
            .iter()
            .any(|file| file.ends_with(".deb"))
    );
}

#[test]
fn whole_tracks_are_not_fetched_again_but_damaged_ones_are() {
    if !has_dpkg() {
        return;
    }
    let (one, two) = (
        Package::default().file("usr/a.ogg", A),
        Package::default().file("usr/b.ogg", B),
    );
    let archive = Archive::new(&[("one", "1", one), ("two", "1", two)]);
    let tracks = [labelled("one", "usr/a.ogg", A), labelled("two", "usr/b.ogg", B)];
    assert_eq!(archive.fetch(&tracks).unwrap().fetched, 2);
    // All there: neither apt nor its lists are needed.
    let again = run(
        &archive.options(),
        &tracks,
        Apt::find_none,
        &AtomicBool::new(false),
    )
    .unwrap();
    assert_eq!((again.tracks, again.fetched), (2, 0));
    let damaged = archive.path().join("corpus").join(tracks[1].stored());
    fs::write(&damaged, &B[..5]).unwrap();
    let again = archive.fetch(&tracks).unwrap();
    assert_eq!((again.tracks, again.fetched), (2, 1));
    assert_eq!(fs::read(&damaged).unwrap(), B);
    assert_eq!(archive.calls().iter().filter(|call| *call == "two=1").count(), 2);
    // What another choice fetched stays in the manifest.
    let only = FetchOptions {
        packages: vec!["one".into()],
        limit: NonZeroUsize::new(1),
        ..archive.options()
    };
    let summary = run(
        &only,
        &tracks,
        || Apt::in_folder(archive.path()),
        &AtomicBool::new(false),
    )
    .unwrap();
    assert_eq!((summary.tracks, summary.left_out), (2, 0));
}

#[test]
fn a_stop_during_a_download_keeps_what_is_there() {
    if !has_dpkg() {
        return;
    }
    let (one, two) = (
        Package::default().file("usr/a.ogg", A),
        Package::default().file("usr/b.ogg", B),
    );
    let archive = Archive::new(&[("one", "1", one), ("two", "1", two)]);
    let tracks = [labelled("one", "usr/a.ogg", A), labelled("two", "usr/b.ogg", B)];
    archive.fetch(&tracks[..1]).unwrap();
    fs::write(archive.path().join("archive/slow"), "").unwrap();
    let stop = AtomicBool::new(false);
    let summary = std::thread::scope(|scope| {
        scope.spawn(|| {
            while archive.calls().len() < 2 {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            stop.store(true, Ordering::Relaxed);
        });
        run(
            &archive.options(),
            &tracks,
            || Apt::in_folder(archive.path()),
            &stop,
        )
        .unwrap()
    });
    assert!(summary.stopped && summary.tracks == 1, "{summary:?}");
    assert!(
        archive
            .read("report.csv")
            .contains("two,usr/b.ogg,stopped before it was fetched")
    );
    fs::remove_file(archive.path().join("archive/slow")).unwrap();
    assert_eq!(archive.fetch(&tracks).unwrap().tracks, 2);
}

#[test]
fn without_any_track_or_list_the_error_says_what_to_do() {
    if !has_dpkg() {
        return;
    }
    let tracks = [labelled("one", "usr/a.ogg", A)];
    let error = Archive::new(&[]).fetch(&tracks).unwrap_err().to_string();
    assert!(error.contains("`apt-get update`"), "{error}");
    let other = Archive::new(&[("other", "1", Package::default())]);
    let error = other.fetch(&tracks).unwrap_err().to_string();
    assert!(
        error.contains("none of 1 tracks could be had") && error.contains("report.csv"),
        "{error}"
    );
    let error = run(&other.options(), &tracks, Apt::find_none, &AtomicBool::new(false))
        .unwrap_err()
        .to_string();
    assert!(error.contains("Debian"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let options = FetchOptions {
        dir: Some(file.path().join("corpus")),
        ..FetchOptions::default()
    };
    let error = run(&options, &[], Apt::find_none, &AtomicBool::new(false))
        .unwrap_err()
        .to_string();
    assert!(error.contains("corpus cannot be written"), "{error}");
}
