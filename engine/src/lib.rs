#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod feature;
pub mod frontend;
mod inference;
pub mod model;
mod reading;
mod score;
pub mod tap;

pub use feature::{Feature, PerFeature, UnknownFeature};
pub use inference::{BackendError, Device, Runtime, UnknownDevice};
pub use model::{Model, ModelError, ModelFiles};
pub use reading::Reading;
pub use score::{InputFormat, Live, ScoreError, Scorer};
