//! Ends a process that is waited for and gives nothing.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::{Running, spawn};

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(250);

#[derive(Default)]
struct State {
    waiting: AtomicBool,
    /// Reads that were answered.
    served: AtomicU64,
    gave_up: AtomicBool,
}

/// Watches until it is dropped.
pub(super) struct Watch {
    state: Arc<State>,
    _until_dropped: Option<Sender<()>>,
}

impl Watch {
    /// Watches a process that may give nothing for so long while it is waited for, or for ever.
    pub(super) fn start(running: &Arc<Running>, patience: Option<Duration>) -> io::Result<Self> {
        let state = Arc::<State>::default();
        let Some(patience) = patience else {
            return Ok(Self {
                state,
                _until_dropped: None,
            });
        };
        let (sender, dropped) = mpsc::channel::<()>();
        let (theirs, running) = (Arc::clone(&state), Arc::downgrade(running));
        spawn("ffmpeg-watch", move || {
            let (mut before, mut waited, mut looked) = (0, Duration::ZERO, Instant::now());
            while dropped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                let served = theirs.served.load(Ordering::Relaxed);
                if served != before || !theirs.waiting.load(Ordering::Relaxed) {
                    (before, waited) = (served, Duration::ZERO);
                }
                // Time in which this program stood still does not count.
                waited += looked.elapsed().min(2 * LOOK);
                looked = Instant::now();
                if waited >= patience {
                    theirs.gave_up.store(true, Ordering::Release);
                    end(&running);
                    return;
                }
            }
        })?;
        Ok(Self {
            state,
            _until_dropped: Some(sender),
        })
    }

    /// A read begins.
    pub(super) fn waiting(&self) {
        self.state.waiting.store(true, Ordering::Relaxed);
    }

    /// A read was answered.
    pub(super) fn served(&self) {
        self.state.waiting.store(false, Ordering::Relaxed);
        self.state.served.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether it was ended for giving nothing.
    pub(super) fn gave_up(&self) -> bool {
        self.state.gave_up.load(Ordering::Acquire)
    }
}

fn end(running: &Weak<Running>) {
    if let Some(running) = running.upgrade() {
        running.end();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read;
    use std::process::{Command, Stdio};

    use super::*;

    /// A program that gives nothing: no ffmpeg can be made to.
    #[test]
    fn what_gives_nothing_is_ended() {
        let mut child = Command::new("sleep")
            .arg("600")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let running = Arc::new(Running::new(child));
        let watch = Watch::start(&running, Some(Duration::from_millis(500))).unwrap();
        watch.waiting();
        // Ends only because the process does.
        assert_eq!(stdout.read(&mut [0]).unwrap(), 0);
        watch.served();
        assert!(watch.gave_up());
    }
}
