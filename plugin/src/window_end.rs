//! The end of a window's thread.
//!
//! On X11 a window lives on a thread of its own, and baseview 0.4.2 may return from closing the window before that thread
//! has ended. A host that unloads the plugin then takes the ground from under it. So whoever closes a window waits here.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A thread that takes longer is left alone: it may wait for the very thread that waits for it, or for its graphics driver.
const LONGEST: Duration = Duration::from_secs(2);

/// Windows open one after the other, so that the one that has begun is the one that was opened.
static OPENING: Mutex<()> = Mutex::new(());

/// The window thread that began last.
static BEGUN: Mutex<Option<WindowThread>> = Mutex::new(None);

/// The thread of a window.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WindowThread {
    /// Its entry in the system's list, which goes as the thread goes.
    task: PathBuf,
}

/// Opens a window, and says which thread it lives on if that is one of its own.
pub(crate) fn opened<R>(open: impl FnOnce() -> R) -> (R, Option<WindowThread>) {
    let _one_at_a_time = OPENING.lock();
    BEGUN.lock().take();
    let result = open();
    let thread = BEGUN.lock().take();
    (
        result,
        thread.filter(|thread| WindowThread::this().as_ref() != Some(thread)),
    )
}

/// Remembers this thread as the window's. Every window calls this while it is opened.
pub(crate) fn begun() {
    *BEGUN.lock() = WindowThread::this();
}

impl WindowThread {
    /// This very thread, where the system lists threads (Linux). Elsewhere windows have none of their own.
    fn this() -> Option<Self> {
        let task = std::fs::read_link("/proc/thread-self").ok()?;
        Some(Self {
            task: PathBuf::from("/proc").join(task),
        })
    }

    /// Waits until the thread has ended, for a while at most. The window must have been closed before.
    pub(crate) fn wait(self) {
        let start = Instant::now();
        while self.task.exists() && start.elapsed() < LONGEST {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_thread_that_was_waited_for_has_ended() {
        let (end, ended) = mpsc::channel::<()>();
        let (window, thread) = opened(|| {
            let (began, begins) = mpsc::channel();
            let window = thread::spawn(move || {
                begun();
                began.send(()).unwrap();
                ended.recv().unwrap_err();
            });
            begins.recv().unwrap();
            window
        });
        let thread = thread.expect("the system lists threads");
        assert!(thread.task.exists());
        let task = thread.task.clone();
        drop(end);
        thread.wait();
        assert!(!task.exists());
        window.join().unwrap();
        // A window on the very thread that opens it is not waited for.
        assert_eq!(opened(begun).1, None);
    }
}
