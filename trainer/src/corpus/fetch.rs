//! `trainer corpus fetch`: package by package, each download gone as soon as its tracks are verified and kept.

mod summary;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};

use super::apt::{Apt, AptError};
use super::choice::{Batch, LeftOut, batches, wanted};
use super::list::{self, Track};
use super::unpack::{Refused, Store, UnpackError, unpack};
use super::{folder, manifest};
use crate::report::progress_bar;
use summary::Summary;

/// Fetches freely licensed music from the Debian archive, with labels to try the trainer on.
///
/// Needs apt and dpkg-deb with package lists (`apt-get update`), but no rights: nothing is installed. The same command
/// goes on where it was stopped; tracks that are there and whole are not fetched again.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct FetchOptions {
    /// Folder of the corpus [default: echometer/open-corpus in the user's cache folder].
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,

    /// Most tracks to choose, a few a package and small packages first; all labelled ones are 768 of 6.7 GB of packages.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<NonZeroUsize>,

    /// Only these packages, with commas between.
    #[arg(long, value_name = "PACKAGES", value_delimiter = ',')]
    pub(crate) packages: Vec<String>,

    /// Also tracks without labels: more music, sounds and speech. They are in the folder, but not in its manifest.
    #[arg(long)]
    pub(crate) unlabelled: bool,
}

/// Fetches the tracks and writes manifest, attribution and report. When `stop` is set, what is there is kept and written
/// down all the same.
///
/// # Errors
/// Without apt or its lists, where the folder cannot be written, and where no track can be had. A package or track that
/// fails alone goes into the report.
pub(crate) fn fetch(options: &FetchOptions, stop: &AtomicBool) -> anyhow::Result<()> {
    let tracks = list::tracks()?;
    let summary = run(options, &tracks, Apt::find, stop)?;
    println!("{summary}");
    Ok(())
}

/// [`fetch`] for some of `tracks`.
pub(super) fn run(
    options: &FetchOptions,
    tracks: &[Track],
    find_apt: impl FnOnce() -> Result<Apt, AptError>,
    stop: &AtomicBool,
) -> anyhow::Result<Summary> {
    let (chosen, mut left_out) = wanted(tracks, &options.packages, options.unlabelled)?;
    let store = Store::open(&folder(options.dir.as_deref())?)?;
    let mut there = verify(&store, tracks, stop);
    let asked = chosen.len();
    let missing = |there: &BTreeSet<_>, track: &&Track| !there.contains(&key(track));
    let mut work = Fetching {
        store: &store,
        there: &mut there,
        fetched: 0,
        downloaded: 0,
        failed: 0,
        fatal: None,
    };
    // Which tracks a limit chooses depends on the packages' sizes, so that apt is asked also where all may be there.
    let limit = options.limit.map(NonZeroUsize::get);
    if limit.is_some() || chosen.iter().any(|track| missing(work.there, track)) {
        let apt = find_apt()?;
        let packages: BTreeMap<_, _> = chosen
            .iter()
            .map(|track| (track.package.as_str(), track.version.as_str()))
            .collect();
        let offers = apt.offers(&packages)?;
        let (mut batches, more) = batches(chosen, &offers, limit);
        left_out.extend(more);
        for batch in &mut batches {
            batch.tracks.retain(|track| missing(work.there, track));
        }
        batches.retain(|batch| !batch.tracks.is_empty());
        left_out.extend(work.all(&apt, batches, stop));
    }
    let (fetched, downloaded, failed, fatal) = (work.fetched, work.downloaded, work.failed, work.fatal);
    left_out.retain(|left| !there.contains(&key(left.track)));
    let present: Vec<_> = tracks
        .iter()
        .filter(|track| there.contains(&key(track)))
        .collect();
    let written = manifest::write(&store, &present, &left_out);
    if let Some(error) = fatal {
        return Err(error);
    }
    written?;
    let stopped = stop.load(Ordering::Relaxed);
    if present.is_empty() && !stopped {
        bail!(
            "none of {asked} tracks could be had: {} says why",
            store.folder().join(manifest::REPORT).display()
        );
    }
    Ok(Summary {
        folder: store.folder().to_owned(),
        tracks: present.len(),
        clips: present.iter().map(|track| track.clips.len()).sum(),
        seconds: present.iter().map(|track| track.seconds).sum(),
        fetched,
        downloaded,
        failed,
        left_out: left_out.len(),
        stopped,
    })
}

/// A track among all.
type Key<'a> = (&'a str, &'a str);

fn key(track: &Track) -> Key<'_> {
    (&track.package, &track.path)
}

/// The tracks of the list that the folder has, whole.
fn verify<'a>(store: &Store, tracks: &'a [Track], stop: &AtomicBool) -> BTreeSet<Key<'a>> {
    let files: Vec<_> = tracks
        .iter()
        .filter(|track| store.folder().join(track.stored()).exists())
        .collect();
    let bar = progress_bar(files.len() as u64, "verifying");
    let whole = files
        .into_iter()
        .inspect(|_| bar.inc(1))
        // When stopped, what was not looked at is taken for whole: it was when it was put there.
        .filter(|track| stop.load(Ordering::Relaxed) || store.has(track))
        .map(key)
        .collect();
    bar.finish_and_clear();
    whole
}

