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
//! | `vst3` | the plugin as VST3 |

// The macros that export the plugin and derive its parameters write `unsafe` code; there is none of our own.
#![allow(unsafe_code)]

mod editor;
mod listener;
mod models;
mod pace;
mod params;
mod plugin;
mod reference;
mod station;
mod vst3;

pub use plugin::Echometer;

use nice_plug::prelude::nice_export_clap;

nice_export_clap!(Echometer);
