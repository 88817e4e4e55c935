//! What the user asks of the analysis while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// Longest time until a wish to stop is heard.
const STEP: Duration = Duration::from_millis(20);

/// Wishes of the face to the analysis.
#[derive(Debug, Default)]
pub(crate) struct Control {
    stop: AtomicBool,
    reset: AtomicBool,
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

    /// Asks the analysis to forget what it heard.
    pub(crate) fn reset(&self) {
        self.reset.store(true, Ordering::Release);
    }

    /// Whether to forget what was heard; asked once for each wish.
    pub(crate) fn take_reset(&self) -> bool {
        self.reset.swap(false, Ordering::AcqRel)
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

    /// Ctrl-C, a hang-up or a polite kill stop the analysis; a second one ends the process at once, should the first
    /// not be heard because a read of standard input blocks.
    pub(crate) fn end_on_signals(self: &Arc<Self>) -> Result<(), Failure> {
        let control = Arc::clone(self);
        ctrlc::set_handler(move || {
            if control.is_stopped() {
                std::process::exit(130);
            }
            control.stop();
        })
        .map_err(|error| Failure::failed(format!("signals cannot be handled: {error}")))
    }
}
