//! The rolling scorer: samples in, readings out. Files and live input go through the same code.

mod columns;
mod loudness;
mod track;
mod window;

use crate::feature::{Feature, PerFeature};
use crate::frontend::{FrontEnd, FrontEndError, INPUT_RATES};
use crate::inference::BackendError;
use crate::model::{LoudnessSource, Model};
use crate::reading::Reading;
use crate::tap::{ChannelsError, Downmix, Stereo};

use columns::Columns;
pub use loudness::Loudness;
use track::Track;
use window::Window;

/// What the input is and how often it is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputFormat {
    /// Samples a second, 8,000–384,000.
    pub rate: u32,
    /// Interleaved channels, 1–64.
    pub channels: u16,
}

/// Why scoring failed.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// The channel count is out of range.
    #[error(transparent)]
    Channels(#[from] ChannelsError),
    /// The rate of the input is out of range, or the front end cannot be made.
    #[error(transparent)]
    FrontEnd(#[from] FrontEndError),
    /// The rate of readings is out of range.
    #[error("rate of readings is {0} Hz, but must be above 0 and at most 100 Hz")]
    ReadingRate(f64),
    /// The loudness meter refused its input.
    #[error("loudness meter: {0}")]
    Loudness(#[from] ebur128::Error),
    /// Inference failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// An analysis thread could not be started.
    #[error("the analysis thread could not start: {0}")]
    Thread(std::io::Error),
    /// Whoever was told of the readings panicked.
    #[error("the analysis of this stream ended in a panic: {0}")]
    Panicked(String),
}

/// Scores a stream. Readings depend on the samples alone, never on how they were chunked.
pub struct Scorer {
    model: Model,
    downmix: Downmix,
    front_end: FrontEnd,
    columns: Columns,
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
    folded: Vec<Stereo>,
}

impl Scorer {
    /// A scorer for `input` that gives `reading_hz` readings a second of input (above 0, at most 100).
    pub fn new(model: &Model, input: InputFormat, reading_hz: f64) -> Result<Self, ScoreError> {
        if !Self::valid_reading_rate(reading_hz) {
            return Err(ScoreError::ReadingRate(reading_hz));
        }
        let downmix = Downmix::new(input.channels)?;
        let card = model.card();
        Ok(Self {
            front_end: FrontEnd::new(&card.front_end, input.rate)?,
            columns: Columns::new(model),
            window: Window::new(model),
            loudness: Loudness::new(input.rate, downmix.width(), card.window_s)?,
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
            folded: Vec::new(),
        })
    }

    /// Also collects what [`Self::track`] needs; costs one look at the window a second of input, or, for a model without
    /// a trunk, one a window.
    #[must_use]
    pub fn for_track(mut self) -> Self {
        self.loudness.keep_whole();
        self.track.get_or_insert_default();
        self
    }

    /// Also keeps the mel frames for [`Self::take_frames`].
    #[must_use]
    pub fn with_frames(mut self) -> Self {
        self.heard.get_or_insert_default();
        self
    }

    /// Moves the mel frames since the last call to `frames`, as the model gets them, whole frames one after the other.
    /// Nothing without [`Self::with_frames`]; with it, call this after every push, or they pile up.
    pub fn take_frames(&mut self, frames: &mut Vec<f32>) {
        if let Some(heard) = &mut self.heard {
            frames.append(heard);
        }
    }

    /// Whether a scorer can give `hz` readings a second: above 0, at most 100.
    pub fn valid_reading_rate(hz: f64) -> bool {
        hz > 0.0 && hz <= 100.0
    }

    /// Takes interleaved samples and appends each reading that falls due to `readings`.
    pub fn push(&mut self, interleaved: &[f32], readings: &mut Vec<Reading>) -> Result<(), ScoreError> {
        let mut folded = std::mem::take(&mut self.folded);
        folded.clear();
        self.replaced += self.downmix.fold_interleaved(interleaved, &mut folded);
        let result = self.push_folded(&folded, readings);
        self.folded = folded;
        result
    }

    /// [`Self::push`] for samples that a [`crate::tap::Tap`] already down-mixed.
    pub fn push_folded(
        &mut self,
        mut samples: &[Stereo],
        readings: &mut Vec<Reading>,
    ) -> Result<(), ScoreError> {
        while !samples.is_empty() {
            let next = self.next_due().min(self.next_window());
            let until = usize::try_from(next - self.taken).unwrap_or(usize::MAX);
            let (now, later) = samples.split_at(until.min(samples.len()));
            self.take(now)?;
            if self.taken == self.next_due() {
                self.given += 1;
                readings.push(self.read()?);
            }
            if self.taken == self.next_window() {
                self.windows += 1;
                let reading = self.look(true)?;
                if let Some(track) = self.track.as_mut().filter(|_| reading.coverage >= 1.0) {
                    track.add(&reading);
                }
            }
            samples = later;
        }
        Ok(())
    }

    /// Ends the input and reads once more, with what was still inside the front end.
    ///
    /// `None` where there was no input. Call [`Self::reset`] before pushing again.
    pub fn finish(&mut self) -> Result<Option<Reading>, ScoreError> {
        if self.taken == 0 {
            return Ok(None);
        }
        self.front_end.finish(self.columns.frames());
        let window = &mut self.window;
        self.columns.step(|column| window.push(column))?;
        self.ended = true;
        self.read().map(Some)
    }

    /// Ends the input like [`Self::finish`] and gives the reading of the whole of it: the mean over its full windows and
    /// the loudness of all of it. There is a window a second; for a model without a trunk, one follows the other, and the
    /// last counts where at least half of it is new. An input no longer than the window is its last reading.
    ///
    /// Needs [`Self::for_track`]; without it, this is [`Self::finish`].
    pub fn track(&mut self) -> Result<Option<Reading>, ScoreError> {
        let Some(mut reading) = self.finish()? else {
            return Ok(None);
        };
        let window_s = self.model.card().window_s;
        let rest = self.taken - self.windows * self.between_windows;
        if let Some(mut track) = self.track.clone().filter(|_| reading.time > window_s) {
            if rest as f64 >= 0.5 * window_s * f64::from(self.rate) {
                track.add(&reading);
            }
            track.apply(&mut reading);
            if self.model.card().loudness == LoudnessSource::Measured {
                let whole = self.loudness.whole();
                reading.silent = whole.is_none();
                reading.values[Feature::Loudness] = whole.or(Some(Feature::Loudness.range().0));
            }
        }
        Ok(Some(reading))
    }

    /// A reading between the regular ones. A rolling model is read as it is now; without a trunk, values are up to 5 s old,
    /// unless the input has ended.
    pub fn read(&mut self) -> Result<Reading, ScoreError> {
        self.look(self.ended)
    }

    /// A reading of the window as it is `now`, or as it was when it was last due to be scored.
    fn look(&mut self, now: bool) -> Result<Reading, ScoreError> {
        let time = self.taken as f64 / f64::from(self.rate);
        let loudness = self.loudness.window();
        // Loudness is defined from the first gating block on; before it, nothing is known to be silent.
        let known = time > loudness::FIRST_BLOCK_S;
        let silent = known && loudness.is_none();
        let scores = if silent { None } else { self.window.score(now)? };
        let mut values = PerFeature::default();
        let mut sd = PerFeature::default();
        if let Some(scores) = scores {
            let names = self.model.card().features.iter().map(|feature| feature.name);
            for (feature, (mean, deviation)) in names.zip(scores.mean.into_iter().zip(scores.sd)) {
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
        Ok(Reading {
            time,
            coverage: (time / self.model.card().window_s).min(1.0) as f32,
            silent,
            values,
            sd,
            dropped: 0,
            replaced: self.replaced,
        })
    }

    /// Forgets all input: time starts again at zero.
    pub fn reset(&mut self) {
        self.front_end.reset();
        self.columns.reset();
        self.window.reset();
        self.loudness.reset();
        self.heard.iter_mut().for_each(Vec::clear);
        self.track = self.track.take().map(|_| Track::default());
        (self.taken, self.given, self.windows, self.replaced) = (0, 0, 0, 0);
        self.ended = false;
    }

    /// Input rates it can be made for, in Hz.
    pub const RATES: std::ops::RangeInclusive<u32> = INPUT_RATES;

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

    fn take(&mut self, samples: &[Stereo]) -> Result<(), ScoreError> {
        self.taken += samples.len() as u64;
        self.loudness.push(samples)?;
        let frames = self.columns.frames();
        let known = frames.len();
        self.front_end.push_stereo(samples, frames);
        if let Some(heard) = &mut self.heard {
            heard.extend(&frames[known..]);
        }
        let window = &mut self.window;
        self.columns.step(|column| window.push(column))
    }
}
