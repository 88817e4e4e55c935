//! The end of a window's threads.
//!
//! On X11 a window lives on a thread of its own, and the clipboard on another that it starts. Neither is sure to have ended
//! when the window is closed: baseview 0.4.2 may return before it has joined the one, and nobody joins the other. A host that
//! unloads the plugin then takes the ground from under them. So whoever closes a window waits here.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A thread that takes longer is left alone: it may wait for the very thread that waits for it, or for its graphics driver.
const LONGEST: Duration = Duration::from_secs(2);

/// Where the system keeps this thread's name.
const OWN_NAME: &str = "/proc/thread-self/comm";

/// What the threads of a window that is open are called, before a number: a thread hands its name down to those it starts.
const OPEN: &str = "echometer-w";

/// And while it is being opened: a graphics driver may start threads then that stay as long as the process.
const OPENING: &str = "echometer-o";

/// The threads of one window, by the number that they alone have in their names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WindowThreads {
    number: String,
}

/// A thread that has another name until this goes.
struct Renamed {
    before: String,
}

impl Renamed {
    fn to(name: &str) -> Option<Self> {
        let before = fs::read_to_string(OWN_NAME).ok()?;
        fs::write(OWN_NAME, name).ok()?;
        Some(Self { before })
    }
}

impl Drop for Renamed {
    fn drop(&mut self) {
        if let Err(error) = fs::write(OWN_NAME, self.before.trim_end()) {
            tracing::warn!(%error, "a thread of the host has lost its name");
        }
    }
}

/// Opens a window, and says which threads are its own. Only Linux has windows with threads, and lists them. While the window
/// opens, this thread bears the name that its threads begin with.
pub(crate) fn opened<R>(open: impl FnOnce() -> R) -> (R, Option<WindowThreads>) {
    let number = cfg!(target_os = "linux").then(number).flatten();
    let renamed = number.and_then(|number| Some((Renamed::to(&format!("{OPENING}{number}"))?, number)));
    let result = open();
    let threads = renamed.map(|(renamed, number)| {
        drop(renamed);
        WindowThreads { number }
    });
    (result, threads)
}

/// The window of this thread is open: what it starts from now on ends with it. Every window calls this.
pub(crate) fn begun() {
    let name = fs::read_to_string(OWN_NAME).unwrap_or_default();
    if let Some(number) = name.trim_end().strip_prefix(OPENING)
        && let Err(error) = fs::write(OWN_NAME, format!("{OPEN}{number}"))
    {
        tracing::warn!(%error, "a window's thread has no name");
    }
}

/// A number that no thread has in its name.
fn number() -> Option<String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    // Where the count lies tells copies of this library apart: a host may have one for each format, and each counts alone.
    let copy = (std::ptr::from_ref(&COUNT).addr() >> 12) as u32;
    // The system keeps fifteen characters of a name.
    let mut numbers = std::iter::repeat_with(|| {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        format!("{:04x}", copy.wrapping_add(count) & 0xFFFF)
    });
    // Should two copies lie so that their numbers meet, what is taken is left out. There are more numbers than threads.
    let number_of = |name: &String| {
        let number = name.strip_prefix(OPEN).or_else(|| name.strip_prefix(OPENING));
        number.map(str::to_owned)
    };
    let taken: Vec<String> = names_of_threads().iter().filter_map(number_of).collect();
    numbers.find(|number| !taken.contains(number))
}

/// The names of all threads of this process.
fn names_of_threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    // A thread may end while we look.
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.map(|name| name.trim_end().to_owned()).collect()
}

impl WindowThreads {
    /// Waits until all have ended, for a while at most. The window must have been closed before.
    pub(crate) fn wait(self) {
        self.wait_for(&[OPEN]);
    }

    /// [`Self::wait`] for a window that could not be opened.
    pub(crate) fn wait_all(self) {
        self.wait_for(&[OPEN, OPENING]);
    }

    fn wait_for(&self, kinds: &[&str]) {
        let start = Instant::now();
        while self.live(kinds) && start.elapsed() < LONGEST {
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn live(&self, kinds: &[&str]) -> bool {
        let names = names_of_threads();
        kinds
            .iter()
            .any(|kind| names.contains(&format!("{kind}{}", self.number)))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn threads_that_were_waited_for_have_ended() {
        let (end, ended) = mpsc::channel::<()>();
        let (stay, stays) = mpsc::channel::<()>();
        let before = fs::read_to_string(OWN_NAME).unwrap();
        let (window, threads) = opened(|| {
            thread::spawn(move || {
                let driver = thread::spawn(move || stays.recv().unwrap_err());
                begun();
                (driver, thread::spawn(move || ended.recv().unwrap_err()))
            })
        });
        assert_eq!(fs::read_to_string(OWN_NAME).unwrap(), before);
        let threads = threads.expect("the system lists threads");
        let same = WindowThreads {
            number: threads.number.clone(),
        };
        // The window's thread is gone; the one that it has started is not.
        let (driver, child) = window.join().unwrap();
        assert!(threads.live(&[OPEN]));
        drop(end);
        threads.wait();
        // What was started before the window was there is not its own.
        assert!(!same.live(&[OPEN]) && same.live(&[OPENING]));
        child.join().unwrap();
        drop(stay);
        driver.join().unwrap();
    }

    #[test]
    fn the_threads_of_a_window_that_could_not_be_opened_are_known() {
        let (end, ended) = mpsc::channel::<()>();
        let (failed, threads) = opened(|| {
            let thread = thread::spawn(move || ended.recv().unwrap_err());
            Err::<(), _>(thread)
        });
        let threads = threads.unwrap();
        let same = WindowThreads {
            number: threads.number.clone(),
        };
        assert!(threads.live(&[OPENING]));
        drop(end);
        threads.wait_all();
        assert!(!same.live(&[OPEN, OPENING]));
        failed.unwrap_err().join().unwrap();
    }

    #[test]
    fn no_two_windows_have_threads_of_one_name() {
        let first = opened(|| ()).1.unwrap();
        let number = u32::from_str_radix(&first.number, 16).unwrap();
        // Another copy's windows have the numbers that come next.
        let next = [1, 2, 3].map(|more| format!("{:04x}", (number + more) & 0xFFFF));
        let others = next.clone().map(|number| {
            let _renamed = Renamed::to(&format!("{OPEN}{number}")).unwrap();
            let (end, ended) = mpsc::channel::<()>();
            (end, thread::spawn(move || ended.recv().unwrap_err()))
        });
        let second = opened(|| ()).1.unwrap();
        assert!(!next.contains(&second.number) && second != first, "{second:?}");
        for (end, thread) in others {
            drop(end);
            thread.join().unwrap();
        }
    }
}
