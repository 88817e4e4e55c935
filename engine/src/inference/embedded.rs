//! A graph on the backend inside the binary (tract).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tract_onnx::prelude::{
    Datum, Framework, InferenceFact, InferenceModelExt, IntoRunnable, Tensor, TractResult, TypedFact,
    TypedOp, tvec,
};
use tract_onnx::tract_core::plan::SimplePlan;

use super::{BackendError, Ports};

/// A plan for the shapes of its [`Ports`] and no others. Any number of threads may run it at once.
pub(super) struct EmbeddedPlan {
    plan: Arc<SimplePlan<TypedFact, Box<dyn TypedOp>>>,
}

impl EmbeddedPlan {
    /// Prepares the graph. The backend is not trusted to survive every graph: its panics are errors here.
    pub(super) fn new(ports: &Ports, file: &str, bytes: &[u8]) -> Result<Self, BackendError> {
        let plan = guarded(|| {
            let mut bytes = bytes;
            // The loader saw that the graph's inputs and outputs are the ports, in their order.
            let mut model = tract_onnx::onnx().model_for_read(&mut bytes)?;
            for (i, port) in ports.inputs.iter().enumerate() {
                let fact = InferenceFact::dt_shape(f32::datum_type(), &port.shape);
                model = model.with_input_fact(i, fact)?;
            }
            model.into_optimized()?.into_runnable()
        });
        plan.map(|plan| Self { plan })
            .map_err(|reason| BackendError::graph(file, reason))
    }

    /// Runs the graph and copies its outputs into `outputs`.
    pub(super) fn run(
        &self,
        ports: &Ports,
        inputs: &[&[f32]],
        outputs: &mut [&mut [f32]],
    ) -> Result<(), String> {
        let found = guarded(|| {
            let mut values = tvec!();
            for (port, data) in ports.inputs.iter().zip(inputs) {
                values.push(Tensor::from_shape(&port.shape, data)?.into());
            }
            self.plan.run(values)
        })?;
        for ((port, value), output) in ports.outputs.iter().zip(&found).zip(outputs) {
            let view = value
                .to_plain_array_view::<f32>()
                .map_err(|error| format!("{error:#}"))?;
            match view.as_slice() {
                Some(data) => port.copy(data, output)?,
                None => port.copy(&view.iter().copied().collect::<Vec<_>>(), output)?,
            }
        }
        Ok(())
    }
}

/// Errors and panics alike, in words.
fn guarded<T>(work: impl FnOnce() -> TractResult<T>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| "the embedded backend gave up on it".to_owned())?
        .map_err(|error| format!("{error:#}"))
}
