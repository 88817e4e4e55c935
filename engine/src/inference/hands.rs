//! The threads on which the embedded backend computes.
//!
//! It wants a pool of threads for every run. One thread a pool keeps a run to one core, as scans and instances want it, and
//! as many pools as runs at once keep these from waiting for each other. They end with the last graph: whoever unloads the
//! library then finds no thread in it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rten::ThreadPool;

/// A thread that takes longer to end is left alone.
const LONGEST: Duration = Duration::from_secs(2);

/// Pools that no run uses.
#[derive(Default)]
pub(super) struct Hands {
    idle: Mutex<Vec<Hand>>,
}

/// A pool of one thread.
struct Hand {
    pool: Arc<ThreadPool>,
    /// Where the system lists its thread; only Linux does.
    task: Option<PathBuf>,
}

/// A pool for one run; it goes back where it came from.
pub(super) struct Borrowed<'a> {
    hands: &'a Hands,
    hand: Option<Hand>,
}

impl Hands {
    /// The same for all graphs that live.
    pub(super) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Hands>> = Mutex::new(Weak::new());
        static RETIRED: Once = Once::new();
        RETIRED.call_once(retire_the_backends_own);
        let mut shared = lock(&SHARED);
        shared.upgrade().unwrap_or_else(|| {
            let hands = Arc::new(Self::default());
            *shared = Arc::downgrade(&hands);
            hands
        })
    }

    /// A pool that no other run uses.
    pub(super) fn borrow(&self) -> Borrowed<'_> {
        let idle = lock(&self.idle).pop();
        Borrowed {
            hands: self,
            hand: Some(idle.unwrap_or_else(Hand::new)),
        }
    }
}

impl Hand {
    fn new() -> Self {
        let pool = Arc::new(ThreadPool::with_num_threads(1));
        let this = || fs::read_link("/proc/thread-self").ok();
        // Where the system gave no thread, the pool has none, and works on this one.
        let task = pool.run(this).filter(|task| Some(task) != this().as_ref());
        Self {
            pool,
            task: task.map(|task| PathBuf::from("/proc").join(task)),
        }
    }
}

impl Borrowed<'_> {
    pub(super) fn pool(&self) -> Option<Arc<ThreadPool>> {
        self.hand.as_ref().map(|hand| hand.pool.clone())
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        lock(&self.hands.idle).extend(self.hand.take());
    }
}

impl Drop for Hands {
    /// Lets all threads end, and waits until they have.
    fn drop(&mut self) {
        let hands = std::mem::take(&mut *lock(&self.idle));
        let tasks: Vec<_> = hands.into_iter().filter_map(|hand| hand.task).collect();
        wait_for(|| tasks.iter().any(|task| task.exists()));
    }
}

/// Ends the pool that RTen keeps for runs without one. It makes it, a thread a core, at the first run of any kind, and never
/// ends it: a host would keep the threads of a plugin that it let go of.
#[allow(unsafe_code)]
fn retire_the_backends_own() {
    let before = tasks();
    let own = rten::thread_pool();
    // One thread at least has begun, and the others were started before it.
    own.run(|| ());
    let new: Vec<_> = tasks()
        .into_iter()
        .filter(|task| !before.contains(task))
        .collect();
    // SAFETY: `own` lies in a static, whose destructor never runs, so that what is dropped here is not dropped again. Nobody looks
    // into it any more: every run of this crate brings its own pool (`EmbeddedPlan::run`), weights are not prepacked, and RTen's
    // operators are called by its runs alone. In the version that Cargo.toml names nothing else uses it.
    drop(unsafe { std::ptr::read(own) });
    // A thread takes its name once it runs, and has that of this one before.
    let here = name(Path::new("/proc/thread-self"));
    wait_for(|| {
        let mut names = new.iter().filter_map(|task| name(task));
        names.any(|name| name.starts_with("rten-") || Some(&name) == here.as_ref())
    });
}

/// The threads of this process; none where the system does not list them.
fn tasks() -> Vec<PathBuf> {
    let entries = fs::read_dir("/proc/self/task").into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// A thread's name; `None` where it has ended.
fn name(task: &Path) -> Option<String> {
    fs::read_to_string(task.join("comm")).ok()
}

/// Waits as long as `there`, for a while at most.
fn wait_for(there: impl Fn() -> bool) {
    let start = Instant::now();
    while there() && start.elapsed() < LONGEST {
        thread::sleep(Duration::from_millis(1));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
