//! The plugin: built, bundled, and put where hosts look for it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::bundle::{self, Bundle, Format, Target};
use crate::{Workshop, cargo, install, packages};

const PACKAGE: &str = "echometer-plugin";
const STANDALONE: &str = "echometer";

impl Workshop {
    /// Builds both bundles for `triple` (this machine if none) into `out`, and the standalone program if asked to.
    pub(crate) fn bundle(
        &self,
        triple: Option<&str>,
        out: Option<PathBuf>,
        standalone: bool,
    ) -> Result<Vec<Bundle>> {
        let target = Target::new(triple)?;
        let out = self.bundles(out)?;
        if cfg!(target_os = "linux") {
            packages::ensure(if standalone {
                &[&packages::C_COMPILER, &packages::ALSA, &packages::JACK]
            } else {
                &[&packages::C_COMPILER]
            })?;
        }
        let arguments = arguments(&target);
        self.forget_library(&target)?;
        let library =
            cargo::build_library(&self.repository, PACKAGE, &arguments, target.library_extension())?;
        let mut bundles = Vec::new();
        for format in Format::ALL {
            let bundle = bundle::make(format, &target, &library, &out)?;
            say(&bundle);
            bundles.push(bundle);
        }
        if standalone {
            say(&self.standalone(arguments, &out)?);
        }
        Ok(bundles)
    }

    /// Builds and bundles the plugin and puts it into the folders that this user's hosts look in.
    pub(crate) fn install_plugin(&self) -> Result<()> {
        // Before the build, which takes minutes.
        let [clap, vst3] = Format::ALL.map(install::plugin_folder);
        let folders = [clap?, vst3?];
        for (bundle, folder) in self.bundle(None, None, false)?.iter().zip(folders) {
            let place = bundle::put(&bundle.path, &folder)?;
            eprintln!("Installed {}", place.display());
        }
        eprintln!("Hosts find the plugin when they look for new ones: Echometer, an analyzer");
        Ok(())
    }

    /// The folder for bundles: `out`, or `bundled` in cargo's target folder.
    fn bundles(&self, out: Option<PathBuf>) -> Result<PathBuf> {
        let out = out.unwrap_or_else(|| self.target_folder().join("bundled"));
        std::path::absolute(&out).with_context(|| {
            format!(
                "{} cannot be made an absolute path; choose another --out",
                out.display()
            )
        })
    }

    /// Where cargo builds, as far as the environment says.
    fn target_folder(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR")
            .filter(|value| !value.is_empty())
            .map_or_else(
                || self.repository.join("target"),
                |chosen| self.repository.join(chosen),
            )
    }

    /// Removes the library of an earlier build, so that it is linked anew. The one that is built on the way to the
    /// standalone program needs audio libraries; it has the same name, and cargo takes either for the other.
    fn forget_library(&self, target: &Target) -> Result<()> {
        let mut folder = self.target_folder();
        folder.extend(&target.triple);
        let library = folder.join("release").join("deps").join(target.library(PACKAGE));
        match fs::remove_file(&library) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", library.display()))
            }
            _ => Ok(()),
        }
    }

    /// Builds the standalone program into `out`.
    fn standalone(&self, mut arguments: Vec<OsString>, out: &Path) -> Result<Bundle> {
        arguments.extend(["--features".into(), "standalone".into()]);
        let program = cargo::build_program(&self.repository, PACKAGE, STANDALONE, &arguments)?;
        let path = bundle::put(&program, out)?;
        let size = fs::metadata(&path)
            .with_context(|| format!("cannot look at {}", path.display()))?
            .len();
        Ok(Bundle { path, size })
    }
}

/// What cargo is told besides the package.
fn arguments(target: &Target) -> Vec<OsString> {
    // Bundles bring the C library of Microsoft's compiler with them; elsewhere this says nothing.
    let config =
        r#"target.'cfg(all(windows, target_env = "msvc"))'.rustflags=["-Ctarget-feature=+crt-static"]"#;
    let mut arguments = vec!["--config".into(), config.into()];
    if let Some(triple) = &target.triple {
        arguments.extend(["--target".into(), triple.into()]);
    }
    arguments
}

fn say(bundle: &Bundle) {
    eprintln!("{}: {}", bundle.path.display(), bundle::megabytes(bundle.size));
}
