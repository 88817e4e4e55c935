//! Plugin bundles: what a build made, in the folders and with the papers that hosts look for.
//!
//! | room | holds |
//! |---|---|
//! | this one | making bundles and putting them in place whole |
//! | `layout` | what lies where on which system |
//! | `papers` | the texts inside: Info.plist, PkgInfo, moduleinfo.json |
//!
//! There is a crate for this, `nice-plug-xtask`. It takes the command line and the messages over, writes its own
//! vendor and the version 1.0.0 into every macOS bundle, knows no moduleinfo.json and brings parsers for TOML and
//! object files, which `cargo xtask` would build before doing anything. What is left to do is in these files.

mod layout;
mod papers;

pub(crate) use layout::{Format, Target, user_folder};

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use crate::deps::remove_folder;
use layout::Content;

/// No bundle may be larger: somewhat more than one takes (32 MB on Linux, 24 of them code, most of that the embedded
/// inference), so that a model or a debugger's symbols that got in by mistake are noticed before anybody downloads them.
const LIMIT_MB: u64 = 40;

/// A finished bundle.
#[derive(Debug)]
pub(crate) struct Bundle {
    pub(crate) path: PathBuf,
    /// Bytes of all its files.
    pub(crate) size: u64,
}

/// Makes the bundle of the library at `library` in the folder `out`, in place of one that is there.
pub(crate) fn make(format: Format, target: &Target, library: &Path, out: &Path) -> Result<Bundle> {
    let name = format.bundle();
    let partial = partial(out, name);
    remove(&partial)?;
    for (inside, content) in layout::files(format, target) {
        let file = within(&partial, &inside);
        create_parent(&file)?;
        match content {
            Content::Library => copy_file(library, &file)?,
            Content::Text(text) => {
                fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
            }
        }
    }
    if target.is_macos() {
        sign(&partial);
    }
    let size = size(&partial)?;
    check_size(name, size)?;
    whole_seconds(&partial)?;
    let path = out.join(name);
    replace(&partial, &path)?;
    Ok(Bundle { path, size })
}

/// Copies the bundle at `bundle` into the folder `folder`, in place of one that is there, and returns its new place.
pub(crate) fn put(bundle: &Path, folder: &Path) -> Result<PathBuf> {
    let name = bundle
        .file_name()
        .with_context(|| format!("{} has no file name", bundle.display()))?;
    let partial = partial(folder, &name.to_string_lossy());
    remove(&partial)?;
    create_parent(&partial)?;
    copy(bundle, &partial)?;
    whole_seconds(&partial)?;
    let place = folder.join(name);
    replace(&partial, &place)?;
    Ok(place)
}

/// A number of bytes for people.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

/// The name that a bundle has until it is whole. The dot keeps hosts that are looking for plugins away from it.
fn partial(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!(".{name}.partial"))
}

/// The file `inside` a bundle, or the bundle itself where that is empty: `join` would add a slash.
fn within(bundle: &Path, inside: &str) -> PathBuf {
    if inside.is_empty() {
        bundle.to_owned()
    } else {
        bundle.join(inside)
    }
}

fn check_size(name: &str, size: u64) -> Result<()> {
    if size > LIMIT_MB * 1_000_000 {
        bail!(
            "{name} takes {}, more than the {LIMIT_MB} MB it may; look for what is new in it (a model? the symbols \
             that `strip` in Cargo.toml's release profile takes out?), or raise LIMIT_MB in xtask/src/bundle/mod.rs",
            megabytes(size)
        );
    }
    Ok(())
}

