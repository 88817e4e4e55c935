//! The shape of what each operator makes, as `Operators.md` of ONNX says, and what making it takes.
//!
//! Sizes that a graph computes from its inputs are refused: lists of axes and sizes stand in the file.

use super::bounds::constant;
use super::node::{Made, Node, Value, size};
use super::onnx::NodeProto;
use super::windows::{conv, global, pool};

/// What `node` makes of `inputs`; those that it leaves out are `None`.
pub(super) fn after(node: &NodeProto, inputs: &[Option<&Value>]) -> Result<Made, String> {
    let node = Node { node, inputs };
    node.check_attributes()?;
    match node.node.op_type.as_str() {
        "Constant" => Ok(Made {
            values: vec![node.constant()?],
            work: 0,
            scratch: 0,
        }),
        "Add" | "Div" | "Max" | "Min" | "Mul" | "Pow" | "Sub" => {
            let shapes = inputs.iter().flatten().map(|value| value.shape.as_slice());
            let first = node.shape(0)?.to_vec();
            Ok(Made::one(
                shapes.skip(1).try_fold(first, |all, one| broadcast(&all, one))?,
                1,
            ))
        }
        "BatchNormalization" | "Clip" | "Elu" | "Exp" | "Identity" | "LeakyRelu" | "Log" | "Relu"
        | "Sigmoid" | "Softplus" | "Sqrt" | "Tanh" => Ok(Made::one(node.shape(0)?.to_vec(), 1)),
        "AveragePool" | "MaxPool" => pool(&node),
        "Conv" => conv(&node),
        "GlobalAveragePool" | "GlobalMaxPool" => global(&node),
        "Concat" => node.concat(),
        "Flatten" => node.flatten(),
        "GRU" => node.gru(),
        "Gather" => node.gather(),
        "Gemm" => node.gemm(),
        "MatMul" => node.matmul(),
        "Pad" => node.pad(),
        "ReduceMax" | "ReduceMean" | "ReduceSum" => node.reduce(),
        "Reshape" => node.reshape(),
        "Slice" => node.slice(),
        "Squeeze" => node.squeeze(),
        "Transpose" => node.transpose(),
        "Unsqueeze" => node.unsqueeze(),
        _ => Err("what it makes is not known".into()),
    }
}

impl<'a> Node<'a> {
    fn constant(&self) -> Result<Value, String> {
        let [attribute] = self.node.attribute.as_slice() else {
            return Err("it must have one value".into());
        };
        match (attribute.name.as_str(), &attribute.t) {
            ("value", Some(tensor)) => constant(tensor),
            ("value_float", _) | ("value_int", _) => Ok(Value::of(Vec::new())),
            ("value_floats", _) => Ok(Value::of(vec![attribute.floats.len()])),
            ("value_ints", _) => Ok(Value {
                shape: vec![attribute.ints.len()],
                ints: Some(attribute.ints.clone()),
            }),
            _ => Err("its value must be a tensor, or numbers".into()),
        }
    }

    fn concat(&self) -> Result<Made, String> {
        let mut all = self.shape(0)?.to_vec();
        let axis = axis(self.int("axis", 0), all.len())?;
        for input in 1..self.inputs.len() {
            let shape = self.shape(input)?;
            let fits = shape.len() == all.len() && (0..all.len()).all(|i| i == axis || shape[i] == all[i]);
            if !fits {
                return Err(format!("{shape:?} cannot stand beside {all:?}"));
            }
            all[axis] = all[axis].saturating_add(shape[axis]);
        }
        Ok(Made::one(all, 1))
    }

    fn flatten(&self) -> Result<Made, String> {
        let shape = self.shape(0)?;
        let at = edge(self.int("axis", 1), shape.len())?;
        Ok(Made::one(vec![size(&shape[..at]), size(&shape[at..])], 1))
    }

    fn gru(&self) -> Result<Made, String> {
        if self.flag("layout") || self.has("activations") {
            return Err("it may have no `layout` and no `activations`".into());
        }
        let (&[steps, batch, inputs], &[directions, gates, width], &[_, rows, hidden]) =
            (self.shape(0)?, self.shape(1)?, self.shape(2)?)
        else {
            return Err("its inputs must have three axes".into());
        };
        let said = self.int("hidden_size", hidden as i64);
        if width != inputs || rows != gates || hidden.checked_mul(3) != Some(gates) || said != hidden as i64 {
            return Err("its weights must fit its input and its hidden size".into());
        }
        let every = vec![steps, directions, batch, hidden];
        let last = vec![directions, batch, hidden];
        let work = size(&[steps, directions, batch, gates, inputs.saturating_add(hidden)]);
        Ok(Made {
            values: vec![Value::of(every), Value::of(last)],
            work,
            scratch: size(&[steps, batch, gates]),
        })
    }

