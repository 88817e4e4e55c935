//! Which decoders may be used.

use std::fmt;
use std::str::FromStr;

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
