//! From a data set to clips: sources in their published formats, mel frames in a cache, labels, splits.

pub(crate) mod cache;
pub(crate) mod clips;
pub(crate) mod folds;
pub(crate) mod prepare;
pub(crate) mod row;
pub(crate) mod sound;
pub(crate) mod source;
pub(crate) mod sources;
pub(crate) mod split;
