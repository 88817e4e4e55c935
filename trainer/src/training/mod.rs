//! Training: what every run shares, and the rolling model's own pipeline.

pub(crate) mod augment;
pub(crate) mod bands;
pub(crate) mod checkpoint;
pub(crate) mod course;
pub(crate) mod device;
pub(crate) mod loader;
pub(crate) mod metrics;
pub(crate) mod optimiser;
pub(crate) mod precision;
pub(crate) mod rolling;
