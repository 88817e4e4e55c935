//! Packages that are well, damaged and hostile.

use std::fs;

use super::*;
use crate::corpus::packages::{Package, files_below, has_dpkg, resource_of, track, zip_of};

const A: &[u8] = b"OggS the first";
const B: &[u8] = b"OggS the second, a little longer";
const C: &[u8] = b"OggS the third";

/// Unpacks `bytes` as a package into a fresh folder inside of a fresh one.
fn outcomes(
    bytes: &[u8],
    tracks: &[Track],
) -> (tempfile::TempDir, Result<Vec<Result<(), Refused>>, UnpackError>) {
    let outer = tempfile::tempdir().unwrap();
    let deb = outer.path().join("t.deb");
    fs::write(&deb, bytes).unwrap();
    let store = Store::open(&outer.path().join("corpus")).unwrap();
    let tracks: Vec<_> = tracks.iter().collect();
    let outcomes = unpack(
        OsStr::new("dpkg-deb"),
        &deb,
        &tracks,
        &store,
        &AtomicBool::new(false),
    );
    fs::remove_file(deb).unwrap();
    drop(store);
    (outer, outcomes)
}

#[test]
fn tracks_come_out_of_files_zips_and_resources() {
    if !has_dpkg() {
        return;
    }
    let package = Package::default()
        .file("usr/share/doc/tt/copyright", b"by someone")
        .file("usr/a.ogg", A)
        .file("usr/other.ogg", C)
        .file("usr/music.pk3", &zip_of(&[("m/b.ogg", B), ("m/other.ogg", C)]))
        .file("usr/music.rcc", &resource_of(&[b"text", A, b"", C]));
    let tracks = [
        track("tt", "usr/a.ogg", A),
        track("tt", "usr/music.pk3.x/m/b.ogg", B),
        track("tt", "usr/music.rcc.x/01.ogg", C),
        track("tt", "usr/nowhere.ogg", A),
        track("tt", "usr/music.pk3.x/nowhere.ogg", A),
        track("tt", "usr/music.rcc.x/02.ogg", B),
    ];
    let (outer, outcomes) = outcomes(&package.bytes(), &tracks);
    let missing = || Err(Refused::Missing);
    assert_eq!(
        outcomes.unwrap(),
        [Ok(()), Ok(()), Ok(()), missing(), missing(), missing()]
    );
    assert_eq!(
        files_below(outer.path()),
        [
            "corpus/.lock",
            "corpus/audio/tt/usr/a.ogg",
            "corpus/audio/tt/usr/music.pk3.x/m/b.ogg",
            "corpus/audio/tt/usr/music.rcc.x/01.ogg",
            "corpus/copyright/tt.txt",
        ]
    );
    assert_eq!(
        fs::read(outer.path().join("corpus/audio/tt/usr/music.pk3.x/m/b.ogg")).unwrap(),
        B
    );
}

#[test]
fn another_version_of_a_track_is_refused_and_not_written() {
    if !has_dpkg() {
        return;
    }
    let package = Package::default()
        .file("usr/a.ogg", C)
        .file("usr/b.ogg", B)
        .file("usr/p.zip", &zip_of(&[("a.ogg", B)]));
    let tracks = [
        track("tt", "usr/a.ogg", A),
        track("tt", "usr/b.ogg", B),
        track("tt", "usr/p.zip.x/a.ogg", A),
    ];
    let (outer, outcomes) = outcomes(&package.bytes(), &tracks);
    let outcomes = outcomes.unwrap();
    assert!(matches!(&outcomes[0], Err(Refused::Digest { wanted, .. }) if *wanted == tracks[0].md5));
    assert_eq!(outcomes[1], Ok(()));
    assert!(matches!(&outcomes[2], Err(Refused::Digest { .. })));
    assert_eq!(
        files_below(outer.path()),
        ["corpus/.lock", "corpus/audio/tt/usr/b.ogg"]
    );
}

