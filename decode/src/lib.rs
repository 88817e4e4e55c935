//! Audio files and streams to interleaved `f32` samples.

/// placeholder
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {}
