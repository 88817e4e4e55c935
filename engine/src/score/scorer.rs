//! The scorer of one input.

use std::slice;

use super::graphs::Graphs;
use super::lane::Lane;
use super::{InputFormat, ScoreError, valid_reading_rate};
use crate::frontend::INPUT_RATES;
use crate::model::Model;
use crate::reading::Reading;
use crate::tap::{Block, Folded};

/// Scores a stream. Readings depend on the samples alone, never on how they were chunked.
pub struct Scorer {
    lane: Lane,
    graphs: Graphs,
    folded: Block,
}

impl Scorer {
    /// A scorer for `input` that gives `reading_hz` readings a second of input (above 0, at most 100).
    pub fn new(model: &Model, input: InputFormat, reading_hz: f64) -> Result<Self, ScoreError> {
        Ok(Self {
            lane: Lane::new(model, input, reading_hz)?,
            graphs: Graphs::new(model),
            folded: Block::default(),
        })
    }

    /// Also collects what [`Self::track`] needs; costs one look at the window a second of input, or, for a model without
    /// a trunk, one a window.
    #[must_use]
    pub fn for_track(mut self) -> Self {
        self.lane.keep_track();
        self
    }

    /// Also measures the [`Levels`](crate::Levels) of every reading.
    pub fn with_levels(mut self) -> Result<Self, ScoreError> {
        self.lane.keep_levels()?;
        Ok(self)
    }

    /// Also keeps the mel frames for [`Self::take_frames`].
    #[must_use]
    pub fn with_frames(mut self) -> Self {
        self.lane.keep_frames();
        self
    }

    /// Moves the mel frames since the last call to `frames`, as the model gets them, whole frames one after the other.
    /// Nothing without [`Self::with_frames`]; with it, call this after every push, or they pile up.
    pub fn take_frames(&mut self, frames: &mut Vec<f32>) {
        self.lane.take_frames(frames);
    }

    /// Whether a scorer can give `hz` readings a second: above 0, at most 100.
    pub fn valid_reading_rate(hz: f64) -> bool {
        valid_reading_rate(hz)
    }

    /// Takes interleaved samples and appends each reading that falls due to `readings`.
    pub fn push(&mut self, interleaved: &[f32], readings: &mut Vec<Reading>) -> Result<(), ScoreError> {
        let mut folded = std::mem::take(&mut self.folded);
        folded.clear();
        self.lane.fold(interleaved, &mut folded);
        let result = self.push_folded(folded.folded(), readings);
        self.folded = folded;
        result
    }

    /// [`Self::push`] for samples that come through a [`crate::tap::Tap`] or are down-mixed already.
    pub fn push_folded(
        &mut self,
        samples: Folded<'_>,
        readings: &mut Vec<Reading>,
    ) -> Result<(), ScoreError> {
        let lanes = slice::from_mut(&mut self.lane);
        self.graphs
            .push(lanes, &mut [samples], |_, reading| readings.push(reading))
    }

    /// Ends the input and reads once more, with what was still inside the front end.
    ///
    /// `None` where there was no input. Call [`Self::reset`] before pushing again.
    pub fn finish(&mut self) -> Result<Option<Reading>, ScoreError> {
        let readings = self.graphs.finish(slice::from_mut(&mut self.lane))?;
        Ok(readings.into_iter().next().flatten())
    }

    /// Ends the input like [`Self::finish`] and gives the reading of the whole of it: the mean over its full windows and
    /// the loudness of all of it. There is a window a second; for a model without a trunk, one follows the other, and the
    /// last counts where at least half of it is new. An input no longer than the window is its last reading.
    ///
    /// Needs [`Self::for_track`]; without it, this is [`Self::finish`].
    pub fn track(&mut self) -> Result<Option<Reading>, ScoreError> {
        let last = self.finish()?;
        Ok(last.map(|last| self.lane.whole(last)))
    }

    /// EBU Tech 3342's loudness range of the input so far, in LU: how far its quiet and its loud parts lie apart.
    ///
    /// Needs [`Self::for_track`]. `None` without it, for less than 3 s, and where all of it is below −70 LUFS; it means little
    /// for less than a minute.
    pub fn loudness_range(&self) -> Option<f32> {
        self.lane.loudness_range()
    }

    /// A reading between the regular ones. A rolling model is read as it is now; without a trunk, values are up to 5 s old,
    /// unless the input has ended.
    pub fn read(&mut self) -> Result<Reading, ScoreError> {
        self.graphs.refresh(slice::from_mut(&mut self.lane))?;
        Ok(self.lane.look())
    }

    /// Forgets all input: time starts again at zero.
    pub fn reset(&mut self) {
        self.lane.reset();
    }

    /// Input rates it can be made for, in Hz.
    pub const RATES: std::ops::RangeInclusive<u32> = INPUT_RATES;
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{Device, ModelFiles};

    #[test]
    fn frames_that_wait_for_a_second_never_pile_up() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/default");
        let files = ModelFiles::read(&folder).unwrap();
        let model = Model::load_ahead(&files, Device::Embedded).unwrap();
        assert!(
            model.ahead().is_some(),
            "the default model's trunk takes a second in one run"
        );
        let rate = 24_000;
        let mut scorer = Scorer::new(&model, InputFormat::new(rate, 1), 1e-6).unwrap();
        let second: Vec<f32> = (0..rate).map(|i| (i as f32 * 0.05).sin()).collect();
        let mels = model.card().front_end.mels;
        // More than a step and less than a second is left over each time.
        scorer
            .push(&second[..rate as usize / 3], &mut Vec::new())
            .unwrap();
        for _ in 0..20 {
            scorer.push(&second, &mut Vec::new()).unwrap();
            let waiting = scorer.lane.frames_waiting() / mels;
            assert!(waiting <= 160, "{waiting} frames wait");
        }
    }
}
