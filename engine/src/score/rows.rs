//! One run of a graph for several inputs at once.

use crate::inference::{BackendError, Graph};

/// What one input puts into a graph and gets out of it.
pub(super) trait Row {
    /// Slices for the graph's inputs and outputs, in the order of its ports, each of one row.
    fn ports(&mut self) -> (Vec<&[f32]>, Vec<&mut [f32]>);
}

/// Runs a graph on any number of rows, as many at a time as its ports have room for.
///
/// A run is always of the same size: what is not needed of it is given old values and not looked at. So a row's result
/// depends neither on the others nor on how many there are.
pub(super) struct Rows {
    count: usize,
    inputs: Vec<Vec<f32>>,
    outputs: Vec<Vec<f32>>,
}

impl Rows {
    /// For a graph with room for `count` rows.
    pub(super) fn new(graph: &Graph, count: usize) -> Self {
        let room = |shape: &Vec<usize>| match count {
            1 => Vec::new(), // A single row is run where it lies.
            _ => vec![0.0; shape.iter().product()],
        };
        Self {
            count,
            inputs: graph
                .ports()
                .inputs
                .iter()
                .map(|port| room(&port.shape))
                .collect(),
            outputs: graph
                .ports()
                .outputs
                .iter()
                .map(|port| room(&port.shape))
                .collect(),
        }
    }

    /// Runs `graph` on all of `rows`.
    pub(super) fn run<R: Row>(&mut self, graph: &Graph, rows: &mut [&mut R]) -> Result<(), BackendError> {
        if self.count == 1 {
            for row in rows {
                let (inputs, mut outputs) = row.ports();
                graph.run(&inputs, &mut outputs)?;
            }
            return Ok(());
        }
        for rows in rows.chunks_mut(self.count) {
            for (i, row) in rows.iter_mut().enumerate() {
                for (input, all) in row.ports().0.into_iter().zip(&mut self.inputs) {
                    all[i * input.len()..][..input.len()].copy_from_slice(input);
                }
            }
            let inputs: Vec<_> = self.inputs.iter().map(Vec::as_slice).collect();
            let mut outputs: Vec<_> = self.outputs.iter_mut().map(Vec::as_mut_slice).collect();
            graph.run(&inputs, &mut outputs)?;
            for (i, row) in rows.iter_mut().enumerate() {
                for (output, all) in row.ports().1.into_iter().zip(&self.outputs) {
                    let size = output.len();
                    output.copy_from_slice(&all[i * size..][..size]);
                }
            }
        }
        Ok(())
    }
}
