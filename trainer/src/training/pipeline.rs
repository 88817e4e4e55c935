//! From the command line to a model folder.

use std::fs;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, bail};
use echometer_engine::PerFeature;
use echometer_engine::frontend::FrontEndConfig;
use echometer_engine::model::{FeatureMetrics, TrainingCard, columns_in};

use super::evaluate::score;
use super::metrics::{Scored, calibration, metrics};
use super::run::{Settings, fit};
use crate::cli::{Cli, Device};
use crate::data::cache::Cache;
use crate::data::clips::{self, Clip};
use crate::data::folds;
use crate::data::sources::{self, DataSpec};
use crate::export::{self, About};
use crate::network::{Geometry, Network};
use crate::report;

/// Length of the rolling window in seconds: a Spotify preview, the excerpt the features are known for.
const WINDOW_S: f64 = 30.0;

/// Reads the manifest, measures by cross-validation, fits on everything, exports and verifies.
pub(crate) fn train(cli: &Cli, stop: &AtomicBool) -> anyhow::Result<()> {
    let features = &cli.features.0;
    let data = DataSpec::parse(&cli.data.to_string_lossy()).map_err(anyhow::Error::msg)?;
    let source = sources::open(&data, None)?;
    let listing = source.list()?;
    sources::require(&listing, &cli.data.display().to_string(), features)?;
    let front_end = FrontEndConfig::live();
    let settings = settings(cli, &front_end)?;
    fs::create_dir_all(&cli.out).with_context(|| format!("cannot make {}", cli.out.display()))?;
    let shortest = Geometry::standard(settings.mels).shortest() as usize;
    let cache = Cache::new(cli.out.join("cache"), front_end.clone(), WINDOW_S, shortest)
        .with_context(|| format!("cannot make the cache in {}", cli.out.display()))?;
    let (clips, rejected) = clips::load(&listing.rows, features, &cache, settings.mels);
    let missing = listing.rejected.iter();
    let missing: String = missing
        .map(|left_out| format!("{}: {}\n", left_out.clip, left_out.reason))
        .collect();
    let list = missing + &report::rejected(&rejected);
    fs::write(cli.out.join("rejected.txt"), &list).context("cannot write rejected.txt")?;
    if !list.is_empty() {
        tracing::warn!(
            "{} of {} clips cannot be used (rejected.txt):\n{list}",
            rejected.len() + listing.rejected.len(),
            listing.rows.len() + listing.rejected.len()
        );
    }
    if clips.len() < 2 {
        bail!(
            "{}: {} usable clips, but at least 2 are needed",
            cli.data.display(),
            clips.len()
        );
    }
    tracing::info!("{} clips on {:?}", clips.len(), settings.device);

    let scored = cross_validate(cli, &clips, &settings, stop)?;
    let measured = PerFeature::from_fn(|feature| {
        let i = features.iter().position(|&known| known == feature)?;
        metrics(&scored[i])
    });
    let all: Vec<_> = clips.iter().collect();
    let network = fit(&all, &settings, &cli.out.join("runs/final"), "final", stop)?;
    let factors: Vec<_> = scored.iter().map(|scored| calibration(scored) as f32).collect();
    network.head.calibrate(&factors);
    export(cli, &clips, &front_end, &measured, &network)?;
    write_report(cli, &measured)
}

