//! Any model on any data: what the engine says of each clip against the clip's labels.

mod choice;
mod table;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use clap::Args;
use echometer_engine::{Device, Feature, Model, ModelFiles, PerFeature, Reading, Scorer};
use indicatif::ParallelProgressIterator;
use rayon::prelude::*;

use self::choice::{Sides, choose};
use crate::cli::Features;
use crate::data::prepare::{REJECTED, tell};
use crate::data::row::{Row, Split};
use crate::data::sound::Sound;
use crate::data::source::Rejected;
use crate::data::sources::{self, DataSpec};
use crate::panics::catch;
use crate::report::progress_bar;
use crate::told::told;
use crate::training::metrics::Scored;

/// What `trainer eval` is called with.
#[derive(Debug, Args)]
#[command(
    after_help = "Figures on clips that the model was trained on say nothing of how it does on others: take clips it has \
                  never heard, or --clips OUT/clips.csv --split test for a model of a grid."
)]
pub(crate) struct EvalOptions {
    /// The folder of the model: card.json and its ONNX files
    #[arg(long, value_name = "DIR")]
    model: PathBuf,

    /// MANIFEST.csv, MANIFEST.parquet, fma:DIR, spotify:FEATURES.csv or open
    #[arg(long, value_name = "DATA", value_parser = DataSpec::parse)]
    data: DataSpec,

    /// The folder of audio files that belong to spotify:FEATURES.csv
    #[arg(long, value_name = "DIR")]
    audio: Option<PathBuf>,

    /// Which features: `all`, or names with commas between
    #[arg(long, default_value = "all")]
    features: Features,

    /// Only clips that the data, or the file of --clips, puts on this side
    #[arg(long, value_enum)]
    split: Option<Split>,

    /// Takes the side of --split from clips.csv in a grid's OUT folder: measures a model on the clips its grid kept for
    /// the test
    #[arg(long, value_name = "FILE", requires = "split")]
    clips: Option<PathBuf>,

    /// Where inference runs: auto, cpu, cuda, embedded …
    #[arg(long, default_value_t = Device::Auto)]
    device: Device,

    /// What is printed
    #[arg(long, value_enum, default_value_t = table::Format::Text)]
    format: table::Format,

    /// Also writes metrics.txt, metrics.csv, metrics.json, predictions.csv and rejected.csv, what was left out and why, to
    /// this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What one clip came to.
struct Evaluated {
    row: Row,
    reading: Result<Reading, String>,
}

/// Scores every labelled clip through the engine and prints the metrics.
pub(crate) fn eval(options: &EvalOptions, stop: &AtomicBool) -> anyhow::Result<()> {
    let model = Model::load(&ModelFiles::read(&options.model)?, options.device)
        .with_context(|| format!("cannot load the model in {}", options.model.display()))?;
    let known: Vec<_> = model.card().features.iter().map(|feature| feature.name).collect();
    let features: Vec<_> = options
        .features
        .0
        .iter()
        .copied()
        .filter(|f| known.contains(f))
        .collect();
    if features.is_empty() {
        bail!("{} gives none of the features asked for", model.title());
    }
    let source = sources::open(&options.data, options.audio.as_deref())?;
    let listing = source.list()?;
    sources::require(&listing, &source.describe(), &features)?;
    let mut rejected = listing.rejected;
    let sides = options.clips.as_deref().map(Sides::read).transpose()?;
    let rows = choose(
        listing.rows,
        &features,
        options.split,
        sides.as_ref(),
        &source.describe(),
        &mut rejected,
    )?;
    let bar = progress_bar(rows.len() as u64, "scoring");
    let evaluated: Vec<_> = rows
        .into_par_iter()
        .progress_with(bar)
        .map(|row| {
            let reading = match stop.load(Ordering::Relaxed) {
                true => Err("stopped".to_owned()),
                false => catch(|| score(&model, &row))
                    .map_err(|panic| format!("scoring failed on it: {panic}"))
                    .and_then(|reading| reading.map_err(|error| told(&error))),
            };
            Evaluated { row, reading }
        })
        .collect();
    if stop.load(Ordering::Relaxed) {
        bail!("stopped; nothing was written");
    }
    rejected.extend(evaluated.iter().filter_map(|clip| {
        let reason = lack(clip, &features)?;
        Some(Rejected::new(&clip.row, reason))
    }));
    if let Some(folder) = &options.out {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let list = options.out.as_ref().map(|folder| folder.join(REJECTED));
    tell(&rejected, list.as_deref())?;
    let scored = PerFeature::from_fn(|feature| scored(&evaluated, feature));
    let count = (0..evaluated.len())
        .filter(|i| features.iter().any(|&f| scored[f].iter().any(|s| s.fold == *i)))
        .count();
    if count == 0 {
        let first = rejected.first().map_or(String::new(), |first| {
            format!(", the first left out is {}: {}", first.clip, first.reason)
        });
        bail!("none of {} clips could be measured{first}", evaluated.len());
    }
    tracing::info!(
        "{count} clips measured, {} left out in whole or in part",
        rejected.len()
    );
    let lines = table::lines(&features, &scored);
    print!("{}", table::show(&lines, options.format)?);
    if let Some(folder) = &options.out {
        let names: Vec<_> = evaluated.iter().map(|e| e.row.name()).collect();
        table::write(folder, &lines, &names, &features, &scored)?;
    }
    Ok(())
}

/// Why a clip is left out, or has no value for some of the features that it has a label for.
fn lack(clip: &Evaluated, features: &[Feature]) -> Option<String> {
    let reading = match &clip.reading {
        Ok(reading) => reading,
        Err(reason) => return Some(reason.clone()),
    };
    let lacking: Vec<_> = features
        .iter()
        .filter(|&&feature| clip.row.labels[feature].is_some())
        .filter(|&&feature| reading.values[feature].is_none() || reading.sd[feature].is_none())
        .map(|feature| feature.name())
        .collect();
    let why = match reading.silent {
        true => "it is silent",
        false => "it is too short",
    };
    (!lacking.is_empty()).then(|| format!("{why}: no value for {}", lacking.join(", ")))
}

/// The reading of a clip as long as the model's window.
fn score(model: &Model, row: &Row) -> anyhow::Result<Reading> {
    let mut sound = Sound::open(&row.path, row.start, model.card().window_s)?;
    let mut scorer = Scorer::new(model, sound.format(), LEAST_RATE)?;
    let mut readings = Vec::new();
    while let Some(samples) = sound.next()? {
        scorer.push(samples, &mut readings)?;
        readings.clear(); // Only the last one, of the whole clip, is looked at.
    }
    scorer.finish()?.context("it is empty")
}

/// Readings a second before the end: so few that a clip has none.
const LEAST_RATE: f64 = 1e-3;

/// A feature's predictions beside the truth, for the clips that have both.
fn scored(evaluated: &[Evaluated], feature: Feature) -> Vec<Scored> {
    let labels: Vec<_> = evaluated
        .iter()
        .filter_map(|e| e.row.labels[feature])
        .map(f64::from)
        .collect();
    let (baseline, _) = crate::training::metrics::mean_and_variance(&labels);
    evaluated
        .iter()
        .enumerate()
        .filter_map(|(i, e)| {
            let reading = e.reading.as_ref().ok()?;
            Some(Scored {
                truth: f64::from(e.row.labels[feature]?),
                mean: f64::from(reading.values[feature]?),
                sd: f64::from(reading.sd[feature]?),
                baseline,
                fold: i,
            })
        })
        .collect()
}
