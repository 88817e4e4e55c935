//! Any model on any data: what the engine says of each clip against the clip's labels.

mod table;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use clap::Args;
use echometer_engine::{Device, Feature, InputFormat, Model, ModelFiles, PerFeature, Reading, Scorer};
use indicatif::ParallelProgressIterator;
use rayon::prelude::*;

use crate::cli::Features;
use crate::data::row::{Row, Split};
use crate::data::sound::Sound;
use crate::data::sources::{self, DataSpec};
use crate::report::progress_bar;
use crate::training::metrics::Scored;

/// What `trainer eval` is called with.
#[derive(Debug, Args)]
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

    /// Only clips that the data puts on this side
    #[arg(long, value_enum)]
    split: Option<Split>,

    /// Where inference runs: auto, cpu, cuda, embedded …
    #[arg(long, default_value_t = Device::Auto)]
    device: Device,

    /// What is printed
    #[arg(long, value_enum, default_value_t = table::Format::Text)]
    format: table::Format,

    /// Also writes metrics.txt, metrics.csv, metrics.json and predictions.csv to this folder
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
    let wanted =
        |row: &Row| row.has_any(&features) && options.split.is_none_or(|split| row.split == Some(split));
    let rows: Vec<_> = listing.rows.into_iter().filter(wanted).collect();
    if let (true, Some(split)) = (rows.is_empty(), options.split) {
        bail!(
            "{}: it puts no clip with these labels on the {} side",
            source.describe(),
            split.name()
        );
    }
    let bar = progress_bar(rows.len() as u64, "scoring");
    let evaluated: Vec<_> = rows
        .into_par_iter()
        .progress_with(bar)
        .map(|row| {
            let reading = match stop.load(Ordering::Relaxed) {
                true => Err("stopped".to_owned()),
                false => score(&model, &row).map_err(|error| format!("{error:#}")),
            };
            Evaluated { row, reading }
        })
        .collect();
    if stop.load(Ordering::Relaxed) {
        bail!("stopped; nothing was written");
    }
    for Evaluated { row, reading } in &evaluated {
        if let Err(reason) = reading {
            tracing::warn!("left out: {}: {reason}", row.path.display());
        }
    }
    let scored = PerFeature::from_fn(|feature| scored(&evaluated, feature));
    let lines = table::lines(&features, &scored);
    print!("{}", table::show(&lines, options.format)?);
    if let Some(folder) = &options.out {
        let names: Vec<_> = evaluated
            .iter()
            .map(|e| e.row.path.display().to_string())
            .collect();
        table::write(folder, &lines, &names, &features, &scored)?;
    }
    Ok(())
}

/// The reading of a clip as long as the model's window.
fn score(model: &Model, row: &Row) -> anyhow::Result<Reading> {
    let mut sound = Sound::open(&row.path, row.start, model.card().window_s)?;
    let format = InputFormat {
        rate: sound.rate(),
        channels: sound.channels(),
    };
    let mut scorer = Scorer::new(model, format, LEAST_RATE)?;
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
