//! Running ONNX graphs: one code path (`ort`) for ONNX Runtime and the embedded backend.

mod device;
mod library;
mod runtime;

pub use device::{Device, UnknownDevice};
pub use runtime::Runtime;

pub(crate) use runtime::{Graph, Input};

/// Why inference is not possible.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The device needs ONNX Runtime, and none was found.
    #[error(
        "device {device} needs ONNX Runtime, and none could be loaded ({tried}): install it and set {variable} to its library, or ask for `embedded` or `auto`"
    )]
    NoRuntime {
        /// What was asked for.
        device: Device,
        /// Where was looked, and what came of it.
        tried: String,
        /// The environment variable that names the library.
        variable: &'static str,
    },
    /// ONNX Runtime is there, but not with this device.
    #[error("device {device} is not there: {reason}; ask for `auto` or `cpu`")]
    Device {
        /// What was asked for.
        device: Device,
        /// Why it cannot be used.
        reason: String,
    },
    /// This process already runs on the other library.
    #[error(
        "device {device} was asked for, but this process already uses {decided}; a process has one runtime"
    )]
    Decided {
        /// What was asked for.
        device: Device,
        /// What is in effect.
        decided: &'static str,
    },
    /// The library could not be initialised.
    #[error("the inference library could not start: {0}")]
    Environment(String),
    /// A graph was refused.
    #[error("{file}: the backend refuses it: {reason}")]
    Graph {
        /// The graph's file.
        file: String,
        /// What the backend said.
        reason: String,
    },
    /// A graph failed while running.
    #[error("{file}: failed while running: {reason}")]
    Run {
        /// The graph's file.
        file: String,
        /// What the backend said.
        reason: String,
    },
}

impl BackendError {
    fn environment(error: ort::Error) -> Self {
        Self::Environment(error.to_string())
    }
}
