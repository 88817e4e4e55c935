//! Vorbis comments and what is beside them, as the bytes that they are.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ogg_pager::{Packets, PageError};

use super::one::told;
use super::pieces::{Piece, take};

/// The metadata blocks of FLAC besides padding, with each comment on its own.
pub(super) fn flac(path: &Path) -> Result<Vec<Piece>, String> {
    let mut file = BufReader::new(File::open(path).map_err(told)?);
    take(&mut file, b"fLaC".len())?;
    let (mut pieces, mut commented) = (Vec::new(), false);
    loop {
        let head = take(&mut file, 4)?;
        let size = u32::from_be_bytes([0, head[1], head[2], head[3]]);
        let block = take(&mut file, size as usize)?;
        match head[0] & 0x7f {
            1 => {}
            4 => {
                commented = true;
                pieces.extend(comments(&block)?);
            }
            kind => pieces.push((format!("block {kind}"), block)),
        }
        if head[0] & 0x80 != 0 {
            if !commented {
                // As one that says nothing.
                pieces.extend(comments(&[0; 8])?);
            }
            return Ok(pieces);
        }
    }
}

/// The first `count` packets of Ogg, which are its headers; of the second, which begins with `mark`, each comment on its own.
pub(super) fn ogg(path: &Path, count: isize, mark: &[u8]) -> Result<Vec<Piece>, String> {
    let mut file = BufReader::new(File::open(path).map_err(told)?);
    let unreadable = |error: PageError| format!("its packets cannot be read ({error})");
    let (packets, _) = Packets::read_count(&mut file, count).map_err(unreadable)?;
    let mut pieces = Vec::new();
    for packet in packets.iter() {
        match packet.strip_prefix(mark) {
            Some(block) => pieces.extend(comments(block)?),
            None => pieces.push(("header".into(), packet.to_vec())),
        }
    }
    Ok(pieces)
}

fn comments(block: &[u8]) -> Result<Vec<Piece>, String> {
    all(block).ok_or_else(|| "its comments end too early".into())
}

fn all(mut block: &[u8]) -> Option<Vec<Piece>> {
    let block = &mut block;
    let mut pieces = vec![("vendor".into(), sized(block)?.to_vec())];
    for _ in 0..count(block)? {
        let comment = sized(block)?;
        let name = comment.split(|byte| *byte == b'=').next()?;
        // A name is the same in capitals.
        let capitals = String::from_utf8_lossy(name).to_uppercase();
        pieces.push((capitals, comment[name.len()..].to_vec()));
    }
    // Zeros are padding; Opus may have something else there, Vorbis has a bit.
    let used = block
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    pieces.push(("what is behind the comments".into(), block[..used].to_vec()));
    Some(pieces)
}

fn sized<'a>(block: &mut &'a [u8]) -> Option<&'a [u8]> {
    let size = count(block)?;
    block.split_off(..size)
}

fn count(block: &mut &[u8]) -> Option<usize> {
    let (count, rest) = block.split_first_chunk::<4>()?;
    *block = rest;
    Some(u32::from_le_bytes(*count) as usize)
}
