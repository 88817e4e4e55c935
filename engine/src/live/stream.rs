//! One stream: from its tap through a scorer to a listener, a block at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;

use super::Listener;
use crate::reading::Reading;
use crate::score::{ScoreError, Scorer};
use crate::tap::{Stereo, TapCounters, TapReader};

/// Sample frames scored at a time: what a shared thread gives one stream before it looks at the next.
const BLOCK: usize = 4096;

/// How often the load is worked out.
const LOAD_EVERY: Duration = Duration::from_secs(1);

/// What the owner of a stream sees of it.
pub(super) struct Shared {
    latest: ArcSwapOption<Reading>,
    counters: Arc<TapCounters>,
    scored: AtomicU64,
    load: AtomicU32,
    ended: Mutex<Option<Result<(), ScoreError>>>,
    progress: Condvar,
}

impl Shared {
    pub(super) fn new(counters: Arc<TapCounters>) -> Self {
        Self {
            latest: ArcSwapOption::empty(),
            counters,
            scored: AtomicU64::new(0),
            load: AtomicU32::new(0),
            ended: Mutex::new(None),
            progress: Condvar::new(),
        }
    }

    pub(super) fn latest(&self) -> Option<Arc<Reading>> {
        self.latest.load_full()
    }

    pub(super) fn counters(&self) -> &TapCounters {
        &self.counters
    }

    /// Sample frames that were scored or thrown away by a reset.
    pub(super) fn scored_frames(&self) -> u64 {
        self.scored.load(Ordering::Acquire)
    }

    pub(super) fn load(&self) -> f32 {
        f32::from_bits(self.load.load(Ordering::Relaxed))
    }

    pub(super) fn is_finished(&self) -> bool {
        self.ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    /// Waits until `enough` or the stream's end, looking at least every `look`.
    pub(super) fn wait(&self, look: Duration, enough: impl Fn(&Self) -> bool) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        while ended.is_none() && !enough(self) {
            ended = match self.progress.wait_timeout(ended, look) {
                Ok((ended, _)) => ended,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    pub(super) fn take_result(&self) -> Result<(), ScoreError> {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.replace(Ok(())).unwrap_or(Ok(()))
    }

    pub(super) fn end(&self, result: Result<(), ScoreError>) {
        self.ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(result);
        self.progress.notify_all();
    }
}

/// What a look at a stream came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// There was input.
    Worked,
    /// There was none.
    Idle,
    /// There will never be any again.
    Ended,
}

/// The analysis side of a stream.
pub(super) struct Stream {
    shared: Arc<Shared>,
    scorer: Scorer,
    tap: TapReader,
    listener: Box<dyn Listener>,
    block: Vec<Stereo>,
    readings: Vec<Reading>,
    frames: Vec<f32>,
    busy: Duration,
    since: Instant,
}

impl Stream {
    pub(super) fn new(
        shared: Arc<Shared>,
        scorer: Scorer,
        tap: TapReader,
        listener: Box<dyn Listener>,
    ) -> Self {
        Self {
            shared,
            scorer,
            tap,
            listener,
            block: vec![[0.0; 2]; BLOCK],
            readings: Vec::new(),
            frames: Vec::new(),
            busy: Duration::ZERO,
            since: Instant::now(),
        }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Its end of the tap, for another stream.
    pub(super) fn into_tap(self) -> TapReader {
        self.tap
    }

    /// Scores up to a block. A failure or a panic ends this stream and no other.
    pub(super) fn step(&mut self) -> Step {
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| self.score())).unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(ScoreError::Panicked(words.unwrap_or("no reason given").into()))
        });
        let step = result.unwrap_or_else(|error| {
            self.shared.end(Err(error));
            Step::Ended
        });
        if step == Step::Ended {
            self.shared.end(Ok(()));
        }
        self.measure(start);
        step
    }

    fn score(&mut self) -> Result<Step, ScoreError> {
        let reset = self.tap.take_reset();
        if reset {
            self.scorer.reset();
            self.shared.latest.store(None);
            self.listener.reset();
        }
        // Asked before reading: once finished, no later write can be missed.
        let finished = self.tap.is_finished();
        let frames = self.tap.read(&mut self.block);
        if frames > 0 {
            self.scorer
                .push_folded(&self.block[..frames], &mut self.readings)?;
            self.scorer.take_frames(&mut self.frames);
            self.tell();
        }
        if frames > 0 || reset {
            self.shared
                .scored
                .store(self.tap.frames_read(), Ordering::Release);
            self.shared.progress.notify_all();
        }
        Ok(match frames {
            0 if finished => Step::Ended,
            0 => Step::Idle,
            _ => Step::Worked,
        })
    }

    fn tell(&mut self) {
        self.listener.frames(&self.frames);
        self.frames.clear();
        for mut reading in self.readings.drain(..) {
            reading.dropped = self.shared.counters.dropped_blocks();
            reading.replaced = self.shared.counters.replaced_samples();
            self.listener.reading(&reading);
            self.shared.latest.store(Some(Arc::new(reading)));
        }
    }

    fn measure(&mut self, start: Instant) {
        self.busy += start.elapsed();
        let passed = self.since.elapsed();
        if passed >= LOAD_EVERY {
            let load = self.busy.as_secs_f32() / passed.as_secs_f32();
            self.shared.load.store(load.to_bits(), Ordering::Relaxed);
            (self.busy, self.since) = (Duration::ZERO, Instant::now());
        }
    }
}