    fn gather(&self) -> Result<Made, String> {
        let (data, indices) = (self.shape(0)?, self.shape(1)?);
        let axis = axis(self.int("axis", 0), data.len())?;
        Ok(Made::one([&data[..axis], indices, &data[axis + 1..]].concat(), 1))
    }

    fn gemm(&self) -> Result<Made, String> {
        let (&[a, b], &[c, d]) = (self.shape(0)?, self.shape(1)?) else {
            return Err("its matrices must have two axes".into());
        };
        let (rows, inner) = if self.flag("transA") { (b, a) } else { (a, b) };
        let (other, columns) = if self.flag("transB") { (d, c) } else { (c, d) };
        if inner != other {
            return Err(format!("it multiplies {inner} columns with {other} rows"));
        }
        if self.inputs.len() > 2 && broadcast(&[rows, columns], self.shape(2)?)? != [rows, columns] {
            return Err("what it adds must fit what it multiplies".into());
        }
        Ok(Made::one(vec![rows, columns], inner))
    }

    fn matmul(&self) -> Result<Made, String> {
        let (left, right) = (self.shape(0)?, self.shape(1)?);
        let ([before @ .., rows, inner], [beside @ .., other, columns]) = (left, right) else {
            return Err("its matrices must have two axes or more".into());
        };
        if inner != other {
            return Err(format!("it multiplies {inner} columns with {other} rows"));
        }
        let mut shape = broadcast(before, beside)?;
        shape.extend([rows, columns]);
        Ok(Made::one(shape, *inner))
    }

    fn pad(&self) -> Result<Made, String> {
        let shape = self.shape(0)?;
        let (pads, axes) = (self.need(1)?, self.list(3)?);
        let all: Vec<_> = (0..shape.len() as i64).collect();
        let axes = axes.unwrap_or(&all);
        if pads.len() != 2 * axes.len() {
            return Err("it must have two pads for each axis".into());
        }
        let mut padded = shape.to_vec();
        for (i, &at) in axes.iter().enumerate() {
            let at = axis(at, shape.len())?;
            let dim = i128::from(pads[i]) + i128::from(pads[i + axes.len()]) + padded[at] as i128;
            padded[at] = usize::try_from(dim).map_err(|_| "its pads leave nothing".to_owned())?;
        }
        Ok(Made::one(padded, 1))
    }

    fn reduce(&self) -> Result<Made, String> {
        let shape = self.shape(0)?;
        let axes = self.axes(1)?.unwrap_or_default();
        let keep = self.int("keepdims", 1) != 0;
        if axes.is_empty() && self.flag("noop_with_empty_axes") {
            return Ok(Made::one(shape.to_vec(), 1));
        }
        let axes: Vec<_> = axes
            .iter()
            .map(|&at| axis(at, shape.len()))
            .collect::<Result<_, _>>()?;
        let reduced = |at: &usize| axes.is_empty() || axes.contains(at);
        let dims = shape.iter().enumerate();
        let dims = dims.filter_map(|(at, &dim)| match (reduced(&at), keep) {
            (false, _) => Some(dim),
            (true, true) => Some(1),
            (true, false) => None,
        });
        let mut made = Made::one(dims.collect(), 1);
        made.work = size(shape);
        Ok(made)
    }

    fn reshape(&self) -> Result<Made, String> {
        let shape = self.shape(0)?;
        let wanted = self.need(1)?;
        let (all, zeros) = (size(shape), self.flag("allowzero"));
        let mut dims = Vec::new();
        for (i, &dim) in wanted.iter().enumerate() {
            dims.push(match dim {
                -1 => None,
                0 if !zeros => Some(*shape.get(i).ok_or("it keeps an axis that is not there")?),
                dim => {
                    Some(usize::try_from(dim).map_err(|_| "its sizes must be 0 or more, or −1".to_owned())?)
                }
            });
        }
        let known = size(&dims.iter().flatten().copied().collect::<Vec<_>>());
        let rest = all.checked_div(known).unwrap_or(0);
        let dims: Vec<_> = dims.into_iter().map(|dim| dim.unwrap_or(rest)).collect();
        if wanted.iter().filter(|&&dim| dim == -1).count() > 1 || size(&dims) != all {
            return Err(format!("{shape:?} cannot become {wanted:?}"));
        }
        Ok(Made::one(dims, 1))
    }

