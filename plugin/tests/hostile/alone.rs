//! A test whose work is done by a process of its own.

use std::collections::BTreeSet;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use echometer_tests::skip;

use crate::hosts::system::eventually;
use crate::x11::Display;

/// Which test this process works for.
const WORK: &str = "ECHOMETER_TEST_HOSTILE";

/// What it says when the work is done.
const DONE: &str = "the host has done its worst";

/// Work that takes longer has stuck.
const STUCK: Duration = Duration::from_secs(120);

/// Does `work` in a process of its own, which must come to its end and panic nowhere, on no thread. `name` is the path of
/// the test that calls this.
pub(crate) fn alone(name: &str, work: impl FnOnce()) {
    run(name, None, work);
}

/// [`alone`], with a display for windows; skipped where there can be none.
pub(crate) fn with_display(name: &str, work: impl FnOnce()) {
    if works_for(name) {
        return run(name, None, work);
    }
    match Display::start() {
        Some(display) => run(name, Some(&display), work),
        None => skip("there is no X server to be had (apt-get install xvfb)"),
    }
}

fn works_for(name: &str) -> bool {
    std::env::var(WORK).is_ok_and(|working| working == name)
}

fn run(name: &str, display: Option<&Display>, work: impl FnOnce()) {
    if works_for(name) {
        work();
        println!("{DONE}");
        return;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", name, "--nocapture"])
        .env(WORK, name)
        // What was freed is overwritten: whoever looks at it still does not get away with it.
        .env("MALLOC_PERTURB_", "165")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(display) = display {
        display.set_on(&mut command);
    }
    let mut child = command.spawn().unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (mut said, mut complained) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        scope.spawn(|| out.read_to_end(&mut said).unwrap());
        scope.spawn(|| err.read_to_end(&mut complained).unwrap());
        let start = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if start.elapsed() > STUCK {
                child.kill().unwrap();
            }
            thread::sleep(Duration::from_millis(20));
        }
    });
    let status = child.wait().unwrap();
    let (said, complained) = (
        String::from_utf8_lossy(&said),
        String::from_utf8_lossy(&complained),
    );
    let first = complained.find("panicked").unwrap_or(complained.len());
    let lines = complained
        .get(first.saturating_sub(2000)..)
        .unwrap_or(&complained)
        .lines();
    let tail: String = lines.take(40).flat_map(|line| [line, "\n"]).collect();
    assert!(status.success(), "{status}: {tail}");
    assert!(said.contains(DONE), "no test is called {name}: {said}");
    assert!(!complained.contains("panicked"), "{tail}");
}

/// Does `work` on a thread that is called so; the threads that it starts and gives no names are called so, too.
pub(crate) fn on_main_thread<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name(MAIN.into());
        thread.spawn_scoped(scope, work).unwrap().join().unwrap()
    })
}

const MAIN: &str = "host-main";

/// The names of the threads that windows of the plugin have.
pub(crate) fn window_threads() -> BTreeSet<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    let names = names.map(|name| name.trim().to_owned());
    names.filter(|name| name.starts_with(WINDOW)).collect()
}

/// What their names begin with, …
const WINDOW: &str = "echometer-w";

/// … and those that were started while a window was opened.
const OPENING: &str = "echometer-o";

/// Panics if a window of the plugin has a thread: one that is called as the plugin's windows are, or like the host's own,
/// which calls this, and keeps that name. Threads with names of their own get them a moment after they begin.
pub(crate) fn assert_no_window_thread() {
    let own = std::fs::read_link("/proc/thread-self").unwrap();
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let others = tasks.filter(|task| own.file_name() != Some(&task.file_name()));
    let windows =
        |name: &String| name.trim() == MAIN || name.starts_with(WINDOW) || name.starts_with(OPENING);
    for other in others {
        let name = || std::fs::read_to_string(other.path().join("comm")).ok();
        if let Some(found) = name().filter(windows) {
            assert!(
                eventually(|| !name().is_some_and(|name| windows(&name))),
                "{found} lives on"
            );
            assert!(name().is_some(), "{found} has just ended");
        }
    }
}

/// Calls `work` some thousand times a second on a thread of its own while `meanwhile` runs, and before it at least once.
pub(crate) fn while_working<R>(mut work: impl FnMut() + Send, meanwhile: impl FnOnce() -> R) -> R {
    let (works, stop) = (AtomicBool::new(false), AtomicBool::new(false));
    /// Also if `meanwhile` panics: the scope would wait for ever.
    struct Stop<'a>(&'a AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }
    thread::scope(|scope| {
        let stops = Stop(&stop);
        let worker = thread::Builder::new().name("host-audio".into());
        worker
            .spawn_scoped(scope, || {
                while !stop.load(Ordering::Acquire) {
                    work();
                    works.store(true, Ordering::Release);
                    thread::sleep(Duration::from_micros(500));
                }
            })
            .unwrap();
        assert!(eventually(|| works.load(Ordering::Acquire)));
        let result = meanwhile();
        drop(stops);
        result
    })
}
