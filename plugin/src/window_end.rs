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

/// Gives this thread, which is a window's, a name of its own. Every window calls this while it is opened. Only Linux has
/// windows with threads, and lists them.
pub(crate) fn begun() {
    if !cfg!(target_os = "linux") {
        return;
    }
    static COUNT: AtomicU32 = AtomicU32::new(0);
    // The system keeps fifteen characters.
    let count = COUNT.fetch_add(1, Ordering::Relaxed) % 10_000;
    let name = format!("echometer-w{count:04}");
    let named = fs::write("/proc/thread-self/comm", &name).is_ok();
    *BEGUN.lock() = named.then_some(WindowThreads { name });
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
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        // A thread may end while we look.
        let mut names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
        names.any(|name| name.trim_end() == self.name)
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
    fn a_window_on_the_thread_that_opens_it_is_not_waited_for() {
        let here = thread::spawn(|| opened(begun).1);
        assert_eq!(here.join().unwrap(), None);
    }
}
