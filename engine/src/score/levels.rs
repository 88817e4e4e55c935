//! What a mix is judged by beside its integrated loudness: momentary and short-term loudness, loudness range and true peak, as
//! EBU Tech 3341 and 3342 and ITU-R BS.1770 define them. Memory does not grow with the input.

use std::collections::VecDeque;

use super::loudness::{ABSOLUTE_GATE, OFFSET, RANGE, RANGE_GATE, mean};
use crate::reading::Levels;

/// Steps a second: fine enough that no tone of 400 ms, wherever it begins, is read more than 0.1 LU too quiet.
pub(super) const STEPS_PER_S: u32 = 50;
/// Momentary loudness is that of 400 ms …
const MOMENTARY: usize = 20;
/// … short-term loudness that of 3 s …
const SHORT_TERM: usize = 150;
/// … and ten times a second one of them counts for the range.
const PER_RANGE: u64 = 5;

/// Bins of the loudness range's histogram for each LU …
const BINS_PER_LU: f64 = 10.0;
/// … from the absolute gate up to +30 LUFS.
const BINS: usize = 1_000;

/// Running levels of one input.
pub(super) struct LevelMeter {
    /// Sample frames of a step, and those of them still to come.
    step: usize,
    until: usize,
    /// Energies of the last 3 s, step by step.
    steps: VecDeque<f64>,
    taken: u64,
    loudest: [f64; 2],
    histogram: Vec<Bin>,
}

/// Short-term blocks that are about as loud as each other.
#[derive(Clone, Copy, Default)]
struct Bin {
    count: u64,
    energy: f64,
}

impl LevelMeter {
    /// A meter for input at `rate` Hz.
    pub(super) fn new(rate: u32) -> Self {
        let step = (rate / STEPS_PER_S) as usize;
        Self {
            step,
            until: step,
            steps: VecDeque::with_capacity(SHORT_TERM),
            taken: 0,
            loudest: [0.0; 2],
            histogram: vec![Bin::default(); BINS],
        }
    }

    /// Sample frames until a step ends.
    pub(super) fn until(&self) -> usize {
        self.until
    }

    /// Counts sample frames, no more than there are until a step ends; whether it ends now.
    pub(super) fn passes(&mut self, frames: usize) -> bool {
        self.until = self.until.saturating_sub(frames);
        let ends = self.until == 0;
        if ends {
            self.until = self.step;
        }
        ends
    }

    /// Takes the energy of a step.
    pub(super) fn push(&mut self, energy: f64) {
        if self.steps.len() == SHORT_TERM {
            self.steps.pop_front();
        }
        self.steps.push_back(energy);
        self.taken += 1;
        let [momentary, short_term] = [MOMENTARY, SHORT_TERM].map(|steps| self.last(steps));
        for (loudest, now) in self.loudest.iter_mut().zip([momentary, short_term]) {
            *loudest = loudest.max(now.unwrap_or(0.0));
        }
        if let Some(energy) = short_term.filter(|_| self.taken.is_multiple_of(PER_RANGE)) {
            self.count(energy);
        }
    }

    /// Energy of the last so many steps, once there are as many.
    fn last(&self, steps: usize) -> Option<f64> {
        let from = self.steps.len().checked_sub(steps)?;
        mean(self.steps.range(from..).copied())
    }

    fn count(&mut self, energy: f64) {
        let above = lufs(energy) - ABSOLUTE_GATE;
        if above >= 0.0
            && let Some(bin) = self
                .histogram
                .get_mut(((above * BINS_PER_LU) as usize).min(BINS - 1))
        {
            bin.count += 1;
            bin.energy += energy;
        }
    }

