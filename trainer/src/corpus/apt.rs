//! Packages through the system's own `apt-get download`: nothing is installed, and no rights are needed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What to do without apt.
const NEEDS_DEBIAN: &str = "the open corpus comes through apt and dpkg-deb: run this on Debian or a system made from it, \
                            or in a container of one, and bring the folder here";
/// What to do about lists that are missing or old.
const UPDATE: &str = "run `apt-get update` once, as root, and try again";
/// How often a running download is looked at.
const POLL: Duration = Duration::from_millis(100);

/// Why a package cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AptError {
    #[error("{program} is not there; {NEEDS_DEBIAN}")]
    NotThere { program: String },
    #[error("apt has no lists of packages; {UPDATE}")]
    NoLists,
    #[error("{package} {version} could not be downloaded: {reason}. If its list is old, {UPDATE}")]
    Download {
        package: String,
        version: String,
        reason: String,
    },
    #[error("stopped")]
    Stopped,
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// The programs that bring packages.
#[derive(Debug, Clone)]
pub(crate) struct Apt {
    get: OsString,
    cache: OsString,
    /// `dpkg-deb`, which reads what was brought.
    pub(crate) dpkg_deb: OsString,
}

/// A package as the archive has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) version: String,
    /// Size of the download.
    pub(crate) bytes: u64,
}

impl Apt {
    /// The system's, after a look whether they are there.
    pub(crate) fn find() -> Result<Self, AptError> {
        Self::of("apt-get".into(), "apt-cache".into(), "dpkg-deb".into())
    }

    fn of(get: OsString, cache: OsString, dpkg_deb: OsString) -> Result<Self, AptError> {
        for program in [&get, &cache, &dpkg_deb] {
            Command::new(program)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .map_err(|_| AptError::NotThere {
                    program: program.to_string_lossy().into_owned(),
                })?;
        }
        Ok(Self { get, cache, dpkg_deb })
    }

    /// For tests: programs of these names in `folder`.
    #[cfg(test)]
    pub(crate) fn in_folder(folder: &Path) -> Result<Self, AptError> {
        let program = |name: &str| folder.join(name).into_os_string();
        Self::of(program("apt-get"), program("apt-cache"), "dpkg-deb".into())
    }

    /// For tests: a system without apt.
    #[cfg(test)]
    pub(crate) fn find_none() -> Result<Self, AptError> {
        Self::in_folder(Path::new("/nowhere"))
    }

    /// What the archive offers of `wanted` (package, version): that version, or the one apt would install. Packages that
    /// it does not have are not in the answer.
    pub(crate) fn offers(&self, wanted: &BTreeMap<&str, &str>) -> Result<BTreeMap<String, Offer>, AptError> {
        let ask = |newest: bool| -> Result<Vec<(String, Offer)>, AptError> {
            let mut command = Command::new(&self.cache);
            command.env("LC_ALL", "C").arg("show");
            if newest {
                command.arg("--no-all-versions");
            }
            // The exit status only says that some package is unknown.
            let answer = command.arg("--").args(wanted.keys()).output()?;
            Ok(parse_offers(&String::from_utf8_lossy(&answer.stdout)))
        };
        // Of the candidates first; where the version that was looked at is still there, it takes their place.
        let mut offers: BTreeMap<_, _> = ask(true)?.into_iter().collect();
        for (package, offer) in ask(false)? {
            if wanted
                .get(package.as_str())
                .is_some_and(|version| *version == offer.version)
            {
                offers.insert(package, offer);
            }
        }
        if offers.is_empty() && !wanted.is_empty() && !self.has_lists()? {
            return Err(AptError::NoLists);
        }
        Ok(offers)
    }

    fn has_lists(&self) -> Result<bool, AptError> {
        let answer = Command::new(&self.cache)
            .env("LC_ALL", "C")
            .args(["show", "--", "dpkg", "bash", "apt"])
            .output()?;
        // What is installed is known without lists, but then has no file in the archive.
        Ok(String::from_utf8_lossy(&answer.stdout)
            .lines()
            .any(|line| line.starts_with("Filename:")))
    }

