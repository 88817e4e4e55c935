//! One thread at a time, and never the same one twice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// A number of this thread that no other living thread has; never 0. Asking neither allocates nor calls the system.
pub(super) fn this_thread() -> usize {
    thread_local!(static PLACE: u8 = const { 0 });
    PLACE.with(|place| std::ptr::from_ref(place).addr())
}

/// A room for one thread.
#[derive(Debug, Default)]
pub(super) struct Door {
    /// Who is inside; 0 for nobody.
    inside: AtomicUsize,
}

/// Leaves the room as it goes.
pub(super) struct Inside<'a>(&'a Door);

impl Door {
    /// Enters if nobody is inside.
    pub(super) fn try_enter(&self) -> Option<Inside<'_>> {
        let free = self
            .inside
            .compare_exchange(0, this_thread(), Ordering::AcqRel, Ordering::Relaxed);
        free.is_ok().then(|| Inside(self))
    }

    /// Enters as soon as nobody is inside; `None` if this thread is, or if it takes a second. Not for the audio thread.
    pub(super) fn enter(&self) -> Option<Inside<'_>> {
        for _ in 0..1000 {
            if let Some(inside) = self.try_enter() {
                return Some(inside);
            }
            if self.is_mine() {
                return None;
            }
            thread::sleep(Duration::from_millis(1));
        }
        None
    }

    /// Whether this thread is inside.
    pub(super) fn is_mine(&self) -> bool {
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
        assert!(door.is_mine());
        assert!(door.enter().is_none(), "this thread is inside");
        thread::scope(|scope| {
            let other = scope.spawn(|| (door.is_mine(), door.try_enter().is_some()));
            assert_eq!(other.join().unwrap(), (false, false));
            let waits = scope.spawn(|| door.enter().is_some());
            drop(inside);
            assert!(waits.join().unwrap());
        });
        assert!(door.try_enter().is_some());
    }
}
