#![doc = include_str!("../README.md")]
#![deny(unsafe_code)] // but for one place, `inference/hands.rs`

mod feature;
pub mod frontend;
mod inference;
mod live;
pub mod model;
mod reading;
mod score;
pub mod tap;

pub use feature::{Feature, PerFeature, UnknownFeature};
pub use inference::{BackendError, Device, Graph, Port, Ports, QUIET, Runtime, UnknownDevice, also_search};
pub use live::{Listener, Live, Pool};
pub use model::{Model, ModelError, ModelFiles, WeakModel};
pub use reading::{Levels, Reading};
pub use score::{Batch, InputFormat, Loudness, ScoreError, Scorer};
