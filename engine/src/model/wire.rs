//! A model file's bytes before they are parsed: nothing in it may be unseen by the checks, and nothing may be so finely
//! divided that parsing takes many times its size.

use prost::DecodeError;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::ModelError;

/// Bytes of a file that are not weights: nodes, names, shapes. A parsed node takes up to a hundred times its bytes.
const MOST_STRUCTURE: usize = 1 << 20;

/// The messages of `onnx.proto` that hold what a backend acts on.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Model => "a model",
            Self::Graph => "a graph",
            Self::Node => "a node",
            Self::Attribute => "an attribute",
            Self::Tensor => "a tensor",
        }
    }

    /// The fields that the checks look at, and those that are mere words: versions, documentation, value infos, metadata.
    /// Others hold functions, further domains, sparse tensors or values in other places.
    const fn known(self) -> &'static [u32] {
        match self {
            Self::Model => &[1, 2, 3, 4, 5, 6, 7, 8, 14],
            Self::Graph => &[1, 2, 5, 10, 11, 12, 13, 16],
            Self::Node => &[1, 2, 3, 4, 5, 6, 9],
            Self::Attribute => &[1, 2, 3, 4, 5, 6, 7, 8, 13, 20],
            Self::Tensor => &[1, 2, 8, 9, 12, 13, 14, 16],
        }
    }

    /// What a field holds, where that is looked into.
    const fn inside(self, field: u32) -> Option<Self> {
        match (self, field) {
            (Self::Model, 7) => Some(Self::Graph),
            (Self::Graph, 1) => Some(Self::Node),
            (Self::Graph, 5) | (Self::Attribute, 5) => Some(Self::Tensor),
            (Self::Node, 5) => Some(Self::Attribute),
            _ => None,
        }
    }
}

/// Refuses a file that holds more than is looked at, or too much besides weights.
pub(super) fn check(file: &str, bytes: &[u8]) -> Result<(), ModelError> {
    let refused = |reason: String| ModelError::Onnx {
        file: file.into(),
        reason,
    };
    let mut weights = 0;
    walk(Kind::Model, bytes, &mut weights).map_err(|wrong| match wrong {
        Wrong::Damaged(error) => refused(error.to_string()),
        Wrong::Unknown(kind, field) => refused(format!(
            "{} in it has field {field}, which Echometer does not look at; save it with plain nodes and raw tensors",
            kind.name()
        )),
    })?;
    let structure = bytes.len() - weights;
    if structure <= MOST_STRUCTURE {
        return Ok(());
    }
    Err(refused(format!(
        "it holds {structure} bytes that are not weights, but may hold at most {MOST_STRUCTURE}"
    )))
}

enum Wrong {
    Damaged(DecodeError),
    Unknown(Kind, u32),
}

impl From<DecodeError> for Wrong {
    fn from(error: DecodeError) -> Self {
        Self::Damaged(error)
    }
}

/// Looks at every field and counts the bytes of raw tensors. Messages nest four deep at most: nothing is followed further.
fn walk(kind: Kind, mut bytes: &[u8], weights: &mut usize) -> Result<(), Wrong> {
    while !bytes.is_empty() {
        let (field, wire) = decode_key(&mut bytes)?;
        if wire != WireType::LengthDelimited {
            skip_field(wire, field, &mut bytes, DecodeContext::default())?;
            if !kind.known().contains(&field) {
                return Err(Wrong::Unknown(kind, field));
            }
            continue;
        }
        let length = usize::try_from(decode_varint(&mut bytes)?).unwrap_or(usize::MAX);
        // What is cut off is told by the parser.
        let (inside, rest) = bytes.split_at(length.min(bytes.len()));
        bytes = rest;
        if !kind.known().contains(&field) && !inside.is_empty() {
            return Err(Wrong::Unknown(kind, field));
        }
        match (kind.inside(field), kind, field) {
            (Some(inner), ..) => walk(inner, inside, weights)?,
            (None, Kind::Tensor, 9) => *weights += inside.len(),
            _ => {}
        }
    }
    Ok(())
}
