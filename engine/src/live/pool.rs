//! Threads that analyse any number of streams.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::stream::{Shared, Step, Stream};
use crate::score::ScoreError;

/// Rest when no stream had input: far below the time between readings, far above a busy loop.
const REST: Duration = Duration::from_millis(5);

/// Rest when there was no input for [`DOZE_AFTER`]: the host is stopped, so nobody minds a late first reading.
const DOZE: Duration = Duration::from_millis(100);
const DOZE_AFTER: Duration = Duration::from_secs(2);

/// A few threads for many streams. Clones share the threads, which end with the last clone and the last stream.
///
/// The audio side never wakes them – that would be a system call – so they look at the rings themselves: often while
/// something plays, seldom while nothing does, and not at all where there is no stream.
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
    /// Counts the clones; the threads hold none, so that they end with the last.
    _threads: Arc<Threads>,
}

struct Inner {
    streams: Mutex<Vec<Arc<Slot>>>,
    signal: Mutex<Signal>,
    wake: Condvar,
}

#[derive(Default)]
struct Signal {
    wakes: u64,
    stop: bool,
}

struct Slot {
    shared: Arc<Shared>,
    stream: Mutex<Option<Stream>>,
}

struct Threads {
    inner: Arc<Inner>,
    running: Vec<JoinHandle<()>>,
}

impl Drop for Threads {
    /// Waits for the threads: once this returns, a plugin's code may be unloaded.
    fn drop(&mut self) {
        lock(&self.inner.signal).stop = true;
        self.inner.wake.notify_all();
        for thread in self.running.drain(..) {
            // A listener may hold the last clone, and then this is one of the threads.
            if thread.thread().id() != thread::current().id() {
                // Panics of listeners were caught; there is nobody left to tell of another.
                let _ = thread.join();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// A pool of `threads`, at least one.
    pub fn new(threads: usize) -> Result<Self, ScoreError> {
        let inner = Arc::new(Inner {
            streams: Mutex::default(),
            signal: Mutex::default(),
            wake: Condvar::new(),
        });
        let mut started = Threads {
            inner: Arc::clone(&inner),
            running: Vec::new(),
        };
        for _ in 0..threads.max(1) {
            let theirs = Arc::clone(&inner);
            let thread = thread::Builder::new()
                .name("echometer".into())
                .spawn(move || theirs.work())
                .map_err(ScoreError::Thread)?;
            started.running.push(thread);
        }
        Ok(Self {
            inner,
            _threads: Arc::new(started),
        })
    }

    /// Streams in the pool.
    pub fn streams(&self) -> usize {
        lock(&self.inner.streams).len()
    }

    pub(super) fn add(&self, stream: Stream) {
        let slot = Slot {
            shared: Arc::clone(stream.shared()),
            stream: Mutex::new(Some(stream)),
        };
        lock(&self.inner.streams).push(Arc::new(slot));
        self.wake();
    }

    /// Takes the stream out, waiting for the block it is in, if any; `None` where it has ended already.
    pub(super) fn remove(&self, shared: &Arc<Shared>) -> Option<Stream> {
        let slot = {
            let mut streams = lock(&self.inner.streams);
            let found = streams.iter().position(|slot| Arc::ptr_eq(&slot.shared, shared));
            found.map(|i| streams.swap_remove(i))
        };
        let stream = lock(&slot?.stream).take();
        shared.end(Ok(()));
        stream
    }

    pub(super) fn wake(&self) {
        lock(&self.inner.signal).wakes += 1;
        self.inner.wake.notify_all();
    }
}

impl Inner {
    fn work(&self) {
        let mut last_input = Instant::now();
        let mut seen = 0;
        loop {
            let streams = lock(&self.streams).clone();
            let mut worked = false;
            for slot in &streams {
                // Another thread may be at it.
                let Ok(mut stream) = slot.stream.try_lock() else {
                    continue;
                };
                match stream.as_mut().map(Stream::step) {
                    Some(Step::Worked) => worked = true,
                    Some(Step::Ended) => *stream = None,
                    Some(Step::Idle) | None => {}
                }
            }
            if worked {
                last_input = Instant::now();
            }
            let rest = if streams.is_empty() {
                None
            } else if last_input.elapsed() > DOZE_AFTER {
                Some(DOZE)
            } else {
                Some(REST)
            };
            // `wakes` is compared under the lock: a wake during the look above is not missed.
            let mut signal = lock(&self.signal);
            if !worked && signal.wakes == seen && !signal.stop {
                signal = match rest {
                    Some(rest) => match self.wake.wait_timeout(signal, rest) {
                        Ok((signal, _)) => signal,
                        Err(poisoned) => poisoned.into_inner().0,
                    },
                    None => self.wake.wait(signal).unwrap_or_else(PoisonError::into_inner),
                };
            }
            if signal.wakes != seen {
                seen = signal.wakes;
                last_input = Instant::now();
            }
            if signal.stop {
                return;
            }
        }
    }
}