    fn slice(&self) -> Result<Made, String> {
        let shape = self.shape(0)?;
        let (starts, ends) = (self.need(1)?, self.need(2)?);
        let (axes, steps) = (self.list(3)?, self.list(4)?);
        let all: Vec<_> = (0..starts.len() as i64).collect();
        let axes = axes.unwrap_or(&all);
        if ends.len() != starts.len()
            || axes.len() != starts.len()
            || steps.is_some_and(|steps| steps.len() != starts.len())
        {
            return Err("its starts, ends, axes and steps must be as many".into());
        }
        let mut sliced = shape.to_vec();
        for (i, &at) in axes.iter().enumerate() {
            let at = axis(at, shape.len())?;
            let dim = sliced[at] as i128;
            let step = i128::from(steps.map_or(1, |steps| steps[i]));
            let from = |end: i64| i128::from(end) + if end < 0 { dim } else { 0 };
            let (start, end) = (from(starts[i]), from(ends[i]));
            let length = match step {
                0 => return Err("its step is 0".into()),
                _ if dim == 0 => 0,
                1.. => end.clamp(0, dim) - start.clamp(0, dim),
                _ => start.clamp(0, dim - 1) - end.clamp(-1, dim - 1),
            };
            let count = (length + step.abs() - 1) / step.abs();
            sliced[at] = usize::try_from(count).unwrap_or(0);
        }
        Ok(Made::one(sliced, 1))
    }

    fn squeeze(&self) -> Result<Made, String> {
        let shape = self.shape(0)?;
        let axes = self.axes(1)?.unwrap_or_default();
        let given: Vec<_> = axes
            .iter()
            .map(|&at| axis(at, shape.len()))
            .collect::<Result<_, _>>()?;
        if let Some(at) = given.iter().find(|&&at| shape[at] != 1) {
            return Err(format!("axis {at} of {shape:?} is not 1"));
        }
        let goes = |at: usize| {
            if given.is_empty() {
                shape[at] == 1
            } else {
                given.contains(&at)
            }
        };
        let dims = (0..shape.len()).filter(|&at| !goes(at)).map(|at| shape[at]);
        Ok(Made::one(dims.collect(), 1))
    }

    fn transpose(&self) -> Result<Made, String> {
        let shape = self.shape(0)?;
        let backwards = || (0..shape.len()).rev().collect();
        let order = match self.has("perm") {
            true => self.sizes("perm", shape.len(), 0)?,
            false => backwards(),
        };
        if !(0..shape.len()).all(|at| order.contains(&at)) {
            return Err(format!("{order:?} is no order of the axes of {shape:?}"));
        }
        Ok(Made::one(order.into_iter().map(|at| shape[at]).collect(), 1))
    }

    fn unsqueeze(&self) -> Result<Made, String> {
        let shape = self.shape(0)?;
        let axes = self.axes(1)?.unwrap_or_default();
        let rank = shape.len() + axes.len();
        let mut new: Vec<_> = axes.iter().map(|&at| axis(at, rank)).collect::<Result<_, _>>()?;
        new.sort_unstable();
        new.dedup();
        if new.len() != axes.len() {
            return Err("an axis is there twice".into());
        }
        let mut dims = shape.to_vec();
        for at in new {
            dims.insert(at, 1);
        }
        Ok(Made::one(dims, 1))
    }
}

/// An axis, which counts from the end where it is negative.
fn axis(axis: i64, rank: usize) -> Result<usize, String> {
    let found = edge(axis, rank)?;
    (found < rank)
        .then_some(found)
        .ok_or_else(|| format!("axis {axis} is not among {rank}"))
}

/// A place between axes, or beside them.
fn edge(axis: i64, rank: usize) -> Result<usize, String> {
    let place = if axis < 0 {
        axis.saturating_add(rank as i64)
    } else {
        axis
    };
    let place = usize::try_from(place).ok().filter(|&place| place <= rank);
    place.ok_or_else(|| format!("axis {axis} is not among {rank}"))
}

/// NumPy's rule: shapes stand right-aligned, and a size of 1 repeats.
fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let rank = a.len().max(b.len());
    let dim = |shape: &[usize], at: usize| (at + shape.len()).checked_sub(rank).map_or(1, |at| shape[at]);
    let dims = (0..rank).map(|at| match (dim(a, at), dim(b, at)) {
        (x, y) if x == y => Ok(x),
        (1, x) | (x, 1) => Ok(x),
        _ => Err(format!("{a:?} does not fit {b:?}")),
    });
    dims.collect()
}
