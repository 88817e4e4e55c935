//! The CLAP format: nice-plug's plugin behind a guard.
//!
//! nice-plug 0.4.2 trusts its host: an index one past the end, a null pointer, a callback at the wrong moment end the
//! whole process. The guard stands between the two. It is handed out as the plugin, and nice-plug is given a host of ours;
//! what both agree on is passed on as it is, the rest is answered here.
//!
//! | room | holds |
//! |---|---|
//! | `guard` | the plugin's own functions, in any order, on any thread |
//! | `audio` | blocks: buffers and events |
//! | `extensions` | parameters, states, ports |
//! | `window` | the window |
//! | `host` | what nice-plug takes for its host |
//!
//! **Invariants of all `unsafe` code here.** A `*const clap_plugin` that a host passes is null or was handed out by
//! [`create_plugin`] and is not destroyed yet, so it points to a [`guard::Guard`]; a `*const clap_host` that nice-plug
//! passes is the one of that guard. Other pointers of the host are null or valid for what the format says of them.
//! Functions of nice-plug are called with the guard's own `clap_plugin`: it has nice-plug's `plugin_data`, which is all
//! that they look at.

mod audio;
mod extensions;
mod guard;
mod host;
mod window;

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::{Arc, OnceLock};

use clap_sys::entry::clap_plugin_entry;
use clap_sys::factory::plugin_factory::{CLAP_PLUGIN_FACTORY_ID, clap_plugin_factory};
use clap_sys::host::clap_host;
use clap_sys::plugin::{clap_plugin, clap_plugin_descriptor};
use clap_sys::version::{CLAP_VERSION, clap_version_is_compatible};
use nice_plug::wrapper::clap::{PluginDescriptor, Wrapper};
use nice_plug::wrapper::setup_logger;

use crate::Echometer;
use crate::touched::telling;
use guard::Guard;
use host::Host;

/// Calls a function of a table, where it is there; otherwise the answer is `$otherwise`.
macro_rules! call {
    ($table:expr => $name:ident($($argument:expr),* $(,)?), $otherwise:expr) => {
        match $table.$name {
            // Some callers are in an `unsafe` block already.
            #[allow(unused_unsafe)]
            // SAFETY: the invariants of this module.
            Some(function) => unsafe { function($($argument),*) },
            None => $otherwise,
        }
    };
}
use call;

/// What hosts look for in the library.
#[unsafe(no_mangle)]
#[used]
static clap_entry: clap_plugin_entry = clap_plugin_entry {
    clap_version: CLAP_VERSION,
    init: Some(init),
    deinit: Some(deinit),
    get_factory: Some(get_factory),
};

static FACTORY: clap_plugin_factory = clap_plugin_factory {
    get_plugin_count: Some(get_plugin_count),
    get_plugin_descriptor: Some(get_plugin_descriptor),
    create_plugin: Some(create_plugin),
};

fn descriptor() -> &'static PluginDescriptor {
    static DESCRIPTOR: OnceLock<PluginDescriptor> = OnceLock::new();
    DESCRIPTOR.get_or_init(PluginDescriptor::for_plugin::<Echometer>)
}

unsafe extern "C" fn init(_path: *const c_char) -> bool {
    setup_logger::<Echometer>();
    true
}

unsafe extern "C" fn deinit() {}

unsafe extern "C" fn get_factory(id: *const c_char) -> *const c_void {
    // SAFETY: not null, so a text.
    if !id.is_null() && unsafe { CStr::from_ptr(id) } == CLAP_PLUGIN_FACTORY_ID {
        ptr::from_ref(&FACTORY).cast()
    } else {
        ptr::null()
    }
}

unsafe extern "C" fn get_plugin_count(_factory: *const clap_plugin_factory) -> u32 {
    1
}

unsafe extern "C" fn get_plugin_descriptor(
    _factory: *const clap_plugin_factory,
    index: u32,
) -> *const clap_plugin_descriptor {
    if index == 0 {
        descriptor().clap_plugin_descriptor()
    } else {
        ptr::null()
    }
}

unsafe extern "C" fn create_plugin(
    _factory: *const clap_plugin_factory,
    host: *const clap_host,
    id: *const c_char,
) -> *const clap_plugin {
    // SAFETY: null or a host.
    let Some(given) = (unsafe { host.as_ref() }) else {
        return ptr::null();
    };
    // SAFETY: not null, so a text.
    let ours = !id.is_null() && unsafe { CStr::from_ptr(id) } == descriptor().clap_id();
    if !ours || !clap_version_is_compatible(given.clap_version) {
        return ptr::null();
    }
    let host = Host::new(given);
    let told = Arc::downgrade(&host);
    let tell = move |touched| {
        if let Some(host) = told.upgrade() {
            host.touch(touched);
        }
    };
    // SAFETY: the host lives as long as the guard, which ends after the plugin.
    let made = telling(Arc::new(tell), || unsafe {
        Wrapper::<Echometer>::new(host.face())
    });
    // SAFETY: the pointer is turned into an `Arc` again by nice-plug's `destroy`.
    let inner = unsafe { *(*Arc::into_raw(made)).clap_plugin.as_ptr() };
    Guard::hand_out(inner, host)
}
