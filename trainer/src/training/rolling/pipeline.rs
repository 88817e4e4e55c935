//! From the command line to a model folder.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, bail};
use clap::Args;
use echometer_engine::PerFeature;
use echometer_engine::frontend::FrontEndConfig;
use echometer_engine::model::{FeatureMetrics, TrainingCard, columns_in};

use super::detect;
use super::evaluate::{Held, score};
use super::examples::{self, Example};
use super::made::Made;
use super::outcome::Outcome;
use super::run::{Settings, fit, fresh};
use crate::cli::{ComputeArgs, DataArgs, parse_rate};
use crate::data::clips::{Clip, without};
use crate::data::folds;
use crate::data::prepare::{Data, prepare};
use crate::data::row::Split;
use crate::data::source::SourceError;
use crate::data::sources::DataSpec;
use crate::distil::{self, DistilOptions, distil};
use crate::export::{self, About};
use crate::network::{Geometry, Network};
use crate::training::device;

/// Length of the rolling window in seconds: a Spotify preview, the excerpt the features are known for.
pub(crate) const WINDOW_S: f64 = 30.0;

/// What `trainer` is called with when it trains the rolling model.
#[derive(Debug, Args)]
pub(crate) struct TrainOptions {
    #[command(flatten)]
    pub(super) data: DataArgs,

    #[command(flatten)]
    pub(super) compute: ComputeArgs,

    #[command(flatten)]
    pub(super) distil: DistilOptions,

    /// More clips, given like --data, whose labels are assumptions: they are learned from, weigh less, and measure nothing.
    /// May be repeated
    #[arg(long, value_name = "DATA", value_parser = DataSpec::parse)]
    pub(super) weak: Vec<DataSpec>,

    /// Clips by construction, given like --data: each of their columns aux_NAME, 0 to 1, becomes a detector, which draws features to
    /// the labels of clips with the sound where it is heard, and leaves songs alone. Needs --teachers; may be repeated
    #[arg(long, value_name = "DATA", value_parser = DataSpec::parse, requires = "teachers")]
    pub(super) detect: Vec<DataSpec>,

    /// Passes over the training clips
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) epochs: u32,

    /// Clips in a batch
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(2..=4096))]
    pub(super) batch: u32,

    /// Largest learning rate; it warms up and falls to zero along a cosine
    #[arg(long, default_value_t = 2e-3, value_parser = parse_rate)]
    pub(super) learning_rate: f64,

    /// Folds of the cross-validation that measures the model; 0 skips it, and the model says that it is unmeasured
    #[arg(long, default_value_t = 5, value_parser = parse_folds)]
    pub(super) folds: usize,

    /// Name of the model on its card [default: that of the folder --out]
    #[arg(long)]
    name: Option<String>,

    /// Version of the model on its card
    #[arg(long, default_value = "0.1.0")]
    model_version: String,

    /// Licence of the model on its card
    #[arg(long, default_value = "MIT OR Apache-2.0")]
    licence: String,

    /// What the data is, in words, for the card [default: what the source says of itself]
    #[arg(long)]
    data_note: Option<String>,

    /// Makes the model in OUT again where it was made with other settings or clips, and loses what is there
    #[arg(long)]
    replace: bool,
}

fn parse_folds(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(1) | Err(_) => Err(format!("`{text}` folds, but must be 0 or at least 2")),
        Ok(folds) => Ok(folds),
    }
}

