//! A graph on ONNX Runtime.

use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::ep::{self, ExecutionProvider as _, ExecutionProviderDispatch};
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue};
use ort::value::{Tensor, TensorRef};

use super::{BackendError, Device, Ports};

/// A session and room for its outputs. ONNX Runtime runs one request at a time through it.
///
/// The room is made once: for an output that a run makes itself, `ort` 2.0.0-rc.14 never frees what it asked about its type,
/// which is some 300 bytes an output and run, a gigabyte in a day of live readings.
pub(super) struct OnnxSession {
    session: Mutex<(Session, RunOptions<HasSelectedOutputs>)>,
}

impl OnnxSession {
    /// Prepares the graph on `provider`, for outputs of the shapes of `ports`.
    pub(super) fn new(
        environment: &Environment,
        provider: Device,
        ports: &Ports,
        file: &str,
        bytes: &[u8],
    ) -> Result<Self, BackendError> {
        let refused = |reason: String| BackendError::Device {
            device: provider,
            reason,
        };
        let builder = Session::builder(environment).map_err(text).map_err(refused)?;
        let provider = dispatch(provider)?;
        let mut builder = configure(builder, provider).map_err(refused)?;
        let session = builder
            .commit_from_memory(bytes)
            .map_err(|cause| BackendError::graph(file, text(cause)))?;
        let options = outputs(ports).map_err(|cause| BackendError::graph(file, text(cause)))?;
        Ok(Self {
            session: Mutex::new((session, options)),
        })
    }

    /// Runs the graph and copies its outputs into `outputs`.
    pub(super) fn run(
        &self,
        ports: &Ports,
        inputs: &[&[f32]],
        outputs: &mut [&mut [f32]],
    ) -> Result<(), String> {
        let values = ports
            .inputs
            .iter()
            .zip(inputs)
            .map(|(port, data)| {
                let tensor = TensorRef::from_array_view((port.shape.clone(), *data))?;
                Ok((port.name.as_str(), SessionInputValue::from(tensor)))
            })
            .collect::<ort::Result<Vec<_>>>()
            .map_err(text)?;
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let (session, options) = &mut *session;
        let found = session.run_with_options(values, options).map_err(text)?;
        for (port, output) in ports.outputs.iter().zip(outputs) {
            let value = found.get(&port.name).ok_or_else(|| port.missing())?;
            let (_, data) = value.try_extract_tensor::<f32>().map_err(text)?;
            port.copy(data, output)?;
        }
        Ok(())
    }
}

/// Room for the outputs of every run.
fn outputs(ports: &Ports) -> ort::Result<RunOptions<HasSelectedOutputs>> {
    let mut outputs = OutputSelector::default();
    for port in &ports.outputs {
        let room = Tensor::from_array((port.shape.clone(), port.zeros()))?;
        outputs = outputs.preallocate(&port.name, room);
    }
    Ok(RunOptions::new()?.with_outputs(outputs))
}

fn configure(
    builder: SessionBuilder,
    provider: Option<ExecutionProviderDispatch>,
) -> Result<SessionBuilder, String> {
    // One thread and no spinning: a meter must not take cores from the audio it measures.
    let builder = builder
        .with_optimization_level(GraphOptimizationLevel::Level3)
        .map_err(text)?;
    let builder = builder.with_intra_threads(1).map_err(text)?;
    let builder = builder.with_inter_threads(1).map_err(text)?;
    let builder = builder.with_intra_op_spinning(false).map_err(text)?;
    match provider {
        Some(provider) => builder
            .with_execution_providers([provider.error_on_failure()])
            .map_err(text),
        None => Ok(builder),
    }
}

/// The provider's registration; `None` for the CPU. The error is [`BackendError::NotBuiltIn`].
fn dispatch(device: Device) -> Result<Option<ExecutionProviderDispatch>, BackendError> {
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
        Err(BackendError::NotBuiltIn(device))
    }
}

/// An error's words, without what it would give back to try again.
fn text<R>(error: ort::Error<R>) -> String {
    error.to_string()
}
