//! A file.

use std::path::Path;

use echometer_decode::Decoder;

use super::Track;
use crate::failure::Failure;

/// Extensions that no device name ends with.
const EXTENSIONS: [&str; 12] = [
    "wav", "wave", "aif", "aiff", "flac", "mp3", "ogg", "oga", "m4a", "mp4", "aac", "opus",
];

pub(super) fn open(path: &Path) -> Result<Track, Failure> {
    let decoder = Decoder::open(path)?;
    let title = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned();
    Ok(Track {
        title,
        samples: Box::new(decoder),
    })
}

/// Whether a name that is no existing file was most likely meant as one.
pub(super) fn looks_like_a_path(name: &str) -> bool {
    let extension = Path::new(name)
        .extension()
        .and_then(|extension| extension.to_str());
    let audio = extension.is_some_and(|extension| {
        EXTENSIONS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(extension))
    });
    audio || name.starts_with(['/', '.', '~']) || name.contains('\\')
}

pub(super) fn missing(name: &str) -> Failure {
    Failure::input(format!("input `{name}` not found: there is no such file"))
        .hint("check the path; devices are listed by --list-devices")
}

/// A folder that no device is named like.
pub(super) fn folder(name: &str) -> Failure {
    Failure::input(format!(
        "input `{name}` cannot be listened to: it is a folder, and no device is named so"
    ))
    .hint("name a file in it; devices are listed by --list-devices")
}
