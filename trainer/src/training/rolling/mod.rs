//! The rolling model: one run with augmentation, cross-validation, and the way from data to a model folder.

mod augment;
mod evaluate;
mod pipeline;
mod run;

pub(crate) use pipeline::{TrainOptions, WINDOW_S, train};
