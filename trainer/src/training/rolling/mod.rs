//! The rolling model: one run with augmentation, cross-validation, and the way from data to a model folder.

mod detect;
mod evaluate;
mod examples;
mod loss;
mod made;
mod outcome;
mod pipeline;
mod run;

pub(crate) use pipeline::{TrainOptions, WINDOW_S, train};
