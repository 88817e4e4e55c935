//! The window: opened once, touched by the thread that opened it, gone when it is closed.

use std::ffi::{CStr, c_char};
use std::sync::atomic::Ordering;

use clap_sys::ext::gui::{
    CLAP_EXT_GUI, CLAP_WINDOW_API_X11, clap_gui_resize_hints, clap_plugin_gui, clap_window,
};
use clap_sys::plugin::clap_plugin;

use super::call;
use super::door::this_thread;
use super::guard::Guard;
use crate::window_end;

/// The largest side of a window, in pixels: what X11 can count.
const LARGEST: u32 = i16::MAX as u32;

pub(super) static GUI: clap_plugin_gui = clap_plugin_gui {
    is_api_supported: Some(is_api_supported),
    get_preferred_api: Some(get_preferred_api),
    create: Some(create),
    destroy: Some(destroy),
    set_scale: Some(set_scale),
    get_size: Some(get_size),
    can_resize: Some(can_resize),
    get_resize_hints: Some(get_resize_hints),
    adjust_size: Some(adjust_size),
    set_size: Some(set_size),
    set_parent: Some(set_parent),
    set_transient: Some(set_transient),
    suggest_title: Some(suggest_title),
    show: Some(show),
    hide: Some(hide),
};

/// The guard and nice-plug's table.
///
/// # Safety
///
/// As for [`Guard::of`].
unsafe fn of<'a>(plugin: *const clap_plugin) -> Option<(&'a Guard, &'a clap_plugin_gui)> {
    // SAFETY: as the caller promises.
    let guard = unsafe { Guard::of(plugin) }?;
    Some((guard, guard.table(CLAP_EXT_GUI)?))
}

/// nice-plug's table, if there is a window and this thread may touch it.
///
/// # Safety
///
/// As for [`Guard::of`].
unsafe fn held<'a>(plugin: *const clap_plugin) -> Option<&'a clap_plugin_gui> {
    // SAFETY: as the caller promises.
    let (guard, table) = unsafe { of(plugin) }?;
    (guard.host.window() == this_thread()).then_some(table)
}

unsafe extern "C" fn is_api_supported(
    plugin: *const clap_plugin,
    api: *const c_char,
    is_floating: bool,
) -> bool {
    // SAFETY: the invariants of this module.
    match unsafe { of(plugin) } {
        Some((_, table)) if !api.is_null() => {
            call!(table => is_api_supported(plugin, api, is_floating), false)
        }
        _ => false,
    }
}

unsafe extern "C" fn get_preferred_api(
    plugin: *const clap_plugin,
    api: *mut *const c_char,
    is_floating: *mut bool,
) -> bool {
    // SAFETY: the invariants of this module.
    unsafe { of(plugin) }
        .is_some_and(|(_, table)| call!(table => get_preferred_api(plugin, api, is_floating), false))
}

unsafe extern "C" fn create(plugin: *const clap_plugin, api: *const c_char, is_floating: bool) -> bool {
    // SAFETY: the invariants of this module.
    let Some((guard, table)) = (unsafe { of(plugin) }) else {
        return false;
    };
    let Some(_inside) = guard.main.try_enter() else {
        return false;
    };
    if api.is_null() || !guard.is_initialised() || guard.host.window() != 0 {
        return false;
    }
    let (created, threads) = window_end::opened(|| call!(table => create(plugin, api, is_floating), false));
    if created {
        *guard.window.lock() = threads;
        guard.host.set_window(this_thread());
    }
    created
}

pub(super) unsafe extern "C" fn destroy(plugin: *const clap_plugin) {
    // SAFETY: the invariants of this module.
    let Some((guard, table)) = (unsafe { of(plugin) }) else {
        return;
    };
    if guard.host.window() != this_thread() {
        return;
    }
    let Some(_inside) = guard.main.enter() else {
        // From inside of a callback that the window's own work made: after it.
        guard.closing.store(true, Ordering::Release);
        return;
    };
    call!(table => destroy(plugin), ());
    guard.host.set_window(0);
    let threads = guard.window.lock().take();
    if let Some(threads) = threads {
        threads.wait();
    }
}

