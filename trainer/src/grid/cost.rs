//! What runs will cost, measured by a few steps of each network.

use std::collections::BTreeMap;

use indicatif::HumanDuration;

use super::Settings;
use super::pace::{Pace, Timed, measure};
use super::plan::Unit;
use super::set::Set;
use crate::data::row::Split;
use crate::network::thesis::Architecture;

/// What a run needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// Training clips, with repetitions, and clips scored for the curve.
    pub(super) samples: u64,
    pub(super) scored: u64,
    /// Seconds for all of them.
    pub(super) seconds: f64,
    /// Bytes of weights on disk.
    pub(super) bytes: u64,
    /// Multiplications with weights that scoring one clip takes.
    pub(super) macs: i64,
}

/// Clips of the batch that is timed on a CPU: convolutions take about as long a clip in larger ones.
const TIMED_ON_CPU: usize = 2;

/// The cost of each unit, in order, each network timed once; `Err` says why one cannot be built or run.
pub(super) fn estimate(units: &[Unit], set: &Set, settings: &Settings) -> Vec<Result<Cost, String>> {
    let mut paces: BTreeMap<(Architecture, usize), Result<Pace, String>> = BTreeMap::new();
    units
        .iter()
        .map(|unit| {
            let key = (unit.architecture, unit.features.len());
            let pace = paces.entry(key).or_insert_with(|| pace(unit, settings)).clone()?;
            let training = set.side(Split::Training, &unit.features).len() as u64;
            let validation = set.side(Split::Validation, &unit.features).len() as u64;
            let samples = (training * u64::from(settings.epochs)).min(settings.samples.unwrap_or(u64::MAX));
            let batches = samples.div_ceil(settings.batch as u64);
            let scored = validation * ((settings.validations as u64).min(batches) + 1);
            Ok(Cost {
                samples,
                scored,
                seconds: samples as f64 * pace.train_s + scored as f64 * pace.score_s,
                bytes: 4 * pace.parameters as u64,
                macs: pace.macs,
            })
        })
        .collect()
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

/// One line a run, and the sum.
pub(super) fn table(units: &[Unit], costs: &[Result<Cost, String>], done: &[bool]) -> String {
    let time = |seconds: f64| HumanDuration(std::time::Duration::from_secs_f64(seconds)).to_string();
    let mut text = format!(
        "{:<44} {:>10} {:>9} {:>16} {:>9} {:>10}\n",
        "run", "samples", "scored", "time", "weights", "GMAC/clip"
    );
    let (mut seconds, mut bytes) = (0.0, 0);
    for ((unit, cost), done) in units.iter().zip(costs).zip(done) {
        let name = unit.to_string();
        text += &match cost {
            _ if *done => format!("{name:<44} finished\n"),
            Err(reason) => format!("{name:<44} cannot run: {reason}\n"),
            Ok(cost) => {
                seconds += cost.seconds;
                bytes += cost.bytes;
                let Cost { samples, scored, .. } = cost;
                let (time, size) = (time(cost.seconds), indicatif::BinaryBytes(cost.bytes).to_string());
                let gmac = cost.macs as f64 / 1e9;
                format!("{name:<44} {samples:>10} {scored:>9} {time:>16} {size:>9} {gmac:>10.2}\n")
            }
        };
    }
    let left = done.iter().filter(|done| !**done).count();
    text + &format!(
        "{left} runs to do, about {}, {}\n",
        time(seconds),
        indicatif::BinaryBytes(bytes)
    )
}
