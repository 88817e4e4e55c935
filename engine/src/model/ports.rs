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
    pub(super) fn of(card: &Card, masked: bool) -> Self {
        Self {
            trunk: trunk(card).unwrap_or_default(),
            head: head(card, masked),
        }
    }
}

/// A step of the trunk: `stride` frames in, one column out.
fn trunk(card: &Card) -> Option<Ports> {
    let trunk = card.trunk.as_ref()?;
    let state = |suffix: &'static str| {
        trunk.state.iter().enumerate().map(move |(i, shape)| {
            let batched = std::iter::once(&1).chain(shape).copied().collect();
            port(format!("state_{i}{suffix}"), batched, 1)
        })
    };
    let frames = port("frames", vec![1, trunk.stride, card.front_end.mels], 2);
    let column = port("columns", vec![1, 1, trunk.channels], 2);
    Some(Ports {
        inputs: std::iter::once(frames).chain(state("")).collect(),
        outputs: std::iter::once(column).chain(state("_out")).collect(),
    })
}

fn head(card: &Card, masked: bool) -> Ports {
    let columns = card.window_columns();
    let input = port("columns", vec![1, columns, card.channels()], 1);
    let mask = masked.then(|| port("mask", vec![1, columns], 1));
    let output = |name: &str| port(name, vec![1, card.features.len()], 1);
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
