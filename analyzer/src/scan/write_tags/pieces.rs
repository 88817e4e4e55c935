//! What a file's tags hold, piece by piece, as the bytes that they are: a library may read two of them as the same.

use std::io::Read;

use super::one::told;

/// A frame, a comment, an atom or a block.
#[derive(PartialEq)]
pub(super) struct Piece {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

impl Piece {
    pub(super) fn new(name: impl Into<String>, bytes: &[u8]) -> Self {
        Self {
            name: name.into(),
            bytes: bytes.to_vec(),
        }
    }
}

/// The name of a piece that is not the same in both, besides those that are `ours`. Pieces of one name have an order.
pub(super) fn changed(
    mut before: Vec<Piece>,
    mut after: Vec<Piece>,
    ours: impl Fn(&str) -> bool,
) -> Option<String> {
    for pieces in [&mut before, &mut after] {
        pieces.retain(|piece| !ours(&piece.name));
        pieces.sort_by(|one, two| one.name.cmp(&two.name));
    }
    let same = before
        .iter()
        .zip(&after)
        .take_while(|(one, two)| one == two)
        .count();
    // Of a piece that is gone and the one behind it, the first in order is the one that is gone.
    let names = [before.get(same), after.get(same)].into_iter().flatten();
    names.map(|piece| piece.name.clone()).min()
}

/// Reads `count` bytes.
pub(super) fn take(file: &mut impl Read, count: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    file.by_ref()
        .take(count as u64)
        .read_to_end(&mut bytes)
        .map_err(told)?;
    if bytes.len() < count {
        return Err("it ends within its tags".into());
    }
    Ok(bytes)
}

/// A number whose most significant byte is first.
pub(super) fn number(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | usize::from(*byte))
}
