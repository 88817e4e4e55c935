//! `analyzer config`: settings printed, or kept.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::{Live, config};
use crate::failure::Failure;

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
        let default = config::default_path();
        let path = named.or(default.as_deref()).ok_or_else(|| {
            Failure::failed("this system names no folder for settings").hint("say --config FILE")
        })?;
        let backup = path.with_extension("toml.bak");
        let was = fs::read(path).ok().filter(|was| was != effective.as_bytes());
        let keep = || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            if let Some(was) = &was {
                fs::write(&backup, was)?;
            }
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
            file.write_all(effective.as_bytes())?;
            file.persist(path).map_err(|error| error.error)
        };
        keep().map_err(|error| Failure::failed(format!("{} cannot be written: {error}", path.display())))?;
        let told = was.map_or(String::new(), |_| {
            format!("; what it was is in {}", backup.display())
        });
        super::print(&format!("wrote {}{told}\n", path.display()))
    }
}
