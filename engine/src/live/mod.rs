//! Live streams: what comes through a tap is scored on an analysis thread, and read from anywhere.

mod pool;
mod stream;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::Model;
use crate::reading::Reading;
use crate::score::{InputFormat, ScoreError, Scorer};
use crate::tap::TapReader;

pub use pool::Pool;
use stream::{Shared, Stream};

/// Longest sleep between two looks at whether a stream has caught up or ended; its thread also says so.
const LOOK: Duration = Duration::from_millis(20);

/// Whoever wants to know of a stream. Called on an analysis thread, in the order of the input.
///
/// A closure that takes readings is one.
pub trait Listener: Send + 'static {
    /// Every reading.
    fn reading(&mut self, reading: &Reading);

    /// The mel frames that the model gets, whole frames one after the other.
    fn frames(&mut self, frames: &[f32]) {
        let _ = frames;
    }

    /// All input was forgotten; time starts again at zero.
    fn reset(&mut self) {}
}

impl<F: FnMut(&Reading) + Send + 'static> Listener for F {
    fn reading(&mut self, reading: &Reading) {
        self(reading);
    }
}

/// A running analysis. Dropping it ends the stream; its listener is not called afterwards.
pub struct Live {
    shared: Arc<Shared>,
    pool: Pool,
}

impl Live {
    /// Scores what comes through `tap` at `rate` Hz, `reading_hz` times a second of input, on a thread of its own.
    ///
    /// The stream ends when the tap's audio side is gone and the ring empty, when scoring fails, or when this is dropped.
    pub fn start(
        model: &Model,
        tap: TapReader,
        rate: u32,
        reading_hz: f64,
        listener: impl Listener,
    ) -> Result<Self, ScoreError> {
        Self::start_on(&Pool::new(1)?, model, tap, rate, reading_hz, listener)
    }

    /// [`Self::start`] on threads shared with other streams.
    pub fn start_on(
        pool: &Pool,
        model: &Model,
        tap: TapReader,
        rate: u32,
        reading_hz: f64,
        listener: impl Listener,
    ) -> Result<Self, ScoreError> {
        let input = InputFormat {
            rate,
            channels: tap.downmix().channels() as u16,
            layout: tap.downmix().layout(),
        };
        let scorer = Scorer::new(model, input, reading_hz)?.with_frames();
        let shared = Arc::new(Shared::new(Arc::clone(tap.counters()), tap.frames_read()));
        pool.add(Stream::new(Arc::clone(&shared), scorer, tap, Box::new(listener)));
        Ok(Self {
            shared,
            pool: pool.clone(),
        })
    }

    /// The latest reading; lock-free for any number of callers.
    pub fn latest(&self) -> Option<Arc<Reading>> {
        self.shared.latest()
    }

    /// Forgets all input up to now, read or not; the listener is told when that has happened.
    pub fn reset(&self) {
        self.shared.counters().reset();
        self.pool.wake();
    }

    /// Share of one core that this stream took during the last second, 0–1 and above.
    pub fn load(&self) -> f32 {
        self.shared.load()
    }

    /// Waits until all that was written to the tap is scored and the listener has heard of it.
    ///
    /// For renders faster than real time, where nobody listens: it waits for other threads. `patience` is the longest it may
    /// take; `None` is as long as it takes.
    pub fn catch_up(&self, patience: Option<Duration>) {
        let until = self.shared.counters().written_frames();
        let deadline = patience.map(|patience| Instant::now() + patience);
        self.pool.wake();
        self.shared
            .wait(patience.map_or(LOOK, |patience| patience.min(LOOK)), |shared| {
                shared.scored_frames() >= until || deadline.is_some_and(|deadline| Instant::now() >= deadline)
            });
    }

    /// Ends the stream and gives back its end of the tap, to go on with another model; `None` where it had ended already.
    pub fn take_tap(&self) -> Option<TapReader> {
        self.pool.remove(&self.shared).map(Stream::into_tap)
    }

    /// Why the stream failed, if it did. Its end of the tap is kept for [`Self::take_tap`].
    pub fn failure(&self) -> Option<String> {
        self.shared.failure()
    }

    /// Whether the stream has ended.
    pub fn is_finished(&self) -> bool {
        self.shared.is_finished()
    }

    /// Waits until the stream has ended, and says why it failed if it did.
    pub fn join(self) -> Result<(), ScoreError> {
        self.shared.wait(LOOK, |_| false);
        self.shared.take_result()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.pool.remove(&self.shared);
    }
}
