//! The plugin that hosts are given: nice-plug's, called in an order and on threads that it can bear.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use clap_sys::ext::audio_ports::{CLAP_EXT_AUDIO_PORTS, clap_audio_port_info, clap_plugin_audio_ports};
use clap_sys::ext::audio_ports_config::CLAP_EXT_AUDIO_PORTS_CONFIG;
use clap_sys::ext::gui::CLAP_EXT_GUI;
use clap_sys::ext::note_ports::CLAP_EXT_NOTE_PORTS;
use clap_sys::ext::params::CLAP_EXT_PARAMS;
use clap_sys::ext::state::CLAP_EXT_STATE;
use clap_sys::ext::track_info::CLAP_EXT_TRACK_INFO;
use clap_sys::plugin::clap_plugin;
use parking_lot::Mutex;

use super::host::Host;
use super::{audio, call, extensions, window};
use crate::door::{Door, this_thread};

/// One plugin and what is known of it.
#[repr(C)]
pub(super) struct Guard {
    /// What the host sees. First, so that its address is the guard's. Its `plugin_data` is nice-plug's.
    face: clap_plugin,
    /// nice-plug's functions.
    pub(super) inner: clap_plugin,
    pub(super) host: Arc<Host>,
    /// The parameters' numbers and largest values, in the order of the numbers; the smallest value is 0.
    pub(super) ranges: Vec<(u32, f64)>,
    initialised: AtomicBool,
    active: AtomicBool,
    /// Whether processing has started since it is active. nice-plug empties the meters whenever it starts, but a host may
    /// stop and start around every block.
    started: AtomicBool,
    /// Channels of the input and the output, since it is active.
    pub(super) channels: AtomicU32,
    /// Only ever tried for, inside of the audio door: an unlock with nobody waiting calls no system.
    pub(super) scratch: Mutex<audio::Scratch>,
    /// Whoever processes, or keeps others from it.
    pub(super) audio: Door,
    /// Whoever does the window's work, and that of the main thread.
    pub(super) main: Door,
    /// The host called back, closed the window or destroyed the plugin from inside of a call back: to be done after it.
    called_back: AtomicBool,
    pub(super) closing: AtomicBool,
    ending: AtomicBool,
    /// It is being destroyed.
    ends: AtomicBool,
}

impl Guard {
    /// Makes the plugin that stands before `inner`, whose host is `host`. The host destroys it.
    pub(super) fn hand_out(inner: clap_plugin, host: Arc<Host>) -> *const clap_plugin {
        let ranges = extensions::ranges(&inner);
        let guard = Box::new(Self {
            face: clap_plugin {
                init: Some(init),
                destroy: Some(destroy),
                activate: Some(activate),
                deactivate: Some(deactivate),
                start_processing: Some(start_processing),
                stop_processing: Some(stop_processing),
                reset: Some(reset),
                process: Some(audio::process),
                get_extension: Some(get_extension),
                on_main_thread: Some(on_main_thread),
                ..inner
            },
            inner,
            host,
            ranges,
            initialised: AtomicBool::new(false),
            active: AtomicBool::new(false),
            started: AtomicBool::new(false),
            channels: AtomicU32::new(0),
            scratch: Mutex::default(),
            audio: Door::default(),
            main: Door::default(),
            called_back: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            ending: AtomicBool::new(false),
            ends: AtomicBool::new(false),
        });
        Box::into_raw(guard).cast_const().cast()
    }

    /// The guard behind a plugin; `None` for null.
    ///
    /// # Safety
    ///
    /// `plugin` must be null or handed out here, and not destroyed yet.
    pub(super) unsafe fn of<'a>(plugin: *const clap_plugin) -> Option<&'a Self> {
        // SAFETY: the plugin is the guard's first field, and the pointer is that of the whole guard.
        unsafe { plugin.cast::<Self>().as_ref() }
    }

    /// What nice-plug's functions are called with.
    pub(super) fn face(&self) -> *const clap_plugin {
        ptr::from_ref(self).cast()
    }

