//! The analysis thread: reads the tap, scores, publishes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use super::{InputFormat, ScoreError, Scorer};
use crate::model::Model;
use crate::reading::Reading;
use crate::tap::{Stereo, TapReader};

/// How long the thread rests when the ring is empty: far below the time between readings, far above a busy loop.
const REST: Duration = Duration::from_millis(5);
/// Sample frames moved out of the ring at a time.
const BLOCK: usize = 4096;

/// A running analysis thread. Dropping it stops the thread.
pub struct Live {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<(), ScoreError>>>,
}

#[derive(Default)]
struct Shared {
    latest: ArcSwapOption<Reading>,
    stop: AtomicBool,
    reset: AtomicBool,
}

impl Live {
    /// Scores what comes through `tap` at `rate` Hz, `reading_hz` times a second of input, on a thread of its own.
    ///
    /// `on_reading` is called on that thread for each reading, in order. The thread ends when the tap's audio side is
    /// gone and the ring empty, when scoring fails, or when this is dropped.
    pub fn start(
        model: &Model,
        tap: TapReader,
        rate: u32,
        reading_hz: f64,
        on_reading: impl FnMut(&Reading) + Send + 'static,
    ) -> Result<Self, ScoreError> {
        let input = InputFormat {
            rate,
            channels: tap.width(),
        };
        let scorer = Scorer::new(model, input, reading_hz)?;
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("echometer".into())
            .spawn(move || analyse(&theirs, scorer, tap, on_reading))
            .map_err(ScoreError::Thread)?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// The latest reading; lock-free for any number of callers.
    pub fn latest(&self) -> Option<Arc<Reading>> {
        self.shared.latest.load_full()
    }

    /// Asks the thread to forget all input; it does so before it takes more.
    pub fn reset(&self) {
        self.shared.reset.store(true, Ordering::Release);
    }

    /// Whether the thread has ended.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until the thread has ended, and says why it failed if it did.
    pub fn join(mut self) -> Result<(), ScoreError> {
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A panic was already reported by the panic hook; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

fn analyse(
    shared: &Shared,
    mut scorer: Scorer,
    mut tap: TapReader,
    mut on_reading: impl FnMut(&Reading),
) -> Result<(), ScoreError> {
    let counters = Arc::clone(tap.counters());
    let mut block: Vec<Stereo> = vec![[0.0; 2]; BLOCK];
    let mut readings = Vec::new();
    while !shared.stop.load(Ordering::Acquire) {
        if shared.reset.swap(false, Ordering::AcqRel) {
            scorer.reset();
            shared.latest.store(None);
        }
        // Asked before reading: once finished, no later write can be missed.
        let finished = tap.is_finished();
        let frames = tap.read(&mut block);
        if frames == 0 {
            if finished {
                break;
            }
            thread::sleep(REST);
            continue;
        }
        scorer.push_folded(&block[..frames], &mut readings)?;
        for mut reading in readings.drain(..) {
            reading.dropped = counters.dropped_blocks();
            reading.replaced = counters.replaced_samples();
            on_reading(&reading);
            shared.latest.store(Some(Arc::new(reading)));
        }
    }
    Ok(())
}
