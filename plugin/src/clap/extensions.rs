//! Parameters, states, ports: nice-plug's answers, and our own where its would end the process.

use std::ffi::{CStr, c_char, c_void};

use clap_sys::ext::audio_ports_config::{
    CLAP_EXT_AUDIO_PORTS_CONFIG, clap_audio_ports_config, clap_plugin_audio_ports_config,
};
use clap_sys::ext::note_ports::{CLAP_EXT_NOTE_PORTS, clap_note_port_info, clap_plugin_note_ports};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_param_info, clap_plugin_params};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_plugin_state};
use clap_sys::id::clap_id;
use clap_sys::plugin::clap_plugin;
use clap_sys::stream::{clap_istream, clap_ostream};

use super::guard::Guard;
use super::{audio, call};
use crate::params::has_long_number;

pub(super) static PARAMS: clap_plugin_params = clap_plugin_params {
    count: Some(params_count),
    get_info: Some(params_info),
    get_value: Some(params_value),
    value_to_text: Some(value_to_text),
    text_to_value: Some(text_to_value),
    flush: Some(audio::flush),
};

pub(super) static STATE: clap_plugin_state = clap_plugin_state {
    save: Some(save),
    load: Some(load),
};

pub(super) static NOTE_PORTS: clap_plugin_note_ports = clap_plugin_note_ports {
    count: Some(note_ports_count),
    get: Some(note_port),
};

pub(super) static AUDIO_PORTS_CONFIG: clap_plugin_audio_ports_config = clap_plugin_audio_ports_config {
    count: Some(configs_count),
    get: Some(config),
    select: Some(select),
};

/// The guard and nice-plug's table `T` that goes with `id`.
///
/// # Safety
///
/// As for [`Guard::of`], and `T` must be the type that goes with `id`.
unsafe fn of<'a, T>(plugin: *const clap_plugin, id: &CStr) -> Option<(&'a Guard, &'a T)> {
    // SAFETY: as the caller promises.
    let guard = unsafe { Guard::of(plugin) }?;
    Some((guard, guard.table(id)?))
}

/// The parameters' numbers and largest values of nice-plug's plugin, in the order of the numbers.
pub(super) fn ranges(inner: &clap_plugin) -> Vec<(u32, f64)> {
    let table = call!(inner => get_extension(inner, CLAP_EXT_PARAMS.as_ptr()), std::ptr::null());
    // SAFETY: this is the type of that table.
    let Some(table) = (unsafe { table.cast::<clap_plugin_params>().as_ref() }) else {
        return Vec::new();
    };
    let range = |index| {
        // SAFETY: all-zero is a valid value of this plain structure.
        let mut info: clap_param_info = unsafe { std::mem::zeroed() };
        call!(table => get_info(inner, index, &mut info), false).then_some((info.id, info.max_value))
    };
    let mut ranges: Vec<_> = (0..call!(table => count(inner), 0)).filter_map(range).collect();
    ranges.sort_by_key(|(id, _)| *id);
    ranges
}

/// The largest value of a parameter, if there is one of that number.
pub(super) fn most(ranges: &[(u32, f64)], id: u32) -> Option<f64> {
    let found = ranges.binary_search_by_key(&id, |(id, _)| *id).ok()?;
    ranges.get(found).map(|(_, most)| *most)
}

unsafe extern "C" fn params_count(plugin: *const clap_plugin) -> u32 {
    // SAFETY: the invariants of this module.
    unsafe { Guard::of(plugin) }.map_or(0, |guard| guard.ranges.len() as u32)
}

/// nice-plug looks one past the end.
unsafe extern "C" fn params_info(plugin: *const clap_plugin, index: u32, info: *mut clap_param_info) -> bool {
    // SAFETY: the invariants of this module.
    match unsafe { of::<clap_plugin_params>(plugin, CLAP_EXT_PARAMS) } {
        Some((guard, table)) if (index as usize) < guard.ranges.len() => {
            call!(table => get_info(plugin, index, info), false)
        }
        _ => false,
    }
}

unsafe extern "C" fn params_value(plugin: *const clap_plugin, id: clap_id, value: *mut f64) -> bool {
    // SAFETY: the invariants of this module.
    unsafe { of::<clap_plugin_params>(plugin, CLAP_EXT_PARAMS) }
        .is_some_and(|(_, table)| call!(table => get_value(plugin, id, value), false))
}

unsafe extern "C" fn value_to_text(
    plugin: *const clap_plugin,
    id: clap_id,
    value: f64,
    text: *mut c_char,
    size: u32,
) -> bool {
    // SAFETY: the invariants of this module.
    let Some((guard, table)) = (unsafe { of::<clap_plugin_params>(plugin, CLAP_EXT_PARAMS) }) else {
        return false;
    };
    let most = guard.most(id).filter(|_| value.is_finite() && size > 0);
    most.is_some_and(
        |most| call!(table => value_to_text(plugin, id, value.clamp(0.0, most), text, size), false),
    )
}

