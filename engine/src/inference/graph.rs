//! A graph ready to run, and what goes in and out of it.

use super::embedded::EmbeddedPlan;
use super::onnxruntime::OnnxSession;
use super::{BackendError, Device, Runtime};

/// A named input or output of a graph: a float tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its name in the graph.
    pub name: String,
    /// The shape that Echometer uses.
    pub shape: Vec<usize>,
    /// How many leading axes (batch, time) the graph may leave open.
    pub open: usize,
}

impl Port {
    pub(super) fn missing(&self) -> String {
        format!("it gave no output `{}`", self.name)
    }

    /// Zeros of its shape: what a state starts as, and room for what comes out.
    pub fn zeros(&self) -> Vec<f32> {
        vec![0.0; self.shape.iter().product()]
    }

    pub(super) fn copy(&self, found: &[f32], output: &mut [f32]) -> Result<(), String> {
        if found.len() != output.len() {
            let (name, found, needed) = (&self.name, found.len(), output.len());
            return Err(format!(
                "output `{name}` has {found} values, but {needed} are needed"
            ));
        }
        output.copy_from_slice(found);
        Ok(())
    }
}

/// Everything that goes in and out of a graph, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ports {
    /// What goes in.
    pub inputs: Vec<Port>,
    /// What comes out.
    pub outputs: Vec<Port>,
}

enum Prepared {
    OnnxRuntime(OnnxSession),
    Embedded(Box<EmbeddedPlan>),
}

/// A graph ready to run, from any number of threads.
pub struct Graph {
    file: String,
    ports: Ports,
    prepared: Prepared,
}

impl Graph {
    /// Prepares a graph on the first runtime for `device` that takes it. Of its ports only shapes are checked, and that by
    /// running it once: the graph of a [`Model`](crate::Model) is checked more strictly.
    pub fn load(device: Device, file: &str, bytes: &[u8], ports: &Ports) -> Result<Self, BackendError> {
        let mut last = BackendError::Nothing;
        for runtime in Runtime::candidates(device)? {
            match Self::new(&runtime, file, bytes, ports.clone()) {
                Ok(graph) => return Ok(graph),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Prepares a graph whose ports were checked, and tries it once on zeros: what it will not run shows now.
    pub(crate) fn new(
        runtime: &Runtime,
        file: &str,
        bytes: &[u8],
        ports: Ports,
    ) -> Result<Self, BackendError> {
        let prepared = match runtime.environment() {
            Some(environment) => Prepared::OnnxRuntime(OnnxSession::new(
                environment,
                runtime.device(),
                &ports,
                file,
                bytes,
            )?),
            None => Prepared::Embedded(Box::new(EmbeddedPlan::new(&ports, file, bytes)?)),
        };
        let graph = Self {
            file: file.into(),
            ports,
            prepared,
        };
        let zeros = |ports: &[Port]| ports.iter().map(Port::zeros).collect::<Vec<_>>();
        let (inputs, mut outputs) = (zeros(&graph.ports.inputs), zeros(&graph.ports.outputs));
        let inputs: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
        let mut outputs: Vec<_> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        graph.run(&inputs, &mut outputs)?;
        Ok(graph)
    }

    /// What goes in and out.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Runs the graph on `inputs` and fills `outputs`, both in the order and the sizes of the ports.
    pub fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<(), BackendError> {
        match &self.prepared {
            Prepared::OnnxRuntime(session) => session.run(&self.ports, inputs, outputs),
            Prepared::Embedded(plan) => plan.run(&self.ports, inputs, outputs),
        }
        .map_err(|reason| BackendError::Run {
            file: self.file.clone(),
            reason,
        })
    }
}
