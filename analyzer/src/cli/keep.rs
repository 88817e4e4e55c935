//! `analyzer config`: settings printed, or kept.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{Live, config};
use crate::failure::Failure;
use crate::shown::shown;
use crate::whole::whole;

/// Prints the settings in effect, or keeps them.
#[derive(Debug, clap::Args)]
pub(crate) struct Keep {
    /// How to listen.
    #[command(flatten)]
    pub(crate) live: Live,

    /// Write them to the configuration file instead, which may be there already; what it was is kept beside it, as .bak
    #[arg(long)]
    pub(crate) write: bool,
}

impl Keep {
    /// Does it with what is `effective`; `named` is the file of `--config`.
    pub(crate) fn run(&self, effective: &str, named: Option<&Path>) -> Result<(), Failure> {
        if !self.write {
            return super::print(effective);
        }
        let path = config::place(named).ok_or_else(|| {
            Failure::failed("this system names no folder for settings").hint("say --config FILE")
        })?;
        // Where a link leads, so that it stays one.
        let path = fs::canonicalize(&path).unwrap_or(path);
        let failed = |what: &Path, error: io::Error| {
            Failure::failed(format!("{} cannot be written: {error}", what.display()))
                .hint("what was there is still there; see that the folder can be written and has room")
        };
        let was = match fs::read(&path) {
            Ok(was) => Some(was).filter(|was| was != effective.as_bytes()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(Failure::failed(format!(
                    "{} cannot be read, so it is not replaced: {error}",
                    path.display()
                ))
                .hint("make it readable, or name another file with --config"));
            }
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        }
        let mut told = String::new();
        if let Some(was) = was {
            let backup = free(&path);
            fs::write(&backup, was).map_err(|error| failed(&backup, error))?;
            told = format!("; what it was is in {}", backup.display());
        }
        whole(&path, |file| file.write_all(effective.as_bytes())).map_err(|error| failed(&path, error))?;
        super::print(&format!(
            "{}\n",
            shown(&format!("wrote {}{told}", path.display()))
        ))
    }
}

/// A name for what was at `path` that nothing has yet.
fn free(path: &Path) -> PathBuf {
    let named = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        match number {
            0 => name.push(".bak"),
            _ => name.push(format!(".bak{number}")),
        }
        PathBuf::from(name)
    };
    (0..)
        .map(named)
        .find(|path| !path.exists())
        .unwrap_or_else(|| named(0))
}
