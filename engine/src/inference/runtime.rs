//! The runtime in effect: a library and an execution provider, and the sessions made with them.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ort::ep::{self, ExecutionProvider as _, ExecutionProviderDispatch};
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{Session, SessionInputValue};
use ort::value::TensorRef;

use super::library::Library;
use super::{BackendError, Device};

/// What inference runs on in this process, and why.
#[derive(Clone)]
pub struct Runtime {
    library: Library,
    provider: Device,
    note: String,
}

impl Runtime {
    /// The runtimes to try for `device`, best first: one for a device asked for by name, all there are for
    /// [`Device::Auto`].
    pub(crate) fn candidates(device: Device) -> Result<Vec<Self>, BackendError> {
        let library = Library::get(device)?;
        let providers: &[Device] = match device {
            _ if library.path.is_none() => &[Device::Embedded],
            Device::Auto => &[Device::Cuda, Device::CoreMl, Device::DirectMl, Device::Cpu],
            _ => &[device],
        };
        let runtime = |&provider: &Device| Self {
            note: library.reason.clone(),
            library: library.clone(),
            provider,
        };
        Ok(providers.iter().map(runtime).collect())
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

    /// A session builder with the provider registered.
    fn builder(&self) -> Result<SessionBuilder, BackendError> {
        let refused = |reason: String| BackendError::Device {
            device: self.provider,
            reason,
        };
        let builder = Session::builder(&self.library.environment)
            .map_err(text)
            .map_err(refused)?;
        self.configure(builder).map_err(refused)
    }

    fn configure(&self, builder: SessionBuilder) -> Result<SessionBuilder, String> {
        let builder = builder
            .with_optimization_level(GraphOptimizationLevel::Level3)
            .map_err(text)?;
        if self.provider == Device::Embedded {
            return Ok(builder);
        }
        // One thread and no spinning: a meter must not take cores from the audio it measures.
        let builder = builder.with_intra_threads(1).map_err(text)?;
        let builder = builder.with_inter_threads(1).map_err(text)?;
        let builder = builder.with_intra_op_spinning(false).map_err(text)?;
        match dispatch(self.provider)? {
            Some(provider) => builder
                .with_execution_providers([provider.error_on_failure()])
                .map_err(text),
            None => Ok(builder),
        }
    }

    /// Prepares a graph. Backends are not trusted to survive every graph: a panic inside one is an error here.
    pub(crate) fn graph(&self, file: &str, bytes: &[u8]) -> Result<Graph, BackendError> {
        let error = |reason: String| BackendError::Graph {
            file: file.into(),
            reason,
        };
        let mut builder = self.builder()?;
        let session = catch_unwind(AssertUnwindSafe(|| builder.commit_from_memory(bytes)))
            .map_err(|_| error("the backend gave up on it".into()))?
            .map_err(|cause| error(text(cause)))?;
        Ok(Graph {
            file: file.into(),
            session,
        })
    }
}

/// An error's words, without what it would give back to try again.
fn text<R>(error: ort::Error<R>) -> String {
    error.to_string()
}

/// The provider's registration; `None` for the CPU. An error says that this build of ONNX Runtime lacks it.
fn dispatch(device: Device) -> Result<Option<ExecutionProviderDispatch>, String> {
    let (built_in, provider) = match device {
        // TF32 would cost three digits, and backends promise to agree to four.
        Device::Cuda => (
            ep::CUDA::is_available(),
            ep::CUDA::default().with_tf32(false).build(),
        ),
        Device::TensorRt => (ep::TensorRT::is_available(), ep::TensorRT::default().build()),
        Device::CoreMl => (ep::CoreML::is_available(), ep::CoreML::default().build()),
        Device::DirectMl => (ep::DirectML::is_available(), ep::DirectML::default().build()),
        Device::Auto | Device::Cpu | Device::Embedded => return Ok(None),
    };
    if built_in.unwrap_or(false) {
        Ok(Some(provider))
    } else {
        Err("this build of ONNX Runtime does not have it".into())
    }
}

/// A graph ready to run.
pub(crate) struct Graph {
    file: String,
    session: Session,
}

/// A named input: its shape and values.
pub(crate) type Input<'a> = (Cow<'a, str>, Vec<usize>, &'a [f32]);

impl Graph {
    /// Whether the graph has an input of that name.
    pub(crate) fn has_input(&self, name: &str) -> bool {
        self.session.inputs().iter().any(|input| input.name() == name)
    }

    /// Runs the graph and copies the named outputs into `outputs`, whose lengths must be right.
    pub(crate) fn run<'a>(
        &mut self,
        inputs: impl IntoIterator<Item = Input<'a>>,
        outputs: &mut [(&str, &mut [f32])],
    ) -> Result<(), BackendError> {
        let file = self.file.clone();
        let error = |reason: String| BackendError::Run {
            file: file.clone(),
            reason,
        };
        let values = inputs
            .into_iter()
            .map(|(name, shape, data)| {
                let tensor = TensorRef::from_array_view((shape, data))?;
                Ok((name, SessionInputValue::from(tensor)))
            })
            .collect::<ort::Result<Vec<_>>>()
            .map_err(|cause| error(text(cause)))?;
        let session = &mut self.session;
        let found = catch_unwind(AssertUnwindSafe(|| session.run(values)))
            .map_err(|_| error("the backend gave up on it".into()))?
            .map_err(|cause| error(text(cause)))?;
        for (name, output) in outputs {
            let value = found
                .get(*name)
                .ok_or_else(|| error(format!("it gave no output `{name}`")))?;
            let (shape, data) = value
                .try_extract_tensor::<f32>()
                .map_err(|cause| error(text(cause)))?;
            if data.len() != output.len() {
                return Err(error(format!(
                    "output `{name}` has shape {shape:?}, but {} values are needed",
                    output.len()
                )));
            }
            output.copy_from_slice(data);
        }
        Ok(())
    }
}
