//! What a project saves, in the form of the framework's own wrappers: JSON of parameters by their ids and of fields.

use std::collections::BTreeMap;
use std::ffi::c_void;

use nice_plug::plugin::ParamValue;
use nice_plug::prelude::{Param, ParamPtr, Plugin, PluginState};
use serde::Deserialize;
use vst3::ComRef;
use vst3::Steinberg::{IBStream, IBStreamTrait, kResultOk};

use super::table::Table;
use crate::plugin::Echometer;

/// Most bytes of a state that are read.
const MOST: usize = 16 << 20;

/// How much is asked of a stream at once.
const PIECE: usize = 64 << 10;

/// The state as it is now.
pub(super) fn object(table: &Table) -> PluginState {
    let params = table.rows().iter().map(|row| {
        // SAFETY: rows point into what their table keeps.
        let value = unsafe {
            match row.param() {
                ParamPtr::FloatParam(param) => ParamValue::F32((*param).unmodulated_plain_value()),
                ParamPtr::IntParam(param) => ParamValue::I32((*param).unmodulated_plain_value()),
                ParamPtr::BoolParam(param) => ParamValue::Bool((*param).unmodulated_plain_value()),
                ParamPtr::EnumParam(param) => match (*param).unmodulated_plain_id() {
                    Some(id) => ParamValue::String(id.to_owned()),
                    None => ParamValue::I32((*param).unmodulated_plain_value()),
                },
            }
        };
        (row.id.clone(), value)
    });
    PluginState {
        version: Echometer::VERSION.into(),
        params: params.collect::<BTreeMap<_, _>>(),
        fields: table.params().serialize_fields(),
    }
}

/// Takes a state over: parameters and fields that it has not stay as they are.
pub(super) fn take_over(table: &Table, mut state: PluginState) {
    Echometer::filter_state(&mut state);
    for (id, value) in &state.params {
        let Some(row) = table.named(id) else {
            continue;
        };
        // SAFETY: rows point into what their table keeps.
        let normalized = unsafe {
            match (row.param(), value) {
                (ParamPtr::FloatParam(param), ParamValue::F32(value)) => (*param).preview_normalized(*value),
                (ParamPtr::IntParam(param), ParamValue::I32(value)) => (*param).preview_normalized(*value),
                (ParamPtr::BoolParam(param), ParamValue::Bool(value)) => (*param).preview_normalized(*value),
                (ParamPtr::EnumParam(param), ParamValue::I32(value)) => (*param).preview_normalized(*value),
                (ParamPtr::EnumParam(param), ParamValue::String(id)) => {
                    (*param).set_from_id(id);
                    continue;
                }
                _ => continue,
            }
        };
        row.set(normalized.into());
    }
    table.params().deserialize_fields(&state.fields);
}

/// Reads a stream to its end, however little it gives at a time; `None` where it is longer than any state.
pub(super) fn read(stream: ComRef<'_, IBStream>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut piece = vec![0u8; PIECE];
    loop {
        let mut came = 0;
        // SAFETY: the host writes at most as much as there is room for. At the end some say so, others just give nothing.
        unsafe { stream.read(piece.as_mut_ptr().cast::<c_void>(), PIECE as i32, &mut came) };
        let came = usize::try_from(came).unwrap_or(0).min(PIECE);
        if came == 0 {
            return Some(bytes);
        }
        bytes.extend_from_slice(&piece[..came]);
        if bytes.len() > MOST {
            return None;
        }
    }
}

/// Writes all bytes, however few the stream takes at a time; whether it took all.
pub(super) fn write(stream: ComRef<'_, IBStream>, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        let length = bytes.len().min(PIECE) as i32;
        let mut went = 0;
        // SAFETY: the host reads as many bytes as it is told; the signature knows no constants.
        let result = unsafe { stream.write(bytes.as_ptr().cast::<c_void>().cast_mut(), length, &mut went) };
        match usize::try_from(went) {
            Ok(went @ 1..) if result == kResultOk => bytes = bytes.get(went..).unwrap_or_default(),
            _ => return false,
        }
    }
    true
}

/// [`object`] as bytes.
pub(super) fn save(table: &Table) -> Option<Vec<u8>> {
    serde_json::to_vec(&object(table))
        .inspect_err(|error| tracing::error!(%error, "the state cannot be saved"))
        .ok()
}

/// [`take_over`] of bytes; whether they are a state. Otherwise nothing changes.
pub(super) fn load(table: &Table, bytes: &[u8]) -> bool {
    // What comes after its end is not looked at: some hosts fill up.
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    match PluginState::deserialize(&mut reader) {
        Ok(state) => {
            take_over(table, state);
            true
        }
        Err(error) => {
            tracing::warn!(%error, length = bytes.len(), "this is no state of Echometer, and is not taken");
            false
        }
    }
}
