//! `--window` on a virtual display (`Xvfb` makes one and `xdotool` presses keys; without them these tests say so and pass).
#![cfg(all(target_os = "linux", feature = "window"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use common::*;

/// A display that nobody sees; ended when it is dropped.
struct Display {
    child: Child,
    name: String,
}

impl Display {
    fn start() -> Option<Self> {
        let has = |name, flag| Command::new(name).arg(flag).output().is_ok();
        if !has("Xvfb", "-version") || !has("xdotool", "version") {
            println!("skipped: there is no Xvfb and xdotool (apt-get install xvfb xdotool)");
            return None;
        }
        let mut child = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x900x24"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut number)
            .unwrap();
        let name = format!(":{}", number.trim());
        Some(Self { child, name })
    }

    fn on(&self, mut command: Command) -> Command {
        command
            .env("DISPLAY", &self.name)
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WAYLAND_SOCKET");
        command
    }

    /// What `xdotool` says, once it succeeds.
    fn xdotool(&self, arguments: &[&str]) -> String {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            let output: Output = self.on(Command::new("xdotool")).args(arguments).output().unwrap();
            if output.status.success() {
                return String::from_utf8(output.stdout).unwrap().trim().into();
            }
            assert!(
                std::time::Instant::now() < deadline,
                "{arguments:?}: {}",
                stderr(&output)
            );
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }

    /// The program with a window, once the window is there.
    fn open(&self, arguments: &[&str]) -> (Child, String) {
        let child = self
            .on(analyzer(&[&["--window", "--no-config"], arguments].concat()))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let window = self.xdotool(&["search", "--onlyvisible", "--name", "Echometer$"]);
        (child, window)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn keys_and_signals_close_the_window() {
    let Some(display) = Display::start() else { return };
    for leave in ["q", "Escape", "ctrl+w", "signal"] {
        let (child, window) = display.open(&["--input", "demo"]);
        if leave == "signal" {
            let id = child.id().to_string();
            Command::new("kill").args(["-INT", &id]).status().unwrap();
        } else {
            display.xdotool(&["windowfocus", "--sync", &window, "key", leave]);
        }
        let output = child.wait_with_output().unwrap();
        assert_eq!((code(&output), stderr(&output).as_str()), (0, ""), "{leave}");
    }
}

#[test]
fn a_failed_input_stays_to_be_read_and_fails_the_program() {
    let Some(display) = Display::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = wav(folder.path(), "short.wav", &chord(0.5));
    let (child, window) = display.open(&["--input", path.to_str().unwrap()]);
    display.xdotool(&["windowfocus", "--sync", &window, "key", "q"]);
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("short.wav: 0.50 s are too short"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn without_a_display_it_says_what_else_to_do() {
    for (display, why) in [
        ("", "there is no desktop to open it on"),
        (":98765", "the desktop does not answer"),
    ] {
        let mut command = analyzer(&["--window", "--input", "demo"]);
        command
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WAYLAND_SOCKET");
        if !display.is_empty() {
            command.env("DISPLAY", display);
        }
        let output = command.output().unwrap();
        assert_eq!(code(&output), 1);
        for word in ["--window cannot open a window", why, "DISPLAY", "--serve"] {
            assert!(stderr(&output).contains(word), "{}", stderr(&output));
        }
        for no_word in ["/registry/", ".rs:", "EventLoop", "winit"] {
            assert!(!stderr(&output).contains(no_word), "{}", stderr(&output));
        }
    }
}
