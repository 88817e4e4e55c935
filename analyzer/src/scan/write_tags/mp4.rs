//! The atoms of MP4 that hold tags.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom};
use std::path::Path;

use lofty::mp4::{Atom, AtomData, AtomIdent, DataType, Ilst};

use super::one::told;
use super::pieces::{Piece, number, take};

/// An atom's name and its body.
type Named<'a> = ([u8; 4], &'a [u8]);

const PADDING: [&[u8; 4]; 2] = [b"free", b"skip"];

/// The atoms that MP4 keeps tags in, each item of the list on its own.
pub(super) fn pieces(path: &Path) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    walk(&moov(path)?, |place, name, body| match place {
        "ilst" => pieces.push(Piece::new(ident(name, body).to_string(), body)),
        _ => pieces.push(Piece::new(format!("{place} {}", name.escape_ascii()), body)),
    })?;
    Ok(pieces)
}

/// The list of tags, each value as the bytes that it is: where the library knows a value's type it would write what it
/// takes for the same, such as a number with more bytes.
pub(super) fn list(path: &Path) -> Result<Ilst, String> {
    let mut list = Ilst::new();
    walk(&moov(path)?, |place, name, body| {
        let values = atoms(body).unwrap_or_default().into_iter();
        let value = |(name, body): Named<'_>| {
            let (code, rest) = body.split_first_chunk::<4>().filter(|_| name == *b"data")?;
            let code = DataType::from(u32::from_be_bytes(*code));
            // Behind the type is the language.
            let data = rest.get(4..)?.to_vec();
            Some(AtomData::Unknown { code, data })
        };
        let atom = Atom::from_collection(ident(name, body), values.filter_map(value).collect());
        if let Some(atom) = atom.filter(|_| place == "ilst") {
            list.insert(atom);
        }
    })?;
    Ok(list)
}

/// Tells the atoms with tags: where each is, its name and its body.
fn walk(moov: &[u8], mut tell: impl FnMut(&'static str, [u8; 4], &[u8])) -> Result<(), String> {
    for (name, body) in atoms(moov)? {
        if name != *b"udta" {
            continue;
        }
        for (name, body) in atoms(body)? {
            if name != *b"meta" {
                tell("udta", name, body);
                continue;
            }
            // ISO gives this one a version; QuickTime does not.
            let versioned = body.get(4..8) != Some(b"hdlr");
            let body = body.get(if versioned { 4 } else { 0 }..).unwrap_or_default();
            for (name, body) in atoms(body)? {
                match &name {
                    b"ilst" => {
                        for (name, body) in atoms(body)? {
                            if !PADDING.contains(&&name) {
                                tell("ilst", name, body);
                            }
                        }
                    }
                    name if PADDING.contains(&name) => {}
                    _ => tell("meta", name, body),
                }
            }
        }
    }
    Ok(())
}

/// What an item of the list is called.
fn ident(name: [u8; 4], body: &[u8]) -> AtomIdent<'static> {
    if name != *b"----" {
        return AtomIdent::Fourcc(name);
    }
    let parts = atoms(body).unwrap_or_default();
    let part = |wanted: &[u8; 4]| {
        let part = parts.iter().find(|(name, _)| name == wanted);
        // A version is in front.
        let text = part.and_then(|(_, body)| body.get(4..)).unwrap_or_default();
        String::from_utf8_lossy(text).into_owned().into()
    };
    AtomIdent::Freeform {
        mean: part(b"mean"),
        name: part(b"name"),
    }
}

/// The body of the atom that describes the file.
fn moov(path: &Path) -> Result<Vec<u8>, String> {
    let length = fs::metadata(path).map_err(told)?.len();
    let mut file = File::open(path).map_err(told)?;
    let mut at = 0;
    while at + 8 <= length {
        file.seek(SeekFrom::Start(at)).map_err(told)?;
        let header = take(&mut file, 8)?;
        let (head, size) = match number(&header[..4]) {
            0 => (8, length - at),
            1 => (16, number(&take(&mut file, 8)?) as u64),
            size => (8, size as u64),
        };
        if size < head || size > length - at {
            return Err(format!(
                "its atom {} says it has {size} bytes, and {} are left",
                header[4..].escape_ascii(),
                length - at
            ));
        }
        if &header[4..] == b"moov" {
            return take(&mut file, (size - head) as usize);
        }
        at += size;
    }
    Err("it has no atom moov".into())
}

/// The atoms in an atom's body.
fn atoms(body: &[u8]) -> Result<Vec<Named<'_>>, String> {
    let (mut body, mut found) = (body, Vec::new());
    // QuickTime ends some lists with four zeros.
    while let Some((size, rest)) = body.split_first_chunk::<4>() {
        let Some((name, _)) = rest.split_first_chunk::<4>() else {
            break;
        };
        let size = u32::from_be_bytes(*size) as usize;
        if size < 8 || size > body.len() {
            return Err(format!(
                "its atom {} says it has {size} bytes, and {} are left",
                name.escape_ascii(),
                body.len()
            ));
        }
        found.push((*name, &body[8..size]));
        body = &body[size..];
    }
    Ok(found)
}
