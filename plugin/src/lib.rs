//! Echometer as a plugin: audio passes through untouched, eight meters show what the last 30 s were.
//!
//! | room | holds |
//! |---|---|
//! | [`plugin`](mod@plugin) | what hosts call; the audio thread |
//! | `params` | parameters and what else a project saves |
//! | `pace` | whether the host plays or renders |
//! | `station` | one instance's analysis: model, stream, record |
//! | `models` | models shared by all instances of the process |
//! | `listener` | what becomes of readings: record, controllers, OSC |
//! | `editor` | the window |
//! | `window_end` | the end of the window's thread |
//! | `clap` | the CLAP format, guarded against its hosts |

// The macros that export the plugin and derive its parameters write `unsafe` code; our own is in `clap` alone.
#![allow(unsafe_code)]

mod clap;
mod editor;
mod listener;
mod models;
mod pace;
mod params;
mod plugin;
mod station;
mod window_end;

pub use plugin::Echometer;

use nice_plug::prelude::nice_export_vst3;

nice_export_vst3!(Echometer);
