//! What goes in and out of a model's graphs, as its card says.

use super::Card;
use crate::inference::{Port, Ports};

/// The ports of trunk and head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModelPorts {
    /// Frames and state to columns and next state; empty for a model without a trunk.
    pub(super) trunk: Ports,
    /// Columns and, where the head knows one, a mask to means and standard deviations.
    pub(super) head: Ports,
}

impl ModelPorts {
    /// For `streams` at once.
    pub(super) fn of(card: &Card, masked: bool, streams: usize) -> Self {
        Self {
            trunk: trunk(card, streams).unwrap_or_default(),
            head: head(card, masked, streams),
        }
    }
}

/// A step of the trunk: `stride` frames in, one column out.
fn trunk(card: &Card, streams: usize) -> Option<Ports> {
    let trunk = card.trunk.as_ref()?;
    let state = |suffix: &'static str| {
        trunk.state.iter().enumerate().map(move |(i, shape)| {
            let batched = std::iter::once(&streams).chain(shape).copied().collect();
            port(format!("state_{i}{suffix}"), batched, 1)
        })
    };
    let frames = port("frames", vec![streams, trunk.stride, card.front_end.mels], 2);
    let column = port("columns", vec![streams, 1, trunk.channels], 2);
    Some(Ports {
        inputs: std::iter::once(frames).chain(state("")).collect(),
        outputs: std::iter::once(column).chain(state("_out")).collect(),
    })
}

fn head(card: &Card, masked: bool, streams: usize) -> Ports {
    let columns = card.window_columns();
    let input = port("columns", vec![streams, columns, card.channels()], 1);
    let mask = masked.then(|| port("mask", vec![streams, columns], 1));
    let output = |name: &str| port(name, vec![streams, card.features.len()], 1);
    Ports {
        inputs: std::iter::once(input).chain(mask).collect(),
        outputs: vec![output("mean"), output("sd")],
    }
}

fn port(name: impl Into<String>, shape: Vec<usize>, open: usize) -> Port {
    Port {
        name: name.into(),
        shape,
        open,
    }
}
