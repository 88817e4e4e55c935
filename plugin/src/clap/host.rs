//! What nice-plug takes for its host: the real one, without what it lacks or gets wrong.
//!
//! nice-plug panics where a host has no table of functions for windows, or leaves one of them out. And it does the
//! window's work on any thread that the host calls the main one, while the window may only be touched by the thread that
//! opened it: here, that is the main thread.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use clap_sys::ext::gui::{CLAP_EXT_GUI, clap_host_gui};
use clap_sys::ext::params::{
    CLAP_EXT_PARAMS, CLAP_PARAM_RESCAN_VALUES, clap_host_params, clap_param_clear_flags,
    clap_param_rescan_flags,
};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_host_state};
use clap_sys::ext::thread_check::{CLAP_EXT_THREAD_CHECK, clap_host_thread_check};
use clap_sys::host::clap_host;
use clap_sys::id::clap_id;

use super::call;
use crate::door::this_thread;
use crate::touched::Touched;

/// The host of one plugin.
pub(super) struct Host {
    /// What nice-plug sees; its `host_data` is this object.
    face: clap_host,
    /// Lives until the host has destroyed the plugin.
    real: *const clap_host,
    /// The thread that opened the window; 0 while there is none.
    window: AtomicUsize,
    /// What the host's main thread is to be told.
    saved: AtomicBool,
    values: AtomicBool,
}

// SAFETY: `real` is only used while the plugin lives, on threads that the format allows: asking for a call back is allowed on
// all of them, and the rest is done in that call.
unsafe impl Send for Host {}
// SAFETY: as above.
unsafe impl Sync for Host {}

static GUI: clap_host_gui = clap_host_gui {
    resize_hints_changed: Some(resize_hints_changed),
    request_resize: Some(request_resize),
    request_show: Some(request_show),
    request_hide: Some(request_hide),
    closed: Some(closed),
};

static PARAMS: clap_host_params = clap_host_params {
    rescan: Some(rescan),
    clear: Some(clear),
    request_flush: Some(request_flush),
};

static THREAD_CHECK: clap_host_thread_check = clap_host_thread_check {
    is_main_thread: Some(is_main_thread),
    is_audio_thread: Some(is_audio_thread),
};

impl Host {
    /// Never moved: nice-plug keeps its address.
    pub(super) fn new(real: &clap_host) -> Arc<Self> {
        Arc::new_cyclic(|own: &Weak<Self>| Self {
            face: clap_host {
                host_data: own.as_ptr().cast_mut().cast(),
                get_extension: Some(get_extension),
                request_restart: Some(request_restart),
                request_process: Some(request_process),
                request_callback: Some(request_callback),
                ..*real
            },
            real,
            window: AtomicUsize::new(0),
            saved: AtomicBool::new(false),
            values: AtomicBool::new(false),
        })
    }

    pub(super) fn face(&self) -> *const clap_host {
        &self.face
    }

    /// The thread that opened the window; 0 while there is none.
    pub(super) fn window(&self) -> usize {
        self.window.load(Ordering::Acquire)
    }

    pub(super) fn set_window(&self, thread: usize) {
        self.window.store(thread, Ordering::Release);
    }

    /// Tells the host's main thread as soon as it is there.
    pub(super) fn touch(&self, touched: Touched) {
        let told = match touched {
            Touched::Saved => &self.saved,
            Touched::Values => &self.values,
        };
        told.store(true, Ordering::Release);
        self.request_callback();
    }

    /// Tells what there is to tell. On the main thread only.
    pub(super) fn tell(&self) {
        if self.saved.swap(false, Ordering::AcqRel)
            && let Some(table) = self.extension::<clap_host_state>(CLAP_EXT_STATE)
        {
            call!(table => mark_dirty(self.real), ());
        }
        if self.values.swap(false, Ordering::AcqRel)
            && let Some(table) = self.extension::<clap_host_params>(CLAP_EXT_PARAMS)
        {
            call!(table => rescan(self.real, CLAP_PARAM_RESCAN_VALUES), ());
        }
    }

    /// Asks the host to call back on its main thread.
    pub(super) fn request_callback(&self) {
        // SAFETY: the host outlives the plugin.
        call!(unsafe { &*self.real } => request_callback(self.real), ());
    }

    /// A table of the real host, if it has that. `T` must be the type that goes with `id`.
    fn extension<T>(&self, id: &CStr) -> Option<&T> {
        // SAFETY: the host outlives the plugin, and so do its tables.
        unsafe {
            let table = call!((&*self.real) => get_extension(self.real, id.as_ptr()), ptr::null());
            table.cast::<T>().as_ref()
        }
    }
}

/// The host that nice-plug was given.
///
/// # Safety
///
/// `host` must be a [`Host::face`].
unsafe fn of<'a>(host: *const clap_host) -> &'a Host {
    // SAFETY: `host_data` is the object, which lives as long as the plugin.
    unsafe { &*(*host).host_data.cast::<Host>() }
}

unsafe extern "C" fn get_extension(_host: *const clap_host, id: *const c_char) -> *const c_void {
    // SAFETY: nice-plug asks with texts.
    let id = unsafe { CStr::from_ptr(id) };
    // Nothing else is used here: the latency never changes, there are no voices, and a track's name is not shown.
    if id == CLAP_EXT_GUI {
        ptr::from_ref(&GUI).cast()
    } else if id == CLAP_EXT_PARAMS {
        ptr::from_ref(&PARAMS).cast()
    } else if id == CLAP_EXT_THREAD_CHECK {
        ptr::from_ref(&THREAD_CHECK).cast()
    } else {
        ptr::null()
    }
}

