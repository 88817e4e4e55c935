//! One stream: from its tap through a scorer to a listener, a block at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;

use super::Listener;
use crate::reading::Reading;
use crate::score::{ScoreError, Scorer};
use crate::tap::{Block, TapCounters, TapReader};

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
    /// `scored` is how many sample frames a stream before this one took out of the ring.
    pub(super) fn new(counters: Arc<TapCounters>, scored: u64) -> Self {
        Self {
            latest: ArcSwapOption::empty(),
            counters,
            scored: AtomicU64::new(scored),
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

    /// Why the stream ended, if not because its input did.
    pub(super) fn failure(&self) -> Option<String> {
        match &*self.ended.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(Err(error)) => Some(error.to_string()),
            Some(Ok(())) | None => None,
        }
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

    /// Says how far it is, under the lock of those who wait for it, so that none misses it.
    fn progressed(&self, frames: u64) {
        self.scored.store(frames, Ordering::Release);
        let _waiting = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        self.progress.notify_all();
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
    block: Block,
    readings: Vec<Reading>,
    frames: Vec<f32>,
    busy: Duration,
    since: Instant,
    /// It stays in the pool and does nothing, so that its tap can be taken back.
    failed: bool,
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
            block: Block::default(),
            readings: Vec::new(),
            frames: Vec::new(),
            busy: Duration::ZERO,
            since: Instant::now(),
            failed: false,
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
        if self.failed {
            return Step::Idle;
        }
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| self.score())).unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(ScoreError::Panicked(words.unwrap_or("no reason given").into()))
        });
        let step = result.unwrap_or_else(|error| {
            self.failed = true;
            self.shared.end(Err(error));
            Step::Idle
        });
        if step == Step::Ended {
            self.shared.end(Ok(()));
        }
        self.measure(start);
        step
    }

    fn score(&mut self) -> Result<Step, ScoreError> {
        // Asked before reading: once finished, no later write can be missed.
        let finished = self.tap.is_finished();
        let before = self.tap.frames_read();
        let frames = self.tap.read(&mut self.block, BLOCK);
        // Asked after reading: a reset is seen no later than what was written after it.
        let reset = self.tap.take_reset();
        let mut stale = 0;
        if let Some(until) = reset {
            stale = usize::try_from(until.saturating_sub(before)).map_or(frames, |stale| stale.min(frames));
            self.scorer.reset();
            self.shared.latest.store(None);
            self.listener.reset();
        }
        if frames > stale {
            let (_, fresh) = self.block.folded().split_at(stale);
            self.scorer.push_folded(fresh, &mut self.readings)?;
            self.scorer.take_frames(&mut self.frames);
            self.tell();
        }
        if frames > 0 || reset.is_some() {
            self.shared.progressed(self.tap.frames_read());
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
