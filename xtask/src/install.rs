//! Puts the programs where the user's shell finds them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::bundle::{Format, user_folder};
use crate::deps::remove_folder;
use crate::libtorch::{Libtorch, stamp};

/// Where the trainer's build script lets the installed trainer look for libtorch, seen from its own folder's
/// parent.
const LIBTORCH_BESIDE: &str = "lib/echometer/libtorch";

/// The folder whose `bin` gets the programs: what `--root` says, or what cargo itself would take.
pub(crate) fn root(chosen: Option<PathBuf>) -> Result<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let root = chosen
        .or_else(|| set("CARGO_INSTALL_ROOT"))
        .or_else(|| set("CARGO_HOME"))
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
        .context(
            "neither CARGO_INSTALL_ROOT, CARGO_HOME nor HOME is set; say where to install with --root DIR",
        )?;
    std::path::absolute(&root).with_context(|| format!("{} cannot be made an absolute path", root.display()))
}

/// Where hosts look for this user's own plugins.
pub(crate) fn plugin_folder(format: Format) -> Result<PathBuf> {
    let local = std::env::var_os("LOCALAPPDATA")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    user_folder(format, std::env::home_dir().as_deref(), local.as_deref()).with_context(|| {
        format!(
            "cannot tell where {} plugins go: {} is not set; set it, or copy the bundles that `cargo xtask bundle` \
             makes",
            format.name(),
            if cfg!(windows) { "LOCALAPPDATA" } else { "HOME" }
        )
    })
}

/// Copies `program` to `root`'s `bin` and returns its new place.
pub(crate) fn put_program(program: &Path, root: &Path) -> Result<PathBuf> {
    let name = program
        .file_name()
        .with_context(|| format!("{} has no file name", program.display()))?;
    let bin = root.join("bin");
    create(&bin)?;
    let place = bin.join(name);
    let mut unfinished: OsString = name.to_owned();
    unfinished.push(".partial");
    let unfinished = bin.join(unfinished);
    fs::copy(program, &unfinished)
        .with_context(|| format!("cannot copy {} to {}", program.display(), unfinished.display()))?;
    // Renaming replaces the program even while the old one runs, which writing into it would not.
    fs::rename(&unfinished, &place)
        .with_context(|| format!("cannot rename {} to {}", unfinished.display(), place.display()))?;
    Ok(place)
}

/// Makes sure that the trainer in `root` finds its libtorch without this repository. Returns where it is.
pub(crate) fn put_libtorch(libtorch: &Libtorch, root: &Path) -> Result<PathBuf> {
    let place = root.join(LIBTORCH_BESIDE);
    if libtorch.from_user {
        // The trainer looks here first, so another version must not lie here. The user's own stays where it is:
        // the trainer remembers that place as well.
        remove_folder(&place)?;
        return Ok(libtorch.folder.clone());
    }
    let stamp_file = place.join(".stamp");
    let stamp = stamp();
    if fs::read_to_string(&stamp_file).is_ok_and(|found| found == stamp) {
        return Ok(place);
    }
    remove_folder(&place)?;
    for part in ["lib", "licenses"] {
        link_tree(&libtorch.folder.join(part), &place.join(part))?;
    }
    // Last, so that an interrupted copy is not taken for a whole one.
    fs::write(&stamp_file, stamp).with_context(|| format!("cannot write {}", stamp_file.display()))?;
    Ok(place)
}

/// The same files under another folder: hard links, which take no room, or copies where the file system has none
/// or the folders lie on different ones.
fn link_tree(from: &Path, to: &Path) -> Result<()> {
    create(to)?;
    let entries = fs::read_dir(from).with_context(|| format!("cannot read the folder {}", from.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read the folder {}", from.display()))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            link_tree(&source, &target)?;
        } else if fs::hard_link(&source, &target).is_err() {
            fs::copy(&source, &target)
                .with_context(|| format!("cannot copy {} to {}", source.display(), target.display()))?;
        }
    }
    Ok(())
}

/// What stands between typing the name of `program` and running it, if anything.
pub(crate) fn obstacle(program: &Path, path: Option<OsString>) -> Option<String> {
    let (bin, name) = (program.parent()?, program.file_name()?);
    let path = path.unwrap_or_default();
    let first = std::env::split_paths(&path).find(|folder| same(folder, bin) || folder.join(name).is_file());
    match first {
        Some(folder) if same(&folder, bin) => None,
        Some(folder) => Some(format!(
            "warning: {} comes first on PATH and hides the {} installed now",
            folder.join(name).display(),
            name.display()
        )),
        None if cfg!(windows) => Some(format!("warning: {} is not on PATH; add it", bin.display())),
        None => Some(format!(
            "warning: {} is not on PATH; add it with: export PATH=\"{}:$PATH\"",
            bin.display(),
            bin.display()
        )),
    }
}

fn same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| {
        format!(
            "cannot create the folder {}; choose a writable one with --root DIR",
            folder.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_and_its_libraries_are_put_in_place() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("libtorch");
        fs::create_dir_all(folder.join("lib")).unwrap();
        fs::create_dir_all(folder.join("licenses/torch")).unwrap();
        fs::write(folder.join("lib/libtorch_cpu.so"), "library").unwrap();
        fs::write(folder.join("licenses/torch/LICENSE"), "licence").unwrap();
        let built = home.path().join("trainer");
        fs::write(&built, "new").unwrap();
        let root = home.path().join("root");

        for content in ["new", "newer"] {
            fs::write(&built, content).unwrap();
            let program = put_program(&built, &root).unwrap();
            assert_eq!(program, root.join("bin/trainer"));
            assert_eq!(fs::read_to_string(&program).unwrap(), content);
        }
        let mut libtorch = Libtorch {
            folder: folder.clone(),
            from_user: false,
        };
        for _ in 0..2 {
            let place = put_libtorch(&libtorch, &root).unwrap();
            assert_eq!(
                fs::read_to_string(place.join("lib/libtorch_cpu.so")).unwrap(),
                "library"
            );
            assert_eq!(
                fs::read_to_string(place.join("licenses/torch/LICENSE")).unwrap(),
                "licence"
            );
        }
        libtorch.from_user = true;
        assert_eq!(put_libtorch(&libtorch, &root).unwrap(), folder);
        assert!(
            !root.join(LIBTORCH_BESIDE).exists(),
            "another version would be loaded first"
        );
    }

    #[test]
    fn a_folder_off_the_path_is_told() {
        let home = tempfile::tempdir().unwrap();
        let (bin, other) = (home.path().join("bin"), home.path().join("other"));
        for folder in [&bin, &other] {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join("analyzer"), "").unwrap();
        }
        let path = |folders: &[&PathBuf]| Some(std::env::join_paths(folders).unwrap());
        let program = bin.join("analyzer");
        assert_eq!(obstacle(&program, path(&[&bin, &other])), None);
        assert!(
            obstacle(&program, path(&[&other, &bin]))
                .unwrap()
                .contains("hides")
        );
        assert!(obstacle(&program, None).unwrap().contains("is not on PATH"));
    }
}
