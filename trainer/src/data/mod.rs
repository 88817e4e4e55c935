//! From a data set to clips in memory: labels, mel frames, splits.

pub(crate) mod cache;
pub(crate) mod clips;
pub(crate) mod folds;
pub(crate) mod row;
pub(crate) mod source;
pub(crate) mod sources;
