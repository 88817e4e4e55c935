//! Runs on disk: what each leaves behind, and how it is read back.

mod files;
pub(crate) mod read;
pub(crate) mod record;
