//! The columns of the last window, and the head over them.

use std::collections::VecDeque;

use super::ScoreError;
use crate::model::{Card, Model};

/// Without a trunk, all of the network runs for each new score: a ResNet-34 over 30 s takes seconds of a core. So such a
/// model is scored once in this many seconds of input, and readings in between repeat the last score.
const RESCORE_S: f64 = 5.0;

/// Keeps the window's columns and asks the head what they amount to.
///
/// A score depends on the columns alone, never on when it was asked for: the columns after which the window is scored lie
/// on a fixed grid from the first that suffice on, and what is newer than the last of them is kept, but not yet seen.
pub(super) struct Window {
    model: Model,
    columns: VecDeque<f32>,
    channels: usize,
    /// Columns since the start, also those no longer kept.
    heard: u64,
    /// Columns from one score to the next: one, unless there is no trunk.
    step: u64,
    /// Fewest columns that the head is asked about.
    least: u64,
    input: Vec<f32>,
    mask: Vec<f32>,
    masked: bool,
    /// The last score and the columns that were heard for it.
    last: Option<(u64, Scores)>,
}

/// Means and standard deviations in the order of the card's features.
#[derive(Clone)]
pub(super) struct Scores {
    pub(super) mean: Vec<f32>,
    pub(super) sd: Vec<f32>,
}

impl Window {
    pub(super) fn new(model: &Model) -> Self {
        let card = model.card();
        let (columns, channels) = (card.window_columns(), card.channels());
        let masked = model.head().ports().inputs.len() > 1;
        let step = step(card);
        Self {
            columns: VecDeque::with_capacity((columns + step) * channels),
            channels,
            heard: 0,
            step: step as u64,
            least: if masked { 1 } else { card.least_columns() as u64 },
            input: vec![0.0; columns * channels],
            mask: vec![0.0; columns],
            masked,
            last: None,
            model: model.clone(),
        }
    }

    pub(super) fn push(&mut self, column: &[f32]) {
        let unseen = (self.step as usize - 1) * self.channels;
        if self.columns.len() == self.input.len() + unseen {
            self.columns.drain(..column.len());
        }
        self.columns.extend(column);
        self.heard += 1;
    }

    pub(super) fn reset(&mut self) {
        self.columns.clear();
        self.heard = 0;
        self.last = None;
    }

    /// Scores the window as it was at the last column of the grid, or as it is `now`; `None` while there is nothing to
    /// score, or not yet enough for a head without a mask.
    ///
    /// Everything is computed anew from the kept columns in time order: nothing is added and subtracted, so nothing
    /// drifts.
    pub(super) fn score(&mut self, now: bool) -> Result<Option<Scores>, ScoreError> {
        let Some(since) = self.heard.checked_sub(self.least) else {
            return Ok(None);
        };
        let unseen = if now { 0 } else { since % self.step };
        let seen = self.heard - unseen;
        if self.last.as_ref().is_none_or(|(known, _)| *known != seen) {
            let scores = self.run(unseen as usize)?;
            self.last = Some((seen, scores));
        }
        Ok(self.last.as_ref().map(|(_, scores)| scores.clone()))
    }

    /// The head over the window that ends before the `unseen` newest columns.
    fn run(&mut self, unseen: usize) -> Result<Scores, ScoreError> {
        let end = self.columns.len() - unseen * self.channels;
        let start = end.saturating_sub(self.input.len());
        let missing = self.input.len() - (end - start);
        self.input[..missing].fill(0.0);
        for (slot, value) in self.input[missing..]
            .iter_mut()
            .zip(self.columns.range(start..end))
        {
            *slot = *value;
        }
        let unheard = missing / self.channels;
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
        Ok(scores)
    }

    fn features(&self) -> Vec<f32> {
        vec![0.0; self.model.card().features.len()]
    }
}

/// Columns from one score to the next.
fn step(card: &Card) -> usize {
    if card.trunk.is_some() {
        return 1;
    }
    ((RESCORE_S * card.front_end.frame_rate()) as usize).max(1)
}