/// Passes a function on to the real host: to the host itself, or to one of its tables.
macro_rules! pass_on {
    ($name:ident($($argument:ident: $type:ty),*)) => {
        unsafe extern "C" fn $name(host: *const clap_host $(, $argument: $type)*) {
            // SAFETY: nice-plug passes the host that it was given, and the real one outlives the plugin.
            let (real, table) = unsafe { (of(host).real, &*of(host).real) };
            call!(table => $name(real $(, $argument)*), ())
        }
    };
    ($id:ident, $table:ty, $name:ident($($argument:ident: $type:ty),*) $(-> $answer:ty, $otherwise:expr)?) => {
        unsafe extern "C" fn $name(host: *const clap_host $(, $argument: $type)*) $(-> $answer)? {
            // SAFETY: nice-plug passes the host that it was given.
            let host = unsafe { of(host) };
            match host.extension::<$table>($id) {
                Some(table) => call!(table => $name(host.real $(, $argument)*), pass_on!(@ $($otherwise)?)),
                None => pass_on!(@ $($otherwise)?),
            }
        }
    };
    (@) => { () };
    (@ $otherwise:expr) => { $otherwise };
}

pass_on!(request_restart());
pass_on!(request_process());
pass_on!(request_callback());
pass_on!(CLAP_EXT_GUI, clap_host_gui, resize_hints_changed());
pass_on!(CLAP_EXT_GUI, clap_host_gui, request_resize(width: u32, height: u32) -> bool, false);
pass_on!(CLAP_EXT_GUI, clap_host_gui, request_show() -> bool, false);
pass_on!(CLAP_EXT_GUI, clap_host_gui, request_hide() -> bool, false);
pass_on!(CLAP_EXT_GUI, clap_host_gui, closed(was_destroyed: bool));
pass_on!(CLAP_EXT_PARAMS, clap_host_params, rescan(flags: clap_param_rescan_flags));
pass_on!(CLAP_EXT_PARAMS, clap_host_params, clear(id: clap_id, flags: clap_param_clear_flags));
pass_on!(CLAP_EXT_PARAMS, clap_host_params, request_flush());

/// Whether nice-plug may do the window's work here and now. Where not, it asks to be called back.
unsafe extern "C" fn is_main_thread(host: *const clap_host) -> bool {
    // SAFETY: nice-plug passes the host that it was given.
    unsafe { of(host) }.window() == this_thread()
}

/// nice-plug does not ask.
unsafe extern "C" fn is_audio_thread(_host: *const clap_host) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use clap_sys::version::CLAP_VERSION;

    use super::*;

    /// What a host was asked for: call backs, marks, rescans.
    #[derive(Default)]
    struct Asked([AtomicU32; 3]);

    impl Asked {
        fn get(&self) -> [u32; 3] {
            self.0.each_ref().map(|count| count.load(Ordering::Relaxed))
        }
    }

    /// Counts.
    ///
    /// # Safety
    ///
    /// `host_data` must be an [`Asked`].
    unsafe fn count(host: *const clap_host, what: usize) {
        // SAFETY: as the caller promises.
        let asked = unsafe { &*(*host).host_data.cast::<Asked>() };
        asked.0[what].fetch_add(1, Ordering::Relaxed);
    }

    unsafe extern "C" fn called_back(host: *const clap_host) {
        // SAFETY: the host of the test below.
        unsafe { count(host, 0) };
    }

    unsafe extern "C" fn marked(host: *const clap_host) {
        // SAFETY: as above.
        unsafe { count(host, 1) };
    }

    unsafe extern "C" fn rescanned(host: *const clap_host, flags: u32) {
        assert_eq!(flags, CLAP_PARAM_RESCAN_VALUES);
        // SAFETY: as above.
        unsafe { count(host, 2) };
    }

    unsafe extern "C" fn tables(_host: *const clap_host, id: *const c_char) -> *const c_void {
        static STATE: clap_host_state = clap_host_state {
            mark_dirty: Some(marked),
        };
        static PARAMS: clap_host_params = clap_host_params {
            rescan: Some(rescanned),
            clear: None,
            request_flush: None,
        };
        // SAFETY: a text.
        let id = unsafe { CStr::from_ptr(id) };
        if id == CLAP_EXT_STATE {
            ptr::from_ref(&STATE).cast()
        } else if id == CLAP_EXT_PARAMS {
            ptr::from_ref(&PARAMS).cast()
        } else {
            ptr::null()
        }
    }

    #[test]
    fn the_main_thread_is_told_once_what_changed() {
        let asked = Asked::default();
        let real = clap_host {
            clap_version: CLAP_VERSION,
            host_data: ptr::from_ref(&asked).cast_mut().cast(),
            name: ptr::null(),
            vendor: ptr::null(),
            url: ptr::null(),
            version: ptr::null(),
            get_extension: Some(tables),
            request_restart: None,
            request_process: None,
            request_callback: Some(called_back),
        };
        let host = Host::new(&real);
        assert_eq!(host.face.host_data.cast_const(), Arc::as_ptr(&host).cast());
        host.tell();
        assert_eq!(asked.get(), [0; 3]);
        host.touch(Touched::Saved);
        host.touch(Touched::Saved);
        assert_eq!(asked.get(), [2, 0, 0]);
        host.tell();
        host.tell();
        assert_eq!(asked.get(), [2, 1, 0]);
        host.touch(Touched::Values);
        host.tell();
        assert_eq!(asked.get(), [3, 1, 1]);
    }
}
