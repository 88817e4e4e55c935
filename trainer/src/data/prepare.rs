//! From the command line's data to usable clips, with a list of what was left out.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Context, bail};
use echometer_engine::frontend::FrontEndConfig;

use super::cache::{Cache, MelFrames};
use super::clips::{self, Clip, Needs};
use super::row::Row;
use super::source::Rejected;
use super::sources;
use crate::cli::{CacheOptions, DataArgs, Part};

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
const TOLD: usize = 5;

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
    let content = MelFrames {
        front_end: front_end.clone(),
        window_s,
    };
    let mut cache = Cache::open(&args.cache(), content)?;
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
    tell(&rejected, Some(&args.out.join(REJECTED)))?;
    Ok(Data {
        description: source.describe(),
        clips: loaded.clips,
        rejected,
    })
}

/// Tells the first of what was left out, and writes all of it to `path`.
pub(crate) fn tell(rejected: &[Rejected], path: Option<&Path>) -> anyhow::Result<()> {
    for Rejected { clip, reason } in rejected.iter().take(TOLD) {
        tracing::warn!("left out: {clip}: {reason}");
    }
    if rejected.len() > TOLD {
        let place = path.map_or(String::new(), |path| format!(" in {}", path.display()));
        tracing::warn!("… and {} more{place}", rejected.len() - TOLD);
    }
    match path {
        Some(path) => write(path, rejected).with_context(|| format!("cannot write {}", path.display())),
        None => Ok(()),
    }
}

fn write(path: &Path, rejected: &[Rejected]) -> anyhow::Result<()> {
    let mut table = csv::Writer::from_path(path)?;
    table.write_record(["clip", "reason"])?;
    for Rejected { clip, reason } in rejected {
        table.write_record([clip, reason])?;
    }
    Ok(table.flush()?)
}

/// Computes and caches this part's mel frames. What cannot be used is told, and written beside as [`prepare`] does; of clips
/// with the same sound, those that are in one part.
pub(crate) fn cache(options: &CacheOptions, stop: &AtomicBool) -> anyhow::Result<()> {
    let CacheOptions { data, profile, shard } = options;
    let features = &data.features.0;
    let source = sources::open(&data.data, data.audio.as_deref())?;
    let listing = source.list()?;
    sources::require(&listing, &source.describe(), features)?;
    fs::create_dir_all(&data.out).with_context(|| format!("cannot make {}", data.out.display()))?;
    let rows = listing.rows.into_iter().enumerate();
    let mine = |(i, row): (usize, Row)| (shard.has(i) && row.has_any(features)).then_some(row);
    let rows: Vec<_> = rows.filter_map(mine).collect();
    let content = MelFrames {
        front_end: profile.front_end(),
        window_s: profile.window_s(),
    };
    let needs = Needs {
        features,
        frames: profile.least_frames(),
        mels: content.front_end.mels,
        frame_rate: content.front_end.frame_rate(),
    };
    let mut cache = Cache::open(&data.cache(), content)?;
    let (count, start) = (rows.len(), Instant::now());
    let Some(loaded) = clips::load(rows, needs, &mut cache, stop)? else {
        bail!("stopped; what was computed is kept, and the same command goes on from there");
    };
    let mut rejected = listing.rejected;
    let listed = rejected.len();
    rejected.extend(loaded.rejected);
    let path = data.out.join(rejected_name(*shard));
    tell(&rejected, Some(&path))?;
    if count > 0 && loaded.clips.is_empty() {
        bail!("none of {count} clips can be used, see {}", path.display());
    }
    tracing::info!(
        "{} usable clips in {}, {} left out once decoded and {listed} before, {:.1} s",
        loaded.clips.len(),
        data.cache().display(),
        rejected.len() - listed,
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// File in OUT that lists what a part left out: machines that share OUT each have their own.
fn rejected_name(part: Part) -> String {
    let mut items = (0..).filter(|&i| part.has(i));
    match (items.next(), items.next()) {
        (Some(first), Some(second)) if second - first > 1 => {
            format!("rejected-{}-of-{}.csv", first + 1, second - first)
        }
        _ => REJECTED.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_a_list_of_its_own() {
        for (part, name) in [
            ("1/1", "rejected.csv"),
            ("1/2", "rejected-1-of-2.csv"),
            ("3/8", "rejected-3-of-8.csv"),
        ] {
            assert_eq!(rejected_name(part.parse().unwrap()), name);
        }
    }
}
