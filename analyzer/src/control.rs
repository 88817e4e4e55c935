//! What the user asks of the analysis while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::tty;

/// Longest time until a wish to stop is heard.
const STEP: Duration = Duration::from_millis(20);

/// Signals so soon after the first are the same wish: `timeout`, a shell and a service manager may each send one.
const SAME_WISH: Duration = Duration::from_secs(1);

/// How long a terminal may take to be restored, where it takes no output: Ctrl-S holds it, or nobody reads it.
const RESTORE: Duration = Duration::from_millis(300);

/// Wishes of the face to the analysis.
#[derive(Debug, Default)]
pub(crate) struct Control {
    stop: AtomicBool,
    /// Whether it was a signal that asked for the end.
    interrupted: AtomicBool,
    reset: AtomicBool,
    /// Whether the screen is taken over, and must be given back before the process ends.
    screen: AtomicBool,
}

impl Control {
    /// Asks the analysis to end.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    /// Whether the analysis should end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Whether a signal asked for the end: before the one reading of a whole there is, it is no answer.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Acquire)
    }

    /// Asks the analysis to forget what it heard.
    pub(crate) fn reset(&self) {
        self.reset.store(true, Ordering::Release);
    }

    /// Whether to forget what was heard; asked once for each wish.
    pub(crate) fn take_reset(&self) -> bool {
        self.reset.swap(false, Ordering::AcqRel)
    }

    /// Tells that the screen is taken over, or given back.
    pub(crate) fn hold_screen(&self, held: bool) {
        self.screen.store(held, Ordering::Release);
    }

    /// Sleeps until `when`, or until it should end.
    pub(crate) fn sleep_until(&self, when: Instant) {
        while !self.is_stopped() {
            let left = when.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(STEP));
        }
    }

    /// Ctrl-C, a hang-up or a polite kill stop the analysis; a later one ends the process at once, should the first
    /// not be heard because a read or a write blocks.
    pub(crate) fn end_on_signals(self: &Arc<Self>) -> Result<(), Failure> {
        let control = Arc::clone(self);
        let mut first: Option<Instant> = None;
        ctrlc::set_handler(move || {
            control.interrupted.store(true, Ordering::Release);
            control.stop();
            if first.get_or_insert_with(Instant::now).elapsed() < SAME_WISH {
                return;
            }
            if control.screen.load(Ordering::Acquire) {
                give_back_screen();
            }
            std::process::exit(130);
        })
        .map_err(|error| Failure::failed(format!("signals cannot be handled: {error}")))
    }
}

/// Restores the terminal, unless that too has to wait for it.
fn give_back_screen() {
    let (done, restored) = mpsc::channel();
    thread::spawn(move || {
        tty::restore();
        let _ = done.send(());
    });
    let _ = restored.recv_timeout(RESTORE);
}
