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
    ///
    /// Parts that are shorter than the time between two values have the earlier of them: it is what was shown then.
    pub fn resample(&self, now: f64, cells: usize) -> Vec<Option<f32>> {
        let mut sums = vec![(0.0, 0u32); cells];
        let cell_s = Self::SPAN_S / cells as f64;
        // Cells lie on a fixed grid of time, so that a history moves along but does not flicker.
        let cell = |time: f64| cells as f64 - 1.0 - ((now / cell_s).floor() - (time / cell_s).floor());
        let there = 0.0..cells as f64;
        for (time, value) in self.iter() {
            let at = cell(time);
            if there.contains(&at) {
                let (sum, count) = &mut sums[at as usize];
                *sum += value;
                *count += 1;
            }
        }
        let mut means: Vec<_> = sums
            .into_iter()
            .map(|(sum, count)| (count > 0).then(|| sum / count as f32))
            .collect();
        for i in (1..self.points.len()).filter(|i| self.follows(*i)) {
            let ((before, value), (after, _)) = (self.points[i - 1], self.points[i]);
            let between = cell(before).max(-1.0) + 1.0..cell(after).min(there.end);
            for mean in &mut means[between.start as usize..between.end.max(between.start) as usize] {
                *mean = Some(value);
            }
        }
        means
    }

    /// Whether the value at `i` came when it was due after the one before it: after no more than twice the time between its
    /// neighbours.
    fn follows(&self, i: usize) -> bool {
        let wait = |i: usize| Some(self.points.get(i)?.0 - self.points.get(i.checked_sub(1)?)?.0);
        let (before, after) = (i.checked_sub(1).and_then(wait), wait(i + 1));
        let usual = before.into_iter().chain(after).reduce(f64::max);
        wait(i).zip(usual).is_none_or(|(wait, usual)| wait <= 2.0 * usual)
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
    fn cells_between_values_have_what_was_shown_and_gaps_stay() {
        for hz in [0.1, 1.0, 5.0, 30.0] {
            let mut history = History::default();
            let count = (40.0 * hz) as u32;
            for i in 0..=count {
                history.push(f64::from(i) / hz, i as f32);
            }
            for cells in [10, 53, 150, 173, 213, 1_000] {
                let shown = history.resample(f64::from(count) / hz, cells);
                let first = shown.iter().position(Option::is_some).unwrap();
                // The oldest value that is kept may be as young as one step.
                assert!(
                    first as f64 <= (1.0 / hz + 0.1) / (30.0 / cells as f64) + 1.0,
                    "{hz} {cells}: {first}"
                );
                assert!(
                    shown[first..].iter().all(Option::is_some),
                    "{hz} Hz, {cells} cells"
                );
                assert!(shown[first..].is_sorted(), "{hz} Hz, {cells} cells");
            }
        }
        let mut history = History::default();
        // Two seconds of silence, and an end that is not due.
        let times = (0..50)
            .map(|i| f64::from(i) * 0.2)
            .chain((60..100).map(|i| f64::from(i) * 0.2));
        for time in times.chain([19.85]) {
            history.push(time, 0.5);
        }
        let shown = history.resample(19.85, 300);
        let gap = shown[101..].iter().filter(|value| value.is_none()).count();
        assert!((18..=22).contains(&gap), "{gap} of 20 cells");
        assert_eq!(History::default().resample(3.0, 7), [None; 7]);
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
