//! Audio files and streams to interleaved `f32` samples, for the analyzer and the trainer alike.
//!
//! Both must hear a file in the same way, or a model would see other samples live than in training: this crate is the
//! only place that knows containers and codecs. `docs/formats.md` lists what it reads, and how.
//!
//! What a file is is told by its structure. Built-in decoders read what is common; an installed ffmpeg reads the rest. A file is heard
//! from its first sample to its last, without what its encoder added, or [`Decoder::notes`] says what was not.

#![forbid(unsafe_code)]

mod adts;
mod builtin;
mod choice;
mod codec;
mod container;
mod decoder;
mod error;
mod ffmpeg;
mod flac;
mod frames;
mod input;
mod kind;
mod matroska;
mod mp4;
mod mpeg;
mod ogg;
mod packets;
mod sbr;
mod wav;

/// Version of what is heard of a file, raised by any change that moves a sample. Part of every cache key.
pub const REVISION: u32 = 2;

pub use choice::{Choice, UnknownChoice};
pub use decoder::Decoder;
pub use error::DecodeError;
pub use kind::Kind;
