//! Mel frames to columns: what the trunk is given and gives, one step at a time, with its state.

use super::rows::Row;
use crate::model::Card;

/// The frames of one input on their way through the trunk, `stride` at a time.
///
/// The step is always the same size, so no backend ever sees another shape and chunking leaves no trace.
pub(super) struct Columns {
    state: Vec<Vec<f32>>,
    next_state: Vec<Vec<f32>>,
    column: Vec<f32>,
    frames: Vec<f32>,
    /// Values of a step, and of `frames` those that are behind it.
    step: usize,
    done: usize,
    warm_up: usize,
    all_warm_up: usize,
}

impl Columns {
    pub(super) fn new(card: &Card) -> Self {
        let shapes = card.trunk.iter().flat_map(|trunk| &trunk.state);
        let state: Vec<_> = shapes.map(|shape| vec![0.0; shape.iter().product()]).collect();
        Self {
            next_state: state.clone(),
            state,
            column: vec![0.0; card.channels()],
            frames: Vec::new(),
            step: card.stride() * card.front_end.mels,
            done: 0,
            warm_up: card.warm_up_columns(),
            all_warm_up: card.warm_up_columns(),
        }
    }

    pub(super) fn reset(&mut self) {
        self.frames.clear();
        self.done = 0;
        self.warm_up = self.all_warm_up;
        for values in &mut self.state {
            values.fill(0.0);
        }
    }

    /// The buffer to append mel frames to.
    pub(super) fn frames(&mut self) -> &mut Vec<f32> {
        &mut self.frames
    }

    /// Whether there are frames for a step.
    pub(super) fn is_ready(&self) -> bool {
        self.frames.len() - self.done >= self.step
    }

    /// Makes a column of a step where there is no trunk: of the frame itself.
    pub(super) fn pass(&mut self) {
        self.column
            .copy_from_slice(&self.frames[self.done..self.done + self.step]);
    }

    /// Ends a step: hands out its column, if that owes nothing to the start.
    pub(super) fn end_step(&mut self) -> Option<&[f32]> {
        std::mem::swap(&mut self.state, &mut self.next_state);
        self.done += self.step;
        if !self.is_ready() {
            self.frames.drain(..self.done);
            self.done = 0;
        }
        if self.warm_up > 0 {
            self.warm_up -= 1;
            return None;
        }
        Some(&self.column)
    }
}

impl Row for Columns {
    fn ports(&mut self) -> (Vec<&[f32]>, Vec<&mut [f32]>) {
        let frames = &self.frames[self.done..self.done + self.step];
        let inputs = std::iter::once(frames).chain(self.state.iter().map(Vec::as_slice));
        let outputs = std::iter::once(self.column.as_mut_slice())
            .chain(self.next_state.iter_mut().map(Vec::as_mut_slice));
        (inputs.collect(), outputs.collect())
    }
}
