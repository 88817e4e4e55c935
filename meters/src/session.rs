//! All readings since the start, thinned out as they grow in number.

use echometer_engine::Reading;

/// Readings kept at most; half as many once they are thinned out. Less than a megabyte.
const MOST: usize = 3_600;

/// The least time between two readings that are kept, in seconds: values describe half a minute.
const LEAST_S: f64 = 0.5;

/// What was read since the start or the last reset, oldest first. Bounded, however long it gets: half an hour with a reading every
/// half second, a whole day with one every half minute or so.
#[derive(Debug, Clone)]
pub struct Session {
    kept: Vec<Reading>,
    /// Seconds from one to the next.
    step_s: f64,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            step_s: LEAST_S,
        }
    }
}

impl Session {
    /// Takes a reading, or leaves it out because the last one is too near.
    pub(crate) fn push(&mut self, reading: &Reading) {
        let last = self.kept.last().map(|last| last.time);
        // A little less than a step, lest rounding leave out every second one.
        if last.is_some_and(|last| reading.time - last < 0.99 * self.step_s) {
            return;
        }
        if self.kept.len() >= MOST {
            let mut keep = false;
            self.kept.retain(|_| {
                keep = !keep;
                keep
            });
            self.step_s *= 2.0;
        }
        self.kept.push(reading.clone());
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Seconds from one reading to the next.
    pub fn step_s(&self) -> f64 {
        self.step_s
    }

    /// The readings, oldest first.
    pub fn readings(&self) -> &[Reading] {
        &self.kept
    }
}

#[cfg(test)]
mod tests {
    use echometer_engine::{Levels, PerFeature};

    use super::*;

    fn reading(time: f64) -> Reading {
        Reading {
            time,
            coverage: 1.0,
            silent: false,
            values: PerFeature::default(),
            sd: PerFeature::default(),
            levels: Levels::default(),
            dropped: 0,
            replaced: 0,
        }
    }

    #[test]
    fn a_long_session_is_thinned_out_evenly_and_keeps_its_start() {
        let mut session = Session::default();
        for i in 0..360_000 {
            session.push(&reading(f64::from(i) / 10.0));
            assert!(session.readings().len() <= MOST);
        }
        let kept = session.readings();
        assert!(kept.len() > MOST / 3, "{}", kept.len());
        assert_eq!(kept[0].time, 0.0, "ten hours from their start");
        assert!(kept[kept.len() - 1].time > 35_980.0);
        for pair in kept.windows(2) {
            let apart = pair[1].time - pair[0].time;
            assert!((apart / session.step_s() - 1.0).abs() < 0.05, "{apart}");
        }
        session.clear();
        assert!(session.readings().is_empty() && session.step_s() == LEAST_S);
    }

    #[test]
    fn rare_readings_are_all_kept() {
        let mut session = Session::default();
        (0..100).for_each(|i| session.push(&reading(f64::from(i) * 0.5)));
        assert_eq!(session.readings().len(), 100);
    }
}
