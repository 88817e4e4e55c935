//! Runs on disk: what each leaves behind.

pub(crate) mod record;
