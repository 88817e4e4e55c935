//! The open corpus: freely licensed music inside Debian packages, fetched from the Debian archive when asked for.

mod apt;
mod choice;
pub(crate) mod fetch;
mod list;
mod manifest;
mod mix;
#[cfg(test)]
mod packages;
mod unpack;

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

pub(crate) use fetch::{FetchOptions, fetch};
pub(crate) use mix::{MixOptions, mix};

/// The manifest of the corpus in `dir`, or in the user's cache folder where none is named.
///
/// # Errors
/// Where the user has no home folder.
pub(crate) fn manifest_path(dir: Option<&Path>) -> anyhow::Result<PathBuf> {
    Ok(folder(dir)?.join(manifest::MANIFEST))
}

/// What is assumed of the corpus's clips, as a manifest: see [`manifest_path`].
///
/// # Errors
/// Where the user has no home folder.
pub(crate) fn assumptions_path(dir: Option<&Path>) -> anyhow::Result<PathBuf> {
    Ok(folder(dir)?.join(manifest::ASSUMPTIONS))
}

/// The manifest that `trainer corpus mix` writes, in the corpus at `dir` or at its usual place.
///
/// # Errors
/// Where the user has no home folder.
pub(crate) fn made_path(dir: Option<&Path>) -> anyhow::Result<PathBuf> {
    Ok(mix::manifest_path(&folder(dir)?))
}

/// `dir`, or `echometer/open-corpus` in the user's cache folder.
fn folder(dir: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(dir) = dir {
        return Ok(dir.to_owned());
    }
    let caches = etcetera::base_strategy::choose_native_strategy().map_err(|error| {
        anyhow::anyhow!("no cache folder for the open corpus: {error}; name one with --dir")
    })?;
    Ok(caches.cache_dir().join("echometer").join("open-corpus"))
}
