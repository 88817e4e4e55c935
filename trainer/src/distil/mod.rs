//! Distillation: a trunk learns to say what pretrained teachers say of unlabelled sound, before any label is looked at.

mod auxiliary;
mod lessons;
mod run;
mod teacher;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, bail, ensure};
use clap::Args;
use echometer_engine::model::sha256_hex;

pub(crate) use run::Settings;

use crate::cli::DataArgs;
use crate::data::cache::{Cache, MelFrames, Sound};
use crate::data::clips::{self, Clip, Needs};
use crate::data::prepare::tell;
use crate::data::row::Split;
use crate::data::source::Listing;
use crate::data::sources::{self, DataSpec};
use crate::network::Geometry;
use crate::report::progress_bar;
use crate::training::course::guarded;
use teacher::Teacher;

/// What a trunk is taught before it sees a label.
#[derive(Debug, Clone, Args)]
pub(crate) struct DistilOptions {
    /// Folder of pretrained teachers, MSD_musicnn.onnx and MTT_musicnn.onnx, whose layers the trunk first learns to predict
    /// from --unlabelled clips
    #[arg(long, value_name = "DIR", requires = "unlabelled")]
    teachers: Option<PathBuf>,

    /// Clips for the teachers, given like --data; labels in them are not looked at, but columns aux_NAME are learned, too. May
    /// be repeated
    #[arg(long, value_name = "DATA", value_parser = DataSpec::parse, requires = "teachers")]
    pub(crate) unlabelled: Vec<DataSpec>,

    /// Passes over the unlabelled clips
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) distil_epochs: u32,
}

impl DistilOptions {
    /// Changes with the teachers' files; `None` without teachers.
    pub(crate) fn teachers_id(&self) -> anyhow::Result<Option<String>> {
        self.teachers.as_deref().map(teacher::id).transpose()
    }
}

/// A trunk that was taught.
#[derive(Debug, Clone)]
pub(crate) struct Taught {
    /// Its weights.
    pub(crate) weights: PathBuf,
    /// Changes with the weights.
    pub(crate) id: String,
    /// The unlabelled data in words.
    pub(crate) description: String,
    /// How many clips it was taught with.
    pub(crate) clips: usize,
}

/// The trunk, and what it was taught with.
type Lesson = (Taught, Vec<Clip>);

/// Teaches a trunk, or finds it taught; `None` where no teachers are asked for. Clips that sound like one of `labelled` are
/// left out: what is measured on those must not have been heard before.
pub(crate) fn distil(
    options: &DistilOptions,
    args: &DataArgs,
    settings: &Settings,
    window_s: f64,
    labelled: &[Clip],
    stop: &AtomicBool,
) -> anyhow::Result<Option<Lesson>> {
    let Some(teachers) = &options.teachers else {
        return Ok(None);
    };
    let content = Teacher::load(teachers, window_s)?;
    let (
        Listing {
            mut rows,
            mut rejected,
        },
        description,
    ) = sources::list_all(&options.unlabelled)?;
    // What data keeps for measuring is not heard before.
    rows.retain(|row| Split::teaches(row.split));
    let front_end = &settings.front_end;
    let frames = MelFrames {
        front_end: front_end.clone(),
        window_s,
    };
    let needs = Needs {
        features: &[],
        frames: Geometry::standard(front_end.mels as i64).shortest() as usize,
        mels: front_end.mels,
        frame_rate: front_end.frame_rate(),
    };
    let stopped = "stopped; what was computed is kept, and the same command goes on from there";
    let Some(loaded) = clips::load(
        rows.clone(),
        needs,
        &mut Cache::open(&args.cache(), frames)?,
        stop,
    )?
    else {
        bail!(stopped);
    };
    let bar = progress_bar(rows.len() as u64, "lessons");
    let Some(sounds) = Cache::open(&args.cache(), content)?.sounds(&rows, &bar, stop)? else {
        bail!(stopped);
    };
    rejected.extend(loaded.rejected);
    let path = args.out.join("rejected-unlabelled.csv");
    tell(&rejected, Some(&path))?;

    let heard = rows.iter().zip(sounds).filter_map(|(row, sound)| match sound {
        Sound::Heard(heard) if heard.frames.len() > 0 => Some((row.name(), heard.frames)),
        _ => None,
    });
    let lessons: HashMap<_, _> = heard.collect();
    let unheard = clips::without(loaded.clips, labelled);
    let pairs: Vec<_> = unheard
        .iter()
        .filter_map(|clip| Some((clip, lessons.get(&clip.name)?)))
        .collect();
    ensure!(
        pairs.len() >= 2,
        "--unlabelled: {} usable clips, but at least 2 are needed; the others are in {}",
        pairs.len(),
        path.display()
    );
    tracing::info!("{} unlabelled clips for the teachers", pairs.len());
    let folder = args.out.join("runs/distillation");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let weights = folder.join("trunk.ot");
    guarded("distillation", settings.batch, || {
        run::fit(&pairs, settings, &folder, &weights, stop)
    })?;
    let bytes = std::fs::read(&weights).with_context(|| format!("cannot read {}", weights.display()))?;
    let taught = Taught {
        id: sha256_hex(&bytes),
        weights,
        description,
        clips: pairs.len(),
    };
    let clips = pairs.into_iter().map(|(clip, _)| clip.clone());
    Ok(Some((taught, clips.collect())))
}
