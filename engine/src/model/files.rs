//! A model's three files as bytes, from a folder or from the binary itself.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::card::{CARD_FILE, Card, SCHEMA};
use super::{ModelError, rule};

/// Bytes of a model's files with the names that errors call them by.
#[derive(Debug, Clone)]
pub struct ModelFiles {
    /// `card.json`.
    pub card: Cow<'static, [u8]>,
    /// The trunk's ONNX file, where the card names one.
    pub trunk: Option<Cow<'static, [u8]>>,
    /// The head's ONNX file.
    pub head: Cow<'static, [u8]>,
}

/// No model file of ours comes near this; a larger one is refused before it is read.
const LARGEST_FILE: u64 = 512 << 20;
/// The same for cards, which are text.
const LARGEST_CARD: usize = 1 << 20;

impl ModelFiles {
    /// Reads a model folder: `card.json` and the files it names.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        let card = folder.join(CARD_FILE);
        if let Ok(false) = card.try_exists() {
            let inside = folder.join("model");
            return Err(ModelError::NoModel {
                folder: folder.to_owned(),
                meant: inside.join(CARD_FILE).exists().then_some(inside),
            });
        }
        let card = read(&card)?;
        let parsed = parse_card(&card)?;
        let trunk = parsed
            .trunk
            .as_ref()
            .map(|trunk| read_named(folder, &trunk.file))
            .transpose()?;
        let head = read_named(folder, &parsed.head.file)?;
        Ok(Self {
            card: card.into(),
            trunk: trunk.map(Into::into),
            head: head.into(),
        })
    }
}

/// Parses a card, after making sure that it is not from a newer format.
pub(super) fn parse_card(bytes: &[u8]) -> Result<Card, ModelError> {
    #[derive(serde::Deserialize)]
    struct Version {
        schema: u32,
    }
    let json = |source| ModelError::Json {
        file: CARD_FILE.into(),
        source,
    };
    let size = bytes.len();
    rule(size <= LARGEST_CARD, CARD_FILE, "size", size, || {
        format!("at most {LARGEST_CARD} bytes")
    })?;
    let Version { schema } = serde_json::from_slice(bytes).map_err(json)?;
    rule(schema == SCHEMA, CARD_FILE, "schema", schema, || {
        format!("{SCHEMA}; a higher one needs a newer Echometer")
    })?;
    serde_json::from_slice(bytes).map_err(json)
}

fn read_named(folder: &Path, name: &str) -> Result<Vec<u8>, ModelError> {
    // A card must not reach outside its folder.
    let plain = !name.is_empty() && Path::new(name).file_name() == Some(name.as_ref());
    rule(plain, CARD_FILE, "file", format!("`{name}`"), || {
        "a plain file name beside the card".into()
    })?;
    read(&folder.join(name))
}

fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    let io = |source| ModelError::Io {
        file: path.to_owned(),
        source,
    };
    let shown = path.display().to_string();
    // Opening a pipe would wait for whoever writes to it.
    let meta = std::fs::metadata(path).map_err(io)?;
    rule(meta.is_file(), &shown, "kind", "no plain file", || {
        "a plain file".into()
    })?;
    let file = File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(io)?;
    rule(
        bytes.len() as u64 <= LARGEST_FILE,
        &shown,
        "size",
        "larger",
        || format!("at most {LARGEST_FILE} bytes"),
    )?;
    Ok(bytes)
}