unsafe extern "C" fn set_scale(plugin: *const clap_plugin, scale: f64) -> bool {
    // SAFETY: the invariants of this module.
    match unsafe { held(plugin) } {
        Some(table) if (0.1..=16.0).contains(&scale) => call!(table => set_scale(plugin, scale), false),
        _ => false,
    }
}

unsafe extern "C" fn get_size(plugin: *const clap_plugin, width: *mut u32, height: *mut u32) -> bool {
    // SAFETY: the invariants of this module.
    unsafe { of(plugin) }.is_some_and(|(_, table)| call!(table => get_size(plugin, width, height), false))
}

unsafe extern "C" fn can_resize(plugin: *const clap_plugin) -> bool {
    // SAFETY: the invariants of this module.
    unsafe { of(plugin) }.is_some_and(|(_, table)| call!(table => can_resize(plugin), false))
}

unsafe extern "C" fn get_resize_hints(plugin: *const clap_plugin, hints: *mut clap_gui_resize_hints) -> bool {
    // SAFETY: the invariants of this module.
    unsafe { of(plugin) }.is_some_and(|(_, table)| call!(table => get_resize_hints(plugin, hints), false))
}

unsafe extern "C" fn adjust_size(plugin: *const clap_plugin, width: *mut u32, height: *mut u32) -> bool {
    // SAFETY: the invariants of this module; both pointers are null or the host's own numbers.
    unsafe {
        let (Some(table), Some(width), Some(height)) = (held(plugin), width.as_mut(), height.as_mut()) else {
            return false;
        };
        (*width, *height) = ((*width).clamp(1, LARGEST), (*height).clamp(1, LARGEST));
        call!(table => adjust_size(plugin, width, height), false)
    }
}

unsafe extern "C" fn set_size(plugin: *const clap_plugin, width: u32, height: u32) -> bool {
    let sound = (1..=LARGEST).contains(&width) && (1..=LARGEST).contains(&height);
    // SAFETY: the invariants of this module.
    match unsafe { held(plugin) } {
        Some(table) if sound => call!(table => set_size(plugin, width, height), false),
        _ => false,
    }
}

unsafe extern "C" fn set_parent(plugin: *const clap_plugin, window: *const clap_window) -> bool {
    // SAFETY: the invariants of this module; the window is null or valid, its handle is what its kind says.
    unsafe {
        let (Some(table), Some(parent)) = (held(plugin), window.as_ref()) else {
            return false;
        };
        // The framework panics at windows of another kind than this system's, and at ids that no X11 window has.
        let known =
            !parent.api.is_null() && call!(table => is_api_supported(plugin, parent.api, false), false);
        let nowhere = known
            && CStr::from_ptr(parent.api) == CLAP_WINDOW_API_X11
            && u32::try_from(parent.specific.x11).unwrap_or(0) == 0;
        known && !nowhere && call!(table => set_parent(plugin, window), false)
    }
}

/// The window does not float.
unsafe extern "C" fn set_transient(_plugin: *const clap_plugin, _window: *const clap_window) -> bool {
    false
}

/// The window does not float.
unsafe extern "C" fn suggest_title(_plugin: *const clap_plugin, _title: *const c_char) {}

unsafe extern "C" fn show(plugin: *const clap_plugin) -> bool {
    // SAFETY: the invariants of this module.
    unsafe { held(plugin) }.is_some_and(|table| call!(table => show(plugin), false))
}

unsafe extern "C" fn hide(plugin: *const clap_plugin) -> bool {
    // SAFETY: the invariants of this module.
    unsafe { held(plugin) }.is_some_and(|table| call!(table => hide(plugin), false))
}
