//! What a fetch tells a person at its end.

use std::fmt;
use std::path::PathBuf;

use crate::corpus::manifest;

/// What is there at the end.
#[derive(Debug)]
pub(in crate::corpus) struct Summary {
    pub(super) folder: PathBuf,
    pub(super) tracks: usize,
    pub(super) clips: usize,
    pub(super) seconds: f64,
    /// Tracks that were fetched now, and bytes downloaded for them.
    pub(super) fetched: usize,
    pub(super) downloaded: u64,
    /// Packages of which no or not every chosen track could be had.
    pub(super) failed: usize,
    pub(super) left_out: usize,
    pub(super) stopped: bool,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.stopped {
            writeln!(f, "stopped; the same command goes on from there")?;
        }
        writeln!(
            f,
            "{} tracks of {:.0} minutes with {} labelled clips in {}",
            self.tracks,
            self.seconds / 60.0,
            self.clips,
            self.folder.display()
        )?;
        writeln!(
            f,
            "fetched now: {} tracks, {:.1} MB of packages; {} packages gave less than was asked of them",
            self.fetched,
            self.downloaded as f64 / 1e6,
            self.failed
        )?;
        write!(
            f,
            "{} of the list's tracks are not there: {} says why; whom the music is by: {}",
            self.left_out,
            manifest::REPORT,
            manifest::ATTRIBUTION
        )
    }
}
