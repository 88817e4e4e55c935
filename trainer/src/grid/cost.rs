//! What a grid will cost, before anything of it is decoded: counted from the labels, timed by a few steps and a few clips.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use echometer_engine::Feature;
use indicatif::{BinaryBytes, HumanDuration};

use super::Settings;
use super::pace::{Pace, Timed, measure};
use super::plan::Unit;
use crate::data::cache::{Content, Decoded, MelFrames};
use crate::data::row::{Row, Split};
use crate::data::split::Shares;
use crate::network::thesis::Architecture;

/// Clips of the batch that is timed on a CPU: convolutions take about as long a clip in larger ones.
const TIMED_ON_CPU: usize = 2;
/// Clips that are decoded to time it.
const DECODED: usize = 4;

/// The labelled clips of a data set, as far as its labels tell.
pub(super) struct Counts<'a> {
    pub(super) rows: &'a [Row],
    pub(super) shares: Option<Shares>,
}

impl Counts<'_> {
    /// About how many clips with a label for any of `features` a side will have.
    fn side(&self, side: Split, features: &[Feature]) -> u64 {
        let labelled = || self.rows.iter().filter(|row| row.has_any(features));
        if self.shares.is_none() && self.rows.iter().all(|row| row.split.is_some()) {
            return labelled().filter(|row| row.split == Some(side)).count() as u64;
        }
        let share = self.shares.unwrap_or_default().of(side);
        (labelled().count() as f64 * share).round() as u64
    }
}

/// The table of `--dry-run`: one line a run, what is done already, and the sums.
pub(super) fn table(units: &[Unit], done: &[bool], counts: &Counts<'_>, settings: &Settings) -> String {
    let mut paces: BTreeMap<(Architecture, usize), Result<Pace, String>> = BTreeMap::new();
    let mut text = format!(
        "{:<44} {:>10} {:>10} {:>9} {:>14} {:>10}\n",
        "run", "samples", "GMAC/clip", "scored", "time", "weights"
    );
    let (mut seconds, mut bytes, mut left) = (0.0, 0, 0);
    for (unit, done) in units.iter().zip(done) {
        let name = unit.to_string();
        if *done {
            text += &format!("{name:<44} finished\n");
            continue;
        }
        if !counts.rows.iter().any(|row| row.has_any(&unit.features)) {
            text += &format!("{name:<44} not run: no clip has a label\n");
            continue;
        }
        left += 1;
        let key = (unit.architecture, unit.features.len());
        let pace = match paces.entry(key).or_insert_with(|| pace(unit, settings)) {
            Ok(pace) => *pace,
            Err(reason) => {
                text += &format!("{name:<44} cannot run: {reason}\n");
                continue;
            }
        };
        let samples = counts.side(Split::Training, &unit.features) * u64::from(settings.epochs);
        let samples = samples.min(settings.samples.unwrap_or(u64::MAX));
        let steps = samples.div_ceil(settings.batch as u64);
        let scored =
            counts.side(Split::Validation, &unit.features) * (settings.validations as u64).min(steps);
        let time = samples as f64 * pace.train_s + scored as f64 * pace.score_s;
        let weights = 4 * pace.parameters as u64;
        (seconds, bytes) = (seconds + time, bytes + weights);
        text += &format!(
            "{name:<44} {samples:>10} {:>10.2} {scored:>9} {:>14} {:>10}\n",
            pace.macs as f64 / 1e9,
            human(time),
            BinaryBytes(weights).to_string()
        );
    }
    text += &format!(
        "{left} runs to do: about {} here, {} of weights\n",
        human(seconds),
        BinaryBytes(bytes)
    );
    text + &cache(counts, settings)
}

fn human(seconds: f64) -> String {
    HumanDuration(Duration::from_secs_f64(seconds)).to_string()
}

fn pace(unit: &Unit, settings: &Settings) -> Result<Pace, String> {
    measure(Timed {
        architecture: unit.architecture,
        outputs: unit.features.len(),
        profile: settings.profile,
        batch: match settings.device {
            tch::Device::Cuda(_) => settings.batch,
            _ => settings.batch.min(TIMED_ON_CPU),
        },
        steps: 1,
        device: settings.device,
        precision: settings.precision,
    })
}

/// One line on the feature cache, were nothing of it there yet, and what is wrong with the clips that were decoded.
fn cache(counts: &Counts<'_>, settings: &Settings) -> String {
    let content = MelFrames {
        front_end: settings.profile.front_end(),
        window_s: settings.profile.window_s(),
    };
    let clips = counts.rows.len();
    let bytes = clips as u64 * (settings.profile.frames() * content.width() * 4) as u64;
    let step = clips.div_ceil(DECODED).max(1);
    let some: Vec<_> = counts.rows.iter().step_by(step).collect();
    let least = settings.profile.least_frames();
    let (mut short, mut unreadable) = (0, 0);
    let start = Instant::now();
    for row in &some {
        // Kept nowhere: only the time it takes is asked, and whether it could be used.
        match content.make(row) {
            Ok(Decoded::Clip { frames, .. }) => short += usize::from(frames.len() < least * content.width()),
            Ok(Decoded::Unreadable(_)) | Err(_) => unreadable += 1,
        }
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let each = start.elapsed().as_secs_f64() / some.len().max(1) as f64;
    let time = human(each * clips as f64 / cores as f64);
    let mut text = format!(
        "feature cache of {clips} clips: {}, about {time} on {cores} cores unless it is there\n",
        BinaryBytes(bytes)
    );
    if short > 0 {
        let seconds = least as f64 / content.front_end.frame_rate();
        text += &format!(
            "{short} of {} sampled clips are too short: at least {seconds:.1} s are needed\n",
            some.len()
        );
    }
    if unreadable > 0 {
        text += &format!("{unreadable} of {} sampled clips cannot be read\n", some.len());
    }
    text + "clips that are too short, silent or the same sound as another are counted here, and left out once decoded\n"
}
