//! The end of a window's threads.
//!
//! On X11 a window lives on a thread of its own, and the clipboard on another that it starts. Neither is sure to have ended
//! when the window is closed: baseview 0.4.2 may return before it has joined the one, and nobody joins the other. A host that
//! unloads the plugin then takes the ground from under them. So whoever closes a window waits here.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A thread that takes longer is left alone: it may wait for the very thread that waits for it, or for its graphics driver.
const LONGEST: Duration = Duration::from_secs(2);

/// Windows open one after the other, so that the one that has begun is the one that was opened.
static OPENING: Mutex<()> = Mutex::new(());

/// The window that began last.
static BEGUN: Mutex<Option<WindowThreads>> = Mutex::new(None);

/// The threads of one window, by the name that they alone have: a thread hands its name down to those it starts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WindowThreads {
    name: String,
}

/// Opens a window, and says which threads it lives on if they are its own.
pub(crate) fn opened<R>(open: impl FnOnce() -> R) -> (R, Option<WindowThreads>) {
    if !cfg!(target_os = "linux") {
        return (open(), None);
    }
    let _one_at_a_time = OPENING.lock();
    BEGUN.lock().take();
    let result = open();
    let threads = BEGUN.lock().take();
    let here = fs::read_to_string("/proc/thread-self/comm").unwrap_or_default();
    (result, threads.filter(|threads| threads.name != here.trim_end()))
}

/// Gives this thread, which is a window's, a name that no other has. Every window calls this while it is opened. Only Linux
/// has windows with threads, and lists them.
pub(crate) fn begun() {
    if !cfg!(target_os = "linux") {
        return;
    }
    static COUNT: AtomicU32 = AtomicU32::new(0);
    // Where the count lies tells copies of this library apart: a host may have one for each format, and each counts alone.
    let copy = (std::ptr::from_ref(&COUNT).addr() >> 12) as u32;
    // The system keeps fifteen characters.
    let mut names = std::iter::repeat_with(|| {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        format!("echometer-w{:04x}", copy.wrapping_add(count) & 0xFFFF)
    });
    // Should two copies lie so that their names meet, what is taken is left out. There are more names than threads.
    let taken = names_of_threads();
    let Some(name) = names.find(|name| !taken.contains(name)) else {
        return;
    };
    let named = fs::write("/proc/thread-self/comm", &name).is_ok();
    *BEGUN.lock() = named.then_some(WindowThreads { name });
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
        let start = Instant::now();
        while self.live() && start.elapsed() < LONGEST {
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn live(&self) -> bool {
        names_of_threads().contains(&self.name)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn threads_that_were_waited_for_have_ended() {
        let (end, ended) = mpsc::channel::<()>();
        let (window, threads) = opened(|| {
            let (began, begins) = mpsc::channel();
            let window = thread::spawn(move || {
                begun();
                let child = thread::spawn(move || ended.recv().unwrap_err());
                began.send(()).unwrap();
                child
            });
            begins.recv().unwrap();
            window
        });
        let threads = threads.expect("the system lists threads");
        let name = threads.name.clone();
        // The window's thread is gone; the one that it has started is not.
        let child = window.join().unwrap();
        assert!(threads.live());
        drop(end);
        threads.wait();
        assert!(!WindowThreads { name }.live());
        child.join().unwrap();
    }

    #[test]
    fn no_two_windows_have_threads_of_one_name() {
        let (end, ended) = mpsc::channel::<()>();
        let named = thread::spawn(|| opened(|| thread::spawn(begun).join().unwrap()).1);
        let WindowThreads { name } = named.join().unwrap().unwrap();
        let number = u32::from_str_radix(&name["echometer-w".len()..], 16).unwrap();
        // Another copy's window has the name that comes next.
        let next = format!("echometer-w{:04x}", (number + 1) & 0xFFFF);
        let (began, begins) = mpsc::channel();
        let taken = next.clone();
        let other = thread::spawn(move || {
            fs::write("/proc/thread-self/comm", &taken).unwrap();
            began.send(()).unwrap();
            ended.recv().unwrap_err();
        });
        begins.recv().unwrap();
        let ours = opened(|| thread::spawn(begun).join().unwrap()).1.unwrap();
        assert!(ours.name != next && ours.name != name, "{ours:?}");
        drop(end);
        other.join().unwrap();
    }

    #[test]
    fn a_window_on_the_thread_that_opens_it_is_not_waited_for() {
        let here = thread::spawn(|| opened(begun).1);
        assert_eq!(here.join().unwrap(), None);
    }
}
