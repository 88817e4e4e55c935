//! Hosts that are careless, in a hurry or mad. Whatever they do, the plugin must not end their process, and must do what
//! it is there for.
//!
//! Every host is a process of its own, for the process is what a failure ends: see `alone`.
#![cfg(target_os = "linux")]
// The whole file is tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unsafe_code,
    missing_docs
)]
// The formats' constants are signed on Windows and unsigned elsewhere.
#![allow(clippy::unnecessary_cast)]

#[path = "../hosts/mod.rs"]
mod hosts;

mod alone;
mod clap_blocks;
mod clap_calls;
mod clap_host;
mod clap_threads;
mod clap_windows;
mod vst3_calls;
mod vst3_sound;
mod vst3_view;
mod vst3_windows;
mod x11;
