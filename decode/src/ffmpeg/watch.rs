//! Ends a process that is waited for and gives nothing.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::{Running, spawn};

/// How long it may give nothing while it is waited for.
const PATIENCE_S: u32 = 60;
const LOOK: Duration = Duration::from_secs(1);

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
    /// Watches a process; a patient watch never ends it.
    pub(super) fn start(running: &Arc<Running>, patient: bool) -> io::Result<Self> {
        let state = Arc::<State>::default();
        if patient {
            return Ok(Self {
                state,
                _until_dropped: None,
            });
        }
        let (sender, dropped) = mpsc::channel::<()>();
        let (theirs, running) = (Arc::clone(&state), Arc::downgrade(running));
        spawn("ffmpeg-watch", move || {
            let (mut before, mut looks) = (0, 0);
            while dropped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                let served = theirs.served.load(Ordering::Relaxed);
                let stuck = theirs.waiting.load(Ordering::Relaxed) && served == before;
                looks = if stuck { looks + 1 } else { 0 };
                before = served;
                if looks >= PATIENCE_S {
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
        // It may have ended just now.
        let _ = running.child().kill();
    }
}
