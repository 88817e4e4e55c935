//! What identifies a cached clip.

use std::fs;
use std::io;
use std::time::UNIX_EPOCH;

use echometer_engine::Loudness;
use echometer_engine::frontend::{FrontEndConfig, REVISION};
use echometer_engine::model::sha256_hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::data::row::Row;

/// Half of a SHA-256: no two clips share one by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Key([u8; 16]);

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl TryFrom<String> for Key {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        u128::from_str_radix(&text, 16)
            .ok()
            .filter(|_| text.len() == 32)
            .map(|value| Self(value.to_be_bytes()))
            .ok_or_else(|| format!("`{text}` is no key of 32 hexadecimal digits"))
    }
}

/// Name of the folder for a front end, a measure of loudness and a length of clips: a change of any starts another cache.
pub(super) fn folder(config: &FrontEndConfig, window_s: f64) -> String {
    let text = format!(
        "{REVISION} {} {} {config:?} {window_s}",
        Loudness::REVISION,
        echometer_decode::REVISION
    );
    format!("mel-{}", &sha256_hex(text.as_bytes())[..16])
}

/// A clip by its file's path, size and time of change: costs one look at the folder.
pub(super) fn file(row: &Row) -> io::Result<Key> {
    let path = fs::canonicalize(&row.path)?;
    let meta = fs::metadata(&path)?;
    let changed = meta.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let text = format!("{path:?} {} {} {}", meta.len(), changed.as_nanos(), row.start);
    Ok(key(Sha256::digest(text.as_bytes()).as_slice()))
}

/// A clip by its file's bytes, and where it starts in them.
pub(crate) fn content(row: &Row) -> io::Result<Key> {
    let mut hasher = Sha256::new();
    let mut file = fs::File::open(&row.path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match io::Read::read(&mut file, &mut buffer)? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    hasher.update(row.start.to_le_bytes());
    Ok(key(hasher.finalize().as_slice()))
}

/// A clip by its frames.
pub(super) fn frames(frames: &[f32]) -> Key {
    let mut hasher = Sha256::new();
    hasher.update(bytemuck::cast_slice::<f32, u8>(frames));
    key(hasher.finalize().as_slice())
}

fn key(digest: &[u8]) -> Key {
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    Key(half)
}