unsafe extern "C" fn text_to_value(
    plugin: *const clap_plugin,
    id: clap_id,
    text: *const c_char,
    value: *mut f64,
) -> bool {
    // SAFETY: the invariants of this module.
    let Some((guard, table)) = (unsafe { of::<clap_plugin_params>(plugin, CLAP_EXT_PARAMS) }) else {
        return false;
    };
    let (Some(most), false, false) = (guard.most(id), text.is_null(), value.is_null()) else {
        return false;
    };
    // SAFETY: not null, so a text.
    let bytes = unsafe { CStr::from_ptr(text) }.to_bytes();
    if has_long_number(bytes) {
        return false;
    }
    let mut found = f64::NAN;
    if !call!(table => text_to_value(plugin, id, text, &mut found), false) || !found.is_finite() {
        return false;
    }
    // SAFETY: not null, so the host's own.
    unsafe { *value = found.clamp(0.0, most) };
    true
}

unsafe extern "C" fn save(plugin: *const clap_plugin, stream: *const clap_ostream) -> bool {
    // SAFETY: the invariants of this module; the stream is null or the host's.
    let (table, stream) = unsafe { (of::<clap_plugin_state>(plugin, CLAP_EXT_STATE), stream.as_ref()) };
    match (table, stream) {
        (Some((_, table)), Some(stream)) if stream.write.is_some() => {
            call!(table => save(plugin, stream), false)
        }
        _ => false,
    }
}

unsafe extern "C" fn load(plugin: *const clap_plugin, stream: *const clap_istream) -> bool {
    // SAFETY: the invariants of this module; the stream is null or the host's.
    let (table, given) = unsafe { (of::<clap_plugin_state>(plugin, CLAP_EXT_STATE), stream.as_ref()) };
    let (Some((_, table)), Some(given)) = (table, given) else {
        return false;
    };
    let bounded = clap_istream {
        ctx: std::ptr::from_ref(given).cast_mut().cast(),
        read: Some(read),
    };
    call!(table => load(plugin, &bounded), false)
}

/// Reads from the host's stream. What claims to have read more than there was room for has failed.
unsafe extern "C" fn read(stream: *const clap_istream, buffer: *mut c_void, size: u64) -> i64 {
    // SAFETY: nice-plug passes the stream that it was given, and a buffer of that size.
    let given = unsafe { &*(*stream).ctx.cast::<clap_istream>() };
    let read = call!(given => read(given, buffer, size), -1);
    if u64::try_from(read).is_ok_and(|read| read <= size) {
        read
    } else {
        -1
    }
}

unsafe extern "C" fn note_ports_count(plugin: *const clap_plugin, is_input: bool) -> u32 {
    // SAFETY: the invariants of this module.
    unsafe { of::<clap_plugin_note_ports>(plugin, CLAP_EXT_NOTE_PORTS) }
        .map_or(0, |(_, table)| call!(table => count(plugin, is_input), 0))
}

unsafe extern "C" fn note_port(
    plugin: *const clap_plugin,
    index: u32,
    is_input: bool,
    info: *mut clap_note_port_info,
) -> bool {
    // SAFETY: the invariants of this module.
    match unsafe { of::<clap_plugin_note_ports>(plugin, CLAP_EXT_NOTE_PORTS) } {
        Some((_, table)) if !info.is_null() => call!(table => get(plugin, index, is_input, info), false),
        _ => false,
    }
}

unsafe extern "C" fn configs_count(plugin: *const clap_plugin) -> u32 {
    // SAFETY: the invariants of this module.
    unsafe { of::<clap_plugin_audio_ports_config>(plugin, CLAP_EXT_AUDIO_PORTS_CONFIG) }
        .map_or(0, |(_, table)| call!(table => count(plugin), 0))
}

unsafe extern "C" fn config(
    plugin: *const clap_plugin,
    index: u32,
    config: *mut clap_audio_ports_config,
) -> bool {
    // SAFETY: the invariants of this module.
    unsafe { of::<clap_plugin_audio_ports_config>(plugin, CLAP_EXT_AUDIO_PORTS_CONFIG) }
        .is_some_and(|(_, table)| call!(table => get(plugin, index, config), false))
}

/// While the plugin is active, its channels stay.
unsafe extern "C" fn select(plugin: *const clap_plugin, id: clap_id) -> bool {
    // SAFETY: the invariants of this module.
    match unsafe { of::<clap_plugin_audio_ports_config>(plugin, CLAP_EXT_AUDIO_PORTS_CONFIG) } {
        Some((guard, table)) if !guard.is_active() => call!(table => select(plugin, id), false),
        _ => false,
    }
}
