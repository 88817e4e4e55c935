//! Which decoders may be used.

use std::fmt;
use std::str::FromStr;

use crate::error::DecodeError;
use crate::ffmpeg;

/// Which decoders may be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Choice {
    /// The built-in ones, and an installed ffmpeg for what they do not read.
    #[default]
    Auto,
    /// The built-in ones alone.
    Builtin,
    /// An installed ffmpeg alone.
    Ffmpeg,
}

impl Choice {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Builtin, Self::Ffmpeg];

    /// Whether there is anything to decode with: an error where ffmpeg alone may be used, and there is none.
    pub fn check(self) -> Result<(), DecodeError> {
        match self {
            Self::Ffmpeg if ffmpeg::program().is_none() => Err(DecodeError::NoFfmpeg {
                name: "every file".into(),
            }),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Builtin => "builtin",
            Self::Ffmpeg => "ffmpeg",
        })
    }
}

/// No [`Choice`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no decoder `{0}`; there are auto, builtin, ffmpeg")]
pub struct UnknownChoice(String);

impl FromStr for Choice {
    type Err = UnknownChoice;

    fn from_str(name: &str) -> Result<Self, UnknownChoice> {
        let known = Self::ALL.into_iter().find(|choice| choice.to_string() == name);
        known.ok_or_else(|| UnknownChoice(name.to_owned()))
    }
}
