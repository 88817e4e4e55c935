//! Training a trunk whose columns say what a teacher would.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use echometer_engine::frontend::FrontEndConfig;
use echometer_engine::model::sha256_hex;
use rand::rngs::StdRng;
use tch::nn::{self, VarStore};
use tch::{Device, Kind, Tensor};

use super::auxiliary::Auxiliary;
use super::lessons::{DIRECTIONS, Targets};
use super::teacher::Teacher;
use crate::data::cache::Frames;
use crate::data::clips::Clip;
use crate::network::{Geometry, Trunk};
use crate::training::augment::crops;
use crate::training::course::Course;

/// Frames of a crop: 5.5 s, which hold at least one whole patch.
const CROP: i64 = 440;
/// Columns that must lie in a patch for its target to be asked for: half of them.
const FEWEST: usize = 8;
const WEIGHT_DECAY: f64 = 0.01;
/// Version of what a run comes to; raised with any change in this folder that moves it.
const RECIPE: u32 = 2;

/// What a run depends on besides its clips.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) front_end: FrontEndConfig,
    pub(crate) epochs: u32,
    pub(crate) batch: usize,
    pub(crate) learning_rate: f64,
    pub(crate) seed: u64,
    pub(crate) device: Device,
}

/// Trains a trunk and saves its weights as `file`, or finds them there. `clips` come with their lessons.
pub(super) fn fit(
    clips: &[(&Clip, &Frames)],
    settings: &Settings,
    folder: &Path,
    file: &Path,
    stop: &AtomicBool,
) -> anyhow::Result<()> {
    let geometry = Geometry::standard(settings.front_end.mels as i64);
    let given: Vec<_> = clips
        .iter()
        .map(|(clip, _)| (clip.hash, &clip.auxiliary))
        .collect();
    let key = sha256_hex(format!("{RECIPE} {settings:?} {geometry:?} {given:?}").as_bytes());
    tracing::debug!("distillation is known by {key}");
    let done = file.with_extension("key");
    if file.is_file() && fs::read_to_string(&done).is_ok_and(|known| known == key) {
        return Ok(());
    }
    tch::manual_seed(settings.seed as i64);
    let lessons: Vec<_> = clips.iter().map(|(_, lesson)| *lesson).collect();
    let Some(targets) = Targets::of(&lessons, stop)? else {
        anyhow::bail!("stopped before distillation began; the same command goes on from there");
    };
    let auxiliary = Auxiliary::of(&given.iter().map(|(_, auxiliary)| *auxiliary).collect::<Vec<_>>());
    let vars = VarStore::new(settings.device);
    let trunk = Trunk::new(&(vars.root() / "trunk"), &geometry);
    let reader = |name: &str, values| {
        nn::linear(
            vars.root() / name,
            geometry.channels(),
            values,
            Default::default(),
        )
    };
    let pupil = reader("pupil", DIRECTIONS);
    let aside = match auxiliary.names.len() {
        0 => None,
        count => Some(reader("aside", count as i64)),
    };
    let school = School {
        trunk: &trunk,
        pupil,
        aside,
        targets,
        auxiliary,
    };
    let course = Course {
        name: "distillation",
        folder,
        key: key.clone(),
        epochs: settings.epochs,
        batch: settings.batch,
        learning_rate: settings.learning_rate,
        weight_decay: WEIGHT_DECAY,
        seed: settings.seed,
    };
    course.run(
        &vars,
        clips.len(),
        stop,
        || {
            let clips: Vec<_> = clips.iter().map(|(clip, _)| *clip).collect();
            trunk.normalise_over(&clips, stop)
        },
        |batch, rng| school.loss(clips, batch, settings, rng),
    )?;
    vars.save(file)?;
    fs::write(&done, key).with_context(|| format!("cannot write {}", done.display()))
}

/// A trunk, what is read from its columns, and what that should be.
struct School<'a> {
    trunk: &'a Trunk,
    /// From the mean column of a teacher's patch.
    pupil: nn::Linear,
    targets: Targets,
    /// From the mean column of a crop, where there are auxiliary columns.
    aside: Option<nn::Linear>,
    auxiliary: Auxiliary,
}

impl School<'_> {
    /// Weighted squared error of what is read.
    fn loss(
        &self,
        clips: &[(&Clip, &Frames)],
        batch: &[usize],
        settings: &Settings,
        rng: &mut StdRng,
    ) -> std::io::Result<Tensor> {
        let shortest = batch.iter().map(|&i| clips[i].0.len()).min().unwrap_or(1);
        let length = CROP.min(shortest);
        let (frames, starts) = crops(batch.iter().map(|&i| clips[i].0), length, settings.device, rng)?;
        let columns = self.trunk.forward_in(kind(settings.device), &frames, true);
        let mut loss = self.lesson(&columns, batch, &starts, settings);
        if let Some(aside) = &self.aside {
            let means = columns.mean_dim([1].as_slice(), false, Kind::Float);
            loss += self.auxiliary.loss(&means.apply(aside), batch);
        }
        Ok(loss)
    }

    /// What the teachers say of each patch against what the pupil reads from the mean of its columns.
    fn lesson(&self, columns: &Tensor, batch: &[usize], starts: &[i64], settings: &Settings) -> Tensor {
        let count = columns.size()[1] as usize;
        let (mut means, mut asked) = (Vec::new(), Vec::new());
        for (row, (&clip, &start)) in batch.iter().zip(starts).enumerate() {
            let patches: Vec<_> = (0..count)
                .map(|column| patch_of(&self.trunk.geometry, &settings.front_end, start, column))
                .collect();
            let mut from = 0;
            for run in patches.chunk_by(|a, b| a == b) {
                let patch = run[0];
                if run.len() >= FEWEST && patch < self.targets.patches(clip) {
                    let columns = columns.get(row as i64).narrow(0, from as i64, run.len() as i64);
                    means.push(columns.mean_dim([0].as_slice(), false, Kind::Float));
                    asked.push((clip, patch));
                }
                from += run.len();
            }
        }
        if means.is_empty() {
            return columns.sum(Kind::Float) * 0.0; // A batch of scraps teaches nothing.
        }
        let found = Tensor::stack(&means, 0).apply(&self.pupil);
        let wanted = self.targets.of_patches(&asked).to_device(settings.device);
        let each = (found - wanted).square() * self.targets.weights.to_device(settings.device);
        each.sum_dim_intlist([1].as_slice(), false, Kind::Float)
            .mean(Kind::Float)
    }
}

/// What the layers compute in: half precision where the processor has it, for the targets are no truth to the last digit.
fn kind(device: Device) -> Kind {
    match device {
        Device::Cuda(_) => Kind::BFloat16,
        #[cfg(target_arch = "x86_64")]
        Device::Cpu if std::arch::is_x86_feature_detected!("avx512bf16") => Kind::BFloat16,
        _ => Kind::Float,
    }
}

/// The teacher's patch in which the middle of a column's receptive field lies, for a crop from frame `start` on.
fn patch_of(geometry: &Geometry, front_end: &FrontEndConfig, start: i64, column: usize) -> i64 {
    let first = start + geometry.offset() + column as i64 * geometry.stride();
    let middle = first as f64 + (geometry.receptive_field() - 1) as f64 / 2.0;
    let samples = middle * front_end.hop as f64 + front_end.fft as f64 / 2.0;
    (samples / f64::from(front_end.sample_rate) / Teacher::patch_s()) as i64
}
