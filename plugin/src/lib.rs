//! Echometer as a plugin: audio passes through untouched, eight meters show what the last 30 s were.
//!
//! | room | holds |
//! |---|---|
//! | [`plugin`](mod@plugin) | what hosts call; the audio thread |
//! | `params` | parameters and what else a project saves |
//! | `reference` | what meters are compared with, as a project saves it |
//! | `pace` | whether the host plays or renders |
//! | `station` | one instance's analysis: model, stream, record |
//! | `models` | models shared by all instances of the process |
//! | `listener` | what becomes of readings: record, controllers, OSC |
//! | `editor` | the window |
//! | `touched` | what changes without the host's doing |
//! | `window_end` | the end of the window's threads |
//! | `block` | a host's buffers as the plugin takes them |
//! | `door` | one thread at a time |
//! | `clap` | the plugin as CLAP, nice-plug's behind a guard |
//! | `vst3` | the plugin as VST3 |

// The macros that export the plugin and derive its parameters write `unsafe` code; our own is in `clap`, `vst3` and
// `block`.
#![allow(unsafe_code)]

mod block;
mod clap;
mod door;
mod editor;
mod listener;
mod models;
mod pace;
mod params;
mod plugin;
mod reference;
mod station;
mod touched;
mod vst3;
mod window_end;

pub use plugin::Echometer;
