//! `analyzer scan`: its flags.

use clap::Args;

use crate::failure::Failure;

/// Scoring whole folders.
#[derive(Debug, Args)]
pub(crate) struct Scan {}

/// Scans.
pub(crate) fn run(_scan: &Scan) -> Result<(), Failure> {
    Err(Failure::failed("scanning is not there yet"))
}
