//! One input: from its samples to what the graphs are asked, and from their answers to readings.

use super::columns::Columns;
use super::loudness::{FIRST_BLOCK_S, Loudness};
use super::track::Track;
use super::window::Window;
use super::{InputFormat, ScoreError, valid_reading_rate};
use crate::feature::{Feature, PerFeature};
use crate::frontend::FrontEnd;
use crate::model::{LoudnessSource, Model};
use crate::reading::Reading;
use crate::tap::{Block, Downmix, Folded};

/// Everything kept of one input.
pub(super) struct Lane {
    model: Model,
    downmix: Downmix,
    front_end: FrontEnd,
    pub(super) columns: Columns,
    window: Window,
    loudness: Loudness,
    rate: u32,
    reading_hz: f64,
    /// Sample frames taken so far.
    taken: u64,
    /// Readings given so far on the regular grid.
    given: u64,
    /// Windows looked at for the track so far, and sample frames from one to the next.
    windows: u64,
    between_windows: u64,
    /// Whether the input has ended: from then on, readings are of all of it.
    ended: bool,
    replaced: u64,
    /// Windows of the whole input, where asked for.
    track: Option<Track>,
    /// Mel frames since they were last looked at, where asked for.
    heard: Option<Vec<f32>>,
}

impl Lane {
    pub(super) fn new(model: &Model, input: InputFormat, reading_hz: f64) -> Result<Self, ScoreError> {
        if !valid_reading_rate(reading_hz) {
            return Err(ScoreError::ReadingRate(reading_hz));
        }
        let downmix = input.downmix()?;
        let card = model.card();
        Ok(Self {
            front_end: FrontEnd::new(&card.front_end, input.rate)?,
            columns: Columns::new(model),
            window: Window::new(model),
            loudness: Loudness::new(input.rate, &downmix, card.window_s)?,
            between_windows: Track::interval(card, input.rate),
            model: model.clone(),
            downmix,
            rate: input.rate,
            reading_hz,
            taken: 0,
            given: 0,
            windows: 0,
            ended: false,
            replaced: 0,
            track: None,
            heard: None,
        })
    }

    pub(super) fn keep_track(&mut self) {
        self.loudness.keep_whole();
        self.track.get_or_insert_default();
    }

    pub(super) fn keep_levels(&mut self) -> Result<(), ScoreError> {
        self.loudness.keep_levels()
    }

    pub(super) fn keep_frames(&mut self) {
        self.heard.get_or_insert_default();
    }

    pub(super) fn take_frames(&mut self, frames: &mut Vec<f32>) {
        if let Some(heard) = &mut self.heard {
            frames.append(heard);
        }
    }

    /// Down-mixes interleaved samples.
    pub(super) fn fold(&mut self, interleaved: &[f32], folded: &mut Block) {
        self.replaced += self.downmix.fold_block(interleaved, folded);
    }

    /// Takes samples off the front of `samples`, up to the next that a reading or the track waits for.
    pub(super) fn take(&mut self, samples: &mut Folded<'_>) -> Result<(), ScoreError> {
        let next = self.next_due().min(self.next_window());
        let until = usize::try_from(next - self.taken).unwrap_or(usize::MAX);
        let (now, later) = samples.split_at(until);
        *samples = later;
        self.taken += now.len() as u64;
        self.loudness.push(now)?;
        let frames = self.columns.frames();
        let known = frames.len();
        self.front_end.push_stereo(now.pairs(), frames);
        if let Some(heard) = &mut self.heard {
            heard.extend(&frames[known..]);
        }
        Ok(())
    }

    /// Values of mel frames that are kept.
    #[cfg(test)]
    pub(super) fn frames_waiting(&mut self) -> usize {
        self.columns.frames().len()
    }

    /// Takes the columns that the trunk made of the run that was ready.
    pub(super) fn end_run(&mut self) {
        self.columns.end(|column| self.window.push(column));
    }

    /// Ends the input; what is still inside the front end comes out. `false` where there was none.
    pub(super) fn end(&mut self) -> bool {
        if self.taken > 0 && !self.ended {
            self.front_end.finish(self.columns.frames());
            self.ended = true;
        }
        self.taken > 0
    }

