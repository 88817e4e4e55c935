//! Readings for other machines to follow: MIDI control changes and Open Sound Control.

#![forbid(unsafe_code)]

mod cc;
mod osc;

pub use cc::{CcGlide, DEFAULT_NUMBERS};
pub use osc::{ADDRESS_PREFIX, DEFAULT_TARGET, OscError, OscSender};
