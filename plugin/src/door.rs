//! One thread at a time, and never the same one twice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a thread waits for another one to leave, where nothing else is said.
const USUAL: Duration = Duration::from_secs(1);

/// A number of this thread that no other living thread has; never 0. Asking neither allocates nor calls the system.
pub(crate) fn this_thread() -> usize {
    thread_local!(static PLACE: u8 = const { 0 });
    PLACE.with(|place| std::ptr::from_ref(place).addr())
}

/// A room for one thread.
#[derive(Debug, Default)]
pub(crate) struct Door {
    /// Who is inside; 0 for nobody.
    inside: AtomicUsize,
}

/// Leaves the room as it goes.
pub(crate) struct Inside<'a>(&'a Door);

impl Door {
    /// Enters if nobody is inside.
    pub(crate) fn try_enter(&self) -> Option<Inside<'_>> {
        let free = self
            .inside
            .compare_exchange(0, this_thread(), Ordering::AcqRel, Ordering::Relaxed);
        free.is_ok().then(|| Inside(self))
    }

    /// Enters as soon as nobody is inside; `None` if this thread is, or if it takes a second. Not for the audio thread.
    pub(crate) fn enter(&self) -> Option<Inside<'_>> {
        self.enter_within(USUAL)
    }

    /// [`Self::enter`] with another limit.
    pub(crate) fn enter_within(&self, longest: Duration) -> Option<Inside<'_>> {
        let begun = Instant::now();
        loop {
            if let Some(inside) = self.try_enter() {
                return Some(inside);
            }
            if self.is_mine() || begun.elapsed() > longest {
                return None;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether anybody is inside.
    pub(crate) fn is_taken(&self) -> bool {
        self.inside.load(Ordering::Acquire) != 0
    }

    /// Whether this thread is inside.
    pub(crate) fn is_mine(&self) -> bool {
        self.inside.load(Ordering::Acquire) == this_thread()
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.inside.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_is_inside_and_not_twice() {
        let door = Door::default();
        let inside = door.try_enter().unwrap();
        assert!(door.is_mine() && door.is_taken());
        assert!(door.enter().is_none(), "this thread is inside");
        thread::scope(|scope| {
            let other = scope.spawn(|| (door.is_mine(), door.try_enter().is_some()));
            assert_eq!(other.join().unwrap(), (false, false));
            let waits = scope.spawn(|| door.enter().is_some());
            drop(inside);
            assert!(waits.join().unwrap());
        });
        assert!(!door.is_taken() && door.try_enter().is_some());
    }
}
