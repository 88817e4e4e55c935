//! The last half minute of one value.

use std::collections::VecDeque;

/// Points kept at most: 30 s at the highest rate of readings, 100 Hz.
const LONGEST: usize = 3_001;

/// Times and values of the last [`History::SPAN_S`] seconds, oldest first. Bounded, whatever the rate.
#[derive(Debug, Clone, Default)]
pub struct History {
    points: VecDeque<(f64, f32)>,
}

impl History {
    /// Seconds kept.
    pub const SPAN_S: f64 = 30.0;

    /// Adds a value at `time` (seconds of input) and forgets what is too old. A time before the last one starts anew:
    /// the input was reset.
    pub fn push(&mut self, time: f64, value: f32) {
        if self.points.back().is_some_and(|(last, _)| time < *last) {
            self.points.clear();
        }
        self.points.push_back((time, value));
        let oldest = time - Self::SPAN_S;
        while self.points.len() > LONGEST || self.points.front().is_some_and(|(first, _)| *first <= oldest) {
            self.points.pop_front();
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.points.clear();
    }

    /// The points, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (f64, f32)> {
        self.points.iter().copied()
    }

    /// Means over `cells` equal parts of the 30 s up to `now`, oldest first; `None` where there was no value.
    pub fn resample(&self, now: f64, cells: usize) -> Vec<Option<f32>> {
        let mut sums = vec![(0.0, 0u32); cells];
        let cell_s = Self::SPAN_S / cells as f64;
        for (time, value) in self.iter() {
            // Cells lie on a fixed grid of time, so that a history moves along but does not flicker.
            let age = (now / cell_s).floor() - (time / cell_s).floor();
            if (0.0..cells as f64).contains(&age) {
                let (sum, count) = &mut sums[cells - 1 - age as usize];
                *sum += value;
                *count += 1;
            }
        }
        sums.into_iter()
            .map(|(sum, count)| (count > 0).then(|| sum / count as f32))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_half_a_minute() {
        let mut history = History::default();
        for i in 0..500 {
            history.push(f64::from(i) * 0.2, i as f32);
        }
        assert_eq!(history.iter().count(), 150);
        assert_eq!(history.iter().last(), Some((499.0 * 0.2, 499.0)));
        history.push(1.0, 0.5);
        assert_eq!(history.iter().collect::<Vec<_>>(), [(1.0, 0.5)]);
    }

    #[test]
    fn is_bounded_at_any_rate() {
        let mut history = History::default();
        for i in 0..10_000 {
            history.push(f64::from(i) * 1e-6, 0.0);
        }
        assert_eq!(history.iter().count(), LONGEST);
    }

    #[test]
    fn resampling_averages_and_leaves_gaps() {
        let mut history = History::default();
        for (time, value) in [(20.5, 0.2), (20.6, 0.4), (22.5, 1.0)] {
            history.push(time, value);
        }
        let cells = history.resample(22.9, 30);
        assert_eq!(cells.len(), 30);
        assert!((cells[27].unwrap() - 0.3).abs() < 1e-6);
        assert_eq!((cells[28], cells[29], cells[26]), (None, Some(1.0), None));
    }
}