    /// Downloads a package into `folder`, which must be empty; `progress` hears of the bytes there so far.
    pub(crate) fn download(
        &self,
        package: &str,
        offer: &Offer,
        folder: &Path,
        stop: &AtomicBool,
        mut progress: impl FnMut(u64),
    ) -> Result<PathBuf, AptError> {
        let failed = |reason: String| AptError::Download {
            package: package.to_owned(),
            version: offer.version.clone(),
            reason,
        };
        let mut log = tempfile::tempfile()?;
        let mut child = Running(
            Command::new(&self.get)
                .env("LC_ALL", "C")
                .args(["-qq", "-o", "Acquire::Retries=2", "download", "--"])
                .arg(format!("{package}={}", offer.version))
                .current_dir(folder)
                .stdin(Stdio::null())
                .stdout(log.try_clone()?)
                .stderr(log.try_clone()?)
                .spawn()?,
        );
        let status = loop {
            if stop.load(Ordering::Relaxed) {
                return Err(AptError::Stopped);
            }
            if let Some(status) = child.0.try_wait()? {
                break status;
            }
            progress(bytes_in(folder));
            std::thread::sleep(POLL);
        };
        progress(bytes_in(folder));
        // In a terminal, Ctrl-C reaches apt-get too.
        if stop.load(Ordering::Relaxed) {
            return Err(AptError::Stopped);
        }
        if !status.success() {
            let mut text = String::new();
            log.rewind()?;
            log.take(10_000).read_to_string(&mut text)?;
            return Err(failed(said(&text, &status.to_string())));
        }
        let deb = fs::read_dir(folder)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"));
        deb.ok_or_else(|| failed("apt-get left no .deb".into()))
    }
}

/// A process that ends with its owner.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Either fails only where the process is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The errors in what a program said, on one line; `otherwise` where it said none.
pub(crate) fn said(text: &str, otherwise: &str) -> String {
    let errors: Vec<_> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("W:") && !line.starts_with("N:"))
        .map(|line| line.trim_start_matches("E: "))
        .collect();
    if errors.is_empty() {
        otherwise.to_owned()
    } else {
        errors.join("; ")
    }
}

fn bytes_in(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .filter(fs::Metadata::is_file)
        .map(|meta| meta.len())
        .sum()
}

/// The paragraphs of `apt-cache show` that are of packages in the archive.
fn parse_offers(text: &str) -> Vec<(String, Offer)> {
    text.split("\n\n")
        .filter_map(|paragraph| {
            let field = |name: &str| {
                paragraph
                    .lines()
                    .find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
            };
            field("Filename")?;
            Some((
                field("Package")?.to_owned(),
                Offer {
                    version: field("Version")?.to_owned(),
                    bytes: field("Size")?.parse().ok()?,
                },
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_are_read_as_apt_cache_shows_them() {
        let text = "Package: toppler\nVersion: 1.3-1\nInstalled-Size: 1\nDescription: x\n Size: 9\nFilename: pool/t.deb\nSize: 1712345\n\n\
                    Package: gone\nVersion: 2\nSize: 5\nStatus: install ok installed\n\n";
        let offers = parse_offers(text);
        assert_eq!(
            offers,
            [(
                "toppler".to_owned(),
                Offer {
                    version: "1.3-1".into(),
                    bytes: 1_712_345
                }
            )]
        );
    }

    #[test]
    fn what_apt_said_is_one_line_without_warnings() {
        let text = "W: unsandboxed\nE: Version '9' for 'toppler' was not found\n\nN: see apt(8)\n";
        assert_eq!(
            said(text, "status 100"),
            "Version '9' for 'toppler' was not found"
        );
        assert_eq!(said("W: x\n", "status 100"), "status 100");
    }

    #[test]
    fn a_system_without_apt_says_what_to_do() {
        let empty = tempfile::tempdir().unwrap();
        let error = Apt::in_folder(empty.path()).unwrap_err().to_string();
        assert!(
            error.contains("apt-get is not there") && error.contains("Debian"),
            "{error}"
        );
    }
}