    /// nice-plug's table for an extension. `T` must be the type that goes with `id`.
    pub(super) fn table<T>(&self, id: &CStr) -> Option<&T> {
        let table = call!(self.inner => get_extension(self.face(), id.as_ptr()), ptr::null());
        // SAFETY: nice-plug's tables live as long as its plugin.
        unsafe { table.cast::<T>().as_ref() }
    }

    /// The largest value of a parameter, if there is one of that number.
    pub(super) fn most(&self, id: u32) -> Option<f64> {
        extensions::most(&self.ranges, id)
    }

    /// Does the main thread's work, which no other thread does meanwhile; `None` where one is at it for too long. Work inside of
    /// work is done at once: the host may be called by it, and call back. What the host asked for meanwhile and was put off is
    /// done at the end.
    ///
    /// # Safety
    ///
    /// As for [`Self::of`]. The plugin may be gone afterwards.
    pub(super) unsafe fn work<R>(plugin: *const clap_plugin, work: impl FnOnce() -> R) -> Option<R> {
        // SAFETY: as the caller promises.
        let guard = unsafe { Self::of(plugin) }?;
        let Some(inside) = guard.main.enter() else {
            return guard.main.is_mine().then(work);
        };
        let result = work();
        drop(inside);
        if guard.called_back.swap(false, Ordering::AcqRel) {
            guard.host.request_callback();
        }
        let closing = guard.closing.swap(false, Ordering::AcqRel);
        let ending = guard.ending.swap(false, Ordering::AcqRel);
        // SAFETY: the host did not destroy the plugin yet, or it was put off until now.
        unsafe {
            if closing {
                window::destroy(plugin);
            }
            if ending {
                destroy(plugin);
            }
        }
        Some(result)
    }

    pub(super) fn is_initialised(&self) -> bool {
        self.initialised.load(Ordering::Acquire)
    }

    pub(super) fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }

    /// Stops processing, which the host did for the last time or not at all. Only with nobody processing.
    fn stop(&self) {
        if self.started.swap(false, Ordering::AcqRel) {
            call!(self.inner => stop_processing(self.face()), ());
        }
    }
}

unsafe extern "C" fn init(plugin: *const clap_plugin) -> bool {
    // SAFETY: the invariants of this module.
    let Some(guard) = (unsafe { Guard::of(plugin) }) else {
        return false;
    };
    // What the host offers is asked for once.
    if guard.is_initialised() {
        return true;
    }
    let initialised = call!(guard.inner => init(plugin), false);
    guard.initialised.store(initialised, Ordering::Release);
    initialised
}

unsafe extern "C" fn destroy(plugin: *const clap_plugin) {
    // SAFETY: the invariants of this module.
    let Some(guard) = (unsafe { Guard::of(plugin) }) else {
        return;
    };
    if guard.main.is_mine() {
        guard.ending.store(true, Ordering::Release);
        return;
    }
    if guard.ends.swap(true, Ordering::AcqRel) {
        return;
    }
    // SAFETY: as above.
    unsafe {
        window::destroy(plugin);
        deactivate(plugin);
    }
    if guard.host.window() != 0 || guard.is_active() {
        // A window that another thread holds cannot be closed here, nor can a block be ended that is on: the plugin must not go
        // before them.
        guard.ends.store(false, Ordering::Release);
        return;
    }
    call!(guard.inner => destroy(plugin), ());
    // SAFETY: handed out as a box, and the host does not use it any more.
    drop(unsafe { Box::from_raw(plugin.cast_mut().cast::<Guard>()) });
}

unsafe extern "C" fn activate(plugin: *const clap_plugin, rate: f64, least: u32, most: u32) -> bool {
    // SAFETY: the invariants of this module.
    let Some(guard) = (unsafe { Guard::of(plugin) }) else {
        return false;
    };
    let sound = (1.0..=f64::from(u32::MAX)).contains(&rate) && most > 0;
    if !sound || !guard.is_initialised() {
        return false;
    }
    let Some(_inside) = guard.audio.enter() else {
        return false;
    };
    if guard.is_active() {
        return false;
    }
    let channels = main_channels(guard);
    guard.channels.store(channels, Ordering::Release);
    *guard.scratch.lock() = audio::Scratch::new(channels, most);
    let active = call!(guard.inner => activate(plugin, rate, least.min(most), most), false);
    guard.active.store(active, Ordering::Release);
    active
}

