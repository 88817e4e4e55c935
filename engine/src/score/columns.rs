//! Mel frames to columns: the trunk, one step at a time, with its state.

use super::ScoreError;
use crate::model::Model;

/// Feeds frames to the trunk, `stride` at a time, and hands out the columns.
///
/// The step is always the same size, so no backend ever sees another shape and chunking leaves no trace.
pub(super) struct Columns {
    model: Model,
    state: Vec<Vec<f32>>,
    next_state: Vec<Vec<f32>>,
    column: Vec<f32>,
    frames: Vec<f32>,
    warm_up: usize,
}

impl Columns {
    pub(super) fn new(model: &Model) -> Self {
        let card = model.card();
        let shapes = card.trunk.iter().flat_map(|trunk| &trunk.state);
        let state: Vec<_> = shapes.map(|shape| vec![0.0; shape.iter().product()]).collect();
        Self {
            next_state: state.clone(),
            state,
            column: vec![0.0; card.channels()],
            frames: Vec::new(),
            warm_up: card.warm_up_columns(),
            model: model.clone(),
        }
    }

    pub(super) fn reset(&mut self) {
        self.frames.clear();
        self.warm_up = self.model.card().warm_up_columns();
        for values in &mut self.state {
            values.fill(0.0);
        }
    }

    /// The buffer to append mel frames to before [`Self::step`].
    pub(super) fn frames(&mut self) -> &mut Vec<f32> {
        &mut self.frames
    }

    /// Runs the trunk over all whole steps and hands each column that owes nothing to the start to `take`.
    pub(super) fn step(&mut self, mut take: impl FnMut(&[f32])) -> Result<(), ScoreError> {
        let card = self.model.card();
        let step = card.stride() * card.front_end.mels;
        let whole = self.frames.len() / step * step;
        let mut result = Ok(());
        for start in (0..whole).step_by(step) {
            let frames = &self.frames[start..start + step];
            result = run(
                &self.model,
                frames,
                &self.state,
                &mut self.column,
                &mut self.next_state,
            );
            if result.is_err() {
                break;
            }
            std::mem::swap(&mut self.state, &mut self.next_state);
            if self.warm_up > 0 {
                self.warm_up -= 1;
            } else {
                take(&self.column);
            }
        }
        self.frames.drain(..whole);
        result
    }
}

fn run(
    model: &Model,
    frames: &[f32],
    state: &[Vec<f32>],
    column: &mut [f32],
    next_state: &mut [Vec<f32>],
) -> Result<(), ScoreError> {
    let Some(trunk) = model.trunk() else {
        column.copy_from_slice(frames);
        return Ok(());
    };
    let inputs: Vec<_> = std::iter::once(frames)
        .chain(state.iter().map(Vec::as_slice))
        .collect();
    let mut outputs: Vec<_> = std::iter::once(column)
        .chain(next_state.iter_mut().map(Vec::as_mut_slice))
        .collect();
    Ok(trunk.run(&inputs, &mut outputs)?)
}
