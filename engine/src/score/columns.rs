//! Mel frames to columns: what the trunk is given and gives, one step at a time, with its state.

use super::rows::Row;
use crate::model::Model;

/// The frames of one input on their way through the trunk, `stride` at a time, or a fixed number of steps in one run.
///
/// A trunk gives the same columns either way, so chunking leaves no trace.
pub(super) struct Columns {
    state: Vec<Vec<f32>>,
    next_state: Vec<Vec<f32>>,
    /// Room for the columns of the longest run, and values of one.
    columns: Vec<f32>,
    channels: usize,
    frames: Vec<f32>,
    /// Values of a step, steps of the run that is next, and of `frames` the values that are behind it.
    step: usize,
    run: usize,
    done: usize,
    warm_up: usize,
    all_warm_up: usize,
}

impl Columns {
    pub(super) fn new(model: &Model) -> Self {
        let card = model.card();
        let most = model.ahead().map_or(1, |_| card.columns_ahead());
        let shapes = card.trunk.iter().flat_map(|trunk| &trunk.state);
        let state: Vec<_> = shapes.map(|shape| vec![0.0; shape.iter().product()]).collect();
        Self {
            next_state: state.clone(),
            state,
            columns: vec![0.0; card.channels() * most],
            channels: card.channels(),
            frames: Vec::new(),
            step: card.stride() * card.front_end.mels,
            run: 1,
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

    /// Readies a run of as many steps; `false` where there are no frames for it, and then what is done is gone.
    pub(super) fn begin(&mut self, steps: usize) -> bool {
        self.run = steps;
        if self.frames.len() - self.done >= steps * self.step {
            return true;
        }
        self.frames.drain(..self.done);
        self.done = 0;
        false
    }

    /// Makes a column of a step where there is no trunk: of the frame itself.
    pub(super) fn pass(&mut self) {
        self.columns[..self.step].copy_from_slice(&self.frames[self.done..self.done + self.step]);
    }

    /// Ends the run: hands out each of its columns that owes nothing to the start.
    pub(super) fn end(&mut self, mut take: impl FnMut(&[f32])) {
        std::mem::swap(&mut self.state, &mut self.next_state);
        self.done += self.run * self.step;
        for column in self.columns.chunks_exact(self.channels).take(self.run) {
            match self.warm_up {
                0 => take(column),
                _ => self.warm_up -= 1,
            }
        }
    }
}

impl Row for Columns {
    fn ports(&mut self) -> (Vec<&[f32]>, Vec<&mut [f32]>) {
        let frames = &self.frames[self.done..self.done + self.run * self.step];
        let inputs = std::iter::once(frames).chain(self.state.iter().map(Vec::as_slice));
        let outputs = std::iter::once(&mut self.columns[..self.run * self.channels])
            .chain(self.next_state.iter_mut().map(Vec::as_mut_slice));
        (inputs.collect(), outputs.collect())
    }
}