    /// The question for the head before [`Self::look`], if there is one: of the window as it is `now`, or as it was when it
    /// was last due to be scored. Silence has no features, so nobody is asked.
    pub(super) fn ask(&mut self, now: bool) -> Option<&mut Window> {
        if self.is_silent() {
            return None;
        }
        self.window.ask(now || self.ended).then_some(&mut self.window)
    }

    /// Whether a reading is due now.
    pub(super) fn is_due(&self) -> bool {
        self.taken == self.next_due()
    }

    /// The reading that is due.
    pub(super) fn give(&mut self) -> Reading {
        self.given += 1;
        self.look()
    }

    /// Whether the track looks at the window now.
    pub(super) fn is_window(&self) -> bool {
        self.taken == self.next_window()
    }

    /// Adds the window to the track.
    pub(super) fn add_window(&mut self) {
        self.windows += 1;
        let reading = self.look();
        if let Some(track) = self.track.as_mut().filter(|_| reading.coverage >= 1.0) {
            track.add(&reading);
        }
    }

    /// The reading of the whole input, given its last one, `reading`.
    pub(super) fn whole(&self, mut reading: Reading) -> Reading {
        let window_s = self.model.card().window_s;
        let rest = self.taken - self.windows * self.between_windows;
        let Some(mut track) = self.track.clone().filter(|_| reading.time > window_s) else {
            return reading;
        };
        if rest as f64 >= 0.5 * window_s * f64::from(self.rate) {
            track.add(&reading);
        }
        track.apply(&mut reading);
        if self.model.card().loudness == LoudnessSource::Measured {
            let whole = self.loudness.whole();
            reading.silent = whole.is_none();
            reading.values[Feature::Loudness] = whole.or(Some(Feature::Loudness.range().0));
        }
        reading
    }

    /// Loudness range of the input so far, where a track is kept.
    pub(super) fn loudness_range(&self) -> Option<f32> {
        self.loudness.range()
    }

    /// A reading, after the head's answer.
    pub(super) fn look(&self) -> Reading {
        let loudness = self.loudness.window();
        let silent = self.is_silent();
        let mut values = PerFeature::default();
        let mut sd = PerFeature::default();
        if let Some(scores) = self.window.scores().filter(|_| !silent) {
            let names = self.model.card().features.iter().map(|feature| feature.name);
            for (feature, (&mean, &deviation)) in names.zip(scores.mean.iter().zip(&scores.sd)) {
                // A damaged model may say anything; a meter shows a number or nothing.
                if mean.is_finite() && deviation.is_finite() {
                    values[feature] = Some(feature.clamp(mean));
                    sd[feature] = Some(deviation.max(0.0));
                }
            }
        }
        if self.model.card().loudness == LoudnessSource::Measured || values[Feature::Loudness].is_none() {
            let measured = loudness.or(silent.then_some(Feature::Loudness.range().0));
            values[Feature::Loudness] = measured;
            sd[Feature::Loudness] = measured.map(|_| 0.0);
        }
        Reading {
            time: self.time(),
            coverage: (self.time() / self.model.card().window_s).min(1.0) as f32,
            silent,
            values,
            sd,
            levels: self.loudness.levels(),
            dropped: 0,
            replaced: self.replaced,
        }
    }

    pub(super) fn reset(&mut self) {
        self.front_end.reset();
        self.columns.reset();
        self.window.reset();
        self.loudness.reset();
        self.heard.iter_mut().for_each(Vec::clear);
        self.track = self.track.take().map(|_| Track::default());
        (self.taken, self.given, self.windows, self.replaced) = (0, 0, 0, 0);
        self.ended = false;
    }

    /// Seconds of input so far.
    fn time(&self) -> f64 {
        self.taken as f64 / f64::from(self.rate)
    }

    /// Whether the window is silent. Loudness is defined from the first gating block on; before it, nothing is known to be
    /// silent.
    fn is_silent(&self) -> bool {
        self.time() > FIRST_BLOCK_S && self.loudness.is_silent()
    }

    /// Sample frame at whose end the next reading is due.
    fn next_due(&self) -> u64 {
        ((self.given + 1) as f64 * f64::from(self.rate) / self.reading_hz).round() as u64
    }

    /// Sample frame at whose end the track looks at the window next; never, where there is no track.
    fn next_window(&self) -> u64 {
        if self.track.is_some() {
            (self.windows + 1) * self.between_windows
        } else {
            u64::MAX
        }
    }
}
