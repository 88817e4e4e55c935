//! The columns of the last window, and what the head is asked about them.

use std::collections::VecDeque;

use super::rows::Row;
use crate::model::{Card, Model};

/// Without a trunk, all of the network runs for each new score: a ResNet-34 over 30 s takes seconds of a core. So such a
/// model is scored once in this many seconds of input, and readings in between repeat the last score.
const RESCORE_S: f64 = 5.0;

/// Keeps the window's columns and what the head made of them.
///
/// A score depends on the columns alone, never on when it was asked for: the columns after which the window is scored lie
/// on a fixed grid from the first that suffice on, and what is newer than the last of them is kept, but not yet seen.
pub(super) struct Window {
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
    /// Columns that were heard for the question, and for the scores, once there are any.
    asked: u64,
    scored: Option<u64>,
    scores: Scores,
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
            asked: 0,
            scored: None,
            scores: Scores {
                mean: vec![0.0; card.features.len()],
                sd: vec![0.0; card.features.len()],
            },
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
        self.scored = None;
    }

    /// Readies the window for the head as it was at the last column of the grid, or as it is `now`; `false` where that was
    /// scored before, while there is nothing to score, or not yet enough for a head without a mask.
    ///
    /// Everything is computed anew from the kept columns in time order: nothing is added and subtracted, so nothing
    /// drifts.
    pub(super) fn ask(&mut self, now: bool) -> bool {
        let Some(since) = self.heard.checked_sub(self.least) else {
            return false;
        };
        let unseen = if now { 0 } else { since % self.step };
        self.asked = self.heard - unseen;
        if self.scored == Some(self.asked) {
            return false;
        }
        self.fill(unseen as usize);
        true
    }

    /// Takes the head's answer to the last question as the scores.
    pub(super) fn answer(&mut self) {
        self.scored = Some(self.asked);
    }

    /// What the head said last; `None` where it was never asked.
    pub(super) fn scores(&self) -> Option<&Scores> {
        self.scored.map(|_| &self.scores)
    }

    /// The head's input: the window that ends before the `unseen` newest columns.
    fn fill(&mut self, unseen: usize) {
        let end = self.columns.len() - unseen * self.channels;
        let start = end.saturating_sub(self.input.len());
        let missing = self.input.len() - (end - start);
        self.input[..missing].fill(0.0);
        // The ring's two halves, each as one copy.
        let (front, back) = self.columns.as_slices();
        let seam = front.len();
        let front = &front[start.min(seam)..end.min(seam)];
        let back = &back[start.saturating_sub(seam)..end.saturating_sub(seam)];
        let (first, second) = self.input[missing..].split_at_mut(front.len());
        first.copy_from_slice(front);
        second.copy_from_slice(back);
        let unheard = missing / self.channels;
        self.mask[..unheard].fill(0.0);
        self.mask[unheard..].fill(1.0);
    }
}

impl Row for Window {
    fn ports(&mut self) -> (Vec<&[f32]>, Vec<&mut [f32]>) {
        let mut inputs = vec![self.input.as_slice()];
        if self.masked {
            inputs.push(&self.mask);
        }
        (inputs, vec![&mut self.scores.mean, &mut self.scores.sd])
    }
}

/// Columns from one score to the next.
fn step(card: &Card) -> usize {
    if card.trunk.is_some() {
        return 1;
    }
    ((RESCORE_S * card.front_end.frame_rate()) as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANNELS: usize = 2;

    /// A window of three columns.
    fn window(step: u64, least: u64, masked: bool) -> Window {
        Window {
            columns: VecDeque::new(),
            channels: CHANNELS,
            heard: 0,
            step,
            least,
            input: vec![f32::NAN; 3 * CHANNELS],
            mask: vec![f32::NAN; 3],
            masked,
            asked: 0,
            scored: None,
            scores: Scores {
                mean: Vec::new(),
                sd: Vec::new(),
            },
        }
    }

    fn push(window: &mut Window, columns: std::ops::RangeInclusive<u8>) {
        for column in columns.map(f32::from) {
            window.push(&[column, -column]);
        }
    }

    #[test]
    fn without_a_trunk_only_the_columns_of_the_grid_are_asked_about() {
        let mut window = window(4, 3, false);
        push(&mut window, 1..=2);
        assert!(!window.ask(false), "too few");
        push(&mut window, 3..=3);
        assert!(window.ask(false));
        window.answer();
        push(&mut window, 4..=4);
        assert!(!window.ask(false), "the same columns again");
        push(&mut window, 5..=100);
        // A window, and all that may come until the next is asked about.
        assert_eq!(window.columns.len(), (3 + 3) * CHANNELS);
        assert!(window.ask(false));
        assert_eq!(window.input, [97.0, -97.0, 98.0, -98.0, 99.0, -99.0]);
        window.answer();
        push(&mut window, 101..=102);
        assert!(!window.ask(false), "until 103");
        assert!(window.ask(true), "all that is there");
        assert_eq!(window.input, [100.0, -100.0, 101.0, -101.0, 102.0, -102.0]);
    }

    #[test]
    fn a_mask_tells_what_was_not_heard_yet() {
        let mut window = window(1, 1, true);
        assert!(!window.ask(true), "nothing at all");
        push(&mut window, 1..=1);
        assert!(window.ask(false));
        assert_eq!(window.input, [0.0, 0.0, 0.0, 0.0, 1.0, -1.0]);
        assert_eq!(window.mask, [0.0, 0.0, 1.0]);
        push(&mut window, 2..=4);
        assert!(window.ask(false));
        assert_eq!(window.input, [2.0, -2.0, 3.0, -3.0, 4.0, -4.0]);
        assert_eq!(window.mask, [1.0; 3]);
    }
}