struct Fetching<'a, 'b> {
    store: &'b Store,
    there: &'b mut BTreeSet<Key<'a>>,
    fetched: usize,
    downloaded: u64,
    failed: usize,
    /// What ended the work.
    fatal: Option<anyhow::Error>,
}

impl<'a> Fetching<'a, '_> {
    /// Fetches batch after batch; the answer is what could not be had.
    fn all(&mut self, apt: &Apt, batches: Vec<Batch<'a>>, stop: &AtomicBool) -> Vec<LeftOut<'a>> {
        let bar = bar(batches.iter().map(|batch| batch.offer.bytes).sum());
        let mut left_out = Vec::new();
        let count = batches.len();
        for (i, batch) in batches.into_iter().enumerate() {
            let before = bar.position();
            bar.set_message(format!("{} ({} of {count})", batch.package, i + 1));
            let ended = stop.load(Ordering::Relaxed) || self.fatal.is_some();
            let outcome = if ended {
                Err(Ended::Stopped)
            } else {
                self.one(apt, &batch, &bar, stop)
            };
            let got = self.note(&batch, outcome, &mut left_out);
            bar.set_position(before + batch.offer.bytes);
            if ended {
                continue;
            }
            let line = format!(
                "{} {}: {got} of {} tracks",
                batch.package,
                batch.offer.version,
                batch.tracks.len()
            );
            if got < batch.tracks.len() {
                let why = left_out.last().map_or("", |left| left.reason.as_str());
                bar.suspend(|| tracing::warn!("{line}: {why}"));
            } else if bar.is_hidden() {
                tracing::info!("{line}");
            }
        }
        bar.finish_and_clear();
        left_out
    }

    /// The package's download lasts as long as its unpacking.
    fn one(
        &mut self,
        apt: &Apt,
        batch: &Batch,
        bar: &ProgressBar,
        stop: &AtomicBool,
    ) -> Result<Vec<Result<(), Refused>>, Ended> {
        let scratch = self.store.scratch().map_err(|error| Ended::Fatal(error.into()))?;
        let before = bar.position();
        let deb = apt
            .download(batch.package, &batch.offer, scratch.path(), stop, |bytes| {
                bar.set_position(before + bytes)
            })
            .map_err(|error| match error {
                AptError::Stopped => Ended::Stopped,
                AptError::Io(error) => Ended::Fatal(error.into()),
                error => Ended::Package(error.to_string()),
            })?;
        self.downloaded += deb.metadata().map_or(0, |meta| meta.len());
        unpack(&apt.dpkg_deb, &deb, &batch.tracks, self.store, stop).map_err(|error| match error {
            UnpackError::Stopped => Ended::Stopped,
            UnpackError::Damaged(_) => Ended::Package(error.to_string()),
            error => Ended::Fatal(error.into()),
        })
    }

    /// Notes what became of a batch; the answer is how many of its tracks are there now.
    fn note(
        &mut self,
        batch: &Batch<'a>,
        outcome: Result<Vec<Result<(), Refused>>, Ended>,
        left_out: &mut Vec<LeftOut<'a>>,
    ) -> usize {
        let outcome = outcome.map_err(|ended| match ended {
            Ended::Stopped => "stopped before it was fetched".to_owned(),
            Ended::Package(reason) => {
                self.failed += 1;
                reason
            }
            Ended::Fatal(error) => {
                let reason = crate::told::told(&error);
                self.fatal = Some(error.context(format!("package {}", batch.package)));
                reason
            }
        });
        let mut got = 0;
        for (i, &track) in batch.tracks.iter().enumerate() {
            let reason = match &outcome {
                Ok(outcomes) => outcomes[i].as_ref().err().map(ToString::to_string),
                // What was verified before the end counts.
                Err(reason) => (!self.store.has(track)).then(|| reason.clone()),
            };
            if let Some(reason) = reason {
                left_out.push(LeftOut { track, reason });
            } else {
                self.there.insert(key(track));
                got += 1;
            }
        }
        self.fetched += got;
        if outcome.is_ok() && got < batch.tracks.len() {
            self.failed += 1;
        }
        got
    }
}

/// Why a package was not read to its end.
enum Ended {
    Stopped,
    /// It concerns this package alone.
    Package(String),
    /// No other package will fare better.
    Fatal(anyhow::Error),
}

fn bar(bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{prefix:>14} {wide_bar:.cyan/dim} {bytes}/{total_bytes} · {bytes_per_sec} · {eta} left {msg}",
    )
    .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(bytes).with_style(style).with_prefix("fetching")
}

#[cfg(test)]
mod tests;
