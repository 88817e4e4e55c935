//! Many windows to one reading: the value of a whole input.

use crate::feature::{Feature, PerFeature};
use crate::model::Card;
use crate::reading::Reading;

/// The mean over full windows, taken at fixed places of the input whatever the rate of readings is.
///
/// The standard deviation is the windows' mean one: windows overlap, and their errors go together.
#[derive(Debug, Clone, Default)]
pub(super) struct Track {
    mean: PerFeature<Mean>,
    sd: PerFeature<Mean>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    fn add(&mut self, value: Option<f32>) {
        if let Some(value) = value {
            self.sum += f64::from(value);
            self.count += 1;
        }
    }

    fn get(self) -> Option<f32> {
        (self.count > 0).then(|| (self.sum / self.count as f64) as f32)
    }
}

impl Track {
    /// Sample frames at `rate` from one window to the next: a second, or the whole window where each is a network's whole
    /// work.
    pub(super) fn interval(card: &Card, rate: u32) -> u64 {
        let seconds = if card.trunk.is_some() { 1.0 } else { card.window_s };
        (seconds * f64::from(rate)).ceil() as u64
    }

    /// Takes a full window.
    pub(super) fn add(&mut self, reading: &Reading) {
        for feature in Feature::ALL {
            self.mean[feature].add(reading.values[feature]);
            self.sd[feature].add(reading.sd[feature]);
        }
    }

    /// Puts the means of what was taken into `last`, the input's last reading; what was never taken stays.
    pub(super) fn apply(&self, last: &mut Reading) {
        for feature in Feature::ALL {
            last.values[feature] = self.mean[feature].get().or(last.values[feature]);
            last.sd[feature] = self.sd[feature].get().or(last.sd[feature]);
        }
    }
}
