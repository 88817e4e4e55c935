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
    let program = env!("CARGO_BIN_EXE_analyzer");
    // The inner shell becomes the program, so that its id is known. The outer one outlives Ctrl-C, to tell the exit code.
    on_a_terminal(&format!(
        "trap : INT; sh -c 'echo \"id $$ .\"; exec {program} --no-config {arguments}'; echo \"exit code $?\""
    ))
}

/// Runs what a shell reads on a terminal of 80×24, which is closed when the process that is returned ends.
fn on_a_terminal(command: &str) -> Option<Child> {
    let has_script = Command::new("script").arg("--version").output();
    if !has_script.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("util-linux")) {
        println!("skipped: there is no `script` to make a pseudo terminal");
        return None;
    }
    let command = format!("stty rows 24 cols 80; {command}");
    let child = Command::new("script")
        .args(["-q", "-c", &command, "/dev/null"])
        // The least of them, on every machine.
        .env("SHELL", "/bin/sh")
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

/// Closes the terminal `pause` after the first meter is there, or after the start; the exit code, which must come.
fn closed(arguments: &str, leader: &str, pause: Duration, drawn: bool) -> Option<i32> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("code");
    let program = env!("CARGO_BIN_EXE_analyzer");
    // The shell outlives the terminal, to keep the code.
    let mut child = on_a_terminal(&format!(
        "trap : HUP; echo begun; {leader} {program} --no-config {arguments}; echo $? > {}",
        file.display()
    ))?;
    let output = reading(&mut child);
    let first = if drawn { "Danceability" } else { "begun" };
    until(&output, &mut String::new(), first);
    thread::sleep(pause);
    child.kill().unwrap();
    child.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let code = std::fs::read_to_string(&file).unwrap_or_default();
        if let Ok(code) = code.trim().parse() {
            return Some(code);
        }
        assert!(
            Instant::now() < deadline,
            "{leader} {arguments}: it did not end, {pause:?} after {}",
            if drawn { "its first picture" } else { "its start" }
        );
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_terminal_that_is_closed_ends_the_meters_in_order() {
    let folder = tempfile::tempdir().unwrap();
    // `setsid -w`: nobody sends it a signal, and only what it reads and writes says that the terminal is gone.
    for leader in ["", "setsid -w"] {
        for i in 0..12 {
            let csv = folder.path().join(format!("{leader}{i}.csv"));
            let arguments = format!("--input demo --device embedded -v --csv '{}'", csv.display());
            let pause = Duration::from_micros(i * i * 700);
            let Some(code) = closed(&arguments, leader, pause, true) else {
                return;
            };
            assert_eq!(code, 0, "{leader} {pause:?}");
            // In order: other outputs end with a whole line.
            let rows = std::fs::read_to_string(&csv).unwrap();
            assert!(rows.starts_with("time,") && rows.ends_with('\n'), "{rows}");
        }
    }
}

#[test]
fn a_terminal_that_is_closed_early_or_under_another_format_ends_the_program() {
    for leader in ["", "setsid -w"] {
        for arguments in [
            "--input demo --device embedded",
            "--input demo --device embedded --format jsonl --realtime",
            "--input demo --device embedded --once",
        ] {
            for pause in [1, 30, 100, 300] {
                let Some(code) = closed(arguments, leader, Duration::from_millis(pause), false) else {
                    return;
                };
                // 129: the signal came before the program was there to take it. 1: stopped with nothing to tell.
                assert!(
                    [0, 1, 129].contains(&code),
                    "{leader} {arguments} {pause}: {code}"
                );
            }
        }
    }
}

#[test]
fn one_reading_shows_how_far_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = wav(folder.path(), "long.wav", &chord(60.0));
    for key in ["", "\x03"] {
        let speed = if key.is_empty() { "" } else { "--realtime" };
        let arguments = format!("--device embedded --once {speed} --input {}", path.display());
        let Some(mut child) = start(&arguments) else {
            return;
        };
        let output = reading(&mut child);
        let mut all = String::new();
        if !key.is_empty() {
            until(&output, &mut all, "of 1:00 heard");
            child.stdin.as_mut().unwrap().write_all(key.as_bytes()).unwrap();
        }
        until(&output, &mut all, "exit code");
        let (end, answer) = if key.is_empty() {
            ("exit code 0", true)
        } else {
            ("exit code 1", false)
        };
        assert!(all.contains(end), "{all}");
        assert_eq!(all.contains("Danceability"), answer, "{all}");
        child.wait().unwrap();
    }
}