/// Reads the data, measures by cross-validation, fits on everything, exports and verifies.
pub(crate) fn train(options: &TrainOptions, stop: &AtomicBool) -> anyhow::Result<()> {
    let features = &options.data.features.0;
    let front_end = FrontEndConfig::live();
    let mut settings = settings(options, &front_end)?;
    let shortest = Geometry::standard(settings.mels).shortest() as usize;
    let data = prepare(&options.data, &front_end, WINDOW_S, shortest, stop)?;
    let clips = &data.clips;
    if clips.len() < 2 {
        bail!(
            "{}: {} usable clips, but at least 2 are needed; the others are in {}",
            data.description,
            clips.len(),
            options.data.out.join(crate::data::prepare::REJECTED).display()
        );
    }
    let made = Made::of(options, clips)?;
    if !options.replace {
        made.refuse_overwriting(&options.data.out)?;
    }
    tracing::info!("{} clips on {}", clips.len(), device::name(settings.device));

    let teaching = distil::Settings {
        front_end: front_end.clone(),
        epochs: options.distil.distil_epochs,
        batch: options.batch as usize,
        learning_rate: options.learning_rate,
        seed: options.compute.seed,
        device: settings.device,
    };
    let made_clips = more_clips(options, &options.detect, "detect", &front_end, clips, stop)?;
    detect::check(&made_clips)?;
    let lesson = distil(&options.distil, &options.data, &teaching, WINDOW_S, clips, stop)?;
    let (taught, songs) = lesson.unzip();
    let songs = songs.unwrap_or_default();
    settings.taught = taught;
    let mut weak = more_clips(options, &options.weak, "weak", &front_end, clips, stop)?;
    // What data keeps for measuring is not learned from.
    weak.retain(|clip| Split::teaches(clip.split));
    let untrained = PerFeature::from_fn(|feature| feature.range().0);
    let taught = settings.taught.is_some().then(|| fresh(&settings, &untrained));
    let taught = taught.transpose()?;
    let see = |clips, count| see(taught.as_ref(), clips, count, &settings, stop);
    let examples = see(clips, examples::VIEWS)?;
    let weak = see(&weak, examples::FEW_VIEWS)?;
    let mut detectors = Vec::new();
    if !options.detect.is_empty() {
        let made = see(&made_clips, examples::FEW_VIEWS)?;
        let songs = see(&songs, examples::FEW_VIEWS)?;
        let (found, table) = detect::detectors(features, &made, &songs, &examples, settings.seed)?;
        println!("{table}");
        let file = options.data.out.join("detectors.md");
        fs::write(&file, table).with_context(|| format!("cannot write {}", file.display()))?;
        detectors = found;
    }

    let held = cross_validate(options, &examples, &weak, &settings, stop)?;
    let outcome = Outcome::of(
        features,
        held,
        &detect::Heard::of(&detectors, &examples, features),
    )?;
    let all: Vec<_> = examples.iter().collect();
    let out = &options.data.out;
    let mut network = fit(&all, &weak, &settings, &out.join("runs/final"), "final", stop)?;
    let shrinkage = outcome.shrinkage().iter();
    let (gains, centres): (Vec<_>, Vec<_>) = shrinkage
        .map(|shrinkage| (shrinkage.gain as f32, shrinkage.centre as f32))
        .unzip();
    network.head.shrink(&gains, &centres);
    network.head.calibrate(&outcome.calibration());
    let detectors = detectors.iter();
    network.head.detectors = detectors
        .map(|detector| detector.to_device(settings.device))
        .collect();
    export(
        options,
        &data,
        &front_end,
        &settings,
        &outcome.metrics,
        &network,
        &made,
    )?;
    outcome.write(&options.data.out)?;
    if options.folds > 0 {
        println!("{}", outcome.table());
    }
    Ok(())
}

fn settings(options: &TrainOptions, front_end: &FrontEndConfig) -> anyhow::Result<Settings> {
    let device = options.compute.device.find()?;
    device::set_threads(options.compute.threads);
    let geometry = Geometry::standard(front_end.mels as i64);
    let window = columns_in(
        front_end.frames_in_s(WINDOW_S),
        geometry.receptive_field() as usize,
        geometry.stride() as usize,
    );
    Ok(Settings {
        features: options.data.features.0.clone(),
        mels: front_end.mels as i64,
        window: window as i64,
        epochs: options.epochs,
        batch: options.batch as usize,
        learning_rate: options.learning_rate,
        seed: options.compute.seed,
        device,
        taught: None,
    })
}

/// The clips of `specs`, without those that sound like one of `labelled`. What is rejected is listed in `OUT/NAME`.
fn more_clips(
    options: &TrainOptions,
    specs: &[DataSpec],
    name: &str,
    front_end: &FrontEndConfig,
    labelled: &[Clip],
    stop: &AtomicBool,
) -> anyhow::Result<Vec<Clip>> {
    let mut clips = Vec::new();
    for spec in specs {
        let data = DataArgs {
            data: spec.clone(),
            audio: None,
            out: options.data.out.join(name),
            cache: Some(options.data.cache()),
            features: options.data.features.clone(),
        };
        let shortest = Geometry::standard(front_end.mels as i64).shortest() as usize;
        match prepare(&data, front_end, WINDOW_S, shortest, stop) {
            Ok(more) => clips.extend(without(more.clips, labelled)),
            Err(error) if says_nothing(&error) => {
                tracing::warn!("--{name} {error}; it teaches nothing here");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(clips)
}

/// Whether clips are there, but without labels for what is asked for: there may be others.
fn says_nothing(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(SourceError::Empty { clips: 1.., .. }))
}

/// Clips to learn from, with `count` views and the whole one through the trunk of a `network` that was taught.
fn see<'a>(
    network: Option<&Network>,
    clips: &'a [Clip],
    count: usize,
    settings: &Settings,
    stop: &AtomicBool,
) -> anyhow::Result<Vec<Example<'a>>> {
    let Some(network) = network else {
        return Ok(examples::plain(clips));
    };
    let seen = examples::seen(network, clips, count, settings, stop)?;
    seen.context("stopped; the same command goes on from there")
}