fn settings(cli: &Cli, front_end: &FrontEndConfig) -> anyhow::Result<Settings> {
    let device = match cli.device {
        Device::Cpu => tch::Device::Cpu,
        Device::Auto => tch::Device::cuda_if_available(),
        Device::Cuda(index) if tch::Cuda::is_available() && (index as i64) < tch::Cuda::device_count() => {
            tch::Device::Cuda(index)
        }
        Device::Cuda(index) => {
            let count = tch::Cuda::device_count();
            bail!(
                "device cuda:{index} is not there: this libtorch sees {count} CUDA devices; use --device cpu"
            )
        }
    };
    let threads = match cli.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads as usize,
    };
    tch::set_num_threads(i32::try_from(threads).unwrap_or(1));
    let geometry = Geometry::standard(front_end.mels as i64);
    let frames = front_end.frames_in((WINDOW_S * f64::from(front_end.sample_rate)) as u64) as usize;
    let window = columns_in(
        frames,
        geometry.receptive_field() as usize,
        geometry.stride() as usize,
    );
    Ok(Settings {
        features: cli.features.0.clone(),
        mels: front_end.mels as i64,
        window: window as i64,
        epochs: cli.epochs,
        batch: cli.batch as usize,
        learning_rate: cli.learning_rate,
        seed: cli.seed,
        device,
    })
}

/// Held-out predictions, one list a feature; empty lists without folds.
fn cross_validate(
    cli: &Cli,
    clips: &[Clip],
    settings: &Settings,
    stop: &AtomicBool,
) -> anyhow::Result<Vec<Vec<Scored>>> {
    let mut scored = vec![Vec::new(); settings.features.len()];
    let fold_of = folds::assign(
        clips.iter().map(|clip| clip.group.as_str()),
        cli.folds.max(1),
        cli.seed,
    );
    for fold in 0..cli.folds {
        let side = |inside: bool| -> Vec<&Clip> {
            clips
                .iter()
                .zip(&fold_of)
                .filter(|(_, f)| (**f == fold) == inside)
                .map(|(clip, _)| clip)
                .collect()
        };
        let (held_out, training) = (side(true), side(false));
        if held_out.is_empty() || training.len() < 2 {
            tracing::warn!("fold {} has too few artists to be measured", fold + 1);
            continue;
        }
        let name = format!("fold {} of {}", fold + 1, cli.folds);
        let folder = cli.out.join(format!("runs/fold-{}", fold + 1));
        let network = fit(&training, settings, &folder, &name, stop)?;
        for (all, new) in scored
            .iter_mut()
            .zip(score(&network, &held_out, &training, settings, fold))
        {
            all.extend(new);
        }
    }
    Ok(scored)
}

fn export(
    cli: &Cli,
    clips: &[Clip],
    front_end: &FrontEndConfig,
    measured: &PerFeature<Option<FeatureMetrics>>,
    network: &Network,
) -> anyhow::Result<()> {
    let evaluation = match cli.folds {
        0 => "not measured".into(),
        folds => {
            let grouped = if clips.iter().all(|clip| clip.has_artist) {
                "grouped by artist"
            } else {
                "grouped by artist where one is given, else by file"
            };
            format!("{folds}-fold cross-validation, {grouped}; these weights were then fitted to all clips")
        }
    };
    let about = About {
        name: &cli.name,
        version: &cli.model_version,
        licence: &cli.licence,
        front_end,
        window_s: WINDOW_S,
        features: &cli.features.0,
        metrics: measured,
        training: TrainingCard {
            data: cli.data_note.clone(),
            clips: clips.len(),
            evaluation,
            seed: cli.seed,
        },
    };
    // The last good model stays until the new one has proven itself.
    let (partial, folder) = (cli.out.join("model.partial"), cli.out.join("model"));
    export::write(network, &about, &partial)?;
    let worst = export::verify(network, &partial)?;
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

fn write_report(cli: &Cli, measured: &PerFeature<Option<FeatureMetrics>>) -> anyhow::Result<()> {
    let table = report::table(&cli.features.0, measured);
    fs::write(cli.out.join("metrics.md"), &table)?;
    let json: Vec<_> = cli
        .features
        .0
        .iter()
        .map(|&feature| (feature, measured[feature]))
        .collect();
    fs::write(cli.out.join("metrics.json"), serde_json::to_vec_pretty(&json)?)?;
    if cli.folds > 0 {
        println!("{table}");
    }
    Ok(())
}
