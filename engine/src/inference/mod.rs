//! Running ONNX graphs, on ONNX Runtime (`ort`) or on the embedded backend (`rten`): same graphs, same ports.

mod device;
mod embedded;
mod graph;
mod hands;
mod library;
mod onnxruntime;
mod runtime;

pub use device::{Device, UnknownDevice};
pub use graph::{Graph, Port, Ports};
pub use library::{QUIET, also_search};
pub use runtime::Runtime;

/// Why inference is not possible.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The device needs ONNX Runtime, and there is none to use.
    #[error("device {device} needs ONNX Runtime: {reason}, or ask for `embedded` or `auto`")]
    NoRuntime {
        /// What was asked for.
        device: Device,
        /// Where was looked and what came of it, or why nothing was looked for; and what to do.
        reason: String,
    },
    /// This build of ONNX Runtime was made without the device.
    #[error("device {0} is not there: this build of ONNX Runtime does not have it; ask for `auto` or `cpu`")]
    NotBuiltIn(Device),
    /// ONNX Runtime is there with this device, but it does not start.
    #[error("device {device} is not there: {reason}; ask for `auto` or `cpu`")]
    Device {
        /// What was asked for.
        device: Device,
        /// Why it cannot be used.
        reason: String,
    },
    /// Nothing was left to try.
    #[error("there is no inference backend to try")]
    Nothing,
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
    fn graph(file: &str, reason: String) -> Self {
        Self::Graph {
            file: file.into(),
            reason,
        }
    }
}
