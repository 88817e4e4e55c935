//! Training: one run, its optimiser and augmentation, cross-validation, and the whole pipeline.

pub(crate) mod augment;
pub(crate) mod checkpoint;
pub(crate) mod evaluate;
pub(crate) mod metrics;
pub(crate) mod optimiser;
pub(crate) mod pipeline;
pub(crate) mod run;
