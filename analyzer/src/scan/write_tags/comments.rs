//! Vorbis comments and what is beside them.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ogg_pager::Packets;

use super::one::told;
use super::pieces::{Piece, number, take};

/// The metadata blocks of FLAC besides padding, with each comment on its own.
pub(super) fn flac(path: &Path) -> Result<Vec<Piece>, String> {
    let mut file = BufReader::new(File::open(path).map_err(told)?);
    if take(&mut file, 4)? != b"fLaC" {
        return Err("it is FLAC that does not begin as FLAC does".into());
    }
    let mut pieces = Vec::new();
    loop {
        let header = take(&mut file, 4)?;
        let block = take(&mut file, number(&header[1..]))?;
        match header[0] & 0x7f {
            1 => {}
            4 => pieces.extend(comments(&block)?),
            6 => pieces.push(Piece::new("picture", &block)),
            kind => pieces.push(Piece::new(format!("block {kind}"), &block)),
        }
        if header[0] & 0x80 != 0 {
            return Ok(pieces);
        }
    }
}

/// The header packets of Ogg Vorbis, with each comment on its own.
pub(super) fn vorbis(path: &Path) -> Result<Vec<Piece>, String> {
    let mut file = BufReader::new(File::open(path).map_err(told)?);
    let unreadable = |error: ogg_pager::PageError| format!("its packets cannot be read ({error})");
    let (packets, _) = Packets::read_count(&mut file, 3).map_err(unreadable)?;
    let mut pieces = Vec::new();
    for packet in packets.iter() {
        match packet.strip_prefix(b"\x03vorbis") {
            Some(block) => pieces.extend(comments(block)?),
            None => pieces.push(Piece::new("header", packet)),
        }
    }
    Ok(pieces)
}

fn comments(block: &[u8]) -> Result<Vec<Piece>, String> {
    all(block).ok_or_else(|| "its comments end too early".into())
}

fn all(mut block: &[u8]) -> Option<Vec<Piece>> {
    let block = &mut block;
    let mut pieces = vec![Piece::new("vendor", sized(block)?)];
    for _ in 0..count(block)? {
        let comment = sized(block)?;
        let name = comment.split(|byte| *byte == b'=').next()?;
        // A name is the same in capitals.
        let capitals = String::from_utf8_lossy(name).to_uppercase();
        pieces.push(Piece::new(capitals, &comment[name.len()..]));
    }
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
