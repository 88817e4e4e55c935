//! The thesis's grid: every combination of feature, network, optimiser and learning rate, each a run of its own.

mod choose;
mod cost;
mod fit;
mod pace;
mod place;
mod plan;
mod profile;
mod run;
mod score;
mod set;
mod test;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::{anyhow, bail};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use echometer_engine::Feature;

pub(crate) use pace::{PaceOptions, pace};
pub(crate) use profile::Profile;

use crate::cli::{ComputeArgs, DataArgs, Part};
use crate::data::prepare::prepare;
use crate::data::sources;
use crate::data::split::Shares;
use crate::report;
use crate::told::told;
use crate::training::device;
use crate::training::precision::Precision;
use place::{Place, State};
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

    /// Chooses among the runs that are finished, without waiting for the others, for the features that --features and
    /// --only leave. A choice is final: the test clips are looked at once
    #[arg(long)]
    choose_now: bool,

    /// Runs again what is finished with other settings or clips, and loses what it came to
    #[arg(long)]
    replace: bool,

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

impl Settings {
    fn new(options: &GridOptions) -> anyhow::Result<Self> {
        let device = options.compute.device.find()?;
        device::set_threads(options.compute.threads);
        Ok(Self {
            out: options.data.out.clone(),
            profile: options.profile,
            epochs: options.epochs,
            samples: options.samples,
            batch: options.batch as usize,
            seed: options.compute.seed,
            validations: options.validations as usize,
            precision: options.precision.on(device).map_err(|reason| anyhow!(reason))?,
            loaders: options.loaders as usize,
            device,
        })
    }
}

/// Runs the grid, or this machine's share of it; chooses, tests and exports what is complete; writes the report.
pub(crate) fn grid(options: &GridOptions, stop: &AtomicBool) -> anyhow::Result<()> {
    let settings = Settings::new(options)?;
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
    if options.dry_run {
        return dry_run(options, &units, &settings);
    }
    let profile = settings.profile;
    let data = prepare(
        &options.data,
        &profile.front_end(),
        profile.window_s(),
        profile.least_frames(),
        stop,
    )?;
    let Some(set) = Set::new(data, profile.front_end().mels, options.split, settings.seed, stop)? else {
        bail!("stopped before the first run; the same command goes on from there");
    };
    if !options.replace {
        run::refuse_overwriting(&units, &set, &settings)?;
    }
    let has = |feature: Feature| set.clips.iter().any(|clip| clip.labels[feature].is_some());
    let [all, units] = [all, units].map(|units| labelled(units, has));
    if units.is_empty() {
        bail!("no clip has a label for what is asked for");
    }
    let without: Vec<_> = options
        .data
        .features
        .0
        .iter()
        .filter(|&&feature| !has(feature))
        .collect();
    if !without.is_empty() {
        let names: Vec<_> = without.iter().map(|feature| feature.name()).collect();
        tracing::warn!(
            "no clip has a label for {}: nothing is run for that",
            names.join(", ")
        );
    }
    set.write(&settings.out)?;
    let failed = run_all(&units, options.shard, &set, &settings, stop)?;
    let now: Vec<_> = match options.choose_now {
        true => units.iter().filter_map(Unit::only_feature).collect(),
        false => Vec::new(),
    };
    let untested = test_all(&all, &now, &set, &settings, stop)?;
    report::write(&report::ReportOptions::of(settings.out))?;
    match (failed, untested) {
        (0, 0) => Ok(()),
        (0, _) => bail!(
            "{untested} runs could not be tested or exported, as told above; the same command tries again"
        ),
        (_, 0) => bail!("{failed} runs failed, as told above; the same command tries them again"),
        (_, _) => bail!(
            "{failed} runs failed and {untested} could not be tested or exported, as told above; the same command tries \
             again"
        ),
    }
}

/// The runs for which there is any label.
fn labelled(mut units: Vec<Unit>, has: impl Fn(Feature) -> bool) -> Vec<Unit> {
    units.retain(|unit| unit.features.iter().any(|&feature| has(feature)));
    units
}

