//! The meters under a pseudo terminal (`script` makes one; without it these tests say so and pass).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod common;

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use common::*;

const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";

/// Runs the program on a terminal of 80×24; `None` where there is no `script` of util-linux.
fn start(arguments: &str) -> Option<Child> {
    let has_script = Command::new("script").arg("--version").output();
    if !has_script.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("util-linux")) {
        println!("skipped: there is no `script` to make a pseudo terminal");
        return None;
    }
    let program = env!("CARGO_BIN_EXE_analyzer");
    // The inner shell becomes the program, so that its id is known.
    let command = format!(
        "stty rows 24 cols 80; sh -c 'echo \"id $$ .\"; exec {program} {arguments}'; echo \"exit code $?\""
    );
    let child = Command::new("script")
        .args(["-q", "-c", &command, "/dev/null"])
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .env_remove("COLORTERM")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    Some(child)
}

/// Collects the output until it holds `text`, within 60 s.
fn until(output: &mpsc::Receiver<Vec<u8>>, all: &mut String, text: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !all.contains(text) {
        let left = deadline.saturating_duration_since(Instant::now());
        match output.recv_timeout(left) {
            Ok(bytes) => all.push_str(&String::from_utf8_lossy(&bytes)),
            Err(error) => panic!("{text:?} did not come ({error}):\n{all}"),
        }
    }
}

fn reading(child: &mut Child) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    let mut stdout = child.stdout.take().unwrap();
    thread::spawn(move || {
        let mut block = [0; 4096];
        while let Ok(read @ 1..) = stdout.read(&mut block) {
            if sender.send(block[..read].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}

#[test]
fn q_leaves_and_the_terminal_is_restored() {
    for key in [&b"q"[..], b"\x1b", b"\x03"] {
        let Some(mut child) = start("--input demo") else {
            return;
        };
        let output = reading(&mut child);
        let mut all = String::new();
        until(&output, &mut all, "Danceability");
        assert!(all.contains(ENTER), "{all}");
        child.stdin.as_mut().unwrap().write_all(key).unwrap();
        until(&output, &mut all, "exit code");
        assert!(all.contains(LEAVE) && all.contains("exit code 0"), "{all}");
        child.wait().unwrap();
    }
}

#[test]
fn signals_close_together_leave_the_terminal_restored() {
    for pause in ["", "sleep 0.0005", "sleep 0.002"] {
        let Some(mut child) = start("--input demo") else {
            return;
        };
        let output = reading(&mut child);
        let mut all = String::new();
        until(&output, &mut all, "Danceability");
        let id = all
            .split_once("id ")
            .and_then(|(_, rest)| rest.split(' ').next())
            .unwrap();
        // Those after its end find nobody.
        let kill = format!("for i in 1 2 3 4 5 6; do kill -TERM {id} 2>/dev/null; {pause}\ndone");
        Command::new("sh").args(["-c", &kill]).status().unwrap();
        until(&output, &mut all, "exit code");
        let left = all.rfind(LEAVE).unwrap_or_else(|| panic!("not restored:\n{all}"));
        assert!(left > all.rfind(ENTER).unwrap(), "{all}");
        assert!(all.contains("exit code 0"), "{all}");
        child.wait().unwrap();
    }
}

#[test]
fn a_finished_file_leaves_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = wav(folder.path(), "chord.wav", &chord(8.0));
    let Some(mut child) = start(&format!("--input {}", path.display())) else {
        return;
    };
    let output = reading(&mut child);
    let mut all = String::new();
    until(&output, &mut all, "exit code");
    let (_, after) = all.rsplit_once(LEAVE).unwrap();
    for text in ["chord.wav", "Danceability", "LUFS", "exit code 0"] {
        assert!(after.contains(text), "{after}");
    }
    child.wait().unwrap();
}

#[test]
fn an_error_comes_after_the_meters() {
    let folder = tempfile::tempdir().unwrap();
    let path = wav(folder.path(), "short.wav", &chord(0.5));
    let Some(mut child) = start(&format!("--input {}", path.display())) else {
        return;
    };
    let output = reading(&mut child);
    let mut all = String::new();
    until(&output, &mut all, "exit code");
    let (_, after) = all.rsplit_once(LEAVE).unwrap();
    assert!(
        after.contains("error: short.wav") && after.contains("exit code 1"),
        "{after}"
    );
    child.wait().unwrap();
}
