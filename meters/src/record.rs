//! What a face draws: the last half minute of readings, the session they are part of, and the picture of what was heard.

use echometer_engine::frontend::{FrontEndConfig, Scale};
use echometer_engine::{Feature, PerFeature, Reading};

use crate::{History, MelPicture, Session};

/// Readings and mel frames of one stream, kept whether anybody looks or not.
#[derive(Debug, Clone)]
pub struct Record {
    latest: Option<Reading>,
    histories: PerFeature<History>,
    session: Session,
    picture: MelPicture,
}

impl Record {
    /// An empty record of a stream whose frames have `mels` bands on `scale`, `frames_hz` a second.
    pub fn new(mels: usize, scale: Scale, frames_hz: f64) -> Self {
        Self {
            latest: None,
            histories: PerFeature::from_fn(|_| History::default()),
            session: Session::default(),
            picture: MelPicture::new(mels, scale, frames_hz),
        }
    }

    /// An empty record of a stream that `front_end` makes frames of.
    pub fn of(front_end: &FrontEndConfig) -> Self {
        let frames_hz = f64::from(front_end.sample_rate) / front_end.hop as f64;
        Self::new(front_end.mels, front_end.scale, frames_hz)
    }

    /// Adds a reading. One before the last starts the record anew: the input was reset.
    pub fn reading(&mut self, reading: &Reading) {
        if self.latest.as_ref().is_some_and(|last| reading.time < last.time) {
            self.clear();
        }
        for feature in Feature::ALL {
            if let Some(value) = reading.values[feature] {
                self.histories[feature].push(reading.time, value);
            }
        }
        self.session.push(reading);
        self.latest = Some(reading.clone());
    }

    /// Adds whole mel frames.
    pub fn frames(&mut self, frames: &[f32]) {
        self.picture.push(frames);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.latest = None;
        for feature in Feature::ALL {
            self.histories[feature].clear();
        }
        self.session.clear();
        self.picture.clear();
    }

    /// The last reading.
    pub fn latest(&self) -> Option<&Reading> {
        self.latest.as_ref()
    }

    /// The last half minute of a feature.
    pub fn history(&self, feature: Feature) -> &History {
        &self.histories[feature]
    }

    /// All readings since the start, thinned out.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The picture of what was heard.
    pub fn picture(&self) -> &MelPicture {
        &self.picture
    }
}

#[cfg(test)]
mod tests {
    use echometer_engine::Levels;

    use super::*;

    fn reading(time: f64, energy: f32) -> Reading {
        let mut values = PerFeature::default();
        values[Feature::Energy] = Some(energy);
        Reading {
            time,
            coverage: 0.1,
            silent: false,
            values,
            sd: PerFeature::default(),
            levels: Levels::default(),
            dropped: 0,
            replaced: 0,
        }
    }

    #[test]
    fn keeps_values_and_starts_anew_when_time_goes_back() {
        let mut record = Record::new(4, Scale::Log { gain: 100.0 }, 80.0);
        record.reading(&reading(1.0, 0.5));
        record.reading(&reading(1.2, 0.6));
        record.frames(&[1.0; 4 * 80]);
        assert_eq!(record.history(Feature::Energy).iter().count(), 2);
        assert_eq!(record.history(Feature::Valence).iter().count(), 0);
        assert!(record.picture().columns() > 0);
        record.reading(&reading(0.2, 0.7));
        assert_eq!(record.history(Feature::Energy).iter().count(), 1);
        assert_eq!(record.picture().columns(), 0);
        assert_eq!(record.session().readings().len(), 1);
        assert_eq!(record.latest().map(|reading| reading.time), Some(0.2));
    }
}
