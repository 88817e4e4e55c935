//! The window: opened once, touched by the thread that opened it, gone when it is closed.

use std::ffi::{CStr, c_char};
use std::sync::atomic::Ordering;

use clap_sys::ext::gui::{
    CLAP_EXT_GUI, CLAP_WINDOW_API_X11, clap_gui_resize_hints, clap_plugin_gui, clap_window,
};
use clap_sys::plugin::clap_plugin;

use super::call;
use super::guard::Guard;
use crate::door::this_thread;

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

/// Does what only the window can do, if there is one and this thread may touch it. No other thread does the main thread's work
/// meanwhile.
///
/// # Safety
///
/// As for [`Guard::of`]. The plugin may be gone afterwards.
unsafe fn held(plugin: *const clap_plugin, work: impl FnOnce(&clap_plugin_gui) -> bool) -> bool {
    // SAFETY: as the caller promises.
    let Some((guard, table)) = (unsafe { of(plugin) }) else {
        return false;
    };
    let is_ours = || guard.host.window() == this_thread();
    if !is_ours() {
        return false;
    }
    // SAFETY: as the caller promises.
    unsafe { Guard::work(plugin, || is_ours() && work(table)) }.unwrap_or(false)
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
    if api.is_null() || !guard.is_initialised() || guard.main.is_mine() {
        return false;
    }
    let open = || {
        let created = guard.host.window() == 0 && call!(table => create(plugin, api, is_floating), false);
        if created {
            guard.host.set_window(this_thread());
        }
        created
    };
    // SAFETY: as above.
    unsafe { Guard::work(plugin, open) }.unwrap_or(false)
}

pub(super) unsafe extern "C" fn destroy(plugin: *const clap_plugin) {
    // SAFETY: the invariants of this module.
    let Some((guard, table)) = (unsafe { of(plugin) }) else {
        return;
    };
    if guard.host.window() != this_thread() {
        return;
    }
    if guard.main.is_mine() {
        // From inside of a callback that the window's own work made: after it.
        guard.closing.store(true, Ordering::Release);
        return;
    }
    let close = || {
        // Whoever is called meanwhile finds no window.
        guard.host.set_window(0);
        call!(table => destroy(plugin), ());
    };
    // SAFETY: as above.
    unsafe { Guard::work(plugin, close) };
}

unsafe extern "C" fn set_scale(plugin: *const clap_plugin, scale: f64) -> bool {
    if !(0.1..=16.0).contains(&scale) {
        return false;
    }
    // SAFETY: the invariants of this module.
    unsafe { held(plugin, |table| call!(table => set_scale(plugin, scale), false)) }
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
    if width.is_null() || height.is_null() {
        return false;
    }
    // SAFETY: the invariants of this module; both pointers are the host's own numbers.
    unsafe {
        held(
            plugin,
            |table| call!(table => adjust_size(plugin, width, height), false),
        )
    }
}

unsafe extern "C" fn set_size(plugin: *const clap_plugin, width: u32, height: u32) -> bool {
    // SAFETY: the invariants of this module.
    unsafe {
        held(
            plugin,
            |table| call!(table => set_size(plugin, width, height), false),
        )
    }
}

unsafe extern "C" fn set_parent(plugin: *const clap_plugin, window: *const clap_window) -> bool {
    // SAFETY: null or valid.
    let Some(parent) = (unsafe { window.as_ref() }) else {
        return false;
    };
    if parent.api.is_null() {
        return false;
    }
    // SAFETY: the invariants of this module; the kind is a text, and the handle is what its kind says.
    unsafe {
        held(plugin, |table| {
            // The framework panics at windows of another kind than this system's, and at ids that no X11 window has.
            let known = call!(table => is_api_supported(plugin, parent.api, false), false);
            let nowhere = known
                && CStr::from_ptr(parent.api) == CLAP_WINDOW_API_X11
                && u32::try_from(parent.specific.x11).unwrap_or(0) == 0;
            known && !nowhere && call!(table => set_parent(plugin, window), false)
        })
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
    unsafe { held(plugin, |table| call!(table => show(plugin), false)) }
}

unsafe extern "C" fn hide(plugin: *const clap_plugin) -> bool {
    // SAFETY: the invariants of this module.
    unsafe { held(plugin, |table| call!(table => hide(plugin), false)) }
}