/// Channels of the main ports; the input has as many as the output.
fn main_channels(guard: &Guard) -> u32 {
    // SAFETY: all-zero is a valid value of this plain structure.
    let mut info: clap_audio_port_info = unsafe { std::mem::zeroed() };
    let table = guard.table::<clap_plugin_audio_ports>(CLAP_EXT_AUDIO_PORTS);
    let known = table.is_some_and(|table| call!(table => get(guard.face(), 0, false, &mut info), false));
    if known { info.channel_count } else { 0 }
}

unsafe extern "C" fn deactivate(plugin: *const clap_plugin) {
    // SAFETY: the invariants of this module.
    let Some(guard) = (unsafe { Guard::of(plugin) }) else {
        return;
    };
    let Some(_inside) = guard.audio.enter() else {
        return;
    };
    if !guard.is_active() {
        return;
    }
    guard.stop();
    call!(guard.inner => deactivate(plugin), ());
    guard.active.store(false, Ordering::Release);
}

unsafe extern "C" fn start_processing(plugin: *const clap_plugin) -> bool {
    // SAFETY: the invariants of this module.
    let Some(guard) = (unsafe { Guard::of(plugin) }) else {
        return false;
    };
    let Some(_inside) = guard.audio.try_enter() else {
        return false;
    };
    if !guard.is_active() {
        return false;
    }
    guard.started.swap(true, Ordering::AcqRel) || call!(guard.inner => start_processing(plugin), false)
}

/// Nothing: what was heard stays heard. [`deactivate`] tells nice-plug.
unsafe extern "C" fn stop_processing(_plugin: *const clap_plugin) {}

unsafe extern "C" fn reset(plugin: *const clap_plugin) {
    // SAFETY: the invariants of this module.
    let Some(guard) = (unsafe { Guard::of(plugin) }) else {
        return;
    };
    let inside = guard.audio.try_enter();
    if inside.is_some() && guard.is_active() {
        call!(guard.inner => reset(plugin), ());
    }
}

unsafe extern "C" fn get_extension(plugin: *const clap_plugin, id: *const c_char) -> *const c_void {
    // SAFETY: the invariants of this module.
    let Some(guard) = (unsafe { Guard::of(plugin) }) else {
        return ptr::null();
    };
    if id.is_null() {
        return ptr::null();
    }
    // SAFETY: not null, so a text.
    let name = unsafe { CStr::from_ptr(id) };
    // A track's name is not shown.
    let inner = call!(guard.inner => get_extension(plugin, id), ptr::null());
    if inner.is_null() || name == CLAP_EXT_TRACK_INFO {
        ptr::null()
    } else if name == CLAP_EXT_PARAMS {
        ptr::from_ref(&extensions::PARAMS).cast()
    } else if name == CLAP_EXT_STATE {
        ptr::from_ref(&extensions::STATE).cast()
    } else if name == CLAP_EXT_NOTE_PORTS {
        ptr::from_ref(&extensions::NOTE_PORTS).cast()
    } else if name == CLAP_EXT_AUDIO_PORTS_CONFIG {
        ptr::from_ref(&extensions::AUDIO_PORTS_CONFIG).cast()
    } else if name == CLAP_EXT_GUI {
        ptr::from_ref(&window::GUI).cast()
    } else {
        inner
    }
}

unsafe extern "C" fn on_main_thread(plugin: *const clap_plugin) {
    // SAFETY: the invariants of this module.
    let Some(guard) = (unsafe { Guard::of(plugin) }) else {
        return;
    };
    if guard.main.is_taken() {
        // Whoever is at it asks for another call.
        guard.called_back.store(true, Ordering::Release);
        return;
    }
    // SAFETY: as above.
    unsafe {
        Guard::work(plugin, || {
            let holder = guard.host.window();
            if holder == 0 || holder == this_thread() {
                call!(guard.inner => on_main_thread(plugin), ());
                guard.host.tell();
            }
        })
    };
}
