//! The thesis's grid: every combination of feature, network, optimiser and learning rate, each a run of its own.

mod choose;
mod cost;
mod pace;
mod plan;
mod profile;
mod run;
mod score;
mod set;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::bail;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

pub(crate) use pace::{PaceOptions, pace};
pub(crate) use profile::Profile;

use crate::cli::{ComputeArgs, DataArgs, Part};
use crate::data::prepare::prepare;
use crate::data::split::Shares;
use crate::report;
use crate::training::device;
use crate::training::precision::Precision;
use choose::State;
use plan::Unit;
use run::Ended;
use set::Set;

/// What `trainer grid` is called with.
#[derive(Debug, Args)]
pub(crate) struct GridOptions {
    #[command(flatten)]
    data: DataArgs,

    #[command(flatten)]
    compute: ComputeArgs,

    /// How large the networks see a clip: as in the thesis, or small enough for a laptop
    #[arg(long, default_value = "thesis", value_parser = PossibleValuesParser::new(["thesis", "quick"])
        .map(|name| if name == "quick" { Profile::Quick } else { Profile::Thesis }))]
    profile: Profile,

    /// Passes over the training clips; the thesis made one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    epochs: u32,

    /// Ends every run after this many training clips
    #[arg(long, value_parser = clap::value_parser!(u64).range(2..))]
    samples: Option<u64>,

    /// Clips in a batch
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(2..=4096))]
    batch: u32,

    /// Percentages for training, validation and test [default: as the data says, else 90/5/5]
    #[arg(long, value_name = "A/B/C")]
    split: Option<Shares>,

    /// Points of each validation curve
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    validations: u32,

    /// What the networks compute in
    #[arg(long, value_enum, default_value_t = Precision::Auto)]
    precision: Precision,

    /// Threads that prepare batches
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=256))]
    loaders: u32,

    /// Only runs whose name has this in it, like `energy-resnet34`; may be given several times
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,

    /// Only every n-th run, from the i-th on: n machines on one OUT folder share the grid
    #[arg(long, value_name = "I/N", default_value = "1/1")]
    shard: Part,

    /// Lists the runs with what they cost here, and trains nothing
    #[arg(long)]
    dry_run: bool,
}

/// What every run of a grid has in common besides its clips.
pub(crate) struct Settings {
    out: PathBuf,
    profile: Profile,
    epochs: u32,
    samples: Option<u64>,
    batch: usize,
    seed: u64,
    validations: usize,
    precision: Precision,
    loaders: usize,
    device: tch::Device,
}

/// Runs the grid, or this machine's share of it; chooses, tests and exports what is complete; writes the report.
pub(crate) fn grid(options: &GridOptions, stop: &AtomicBool) -> anyhow::Result<()> {
    let device = options.compute.device.find()?;
    device::set_threads(options.compute.threads);
    let precision = options
        .precision
        .on(device)
        .map_err(|reason| anyhow::anyhow!(reason))?;
    let all = plan::units(&options.data.features.0);
    let wanted = |unit: &&Unit| {
        options.only.is_empty() || options.only.iter().any(|text| unit.to_string().contains(text))
    };
    let units: Vec<_> = all.iter().filter(wanted).cloned().collect();
    if units.is_empty() {
        bail!(
            "no run has {} in its name; `--dry-run` lists them",
            options.only.join(" or ")
        );
    }
    let profile = options.profile;
    let least = least_frames(profile);
    let data = prepare(
        &options.data,
        &profile.front_end(),
        profile.window_s(),
        least,
        stop,
    )?;
    let settings = Settings {
        out: options.data.out.clone(),
        profile,
        epochs: options.epochs,
        samples: options.samples,
        batch: options.batch as usize,
        seed: options.compute.seed,
        validations: options.validations as usize,
        precision,
        loaders: options.loaders as usize,
        device,
    };
    let set = Set::new(data, profile, options.split, settings.seed)?;
    if options.dry_run {
        let finished: Vec<_> = units
            .iter()
            .map(|unit| is_finished(unit, &set, &settings))
            .collect();
        print!(
            "{}",
            cost::table(&units, &cost::estimate(&units, &set, &settings), &finished)
        );
        return Ok(());
    }
    set.write(&settings.out)?;
    run_all(&units, options.shard, &set, &settings, stop)?;
    let states: Vec<_> = units.iter().map(|unit| state(unit, &set, &settings)).collect();
    for unit in choose::chosen(&units, &states) {
        choose::test(unit, &set, &settings)?;
    }
    let pending = states
        .iter()
        .filter(|state| matches!(state, State::Pending))
        .count();
    if pending > 0 {
        tracing::info!("{pending} runs are still to be done, by this or other machines");
    }
    report::write(&report::ReportOptions::of(settings.out))
}

/// Fewest frames of a clip: what a full-window model in the engine takes for a whole window.
fn least_frames(profile: Profile) -> usize {
    echometer_engine::model::least_columns(profile.frames())
}

fn run_all(
    units: &[Unit],
    shard: Part,
    set: &Set,
    settings: &Settings,
    stop: &AtomicBool,
) -> anyhow::Result<()> {
    let mine: Vec<_> = (0..units.len()).filter(|&i| shard.has(i)).collect();
    for (place, &i) in mine.iter().enumerate() {
        let unit = &units[i];
        match run::run(unit, set, settings, stop)? {
            Ended::Finished(outcome) => {
                let errors = outcome.validation.iter();
                let errors: Vec<_> = errors
                    .map(|(feature, e)| format!("{feature} MSE {:.4}, R² {:.3}", e.mse, e.r2))
                    .collect();
                tracing::info!("{} of {}: {unit}: {}", place + 1, mine.len(), errors.join("; "));
            }
            Ended::Failed(failure) => {
                tracing::warn!(
                    "{} of {}: {unit} failed: {}",
                    place + 1,
                    mine.len(),
                    failure.reason
                );
            }
            Ended::Stopped => bail!("stopped in {unit} and saved; the same command goes on from there"),
        }
        if stop.load(Ordering::Relaxed) {
            bail!("stopped after {unit}; the same command goes on from there");
        }
    }
    Ok(())
}

fn is_finished(unit: &Unit, set: &Set, settings: &Settings) -> bool {
    matches!(state(unit, set, settings), State::Finished(_))
}

fn state(unit: &Unit, set: &Set, settings: &Settings) -> State {
    let folder = run::folder(&settings.out, unit);
    match run::finished(&folder, &run::config(unit, set, settings)) {
        Some(outcome) => State::Finished(outcome),
        None if folder.join("failure.json").exists() => State::Failed,
        None => State::Pending,
    }
}
