//! What a file's tags hold, piece by piece, as the bytes that they are: a library may read two of them as the same.

use std::collections::BTreeMap;
use std::io::Read;

use super::one::told;

/// The name and the bytes of a frame, a comment, an atom or a block.
pub(super) type Piece = (String, Vec<u8>);

/// The name of a piece that is not the same in both, besides those that are `ours`. Pieces of one name have an order.
pub(super) fn changed(before: Vec<Piece>, after: Vec<Piece>, ours: impl Fn(&str) -> bool) -> Option<String> {
    let [before, after] = [before, after].map(|pieces| {
        let mut by_name = BTreeMap::<_, Vec<_>>::new();
        for (name, bytes) in pieces {
            by_name.entry(name).or_default().push(bytes);
        }
        by_name
    });
    let mut names = before.keys().chain(after.keys());
    names
        .find(|name| !ours(name) && before.get(*name) != after.get(*name))
        .cloned()
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