/// Lists what would be run and what it costs; decodes no more than a few clips.
fn dry_run(options: &GridOptions, units: &[Unit], settings: &Settings) -> anyhow::Result<()> {
    let source = sources::open(&options.data.data, options.data.audio.as_deref())?;
    let listing = source.list()?;
    sources::require(&listing, &source.describe(), &options.data.features.0)?;
    let rows: Vec<_> = listing
        .rows
        .into_iter()
        .filter(|row| row.has_any(&options.data.features.0))
        .collect();
    let counts = cost::Counts {
        rows: &rows,
        shares: options.split,
    };
    let mine: Vec<_> = (0..units.len())
        .filter(|&i| options.shard.has(i))
        .map(|i| units[i].clone())
        .collect();
    let done = |unit: &Unit| place::folder(&settings.out, unit).join(place::METRICS).exists();
    let done: Vec<_> = mine.iter().map(done).collect();
    print!("{}", cost::table(&mine, &done, &counts, settings));
    Ok(())
}

/// Runs this machine's share, and returns how many of the runs failed.
fn run_all(
    units: &[Unit],
    shard: Part,
    set: &Set,
    settings: &Settings,
    stop: &AtomicBool,
) -> anyhow::Result<usize> {
    let mine: Vec<_> = (0..units.len()).filter(|&i| shard.has(i)).collect();
    let mut failed = 0;
    for (place, &i) in mine.iter().enumerate() {
        let unit = &units[i];
        match run::run(unit, set, settings, stop)? {
            Ended::Finished(outcome) => {
                let errors = outcome.validation.iter();
                let errors: Vec<_> = errors
                    .map(|(feature, e)| {
                        let r2 = e.known_r2().map_or("–".into(), |r2| format!("{r2:.3}"));
                        format!("{feature} MSE {:.4}, R² {r2}", e.mse)
                    })
                    .collect();
                tracing::info!("{} of {}: {unit}: {}", place + 1, mine.len(), errors.join("; "));
            }
            Ended::Failed(reason) => {
                tracing::warn!("{} of {}: {unit} failed: {reason}", place + 1, mine.len());
                failed += 1;
            }
            Ended::Stopped => bail!("stopped in {unit} and saved; the same command goes on from there"),
        }
        if run::stopped(stop) {
            bail!("stopped after {unit}; the same command goes on from there");
        }
    }
    Ok(failed)
}

/// Chooses what can be chosen, and tests and exports it together with the finished multi-task runs. One that fails is told
/// and does not stop the others; returns how many did.
fn test_all(
    all: &[Unit],
    now: &[Feature],
    set: &Set,
    settings: &Settings,
    stop: &AtomicBool,
) -> anyhow::Result<usize> {
    let states: Vec<_> = all
        .iter()
        .map(|unit| Place::new(unit, set, settings).state())
        .collect();
    let choice = choose::choose(all, &states, &choose::read(&settings.out), now);
    choose::write(&settings.out, &choice)?;
    let mut failed = 0;
    for (unit, state) in all.iter().zip(&states) {
        let several = unit.features.len() > 1 && matches!(state, State::Finished(_));
        let chosen = unit
            .only_feature()
            .is_some_and(|feature| choice.get(&feature) == Some(&unit.to_string()));
        if !several && !chosen {
            continue;
        }
        if let Err(error) = test::test(unit, set, settings, stop) {
            tracing::warn!("{}", told(&error));
            failed += 1;
        }
        if run::stopped(stop) {
            bail!("stopped after {unit}; the same command goes on from there");
        }
    }
    let pending = states
        .iter()
        .filter(|state| matches!(state, State::Pending))
        .count();
    if pending > 0 {
        let or = if now.is_empty() {
            ", or with --choose-now"
        } else {
            ""
        };
        tracing::info!(
            "{pending} runs of the whole grid are not done; a feature is chosen and tested once its twelve are{or}"
        );
    }
    Ok(failed)
}