#[test]
fn hostile_names_and_links_write_nothing() {
    if !has_dpkg() {
        return;
    }
    let zip = zip_of(&[("../../../evil.ogg", A), ("/evil.ogg", A)]);
    let package = Package::default()
        .raw("../evil.ogg", A)
        .raw("./../../evil.ogg", A)
        .raw("/evil.ogg", A)
        .link("./usr/a.ogg")
        .file("usr/p.zip", &zip);
    let tracks = [
        track("tt", "usr/a.ogg", A),
        track("tt", "evil.ogg", A),
        track("tt", "usr/p.zip.x/evil.ogg", A),
    ];
    let (outer, outcomes) = outcomes(&package.bytes(), &tracks);
    assert_eq!(outcomes.unwrap(), vec![Err(Refused::Missing); 3]);
    assert_eq!(files_below(outer.path()), ["corpus/.lock"]);
}

#[test]
fn a_damaged_archive_costs_only_its_own_tracks() {
    if !has_dpkg() {
        return;
    }
    let zip = zip_of(&[("a.ogg", A)]);
    let resource = resource_of(&[b"text", B]);
    let package = Package::default()
        .file("usr/half.zip", &zip[..zip.len() / 2])
        .file("usr/half.rcc", &resource[..44])
        .file("usr/none.rcc", b"no resource")
        .file("usr/c.ogg", C);
    let tracks = [
        track("tt", "usr/half.zip.x/a.ogg", A),
        track("tt", "usr/half.rcc.x/00.ogg", B),
        track("tt", "usr/none.rcc.x/00.ogg", B),
        track("tt", "usr/c.ogg", C),
    ];
    let outcomes = outcomes(&package.bytes(), &tracks).1.unwrap();
    for outcome in &outcomes[..3] {
        assert!(matches!(outcome, Err(Refused::Archive(_))), "{outcome:?}");
    }
    assert_eq!(outcomes[3], Ok(()));
}

#[test]
fn a_truncated_package_is_an_error_but_keeps_what_was_whole() {
    if !has_dpkg() {
        return;
    }
    let package = Package::default()
        .file("usr/a.ogg", A)
        .file("usr/b.ogg", &[7; 100_000]);
    let tracks = [
        track("tt", "usr/a.ogg", A),
        track("tt", "usr/b.ogg", &[7; 100_000]),
    ];
    let bytes = package.bytes();
    let (outer, outcomes) = outcomes(&bytes[..bytes.len() - 50_000], &tracks);
    let error = outcomes.unwrap_err();
    assert!(matches!(error, UnpackError::Damaged(_)), "{error}");
    // Reading ahead is dpkg-deb's affair: the first track may be there, the second may not.
    let files = files_below(&outer.path().join("corpus"));
    assert!(
        !files
            .iter()
            .any(|file| file.contains("b.ogg") || file.contains(".partial")),
        "{files:?}"
    );
    let (_, outcomes) = self::outcomes(b"no package", &tracks);
    assert!(matches!(outcomes.unwrap_err(), UnpackError::Damaged(_)));
}

#[test]
fn a_stop_ends_the_unpacking() {
    if !has_dpkg() {
        return;
    }
    let outer = tempfile::tempdir().unwrap();
    let deb = outer.path().join("t.deb");
    fs::write(&deb, Package::default().file("usr/a.ogg", A).bytes()).unwrap();
    let store = Store::open(&outer.path().join("corpus")).unwrap();
    let track = track("tt", "usr/a.ogg", A);
    let ended = unpack(
        OsStr::new("dpkg-deb"),
        &deb,
        &[&track],
        &store,
        &AtomicBool::new(true),
    );
    assert!(matches!(ended, Err(UnpackError::Stopped)));
    assert!(!store.has(&track));
}

#[test]
fn too_large_an_archive_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert!(store.spill(&mut &[0; 100][..], 100).is_ok());
    let error = store.spill(&mut &[0; 101][..], 100).unwrap_err();
    assert!(
        matches!(error, StoreError::Refused(Refused::TooLarge(100))),
        "{error}"
    );
}

#[test]
fn a_folder_serves_one_fetch_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert!(matches!(Store::open(folder.path()), Err(StoreError::Busy(_))));
    drop(store);
    assert!(Store::open(folder.path()).is_ok());
}
