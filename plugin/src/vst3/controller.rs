//! The parameters, as hosts see them.

use nice_plug::prelude::{ParamFlags, ParamPtr};
use vst3::ComRef;
use vst3::Steinberg::Vst::{
    IComponentHandler, IEditControllerTrait, ParamID, ParamValue, ParameterInfo,
    ParameterInfo_::ParameterFlags_, String128, TChar, kRootUnitId,
};
use vst3::Steinberg::{FIDString, IBStream, IPlugView, kInvalidArgument, kResultFalse, kResultOk, tresult};

use super::effect::Effect;
use super::text::{put_wide, take_wide};
use super::view;
use super::{answer, answer_with};
use crate::params::has_long_number;

/// The widest range of a plain value that is looked at: far outside, the framework's arithmetic overflows.
const PLAIN: f64 = 1000.0;

/// A value as a host gives it, in the range that the framework takes.
fn normal(value: f64) -> f32 {
    if value.is_nan() {
        0.0
    } else {
        value.clamp(0.0, 1.0) as f32
    }
}

impl IEditControllerTrait for Effect {
    unsafe fn setComponentState(&self, _state: *mut IBStream) -> tresult {
        // The component is this very object and has it already.
        kResultOk
    }

    unsafe fn setState(&self, _state: *mut IBStream) -> tresult {
        // Nothing is saved but what the component saves.
        kResultOk
    }

    unsafe fn getState(&self, _state: *mut IBStream) -> tresult {
        kResultOk
    }

    unsafe fn getParameterCount(&self) -> i32 {
        self.shared.table.rows().len() as i32
    }

    unsafe fn getParameterInfo(&self, index: i32, info: *mut ParameterInfo) -> tresult {
        answer(|| {
            // SAFETY: null, or a structure of the host's to fill in.
            let (Some(row), Some(info)) = (self.shared.table.at(index), unsafe { info.as_mut() }) else {
                return kInvalidArgument;
            };
            let param = row.param();
            // SAFETY: rows point into what their table keeps.
            let (name, unit, steps, default, kind) = unsafe {
                (
                    param.name(),
                    param.unit(),
                    param.step_count(),
                    param.default_normalized_value(),
                    param.flags(),
                )
            };
            let mut flags = 0;
            if !kind.contains(ParamFlags::NON_AUTOMATABLE) {
                flags |= ParameterFlags_::kCanAutomate;
            }
            if matches!(param, ParamPtr::EnumParam(_)) {
                // Its values have names.
                flags |= ParameterFlags_::kIsList;
            }
            if kind.contains(ParamFlags::BYPASS) {
                flags |= ParameterFlags_::kIsBypass;
            }
            *info = ParameterInfo {
                id: row.number,
                title: [0; 128],
                shortTitle: [0; 128],
                units: [0; 128],
                stepCount: steps.unwrap_or(0) as i32,
                defaultNormalizedValue: default.into(),
                unitId: kRootUnitId,
                flags,
            };
            put_wide(&mut info.title, name);
            put_wide(&mut info.shortTitle, name);
            put_wide(&mut info.units, unit.trim());
            kResultOk
        })
    }

    unsafe fn getParamStringByValue(&self, id: ParamID, value: ParamValue, text: *mut String128) -> tresult {
        answer(|| {
            // SAFETY: null, or the host's to fill in.
            let (Some(row), Some(text)) = (self.shared.table.numbered(id), unsafe { text.as_mut() }) else {
                return kInvalidArgument;
            };
            // SAFETY: rows point into what their table keeps.
            let said = unsafe { row.param().normalized_value_to_string(normal(value), false) };
            put_wide(text, &said);
            kResultOk
        })
    }

    unsafe fn getParamValueByString(&self, id: ParamID, text: *mut TChar, value: *mut ParamValue) -> tresult {
        answer(|| {
            // SAFETY: null, or the host's to fill in.
            let (Some(row), Some(value)) = (self.shared.table.numbered(id), unsafe { value.as_mut() }) else {
                return kInvalidArgument;
            };
            // SAFETY: null, or text of the host's, which ends in a zero.
            let Some(text) = (!text.is_null()).then(|| unsafe { take_wide(text) }).flatten() else {
                return kInvalidArgument;
            };
            if has_long_number(text.as_bytes()) {
                return kResultFalse;
            }
            // SAFETY: rows point into what their table keeps.
            match unsafe { row.param().string_to_normalized_value(&text) } {
                Some(read) => {
                    *value = normal(read.into()).into();
                    kResultOk
                }
                None => kResultFalse,
            }
        })
    }

    unsafe fn normalizedParamToPlain(&self, id: ParamID, value: ParamValue) -> ParamValue {
        answer_with(value, || {
            self.shared.table.numbered(id).map_or(value, |row| {
                // SAFETY: rows point into what their table keeps.
                unsafe { row.param().preview_plain(normal(value)) }.into()
            })
        })
    }

    unsafe fn plainParamToNormalized(&self, id: ParamID, value: ParamValue) -> ParamValue {
        answer_with(value, || {
            self.shared.table.numbered(id).map_or(value, |row| {
                let plain = if value.is_nan() {
                    0.0
                } else {
                    value.clamp(-PLAIN, PLAIN)
                };
                // SAFETY: as above.
                normal(unsafe { row.param().preview_normalized(plain as f32) }.into()).into()
            })
        })
    }

    unsafe fn getParamNormalized(&self, id: ParamID) -> ParamValue {
        answer_with(0.0, || {
            self.shared.table.numbered(id).map_or(0.0, |row| row.get())
        })
    }

    unsafe fn setParamNormalized(&self, id: ParamID, value: ParamValue) -> tresult {
        // At once, also while the host plays: it may save before the next block.
        answer(|| match self.shared.table.numbered(id) {
            Some(row) => {
                row.set(value);
                kResultOk
            }
            None => kInvalidArgument,
        })
    }

    unsafe fn setComponentHandler(&self, handler: *mut IComponentHandler) -> tresult {
        answer(|| {
            // SAFETY: null, or an object of the host's, of which a reference is taken.
            let handler = unsafe { ComRef::from_raw(handler) };
            self.shared.host.meet(handler.map(|handler| handler.to_com_ptr()));
            kResultOk
        })
    }

    unsafe fn createView(&self, name: FIDString) -> *mut IPlugView {
        let mut made = std::ptr::null_mut();
        answer(|| {
            // SAFETY: null, or a name that ends in a zero.
            made = unsafe { view::create(&self.shared, name) };
            kResultOk
        });
        made
    }
}