/// Held-out predictions, one list a feature; empty lists without folds.
fn cross_validate<'a>(
    options: &TrainOptions,
    examples: &[Example<'a>],
    weak: &[Example<'_>],
    settings: &Settings,
    stop: &AtomicBool,
) -> anyhow::Result<Vec<Vec<Held<'a>>>> {
    let mut held: Vec<Vec<_>> = settings.features.iter().map(|_| Vec::new()).collect();
    let fold_of = folds::assign(
        examples.iter().map(|example| example.clip.group.as_str()),
        options.folds.max(1),
        options.compute.seed,
    );
    for fold in 0..options.folds {
        let side = |inside: bool| -> Vec<_> {
            examples
                .iter()
                .zip(&fold_of)
                .filter(|(_, f)| (**f == fold) == inside)
                .map(|(example, _)| example)
                .collect()
        };
        let (held_out, training) = (side(true), side(false));
        if held_out.is_empty() || training.len() < 2 {
            tracing::warn!("fold {} has too few artists to be measured", fold + 1);
            continue;
        }
        let name = format!("fold {} of {}", fold + 1, options.folds);
        let folder = options.data.out.join(format!("runs/fold-{}", fold + 1));
        let network = fit(&training, weak, settings, &folder, &name, stop)?;
        let new = score(&network, &clips(&held_out), &clips(&training), settings, fold)?;
        for (all, new) in held.iter_mut().zip(new) {
            all.extend(new);
        }
    }
    Ok(held)
}

fn clips<'a>(examples: &[&Example<'a>]) -> Vec<&'a Clip> {
    examples.iter().map(|example| example.clip).collect()
}

fn export(
    options: &TrainOptions,
    data: &Data,
    front_end: &FrontEndConfig,
    settings: &Settings,
    measured: &PerFeature<Option<FeatureMetrics>>,
    network: &Network,
    made: &Made,
) -> anyhow::Result<()> {
    let evaluation = match options.folds {
        0 => "not measured".into(),
        folds => {
            let grouped = if data.clips.iter().all(|clip| clip.has_artist) {
                "grouped by artist"
            } else {
                "grouped by artist where one is given, else by file"
            };
            format!("{folds}-fold cross-validation, {grouped}; these weights were then fitted to all clips")
        }
    };
    let name = options
        .name
        .clone()
        .unwrap_or_else(|| folder_name(&options.data.out));
    let about = About {
        name: &name,
        version: &options.model_version,
        licence: &options.licence,
        front_end,
        window_s: WINDOW_S,
        features: &options.data.features.0,
        metrics: measured,
        training: TrainingCard {
            data: options
                .data_note
                .clone()
                .unwrap_or_else(|| describe(data, settings)),
            clips: data.clips.len(),
            evaluation,
            seed: options.compute.seed,
        },
    };
    // The last good model stays until the new one has proven itself.
    let (partial, folder) = (
        options.data.out.join("model.partial"),
        options.data.out.join("model"),
    );
    export::write(network, &about, &partial)?;
    let worst = export::verify(network, &partial)?;
    made.write(&partial)?;
    let context = || format!("cannot replace {}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(context)?;
    }
    fs::rename(&partial, &folder).with_context(context)?;
    tracing::info!(
        "model in {}; engine and libtorch agree to {worst:.1e} of the range",
        folder.display()
    );
    Ok(())
}

/// What a folder is called, however it is written.
fn folder_name(folder: &Path) -> String {
    let whole = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let name = whole.file_name().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "model".into())
}

fn describe(data: &Data, settings: &Settings) -> String {
    let taught = settings.taught.as_ref().map_or(String::new(), |taught| {
        format!(
            "; the trunk from {} unlabelled clips of {} by pretrained teachers",
            taught.clips, taught.description
        )
    });
    format!("{}{taught}", data.description)
}
