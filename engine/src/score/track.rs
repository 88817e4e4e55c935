//! Many readings to one: the values of a whole track.

use crate::feature::{Feature, PerFeature};
use crate::reading::Reading;

/// Averages the windows of an input.
///
/// An input no longer than the window is its last reading. A longer one is the mean over its full windows; the standard
/// deviation is the windows' mean one, because windows overlap and their errors go together.
#[derive(Debug, Clone, Default)]
pub struct Track {
    mean: PerFeature<Mean>,
    sd: PerFeature<Mean>,
    last: Option<Reading>,
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
    /// Takes the next reading.
    pub fn add(&mut self, reading: Reading) {
        if reading.coverage >= 1.0 {
            for feature in Feature::ALL {
                self.mean[feature].add(reading.values[feature]);
                self.sd[feature].add(reading.sd[feature]);
            }
        }
        self.last = Some(reading);
    }

    /// The track's reading; `whole_loudness` is that of the whole input (see [`super::Scorer::whole_loudness`]).
    ///
    /// `None` where there was no reading.
    pub fn reading(&self, whole_loudness: Option<f32>) -> Option<Reading> {
        let mut reading = self.last.clone()?;
        for feature in Feature::ALL {
            if let Some(mean) = self.mean[feature].get() {
                reading.values[feature] = Some(mean);
                reading.sd[feature] = self.sd[feature].get();
            }
        }
        reading.silent = whole_loudness.is_none();
        if reading.sd[Feature::Loudness] == Some(0.0) {
            reading.values[Feature::Loudness] = Some(whole_loudness.unwrap_or(Feature::Loudness.range().0));
        }
        Some(reading)
    }
}
