//! A file.

use std::path::Path;

use echometer_decode::{Choice, Decoder};

use super::Track;
use crate::failure::Failure;

/// Extensions of files with sound, also of some that only ffmpeg decodes: where there is none, a scan says so. No device name ends with
/// them.
const EXTENSIONS: [&str; 42] = [
    "wav", "wave", "w64", "rf64", "bw64", "aif", "aiff", "aifc", "caf", "au", "snd", "flac", "mp3", "mp2",
    "mp1", "mpga", "ogg", "oga", "opus", "spx", "m4a", "m4b", "m4r", "mp4", "mov", "3gp", "aac", "mka",
    "mkv", "webm", "wma", "asf", "wv", "ape", "tta", "tak", "mpc", "ac3", "eac3", "dts", "dsf", "dff",
];

pub(super) fn open(path: &Path, decoder: Choice) -> Result<Track, Failure> {
    let decoder = Decoder::open_with(path, decoder)?;
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
