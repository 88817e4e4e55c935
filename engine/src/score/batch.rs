//! The scorer of many inputs.

use super::graphs::Graphs;
use super::lane::Lane;
use super::{InputFormat, ScoreError};
use crate::model::Model;
use crate::reading::Reading;
use crate::tap::Block;

/// Scores many streams together, as a server or a scan would: trunk and head run once for as many of them as the model was
/// loaded for ([`Model::load_for`]), which is what a GPU wants.
///
/// Each stream's readings are those of a [`Scorer`](super::Scorer) of its own, up to the rounding of a backend whose sums run in
/// another order for another number of streams: they are equal to 1e-5 of a feature's range.
pub struct Batch {
    lanes: Vec<Lane>,
    graphs: Graphs,
    folded: Vec<Block>,
}

impl Batch {
    /// A scorer for as many streams as `inputs`, each with `reading_hz` readings a second of its input.
    pub fn new(model: &Model, inputs: &[InputFormat], reading_hz: f64) -> Result<Self, ScoreError> {
        let lanes = inputs.iter().map(|&input| Lane::new(model, input, reading_hz));
        Ok(Self {
            lanes: lanes.collect::<Result<_, _>>()?,
            graphs: Graphs::new(model),
            folded: vec![Block::default(); inputs.len()],
        })
    }

    /// How many streams there are.
    pub fn streams(&self) -> usize {
        self.lanes.len()
    }

    /// Takes each stream's new interleaved samples, as many as there are of each, and appends each reading that falls due to
    /// `readings`, with its stream's index. Streams for which `samples` has no slice get none.
    ///
    /// A call with much of each stream costs least: streams go on together from reading to reading.
    pub fn push(
        &mut self,
        samples: &[&[f32]],
        readings: &mut Vec<(usize, Reading)>,
    ) -> Result<(), ScoreError> {
        self.folded.iter_mut().for_each(Block::clear);
        for ((lane, folded), samples) in self.lanes.iter_mut().zip(&mut self.folded).zip(samples) {
            lane.fold(samples, folded);
        }
        let mut samples: Vec<_> = self.folded.iter().map(Block::folded).collect();
        self.graphs.push(&mut self.lanes, &mut samples, |i, reading| {
            readings.push((i, reading))
        })
    }

    /// Ends all streams and reads each once more; `None` for one without input. Call [`Self::reset`] before pushing again.
    pub fn finish(&mut self) -> Result<Vec<Option<Reading>>, ScoreError> {
        self.graphs.finish(&mut self.lanes)
    }

    /// Forgets all input of a stream, as for a new one in its place; an index that is none is ignored.
    pub fn reset(&mut self, stream: usize) {
        if let Some(lane) = self.lanes.get_mut(stream) {
            lane.reset();
        }
    }
}
