//! The parameters by the numbers that hosts know them by.

use std::sync::Arc;

use nice_plug::prelude::{ParamPtr, Params};

/// One parameter.
pub(super) struct Row {
    /// What hosts call it. Projects name automation by it.
    pub(super) number: u32,
    /// What states call it.
    pub(super) id: String,
    param: ParamPtr,
}

/// All parameters, in the order of their declaration. Setting and reading a value is real-time safe, from any thread.
pub(super) struct Table {
    rows: Vec<Row>,
    /// What `rows` point into.
    params: Arc<dyn Params>,
}

impl Table {
    pub(super) fn new(params: Arc<dyn Params>) -> Self {
        let row = |(id, param, _): (String, _, _)| Row {
            number: number(&id),
            id,
            param,
        };
        Self {
            rows: params.param_map().into_iter().map(row).collect(),
            params,
        }
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// What is saved beside the parameters.
    pub(super) fn params(&self) -> &dyn Params {
        &*self.params
    }

    /// By its place, as hosts count: nothing for places below zero or behind the end.
    pub(super) fn at(&self, index: i32) -> Option<&Row> {
        self.rows.get(usize::try_from(index).ok()?)
    }

    pub(super) fn numbered(&self, number: u32) -> Option<&Row> {
        self.rows.iter().find(|row| row.number == number)
    }

    pub(super) fn named(&self, id: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id)
    }

    pub(super) fn of(&self, param: ParamPtr) -> Option<&Row> {
        self.rows.iter().find(|row| row.param == param)
    }
}

impl Row {
    /// The parameter itself.
    pub(super) fn param(&self) -> ParamPtr {
        self.param
    }

    /// The value, 0–1.
    pub(super) fn get(&self) -> f64 {
        // SAFETY: a row lives in its table, which keeps what it points to.
        f64::from(unsafe { self.param.unmodulated_normalized_value() })
    }

    /// Sets the value, 0–1: what is outside is taken for the nearest end, what is no number is not taken. Whether it is kept:
    /// a trigger acts and is off again.
    pub(super) fn set(&self, value: f64) -> bool {
        if value.is_nan() {
            return true;
        }
        let value = value.clamp(0.0, 1.0) as f32;
        // SAFETY: as in `get`; the framework's own wrappers set values this way.
        unsafe {
            self.param._internal_set_normalized_value(value);
            self.param.unmodulated_plain_value() == self.param.preview_plain(value)
        }
    }
}

/// The number of the parameter `id`, as the VST3 hosts of the framework's own wrapper know it: a polynomial over its bytes,
/// without the bit that the format reserves for hosts.
fn number(id: &str) -> u32 {
    let mix = |number: u32, byte: u8| number.wrapping_mul(31).wrapping_add(byte.into());
    id.bytes().fold(0, mix) & !(1 << 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::EchometerParams;

    #[test]
    fn numbers_are_those_that_projects_know() {
        let known = [
            ("bypass", 773_352_680),
            ("reset", 108_404_047),
            ("dance_cc", 1_619_624_044),
        ];
        let table = Table::new(EchometerParams::shared());
        for (id, expected) in known {
            assert_eq!(table.named(id).unwrap().number, expected, "{id}");
        }
        for row in table.rows() {
            let same = table.rows().iter().filter(|other| other.number == row.number);
            assert_eq!(same.count(), 1, "{}", row.id);
        }
    }

    #[test]
    fn values_stay_in_their_range() {
        let table = Table::new(EchometerParams::shared());
        let row = table.named("rate").unwrap();
        for (set, expected) in [(7.5, 1.0), (-1.0, 0.0), (f64::INFINITY, 1.0), (f64::NAN, 1.0)] {
            assert!(row.set(set));
            assert_eq!(row.get(), expected, "{set}");
        }
        let reset = table.named("reset").unwrap();
        assert!(!reset.set(1.0) && reset.set(0.0));
        assert_eq!(reset.get(), 0.0);
        assert!(table.at(-1).is_none() && table.at(i32::MAX).is_none());
        assert!(table.at(table.rows().len() as i32).is_none());
    }
}
