//! From the command line's data to usable clips, with a list of what was left out.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Context, bail};
use echometer_engine::frontend::FrontEndConfig;

use super::cache::Cache;
use super::clips::{self, Clip, Needs};
use super::row::Row;
use super::source::Rejected;
use super::sources;
use crate::cli::{CacheOptions, DataArgs};
use crate::report::progress_bar;

/// The clips of a data set.
pub(crate) struct Data {
    /// The source in words.
    pub(crate) description: String,
    pub(crate) clips: Vec<Clip>,
    pub(crate) rejected: Vec<Rejected>,
}

/// File in OUT that lists what was left out.
pub(crate) const REJECTED: &str = "rejected.csv";
/// Rejected clips that are also told on the terminal.
const TOLD: usize = 20;

/// Lists, decodes or finds in the cache, and checks every clip. `shortest` frames make a clip long enough. What cannot be
/// used is written to `OUT/rejected.csv`.
pub(crate) fn prepare(
    args: &DataArgs,
    front_end: &FrontEndConfig,
    window_s: f64,
    shortest: usize,
    stop: &AtomicBool,
) -> anyhow::Result<Data> {
    let features = &args.features.0;
    let source = sources::open(&args.data, args.audio.as_deref())?;
    let listing = source.list()?;
    sources::require(&listing, &source.describe(), features)?;
    fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    let mut cache = Cache::open(&args.cache(), front_end, window_s)?;
    let needs = Needs {
        features,
        frames: shortest,
        mels: front_end.mels,
        frame_rate: front_end.frame_rate(),
    };
    let Some(loaded) = clips::load(listing.rows, needs, &mut cache, stop)? else {
        bail!("stopped; what was computed is kept, and the same command goes on from there");
    };
    let mut rejected = listing.rejected;
    rejected.extend(loaded.rejected);
    let path = args.out.join(REJECTED);
    write(&path, &rejected).with_context(|| format!("cannot write {}", path.display()))?;
    for Rejected { clip, reason } in rejected.iter().take(TOLD) {
        tracing::warn!("left out: {clip}: {reason}");
    }
    if rejected.len() > TOLD {
        tracing::warn!("… and {} more, see {}", rejected.len() - TOLD, path.display());
    }
    Ok(Data {
        description: source.describe(),
        clips: loaded.clips,
        rejected,
    })
}

fn write(path: &Path, rejected: &[Rejected]) -> anyhow::Result<()> {
    let mut table = csv::Writer::from_path(path)?;
    table.write_record(["clip", "reason"])?;
    for Rejected { clip, reason } in rejected {
        table.write_record([clip, reason])?;
    }
    Ok(table.flush()?)
}

/// Computes and caches this part's mel frames.
pub(crate) fn cache(options: &CacheOptions, stop: &AtomicBool) -> anyhow::Result<()> {
    let CacheOptions { data, profile, shard } = options;
    let source = sources::open(&data.data, data.audio.as_deref())?;
    let rows = source.list()?.rows.into_iter().enumerate();
    let mine = |(i, row): (usize, Row)| (shard.has(i) && row.has_any(&data.features.0)).then_some(row);
    let rows: Vec<_> = rows.filter_map(mine).collect();
    let mut cache = Cache::open(&data.cache(), &profile.front_end(), profile.window_s())?;
    let bar = progress_bar(rows.len() as u64, "mel frames");
    let start = Instant::now();
    if cache.sounds(&rows, &bar, stop)?.is_none() {
        bail!("stopped; what was computed is kept, and the same command goes on from there");
    }
    tracing::info!(
        "{} clips cached in {}, {:.1} s",
        rows.len(),
        data.cache().display(),
        start.elapsed().as_secs_f64()
    );
    Ok(())
}
