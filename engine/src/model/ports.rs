//! What goes in and out of a model's graphs, as its card says.

use super::Card;
use crate::inference::{Port, Ports};

/// The ports of trunk and head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModelPorts {
    /// Frames and state to columns and next state; empty for a model without a trunk.
    pub(super) trunk: Ports,
    /// The same for a second's columns in one run; `None` where that is no more than one.
    pub(super) ahead: Option<Ports>,
    /// Columns and, where the head knows one, a mask to means and standard deviations.
    pub(super) head: Ports,
}

impl ModelPorts {
    /// For `streams` at once; a run of the trunk is one step, or, `ahead`, a second of them.
    pub(super) fn of(card: &Card, masked: bool, streams: usize) -> Self {
        Self {
            trunk: trunk_ports(card, streams, 1).unwrap_or_default(),
            ahead: (card.columns_ahead() > 1)
                .then(|| trunk_ports(card, streams, card.columns_ahead()))
                .flatten(),
            head: head_ports(card, masked, streams),
        }
    }
}

/// The trunk's ports for `streams` at once, `columns` of each in one run: `[streams, columns · stride, mels]` frames and the
/// state go in, `[streams, columns, channels]` columns and the next state come out. `None` for a card without a trunk.
pub fn trunk_ports(card: &Card, streams: usize, columns: usize) -> Option<Ports> {
    let trunk = card.trunk.as_ref()?;
    let state = |suffix: &'static str| {
        trunk.state.iter().enumerate().map(move |(i, shape)| {
            let batched = std::iter::once(&streams).chain(shape).copied().collect();
            port(format!("state_{i}{suffix}"), batched, 1)
        })
    };
    let given = vec![streams, columns * trunk.stride, card.front_end.mels];
    let made = vec![streams, columns, trunk.channels];
    Some(Ports {
        inputs: std::iter::once(port("frames", given, 2))
            .chain(state(""))
            .collect(),
        outputs: std::iter::once(port("columns", made, 2))
            .chain(state("_out"))
            .collect(),
    })
}

/// The head's ports for `streams` at once: `[streams, columns, channels]` of the window and, if `masked`, `[streams, columns]`
/// of which 1 was heard go in; `[streams, features]` means and standard deviations come out.
pub fn head_ports(card: &Card, masked: bool, streams: usize) -> Ports {
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
