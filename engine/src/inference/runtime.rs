//! What a model runs on: ONNX Runtime with an execution provider, or the embedded backend.

use ort::environment::Environment;

use super::library::OnnxRuntime;
use super::{BackendError, Device};

/// What a model runs on, and why.
#[derive(Clone)]
pub struct Runtime {
    environment: Option<Environment>,
    provider: Device,
    note: String,
}

impl Runtime {
    /// The runtimes to try for `device`, best first: one for a device asked for by name, all there are for
    /// [`Device::Auto`].
    pub(crate) fn candidates(device: Device) -> Result<Vec<Self>, BackendError> {
        let embedded = |note: String| Self {
            environment: None,
            provider: Device::Embedded,
            note,
        };
        if device == Device::Embedded {
            return Ok(vec![embedded("asked for".into())]);
        }
        let (found, providers): (_, &[Device]) = match (OnnxRuntime::get(), device) {
            (Ok(found), Device::Auto) => (
                found,
                &[Device::Cuda, Device::CoreMl, Device::DirectMl, Device::Cpu],
            ),
            (Ok(found), _) => (found, &[device]),
            (Err(reason), Device::Auto) => return Ok(vec![embedded(format!("no ONNX Runtime: {reason}"))]),
            (Err(reason), _) => return Err(BackendError::NoRuntime { device, reason }),
        };
        let note = format!("found {}", found.path.display());
        let on = |&provider: &Device| Self {
            environment: Some(found.environment.clone()),
            provider,
            note: note.clone(),
        };
        let last = (device == Device::Auto).then(|| embedded(note.clone()));
        Ok(providers.iter().map(on).chain(last).collect())
    }

    /// This runtime, chosen after `refused` ones, each with its reason.
    pub(crate) fn after(mut self, refused: &[String]) -> Self {
        for reason in refused {
            self.note = format!("{}; {reason}", self.note);
        }
        self
    }

    /// The device in effect; never [`Device::Auto`].
    pub fn device(&self) -> Device {
        self.provider
    }

    /// A short name for displays: `embedded`, `onnxruntime cpu`, `onnxruntime cuda` …
    pub fn name(&self) -> String {
        match self.provider {
            Device::Embedded => "embedded".into(),
            provider => format!("onnxruntime {provider}"),
        }
    }

    /// Why this one is in effect: what was found and what was not.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// ONNX Runtime's environment; `None` for the embedded backend.
    pub(super) fn environment(&self) -> Option<&Environment> {
        self.environment.as_ref()
    }
}