/// Bytes of all files below `path`, or of the file that it is.
fn size(path: &Path) -> Result<u64> {
    if !path.is_dir() {
        let metadata = fs::metadata(path).with_context(|| format!("cannot look at {}", path.display()))?;
        return Ok(metadata.len());
    }
    let mut sum = 0;
    for entry in entries(path)? {
        sum += size(&entry)?;
    }
    Ok(sum)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        return copy_file(from, to);
    }
    fs::create_dir_all(to).with_context(|| cannot_create(to))?;
    for entry in entries(from)? {
        if let Some(name) = entry.file_name() {
            copy(&entry, &to.join(name))?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(drop)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

/// Cuts the time of every file down to a whole second: scanners that keep it in seconds (Ardour's) compare it with
/// what the file system says, and take every bundle for changed or unscanned.
fn whole_seconds(path: &Path) -> Result<()> {
    if path.is_dir() {
        return entries(path)?.iter().try_for_each(|entry| whole_seconds(entry));
    }
    let cut = || {
        let time = fs::metadata(path)?.modified()?;
        let whole = time.duration_since(UNIX_EPOCH).map_or(UNIX_EPOCH, |since| {
            UNIX_EPOCH + Duration::from_secs(since.as_secs())
        });
        File::options().write(true).open(path)?.set_modified(whole)
    };
    cut().with_context(|| format!("cannot set the time of {}", path.display()))
}

/// Puts what is at `partial` in the place of what is at `place`. A file is replaced in one step. A folder takes two,
/// because systems rename no folder over a full one: a program that was running goes on with what it has opened.
fn replace(partial: &Path, place: &Path) -> Result<()> {
    let rename = |from: &Path, to: &Path| {
        fs::rename(from, to).with_context(|| {
            format!(
                "cannot rename {} to {}; close the hosts that have the plugin open",
                from.display(),
                to.display()
            )
        })
    };
    if !place.is_dir() {
        return rename(partial, place);
    }
    let old = partial.with_extension("old");
    remove(&old)?;
    rename(place, &old)?;
    if let Err(error) = rename(partial, place) {
        // Better the old one than none.
        let _ = fs::rename(&old, place);
        return Err(error);
    }
    // Where a host holds the old library open (on Windows), it stays until the next time.
    let _ = remove(&old);
    Ok(())
}

/// Removes a file or a folder; one that is not there is as good as removed.
fn remove(path: &Path) -> Result<()> {
    if path.is_dir() {
        return remove_folder(path);
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || {
        fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<Vec<_>>>()
    };
    read().with_context(|| format!("cannot read the folder {}", folder.display()))
}

fn create_parent(file: &Path) -> Result<()> {
    file.parent().map_or(Ok(()), |folder| {
        fs::create_dir_all(folder).with_context(|| cannot_create(folder))
    })
}

fn cannot_create(folder: &Path) -> String {
    format!(
        "cannot create the folder {}; make the one above it writable",
        folder.display()
    )
}

/// Signs a bundle without a name, which is what macOS asks of code that was built on the same machine.
fn sign(bundle: &Path) {
    let signed = cfg!(target_os = "macos")
        && Command::new("codesign")
            .args(["--force", "--sign", "-"])
            .arg(bundle)
            .stdin(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
    if !signed {
        eprintln!(
            "warning: the bundle for macOS is not signed; on a Mac type: codesign --force --sign - BUNDLE (comes \
             with `xcode-select --install`)"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(triple: &str) -> Target {
        Target::new(Some(triple)).unwrap()
    }

    #[test]
    fn bundles_are_made_again_and_installed_again() {
        let home = tempfile::tempdir().unwrap();
        let (library, out, plugins) = (
            home.path().join("library.so"),
            home.path().join("out"),
            home.path().join("plugins"),
        );
        let linux = target("x86_64-unknown-linux-gnu");
        for content in ["one", "another"] {
            fs::write(&library, content).unwrap();
            let clap = make(Format::Clap, &linux, &library, &out).unwrap();
            assert_eq!(
                (clap.path.as_path(), clap.size),
                (out.join("Echometer.clap").as_path(), content.len() as u64)
            );
            let vst3 = make(Format::Vst3, &linux, &library, &out).unwrap();
            assert!(vst3.size > clap.size, "{vst3:?}");
            // What an older version left in the bundle must go.
            fs::write(vst3.path.join("Contents/old"), "").unwrap();
            for (bundle, inside) in [(&clap, ""), (&vst3, "Contents/x86_64-linux/Echometer.so")] {
                let place = put(&bundle.path, &plugins).unwrap();
                let file = within(&place, inside);
                assert_eq!(fs::read_to_string(&file).unwrap(), content);
                let time = fs::metadata(&file).unwrap().modified().unwrap();
                assert_eq!(time.duration_since(UNIX_EPOCH).unwrap().subsec_nanos(), 0);
            }
        }
        make(Format::Vst3, &linux, &library, &out).unwrap();
        put(&out.join("Echometer.vst3"), &plugins).unwrap();
        assert!(!plugins.join("Echometer.vst3/Contents/old").exists());
        for folder in [&out, &plugins] {
            let names = entries(folder).unwrap();
            assert_eq!(names.len(), 2, "nothing else is left: {names:?}");
        }
    }

    #[test]
    fn a_library_that_is_not_there_leaves_the_old_bundle() {
        let home = tempfile::tempdir().unwrap();
        let bundle = home.path().join("Echometer.clap");
        fs::write(&bundle, "old").unwrap();
        let missing = home.path().join("missing.so");
        let linux = target("x86_64-unknown-linux-gnu");
        let error = make(Format::Clap, &linux, &missing, home.path())
            .unwrap_err()
            .to_string();
        assert!(error.contains("missing.so"), "{error}");
        assert_eq!(fs::read_to_string(&bundle).unwrap(), "old");
    }

    #[test]
    fn a_bundle_over_the_limit_says_both_sizes() {
        check_size("Echometer.clap", 40_000_000).unwrap();
        let error = check_size("Echometer.clap", 41_250_000).unwrap_err().to_string();
        assert!(
            error.contains("Echometer.clap takes 41.2 MB") && error.contains("40 MB"),
            "{error}"
        );
    }
}
