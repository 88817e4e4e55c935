//! Where inference runs, as the user asks for it.

use std::fmt;
use std::str::FromStr;

/// What the user asks for. Each but [`Device::Embedded`] needs an ONNX Runtime that [`super::QUIET`] keeps quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Device {
    /// The best there is: a GPU, else ONNX Runtime on the CPU, else the embedded backend.
    #[default]
    Auto,
    /// ONNX Runtime on the CPU.
    Cpu,
    /// ONNX Runtime with CUDA.
    Cuda,
    /// ONNX Runtime with TensorRT.
    TensorRt,
    /// ONNX Runtime with CoreML.
    CoreMl,
    /// ONNX Runtime with DirectML.
    DirectMl,
    /// The pure-Rust backend inside the binary.
    Embedded,
}

impl Device {
    /// All devices, [`Device::Auto`] first.
    pub const ALL: [Self; 7] = [
        Self::Auto,
        Self::Cpu,
        Self::Cuda,
        Self::TensorRt,
        Self::CoreMl,
        Self::DirectMl,
        Self::Embedded,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
            Self::CoreMl => "coreml",
            Self::DirectMl => "directml",
            Self::Embedded => "embedded",
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown device `{0}`: known are auto, cpu, cuda, tensorrt, coreml, directml, embedded")]
pub struct UnknownDevice(String);

impl FromStr for Device {
    type Err = UnknownDevice;

    fn from_str(name: &str) -> Result<Self, UnknownDevice> {
        let wanted = name.trim().to_ascii_lowercase();
        let found = Self::ALL.into_iter().find(|device| device.name() == wanted);
        found.ok_or(UnknownDevice(wanted))
    }
}
