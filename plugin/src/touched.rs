//! What changes without the host's doing: it is told.
//!
//! Of parameters that the user moves, hosts hear anyway. They do not hear that something else changed which a project saves,
//! nor that a trigger is off again. Each format has its own way to tell, and the framework none: whoever makes an instance
//! leaves here how, and the instance takes it from here.

use std::cell::RefCell;
use std::sync::Arc;

/// What there is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touched {
    /// A project that was saved before is not up to date.
    Saved,
    /// A parameter has another value than the host gave it.
    Values,
}

/// Tells the host, as soon as its main thread is there. From any thread; neither allocates nor waits.
pub(crate) type Tell = Arc<dyn Fn(Touched) + Send + Sync>;

thread_local!(static NEXT: RefCell<Option<Tell>> = const { RefCell::new(None) });

/// Makes an instance that tells its host by `tell`.
pub(crate) fn telling<R>(tell: Tell, make: impl FnOnce() -> R) -> R {
    /// Also if making it panics.
    struct Undo(Option<Tell>);
    impl Drop for Undo {
        fn drop(&mut self) {
            NEXT.set(self.0.take());
        }
    }
    let _undo = Undo(NEXT.replace(Some(tell)));
    make()
}

/// How the instance that is being made on this thread tells its host. A program of its own has none.
pub(crate) fn next() -> Tell {
    NEXT.with_borrow(Option::clone)
        .unwrap_or_else(|| Arc::new(|_| ()))
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;
    use crate::params::EchometerParams;

    #[test]
    fn an_instance_tells_the_host_that_it_was_made_for() {
        let made = |told: &Arc<Mutex<Vec<Touched>>>| {
            let told = Arc::clone(told);
            telling(
                Arc::new(move |what| told.lock().push(what)),
                EchometerParams::shared,
            )
        };
        let (ours, theirs) = (Arc::default(), Arc::default());
        let (params, other, alone) = (made(&ours), made(&theirs), EchometerParams::shared());
        alone.touch();
        params.touch();
        other.switch_reset_on();
        assert_eq!(*ours.lock(), [Touched::Saved]);
        assert_eq!(*theirs.lock(), [Touched::Values]);
        assert!(other.take_reset());
    }
}
