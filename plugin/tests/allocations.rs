//! The library under test ends the process on any allocation while it processes: this proves that it does.
// The whole file is tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unsafe_code,
    missing_docs
)]

mod hosts;

use std::process::Command;

use hosts::vst3::Vst3;
use hosts::vst3_objects::{Changes, Stream};
use hosts::{Host, Setup};
use vst3::Steinberg::Vst::IComponentTrait;
use vst3::Steinberg::kResultOk;

const CHILD: &str = "ECHOMETER_TEST_ALLOCATE";

/// What the child process does; without its variable this is no test.
///
/// A host that saves the plugin's state while the plugin reads its parameter changes – no host would – makes it allocate
/// in the middle of `process`.
#[test]
fn child() {
    let Ok(when) = std::env::var(CHILD) else {
        return;
    };
    let mut host = Vst3::new();
    host.activate(Setup::playing(48_000, 64));
    let component = host.component.clone();
    let save = move || {
        let stream = Stream::of(&[]);
        // SAFETY: the stream lives until the call returns.
        let saved = unsafe { component.getState(stream.as_com_ref().unwrap().as_ptr()) };
        assert_eq!(saved, kResultOk);
    };
    let changes = if when == "inside" {
        Changes::meddling(save)
    } else {
        save();
        Changes::meddling(|| ())
    };
    host.process_with(&[&[0.5; 64], &[0.5; 64]], false, changes);
}

fn run(when: &str) -> std::process::Output {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let child = child.args(["--exact", "child", "--nocapture"]).env(CHILD, when);
    child.output().unwrap()
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "the checker is in debug builds only")]
fn an_allocation_while_processing_ends_the_process() {
    let outside = run("outside");
    assert!(
        outside.status.success(),
        "{}",
        String::from_utf8_lossy(&outside.stderr)
    );
    let inside = run("inside");
    assert!(!inside.status.success());
    let said = String::from_utf8_lossy(&inside.stderr);
    assert!(said.contains("memory allocation of"), "{said}");
}
