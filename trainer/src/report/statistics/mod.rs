//! Statistics of the report, each in a file of its own.

pub(crate) mod bootstrap;
pub(crate) mod correlation;
pub(crate) mod distribution;
pub(crate) mod sign_flip;
