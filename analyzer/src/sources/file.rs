//! A file.

use std::path::Path;

use echometer_decode::Decoder;

use super::Track;
use crate::failure::Failure;

/// Extensions of audio, also of some that cannot be decoded: a scan says so. No device name ends with them.
const EXTENSIONS: [&str; 18] = [
    "wav", "wave", "aif", "aiff", "aifc", "flac", "mp3", "mp2", "ogg", "oga", "m4a", "m4b", "mp4", "aac",
    "opus", "wma", "wv", "ape",
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

/// Whether a file's name says that it is audio. What other systems leave beside a file is named like it, after `._`.
pub(super) fn is_audio_name(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"._"));
    let extension = path.extension().and_then(|extension| extension.to_str());
    !hidden
        && extension.is_some_and(|extension| {
            EXTENSIONS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(extension))
        })
}

/// Whether a name that is no existing file was most likely meant as one.
pub(super) fn looks_like_a_path(name: &str) -> bool {
    is_audio_name(Path::new(name)) || name.starts_with(['/', '.', '~']) || name.contains('\\')
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
