//! What this process takes of the system. Linux only: elsewhere there is nothing to read, and the tests skip it.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Threads by name, in alphabetical order.
pub(crate) fn threads() -> Option<Vec<String>> {
    let tasks = fs::read_dir("/proc/self/task").ok()?.flatten();
    // A thread may end while we look.
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    let mut names: Vec<_> = names.map(|name| name.trim().to_owned()).collect();
    names.sort();
    Some(names)
}

/// Open files, sockets and the like.
pub(crate) fn files() -> Option<usize> {
    Some(fs::read_dir("/proc/self/fd").ok()?.count())
}

/// Waits until `done`, at most a long while: threads that ended leave the list a moment after they were joined.
pub(crate) fn eventually(done: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !done() {
        if start.elapsed() > Duration::from_secs(20) {
            return false;
        }
        sleep(Duration::from_millis(5));
    }
    true
}
