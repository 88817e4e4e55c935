//! The trunk for a second's columns in one run, where that changes nothing but the cost.

use super::ports::ModelPorts;
use super::{Card, ModelFiles};
use crate::inference::{BackendError, Graph, Port, Runtime};

/// How far columns of the two ways may be apart, as a share of the largest. On a CPU they are the same; half floats would be near this.
const APART: f32 = 1e-3;

/// The trunk as [`Model::load_ahead`](super::Model::load_ahead) has it, beside `single`, which takes a column at a time. `None`
/// where the graph fixes how many frames it takes, or makes other columns of many frames than of few.
pub(super) fn prepare(
    card: &Card,
    files: &ModelFiles,
    runtime: &Runtime,
    ports: &ModelPorts,
    single: &Graph,
) -> Option<Graph> {
    let (trunk, bytes, ports) = (card.trunk.as_ref()?, files.trunk.as_ref()?, ports.ahead.as_ref()?);
    let found = Graph::new(runtime, &trunk.file, bytes, ports.clone())
        .and_then(|ahead| Ok((apart(single, &ahead)?, ahead)))
        .inspect_err(|error| tracing::debug!(%error, "the trunk takes one column at a time"));
    let (apart, ahead) = found.ok()?;
    if apart <= APART {
        return Some(ahead);
    }
    tracing::warn!(
        "{}: columns made a second at a time are {apart:.1e} of the largest away from those made one by one, so it goes one by one; \
         make the trunk causal",
        trunk.file
    );
    None
}

/// How far a second's columns and the state after them are apart on the two ways, as a share of the largest value.
fn apart(single: &Graph, ahead: &Graph) -> Result<f32, BackendError> {
    let frames: Vec<f32> = noise(ahead.ports().inputs[0].zeros().len());
    let start = || {
        ahead.ports().inputs[1..]
            .iter()
            .map(Port::zeros)
            .collect::<Vec<_>>()
    };
    let together = run(ahead, &frames, &start())?;
    let (mut columns, mut state) = (Vec::new(), start());
    for step in frames.chunks_exact(single.ports().inputs[0].zeros().len()) {
        let mut given = run(single, step, &state)?;
        state = given.split_off(1);
        columns.extend(given.concat());
    }
    let one_by_one = std::iter::once(columns).chain(state);
    let apart = together.iter().zip(one_by_one).map(|(a, b)| furthest(a, &b));
    Ok(apart.fold(0.0, f32::max))
}

/// The furthest that two values are apart, as a share of the largest of `b`; what is no finite number is as far as can be.
fn furthest(a: &[f32], b: &[f32]) -> f32 {
    let (mut apart, mut largest) = (0.0f32, 0.0f32);
    for (a, b) in a.iter().zip(b) {
        if !(a.is_finite() && b.is_finite()) {
            return f32::INFINITY;
        }
        apart = apart.max((a - b).abs());
        largest = largest.max(b.abs());
    }
    if apart == 0.0 { 0.0 } else { apart / largest }
}

/// Columns and the next state.
fn run(graph: &Graph, frames: &[f32], state: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, BackendError> {
    let inputs: Vec<_> = std::iter::once(frames)
        .chain(state.iter().map(Vec::as_slice))
        .collect();
    let mut outputs: Vec<_> = graph.ports().outputs.iter().map(Port::zeros).collect();
    let mut given: Vec<_> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    graph.run(&inputs, &mut given)?;
    Ok(outputs)
}

/// Values between 0 and 4, as mel frames have them, no two near ones alike.
fn noise(count: usize) -> Vec<f32> {
    let mut seed = 1u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 22) as f32
    };
    (0..count).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_as_far_as_can_be() {
        assert_eq!(furthest(&[0.0, 0.0], &[0.0, 0.0]), 0.0);
        assert_eq!(furthest(&[1.0, 4.0], &[1.0, 4.0]), 0.0);
        assert_eq!(furthest(&[1.0, 3.0], &[1.0, 4.0]), 0.25);
        assert_eq!(furthest(&[1.0], &[0.0]), f32::INFINITY);
        for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(furthest(&[1.0, odd], &[1.0, 1.0]), f32::INFINITY, "{odd}");
            assert_eq!(furthest(&[1.0, 1.0], &[odd, 1.0]), f32::INFINITY, "{odd}");
            assert_eq!(furthest(&[odd], &[odd]), f32::INFINITY, "{odd}");
        }
    }
}
