//! Libraries that panic on what is no fault of ours: libtorch through `tch`, and the Parquet reader on damaged files.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Runs `compute`; a panic inside comes back as its message. Whatever it may have left half changed must be dropped.
pub(crate) fn catch<T>(compute: impl FnOnce() -> T) -> Result<T, String> {
    let before = CAUGHT.replace(true);
    let result = catch_unwind(AssertUnwindSafe(compute));
    CAUGHT.set(before);
    result.map_err(|panic| message(panic.as_ref()))
}

/// Keeps panics that are caught, and then told in our own words, from also being printed.
pub(crate) fn quiet() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if CAUGHT.get() {
            tracing::debug!("{info}");
        } else {
            usual(info);
        }
    }));
}

fn message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()))
        .unwrap_or_else(|| "unknown panic".into())
}
