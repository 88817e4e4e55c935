//! A node of a graph with what goes in and comes out, and its attributes as the rules of shapes want them.

use super::onnx::{AttributeProto, NodeProto};

/// The longest list of axes, sizes or attributes that is looked at.
pub(super) const MOST_LISTED: usize = 64;

/// A value of a graph.
#[derive(Debug, Clone, Default)]
pub(super) struct Value {
    pub(super) shape: Vec<usize>,
    /// What it holds, where it is a short list of integers in the file.
    pub(super) ints: Option<Vec<i64>>,
}

impl Value {
    pub(super) fn of(shape: Vec<usize>) -> Self {
        Self { shape, ints: None }
    }

    /// How many numbers it holds.
    pub(super) fn size(&self) -> usize {
        size(&self.shape)
    }
}

/// How many numbers a value of this shape holds; the largest number where that is too large to say.
pub(super) fn size(shape: &[usize]) -> usize {
    if shape.contains(&0) {
        return 0;
    }
    shape
        .iter()
        .fold(1, |size, &dim| usize::saturating_mul(size, dim))
}

/// What a node makes.
pub(super) struct Made {
    /// Its outputs, in order.
    pub(super) values: Vec<Value>,
    /// Multiplications, or what costs about as much.
    pub(super) work: usize,
    /// Numbers that a backend may hold only while it runs.
    pub(super) scratch: usize,
}

impl Made {
    pub(super) fn one(shape: Vec<usize>, each: usize) -> Self {
        let value = Value::of(shape);
        Self {
            work: value.size().saturating_mul(each),
            values: vec![value],
            scratch: 0,
        }
    }
}

/// A node beside its inputs.
pub(super) struct Node<'a> {
    pub(super) node: &'a NodeProto,
    pub(super) inputs: &'a [Option<&'a Value>],
}

impl<'a> Node<'a> {
    /// The rules for all nodes. Of two attributes of one name, a backend may take the one that was not looked at.
    pub(super) fn check_attributes(&self) -> Result<(), String> {
        let all = &self.node.attribute;
        if all.len() > MOST_LISTED || all.iter().any(|attribute| attribute.ints.len() > MOST_LISTED) {
            return Err(format!("its attributes may be {MOST_LISTED}, and so long"));
        }
        let twice = (1..all.len()).find(|&i| all[..i].iter().any(|one| one.name == all[i].name));
        twice.map_or(Ok(()), |i| {
            Err(format!("its attribute `{}` is there twice", all[i].name))
        })
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&'a AttributeProto> {
        self.node
            .attribute
            .iter()
            .find(|attribute| attribute.name == name)
    }

    pub(super) fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name)
            .map_or(default, |attribute| attribute.i.unwrap_or(0))
    }

    /// A list of sizes from an attribute, `count` of them; `default` where it is not there.
    pub(super) fn sizes(&self, name: &str, count: usize, default: usize) -> Result<Vec<usize>, String> {
        let Some(attribute) = self.attribute(name) else {
            return Ok(vec![default; count]);
        };
        let sizes = attribute
            .ints
            .iter()
            .map(|&size| u32::try_from(size).ok().map(|size| size as usize));
        let sizes: Option<Vec<_>> = sizes.collect();
        sizes
            .filter(|sizes| sizes.len() == count)
            .ok_or_else(|| format!("its `{name}` must be {count} sizes"))
    }

    /// A number that is 1 or more, and 1 where it is not there.
    pub(super) fn count(&self, name: &str) -> Result<usize, String> {
        let count = u32::try_from(self.int(name, 1)).ok().filter(|&count| count > 0);
        count
            .map(|count| count as usize)
            .ok_or_else(|| format!("its `{name}` must be 1 or more"))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.int(name, 0) != 0
    }

    pub(super) fn text(&self, name: &str) -> &'a [u8] {
        self.attribute(name)
            .and_then(|attribute| attribute.s.as_deref())
            .unwrap_or_default()
    }

    pub(super) fn shape(&self, input: usize) -> Result<&'a [usize], String> {
        let value = self.inputs.get(input).copied().flatten();
        value
            .map(|value| value.shape.as_slice())
            .ok_or_else(|| format!("it has no input {input}"))
    }

    /// The integers of an input, if it is there.
    pub(super) fn list(&self, input: usize) -> Result<Option<&'a [i64]>, String> {
        let Some(value) = self.inputs.get(input).copied().flatten() else {
            return Ok(None);
        };
        let list = value.ints.as_deref();
        list.map(Some)
            .ok_or_else(|| format!("its input {input} must be a list of integers in the file"))
    }

    pub(super) fn need(&self, input: usize) -> Result<&'a [i64], String> {
        self.list(input)?
            .ok_or_else(|| format!("it has no input {input}"))
    }

    /// Axes from the attribute of older operator sets or the input of newer ones.
    pub(super) fn axes(&self, input: usize) -> Result<Option<&'a [i64]>, String> {
        match self.attribute("axes") {
            Some(attribute) => Ok(Some(&attribute.ints)),
            None => self.list(input),
        }
    }
}