    /// Tech 3342's loudness range, to a tenth of a LU.
    fn range(&self) -> Option<f32> {
        let all = self.histogram.iter().fold(Bin::default(), |sum, bin| Bin {
            count: sum.count + bin.count,
            energy: sum.energy + bin.energy,
        });
        if all.count == 0 {
            return None;
        }
        let gate = RANGE_GATE * all.energy / all.count as f64;
        let passes = |bin: &&Bin| bin.count > 0 && bin.energy / bin.count as f64 >= gate;
        let passing = || self.histogram.iter().filter(passes);
        let last = passing().map(|bin| bin.count).sum::<u64>().checked_sub(1)?;
        let [quiet, loud] = RANGE.map(|share| {
            let wanted = (share * last as f64).round() as u64;
            let mut before = 0;
            let found = passing().find(|bin| {
                before += bin.count;
                before > wanted
            });
            found.map_or(0.0, |bin| lufs(bin.energy / bin.count as f64))
        });
        Some((loud - quiet) as f32)
    }

    /// The levels now; `peak` is the largest true sample so far.
    pub(super) fn levels(&self, peak: f64) -> Levels {
        let level = |energy: Option<f64>| {
            energy
                .map(lufs)
                .filter(|lufs| *lufs > ABSOLUTE_GATE)
                .map(|lufs| lufs as f32)
        };
        let [max_momentary, max_short_term] = self.loudest.map(|energy| level(Some(energy)));
        Levels {
            momentary: level(self.last(MOMENTARY)),
            max_momentary,
            short_term: level(self.last(SHORT_TERM)),
            max_short_term,
            range: self.range(),
            true_peak: (peak > 0.0).then(|| (20.0 * peak.log10()) as f32),
        }
    }

    pub(super) fn reset(&mut self) {
        self.steps.clear();
        self.until = self.step;
        (self.taken, self.loudest) = (0, [0.0; 2]);
        self.histogram.fill(Bin::default());
    }
}

/// Loudness in LUFS of a K-weighted energy.
fn lufs(energy: f64) -> f64 {
    10.0 * energy.log10() + OFFSET
}

#[cfg(test)]
mod tests {
    use super::super::loudness::energy_of;
    use super::*;

    fn meter(levels: &[(f64, f64)]) -> LevelMeter {
        let mut meter = LevelMeter::new(48_000);
        for &(seconds, lufs) in levels {
            for _ in 0..(seconds * f64::from(STEPS_PER_S)) as usize {
                meter.push(energy_of(lufs));
            }
        }
        meter
    }

    #[test]
    fn there_is_nothing_of_little_or_of_silence() {
        let levels = meter(&[(0.38, -20.0)]).levels(0.0);
        assert_eq!(levels, Levels::default(), "less than 400 ms");
        let levels = meter(&[(2.9, -20.0)]).levels(0.5);
        assert!((levels.momentary.unwrap() + 20.0).abs() < 1e-3);
        assert_eq!((levels.short_term, levels.range), (None, None), "less than 3 s");
        assert!((levels.true_peak.unwrap() + 6.0206).abs() < 1e-3);
        let levels = meter(&[(10.0, f64::NEG_INFINITY), (10.0, -80.0)]).levels(0.0);
        assert_eq!(levels, Levels::default(), "silence");
    }

    #[test]
    fn the_loudest_is_kept_until_a_reset() {
        let mut meter = meter(&[(4.0, -12.0), (4.0, -30.0)]);
        let levels = meter.levels(1.0);
        assert!((levels.max_momentary.unwrap() + 12.0).abs() < 1e-3, "{levels:?}");
        assert!((levels.max_short_term.unwrap() + 12.0).abs() < 1e-3, "{levels:?}");
        assert!((levels.momentary.unwrap() + 30.0).abs() < 1e-3, "{levels:?}");
        meter.reset();
        assert_eq!(meter.levels(0.0), Levels::default());
    }

    #[test]
    fn any_energy_is_survived() {
        let mut meter = LevelMeter::new(48_000);
        for energy in [f64::INFINITY, f64::NAN, -1.0, f64::MAX, 0.0, f64::MIN_POSITIVE] {
            for _ in 0..200 {
                meter.push(energy);
            }
            meter.levels(f64::NAN);
        }
    }
}
