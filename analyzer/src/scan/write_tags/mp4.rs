//! The atoms of MP4 that hold tags.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use lofty::mp4::{Atom, AtomData, AtomIdent, DataType, Ilst};

use super::one::told;
use super::pieces::{Piece, take};

/// From the index to the list of tags, whose items these are all in.
const WAY: [&[u8; 4]; 3] = [b"udta", b"meta", b"ilst"];
const PADDING: [&[u8; 4]; 2] = [b"free", b"skip"];

/// An atom's name and its body.
type Named<'a> = ([u8; 4], &'a [u8]);

/// How many atoms of the way an atom is in, its name and its body.
type Found = (usize, [u8; 4], Vec<u8>);

/// The atoms that MP4 keeps tags in, each item of the list on its own.
pub(super) fn pieces(path: &Path) -> Result<Vec<Piece>, String> {
    let piece = |(depth, name, body): Found| match depth {
        3 => (ident(name, &body).to_string(), body),
        _ => (format!("{depth} {}", name.escape_ascii()), body),
    };
    Ok(walk(path)?.into_iter().map(piece).collect())
}

/// The list of tags, each value as the bytes that it is: where the library knows a value's type it would write what it
/// takes for the same, such as a number with more bytes.
pub(super) fn list(path: &Path) -> Result<Ilst, String> {
    let mut list = Ilst::new();
    for (_, name, body) in walk(path)?.into_iter().filter(|found| found.0 == WAY.len()) {
        let value = |(name, body): Named<'_>| {
            let (code, rest) = body.split_first_chunk::<4>().filter(|_| name == *b"data")?;
            let code = DataType::from(u32::from_be_bytes(*code));
            // Behind the type is the language.
            let data = rest.get(4..)?.to_vec();
            Some(AtomData::Unknown { code, data })
        };
        let values = atoms(&body).unwrap_or_default().into_iter();
        if let Some(atom) = Atom::from_collection(ident(name, &body), values.filter_map(value).collect()) {
            list.insert(atom);
        }
    }
    Ok(list)
}

/// All atoms on the way to the tags and beside it, but padding and the index itself.
fn walk(path: &Path) -> Result<Vec<Found>, String> {
    let (mut found, mut body) = (Vec::new(), moov(path)?);
    for depth in 0..=WAY.len() {
        let (wanted, mut inside) = (WAY.get(depth).copied(), None);
        for (name, body) in atoms(&body)? {
            if wanted == Some(&name) {
                inside = Some(body.to_vec());
            } else if depth > 0 && !PADDING.contains(&&name) {
                found.push((depth, name, body.to_vec()));
            }
        }
        let Some(mut next) = inside else { break };
        if wanted == Some(b"meta") {
            // This one has a version in front.
            next.drain(..next.len().min(4));
        }
        body = next;
    }
    Ok(found)
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

/// The body of the atom that describes a file whose atoms are all there.
fn moov(path: &Path) -> Result<Vec<u8>, String> {
    let mut file = BufReader::new(File::open(path).map_err(told)?);
    loop {
        let head = take(&mut file, 8)?;
        let quad = |at: usize| std::array::from_fn(|byte| head[at + byte]);
        let body = match u32::from_be_bytes(quad(0)) {
            1 => take(&mut file, 8)?
                .first_chunk()
                .and_then(|size| u64::from_be_bytes(*size).checked_sub(16)),
            size => u64::from(size).checked_sub(8),
        };
        let body = body.and_then(|body| i64::try_from(body).ok());
        let body = body.ok_or("the last of its atoms has no size")?;
        if quad(4) == *b"moov" {
            return take(&mut file, body as usize);
        }
        file.seek_relative(body).map_err(told)?;
    }
}

/// The atoms in an atom's body.
fn atoms(mut body: &[u8]) -> Result<Vec<Named<'_>>, String> {
    let mut found = Vec::new();
    // Some lists end with four zeros.
    while let Some((&[a, b, c, d, e, f, g, h], _)) = body.split_first_chunk::<8>() {
        let (size, name) = (u32::from_be_bytes([a, b, c, d]) as usize, [e, f, g, h]);
        if size < 8 || size > body.len() {
            return Err(format!(
                "its atom {} says it has {size} bytes, and {} are left",
                name.escape_ascii(),
                body.len()
            ));
        }
        found.push((name, &body[8..size]));
        body = &body[size..];
    }
    Ok(found)
}
