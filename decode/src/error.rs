//! Why a file or stream gives no samples.

use std::io;

/// Why decoding is not possible, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It is not there, or the system does not let it be read.
    #[error("{name}: cannot be opened: {source}")]
    Open {
        /// The file.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// Reading failed half-way.
    #[error("{name}: cannot be read further: {source}")]
    Read {
        /// The file or stream.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// It is none of the containers known here, or its header is damaged.
    #[error("{name}: no audio file that can be decoded: {reason}")]
    Unrecognised {
        /// The file or stream.
        name: String,
        /// What the container reader said.
        reason: String,
    },
    /// The container is known, but it holds no audio track, or one whose codec is not.
    #[error("{name}: {reason}")]
    Unsupported {
        /// The file or stream.
        name: String,
        /// What is missing.
        reason: String,
    },
    /// ffmpeg is asked for, and there is none.
    #[error("{name}: shall be read with ffmpeg, and no ffmpeg was found")]
    NoFfmpeg {
        /// The file or stream.
        name: String,
    },
    /// There is not one sample in it.
    #[error("{name}: holds no audio ({damaged} damaged packets)")]
    Empty {
        /// The file or stream.
        name: String,
        /// Packets that could not be decoded.
        damaged: u64,
    },
    /// The rate or the channels change inside the track.
    #[error("{name}: changes {from} to {to} inside the track, but a track must keep its rate and channels")]
    Changed {
        /// The file or stream.
        name: String,
        /// What it was so far.
        from: String,
        /// What it became.
        to: String,
    },
}

impl DecodeError {
    /// Whether the input is missing, or nothing can be read from it at all, rather than read in part.
    pub fn is_unreadable(&self) -> bool {
        match self {
            Self::Open { .. }
            | Self::Read { .. }
            | Self::Unrecognised { .. }
            | Self::Unsupported { .. }
            | Self::NoFfmpeg { .. }
            | Self::Empty { .. } => true,
            Self::Changed { .. } => false,
        }
    }

    /// Whether the container reader may have been misled by what the file says, rather than by what it is: another may know better.
    pub(crate) fn is_of_the_file(&self) -> bool {
        match self {
            Self::Unrecognised { .. } | Self::Empty { .. } => true,
            // A place that cannot be.
            Self::Read { source, .. } => source.kind() == io::ErrorKind::InvalidInput,
            _ => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Open { .. } => "check the path and its permissions",
            Self::Read { .. } => "check the disk, the network share or the program that writes the stream",
            Self::Unrecognised { .. } => "check that it is complete, and that it is sound",
            Self::Unsupported { .. } => "docs/formats.md lists what is read, and what reads it",
            Self::NoFfmpeg { .. } => {
                "install ffmpeg so that it is on the PATH, name it in ECHOMETER_FFMPEG, or leave --decoder out"
            }
            Self::Empty { .. } => "check that the file is complete",
            Self::Changed { .. } => "split the file where it changes, or install ffmpeg, which converts it",
        }
    }
}
