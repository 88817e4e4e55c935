//! An instance may end at any time, whatever is still to be done for it.
// The whole file is tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unsafe_code,
    missing_docs
)]

mod hosts;

use hosts::clap::Clap;
use hosts::vst3::Vst3;
use hosts::{Host, Setup};
use serde_json::json;

/// Opens a project, plays a block, and closes the project at once, again and again.
///
/// The block brings another model into play. That is not left to nice-plug's background thread: in 0.4.2 it ends when it
/// comes to a task of an instance that is gone, and the last instance to end then aborts the process.
fn opened_and_closed<H: Host>() {
    let custom = json!({ "folder": "/nowhere", "sha256": "0".repeat(64) });
    let state = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "params": {},
        "fields": { "custom-model": custom.to_string() },
    });
    for _ in 0..500 {
        let mut host = H::new();
        host.activate(Setup::playing(48_000, 64));
        assert!(host.load_json(&state));
        host.process(&[&[0.5; 64], &[0.5; 64]], false);
    }
}

#[test]
fn projects_open_and_close_in_clap() {
    opened_and_closed::<Clap>();
}

#[test]
fn projects_open_and_close_in_vst3() {
    opened_and_closed::<Vst3>();
}
