//! The plugin as VST3: what a host of that format calls, over the format's raw interfaces.
//!
//! nice-plug has a VST3 side of its own, which is not used: on Linux it ends its host when a parameter changes while the
//! window opens or closes, and it calls the system on the audio thread. This one drives the same [`Echometer`], and knows
//! no more of the format than an analyser needs.
//!
//! | room | holds |
//! |---|---|
//! | `factory` | who makes instances, and the library's entry points |
//! | `effect` | one instance: its buses and its saved state |
//! | `processor` | the audio thread's calls |
//! | `context` | what the plugin may ask of a host |
//! | `controller` | the parameters, as hosts see them |
//! | `table` | the parameters by the numbers that hosts know them by |
//! | `state` | what a project saves |
//! | `host` | what the window has to say to the host |
//! | `view` | the window, as hosts hold it |
//! | `pane` | the window behind it |
//! | `run_loop` | the host's main thread, on Linux |
//! | `text` | the format's strings |

// Interfaces of C++: pointers come from the host, and each block says what it relies on.
#![allow(unsafe_code)]
// The format's constants are signed on Windows and unsigned elsewhere.
#![allow(clippy::unnecessary_cast)]

mod context;
mod controller;
mod effect;
mod factory;
mod host;
mod pane;
mod processor;
#[cfg(target_os = "linux")]
mod run_loop;
mod state;
mod table;
mod text;
mod view;

use std::panic::{AssertUnwindSafe, catch_unwind};

use vst3::Steinberg::{kInternalError, tresult};

/// Does what a host asked for. A panic would end the host where it left the library: it becomes a result that says so.
fn answer(work: impl FnOnce() -> tresult) -> tresult {
    answer_with(kInternalError, work)
}

/// [`answer`] of a number; `otherwise` after a panic.
fn answer_with<T>(otherwise: T, work: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(otherwise)
}

/// Refuses to be compiled for objects that hosts could not hand from thread to thread.
const fn assert_send_sync<T: Send + Sync>() {}
