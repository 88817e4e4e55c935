//! The columns of the last window, and the head over them.

use std::collections::VecDeque;

use super::ScoreError;
use crate::model::Model;

/// Keeps the window's columns and asks the head what they amount to.
pub(super) struct Window {
    model: Model,
    columns: VecDeque<f32>,
    input: Vec<f32>,
    mask: Vec<f32>,
    masked: bool,
}

/// Means and standard deviations in the order of the card's features.
pub(super) struct Scores {
    pub(super) mean: Vec<f32>,
    pub(super) sd: Vec<f32>,
}

impl Window {
    pub(super) fn new(model: &Model) -> Self {
        let card = model.card();
        let (columns, channels) = (card.window_columns(), card.channels());
        Self {
            columns: VecDeque::with_capacity((columns + 1) * channels),
            input: vec![0.0; columns * channels],
            mask: vec![0.0; columns],
            masked: model.head().ports().inputs.len() > 1,
            model: model.clone(),
        }
    }

    pub(super) fn push(&mut self, column: &[f32]) {
        if self.columns.len() == self.input.len() {
            self.columns.drain(..column.len());
        }
        self.columns.extend(column);
    }

    pub(super) fn reset(&mut self) {
        self.columns.clear();
    }

    /// Scores the window; `None` while there is nothing to score, or not yet enough for a head without a mask.
    ///
    /// Everything is computed anew from the kept columns in time order: nothing is added and subtracted, so nothing
    /// drifts.
    pub(super) fn score(&mut self) -> Result<Option<Scores>, ScoreError> {
        let missing = self.input.len() - self.columns.len();
        if self.columns.is_empty() || (missing > 0 && !self.masked) {
            return Ok(None);
        }
        self.input[..missing].fill(0.0);
        for (slot, value) in self.input[missing..].iter_mut().zip(&self.columns) {
            *slot = *value;
        }
        let channels = self.input.len() / self.mask.len();
        let unheard = missing / channels;
        self.mask[..unheard].fill(0.0);
        self.mask[unheard..].fill(1.0);
        let mut scores = Scores {
            mean: self.features(),
            sd: self.features(),
        };
        let inputs = [self.input.as_slice(), self.mask.as_slice()];
        let used = if self.masked { &inputs[..] } else { &inputs[..1] };
        let mut outputs = [scores.mean.as_mut_slice(), scores.sd.as_mut_slice()];
        self.model.head().run(used, &mut outputs)?;
        Ok(Some(scores))
    }

    fn features(&self) -> Vec<f32> {
        vec![0.0; self.model.card().features.len()]
    }
}
