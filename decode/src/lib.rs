//! Audio files and streams to interleaved `f32` samples, for the analyzer and the trainer alike.
//!
//! Both must hear a file in the same way, or a model would see other samples live than in training: this crate is the
//! only place that knows containers and codecs. It reads WAV, AIFF, FLAC, MP3, Ogg Vorbis, AAC and ALAC (MP4, ADTS).
//!
//! Encoder delay and padding are trimmed where the file tells them and the codec library honours it: MP3 with a LAME
//! tag, Ogg Vorbis. MP4 edit lists are not read, so AAC starts with its encoder's 20–50 ms of priming.

#![forbid(unsafe_code)]

mod decoder;
mod error;
mod wav;

pub use decoder::Decoder;
pub use error::DecodeError;
