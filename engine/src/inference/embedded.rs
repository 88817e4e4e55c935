//! A graph on the backend inside the binary (RTen).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rten::{Model, ModelOptions, NodeId, OpRegistry, RunOptions, Value, op_registry};

use super::hands::Hands;
use super::{BackendError, Ports};

/// A graph and the nodes of its ports. Any number of threads may run it at once.
pub(super) struct EmbeddedPlan {
    model: Model,
    inputs: Vec<NodeId>,
    outputs: Vec<NodeId>,
    hands: Arc<Hands>,
}

impl EmbeddedPlan {
    /// Prepares the graph. The backend is not trusted to survive every graph: its panics are errors here.
    pub(super) fn new(ports: &Ports, file: &str, bytes: &[u8]) -> Result<Self, BackendError> {
        let plan = guarded(|| {
            // Its optimiser gains nothing for these graphs, and starts threads that nobody could end.
            let mut options = ModelOptions::with_ops(operators());
            options.enable_optimization(false);
            let model = options.load(bytes.to_vec()).map_err(|error| error.to_string())?;
            let nodes = |ports: &[super::Port]| {
                let nodes = ports.iter().map(|port| {
                    let node = model.find_node(&port.name);
                    node.ok_or_else(|| format!("it has no input or output `{}`", port.name))
                });
                nodes.collect::<Result<Vec<_>, _>>()
            };
            Ok(Self {
                inputs: nodes(&ports.inputs)?,
                outputs: nodes(&ports.outputs)?,
                model,
                hands: Hands::shared(),
            })
        });
        plan.map_err(|reason| BackendError::graph(file, reason))
    }

    /// Runs the graph and copies its outputs into `outputs`.
    pub(super) fn run(
        &self,
        ports: &Ports,
        inputs: &[&[f32]],
        outputs: &mut [&mut [f32]],
    ) -> Result<(), String> {
        let hand = self.hands.borrow();
        let found = guarded(|| {
            let values = self.inputs.iter().zip(&ports.inputs).zip(inputs);
            let values = values
                .map(|((&node, port), data)| {
                    let value = Value::from_shape(&port.shape, data.to_vec());
                    Ok((node, value.map_err(|error| error.to_string())?.into()))
                })
                .collect::<Result<_, String>>()?;
            let options = RunOptions::default().with_thread_pool(hand.pool());
            self.model
                .run(values, &self.outputs, Some(options))
                .map_err(|error| error.to_string())
        })?;
        for ((port, value), output) in ports.outputs.iter().zip(found).zip(outputs) {
            let tensor = value
                .into_tensor::<f32>()
                .ok_or_else(|| format!("output `{}` is not of floats", port.name))?;
            port.copy(&tensor.into_data(), output)?;
        }
        Ok(())
    }
}

/// What networks of floats are made of. Each operator makes the library larger, so that it lacks those of quantised, language
/// and image networks: a graph that needs one is refused by its name, and runs on ONNX Runtime.
fn operators() -> OpRegistry {
    op_registry!(
        Abs,
        Add,
        And,
        ArgMax,
        ArgMin,
        AveragePool,
        BatchNormalization,
        Cast,
        Ceil,
        Clip,
        Concat,
        ConstantOfShape,
        Conv,
        ConvTranspose,
        Cos,
        CumSum,
        Div,
        Elu,
        Equal,
        Erf,
        Exp,
        Expand,
        Flatten,
        Floor,
        GRU,
        Gather,
        Gelu,
        Gemm,
        GlobalAveragePool,
        Greater,
        GreaterOrEqual,
        HardSigmoid,
        HardSwish,
        Identity,
        InstanceNormalization,
        LSTM,
        LayerNormalization,
        LeakyRelu,
        Less,
        LessOrEqual,
        Log,
        LogSoftmax,
        MatMul,
        Max,
        MaxPool,
        Mean,
        Min,
        Mul,
        Neg,
        Not,
        Or,
        PRelu,
        Pad,
        Pow,
        Range,
        Reciprocal,
        ReduceL2,
        ReduceMax,
        ReduceMean,
        ReduceMin,
        ReduceProd,
        ReduceSum,
        ReduceSumSquare,
        Relu,
        Reshape,
        Resize,
        Round,
        Shape,
        Sigmoid,
        Sign,
        Sin,
        Slice,
        Softmax,
        Softplus,
        Split,
        Sqrt,
        Squeeze,
        Sub,
        Sum,
        Tanh,
        Tile,
        TopK,
        Transpose,
        Unsqueeze,
        Where,
        Xor
    )
}

/// Errors and panics alike, in words.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| "the embedded backend gave up on it".to_owned())?
}
