//! A CLAP host without manners: it calls the plugin's functions as they are, in any order, with anything.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_void};
use std::path::Path;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::entry::clap_plugin_entry;
use clap_sys::events::{
    CLAP_EVENT_PARAM_VALUE, clap_event_header, clap_event_param_value, clap_input_events, clap_output_events,
};
use clap_sys::ext::gui::{CLAP_EXT_GUI, clap_host_gui};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_host_params, clap_param_info, clap_plugin_params};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_plugin_state};
use clap_sys::factory::plugin_factory::{CLAP_PLUGIN_FACTORY_ID, clap_plugin_factory};
use clap_sys::host::clap_host;
use clap_sys::plugin::clap_plugin;
use clap_sys::process::{clap_process, clap_process_status};
use clap_sys::stream::{clap_istream, clap_ostream};
use clap_sys::version::CLAP_VERSION;
use libloading::{Library, Symbol};

use crate::hosts;

/// What the plugin sees of the host.
pub(crate) struct Face {
    pub(crate) host: clap_host,
    /// Whether the host offers tables of functions.
    has_tables: bool,
    callback: AtomicBool,
    /// How often the plugin said that parameters have other values.
    pub(crate) rescans: AtomicU32,
    /// What is done when the plugin asks for another size of its window; whether it gets that.
    pub(crate) resize: Mutex<Option<Resize>>,
    /// How often the plugin said that its window is gone.
    pub(crate) closed: AtomicU32,
}

pub(crate) type Resize = Box<dyn Fn(u32, u32) -> bool + Send>;

/// A host and its plugin. All functions may be called on any thread: that is what a careless host does.
pub(crate) struct Raw {
    pub(crate) plugin: *const clap_plugin,
    pub(crate) face: Box<Face>,
    library: Library,
}

// SAFETY: what the plugin must bear.
unsafe impl Send for Raw {}
// SAFETY: as above.
unsafe impl Sync for Raw {}

/// Calls one of the plugin's own functions, or one of an extension's table, which must be there.
macro_rules! ask {
    ($table:expr => $name:ident($($argument:expr),* $(,)?)) => {
{
            // Some callers are in an `unsafe` block already.
            #[allow(unused_unsafe)]
            // SAFETY: the functions must bear what they are given.
            let answer = unsafe { (*$table).$name.unwrap()($($argument),*) };
            answer
        }
    };
}
pub(crate) use ask;

static GUI: clap_host_gui = clap_host_gui {
    resize_hints_changed: Some(nothing),
    request_resize: Some(resize),
    request_show: None,
    request_hide: None,
    closed: Some(closed),
};

static PARAMS: clap_host_params = clap_host_params {
    rescan: Some(rescan),
    clear: None,
    request_flush: Some(nothing),
};

unsafe extern "C" fn nothing(_host: *const clap_host) {}

unsafe extern "C" fn resize(host: *const clap_host, width: u32, height: u32) -> bool {
    // SAFETY: the plugin passes the host that it was given.
    let face = unsafe { &*(*host).host_data.cast::<Face>() };
    let resize = face.resize.lock().unwrap();
    resize.as_ref().is_some_and(|resize| resize(width, height))
}

unsafe extern "C" fn rescan(host: *const clap_host, _flags: u32) {
    // SAFETY: the plugin passes the host that it was given.
    let face = unsafe { &*(*host).host_data.cast::<Face>() };
    face.rescans.fetch_add(1, Ordering::AcqRel);
}

unsafe extern "C" fn closed(host: *const clap_host, _was_destroyed: bool) {
    // SAFETY: the plugin passes the host that it was given.
    let face = unsafe { &*(*host).host_data.cast::<Face>() };
    face.closed.fetch_add(1, Ordering::AcqRel);
}

unsafe extern "C" fn request_callback(host: *const clap_host) {
    // SAFETY: as above.
    let face = unsafe { &*(*host).host_data.cast::<Face>() };
    face.callback.store(true, Ordering::Release);
}

unsafe extern "C" fn get_extension(host: *const clap_host, id: *const c_char) -> *const c_void {
    // SAFETY: as above; the name is a text.
    let (face, id) = unsafe { (&*(*host).host_data.cast::<Face>(), CStr::from_ptr(id)) };
    if !face.has_tables {
        ptr::null()
    } else if id == CLAP_EXT_GUI {
        ptr::from_ref(&GUI).cast()
    } else if id == CLAP_EXT_PARAMS {
        ptr::from_ref(&PARAMS).cast()
    } else {
        ptr::null()
    }
}

impl Raw {
    /// A host that offers what hosts offer.
    pub(crate) fn new() -> Self {
        Self::with(&hosts::library(), true)
    }

    /// [`Self::new`] with the plugin of another file.
    pub(crate) fn of(library: &Path) -> Self {
        Self::with(library, true)
    }

    /// A host that offers nothing, and has not initialised its plugin yet.
    pub(crate) fn bare() -> Self {
        Self::with(&hosts::library(), false)
    }

    fn with(library: &Path, has_tables: bool) -> Self {
        // SAFETY: the library is the plugin that was built with this test; loading it runs nothing else. Its entry is of
        // this type.
        unsafe {
            let library = Library::new(library).unwrap();
            let entry: Symbol<*const clap_plugin_entry> = library.get(b"clap_entry\0").unwrap();
            let entry = *entry;
            assert!(ask!(entry => init(c"/nowhere".as_ptr())));
            let factory =
                ask!(entry => get_factory(CLAP_PLUGIN_FACTORY_ID.as_ptr())).cast::<clap_plugin_factory>();
            let mut face = Box::new(Face {
                host: clap_host {
                    clap_version: CLAP_VERSION,
                    host_data: ptr::null_mut(),
                    name: c"mad".as_ptr(),
                    vendor: ptr::null(),
                    url: ptr::null(),
                    version: ptr::null(),
                    get_extension: Some(get_extension),
                    request_restart: Some(nothing),
                    request_process: Some(nothing),
                    request_callback: Some(request_callback),
                },
                has_tables,
                callback: AtomicBool::new(false),
                rescans: AtomicU32::new(0),
                resize: Mutex::new(None),
                closed: AtomicU32::new(0),
            });
            face.host.host_data = ptr::from_ref(&*face).cast_mut().cast();
            let plugin = ask!(factory => create_plugin(factory, &face.host, hosts::clap::ID.as_ptr()));
            assert!(!plugin.is_null());
            let raw = Self {
                plugin,
                face,
                library,
            };
            if has_tables {
                assert!(ask!(plugin => init(plugin)));
            }
            raw
        }
    }

    /// The plugin's table of an extension. `T` must be the type that goes with `id`.
    pub(crate) fn table<T>(&self, id: &CStr) -> *const T {
        let table = ask!(self.plugin => get_extension(self.plugin, id.as_ptr()));
        assert!(!table.is_null(), "{id:?}");
        table.cast()
    }

    pub(crate) fn activate(&self, rate: f64) {
        assert!(ask!(self.plugin => activate(self.plugin, rate, 1, 1024)));
    }

    pub(crate) fn start(&self) {
        assert!(ask!(self.plugin => start_processing(self.plugin)));
    }

    pub(crate) fn stop(&self) {
        ask!(self.plugin => stop_processing(self.plugin));
    }

    /// Calls back where the plugin asked for it.
    pub(crate) fn call_back(&self) {
        if self.face.callback.swap(false, Ordering::AcqRel) {
            ask!(self.plugin => on_main_thread(self.plugin));
        }
    }

    /// A block as it is.
    pub(crate) fn process(&self, process: &clap_process) -> clap_process_status {
        ask!(self.plugin => process(self.plugin, process))
    }

    /// A stereo block of these samples, which come out in their place.
    pub(crate) fn play(&self, channels: &mut [Vec<f32>], events: &[Event]) -> clap_process_status {
        let frames = channels.first().map_or(0, Vec::len) as u32;
        let mut pointers: Vec<_> = channels.iter_mut().map(Vec::as_mut_ptr).collect();
        let port = port(&mut pointers);
        let mut output = port;
        let list = Events::new(events);
        self.process(&block(frames, &port, &mut output, &list.list()))
    }

    /// The number of a parameter and its largest value.
    pub(crate) fn param(&self, name: &str) -> (u32, f64) {
        let table: *const clap_plugin_params = self.table(CLAP_EXT_PARAMS);
        let count = ask!(table => count(self.plugin));
        let mut found = (0..count).map(|index| {
            // SAFETY: all-zero is a valid value of this plain structure.
            let mut info: clap_param_info = unsafe { std::mem::zeroed() };
            assert!(ask!(table => get_info(self.plugin, index, &mut info)));
            info
        });
        let info = found.find(|info| {
            // SAFETY: the plugin ends names with a zero.
            unsafe { CStr::from_ptr(info.name.as_ptr()) }.to_str().unwrap() == name
        });
        info.map(|info| (info.id, info.max_value)).unwrap()
    }

    /// The value of a parameter of whole numbers, as the plugin keeps it: in 32 bits from 0 to 1.
    pub(crate) fn value(&self, name: &str) -> f64 {
        let (id, _) = self.param(name);
        let table: *const clap_plugin_params = self.table(CLAP_EXT_PARAMS);
        let mut value = f64::NAN;
        assert!(ask!(table => get_value(self.plugin, id, &mut value)));
        (value * 1e3).round() / 1e3
    }

    /// The state, in pieces of at most so many bytes.
    pub(crate) fn save(&self, piece: usize) -> Vec<u8> {
        let mut saved = (piece, Vec::new());
        let stream = clap_ostream {
            ctx: ptr::from_mut(&mut saved).cast(),
            write: Some(write),
        };
        let table: *const clap_plugin_state = self.table(CLAP_EXT_STATE);
        assert!(ask!(table => save(self.plugin, &stream)));
        saved.1
    }

    /// Whether the plugin took this state, read in pieces of at most so many bytes.
    pub(crate) fn load(&self, bytes: &[u8], piece: usize) -> bool {
        let given: (usize, Cell<usize>, &[u8]) = (piece, Cell::new(0), bytes);
        let stream = clap_istream {
            ctx: ptr::from_ref(&given).cast_mut().cast(),
            read: Some(read),
        };
        self.load_from(&stream)
    }

    pub(crate) fn load_from(&self, stream: *const clap_istream) -> bool {
        let table: *const clap_plugin_state = self.table(CLAP_EXT_STATE);
        ask!(table => load(self.plugin, stream))
    }

    /// Destroys the plugin and unloads the library at once.
    pub(crate) fn end(self) {
        ask!(self.plugin => destroy(self.plugin));
        drop(self.face);
        // SAFETY: as at the start.
        unsafe {
            let entry: Symbol<*const clap_plugin_entry> = self.library.get(b"clap_entry\0").unwrap();
            let entry = *entry;
            ask!(entry => deinit());
        }
        self.library.close().unwrap();
    }
}

unsafe extern "C" fn write(stream: *const clap_ostream, bytes: *const c_void, size: u64) -> i64 {
    // SAFETY: as `Raw::save` makes it; the plugin gives so many bytes.
    unsafe {
        let (piece, saved) = &mut *(*stream).ctx.cast::<(usize, Vec<u8>)>();
        let length = (*piece).min(size as usize);
        saved.extend(std::slice::from_raw_parts(bytes.cast::<u8>(), length));
        length as i64
    }
}

unsafe extern "C" fn read(stream: *const clap_istream, buffer: *mut c_void, size: u64) -> i64 {
    // SAFETY: as `Raw::load` makes it; the plugin has room for so many bytes.
    unsafe {
        let (piece, at, bytes) = &*(*stream).ctx.cast::<(usize, Cell<usize>, &[u8])>();
        let rest = &bytes[at.get()..];
        let length = (*piece).min(size as usize).min(rest.len());
        ptr::copy_nonoverlapping(rest.as_ptr(), buffer.cast(), length);
        at.set(at.get() + length);
        length as i64
    }
}

/// A port of these channels.
pub(crate) fn port(channels: &mut [*mut f32]) -> clap_audio_buffer {
    clap_audio_buffer {
        data32: channels.as_mut_ptr(),
        data64: ptr::null_mut(),
        channel_count: channels.len() as u32,
        latency: 0,
        constant_mask: 0,
    }
}

/// A block of one port each way.
pub(crate) fn block(
    frames: u32,
    input: *const clap_audio_buffer,
    output: *mut clap_audio_buffer,
    events: *const clap_input_events,
) -> clap_process {
    static OUT: clap_output_events = clap_output_events {
        ctx: ptr::null_mut(),
        try_push: Some(push),
    };
    unsafe extern "C" fn push(_list: *const clap_output_events, _event: *const clap_event_header) -> bool {
        true
    }
    clap_process {
        steady_time: -1,
        frames_count: frames,
        transport: ptr::null(),
        audio_inputs: input,
        audio_outputs: output,
        audio_inputs_count: 1,
        audio_outputs_count: 1,
        in_events: events,
        out_events: &OUT,
    }
}

/// A parameter's new value.
pub(crate) type Event = clap_event_param_value;

pub(crate) fn set(id: u32, value: f64) -> Event {
    Event {
        header: clap_event_header {
            size: size_of::<Event>() as u32,
            time: 0,
            space_id: 0,
            type_: CLAP_EVENT_PARAM_VALUE,
            flags: 0,
        },
        param_id: id,
        cookie: ptr::null_mut(),
        note_id: -1,
        port_index: -1,
        channel: -1,
        key: -1,
        value,
    }
}

/// Events of any kind, or null, in the order that the host likes.
pub(crate) struct Events(Vec<*const clap_event_header>);

impl Events {
    pub(crate) fn new<T>(events: &[T]) -> Self {
        Self(events.iter().map(|event| ptr::from_ref(event).cast()).collect())
    }

    pub(crate) fn any(events: Vec<*const clap_event_header>) -> Self {
        Self(events)
    }

    /// Lives as long as this.
    pub(crate) fn list(&self) -> clap_input_events {
        unsafe extern "C" fn size(list: *const clap_input_events) -> u32 {
            // SAFETY: as `list` makes it.
            unsafe { &*(*list).ctx.cast::<Events>() }.0.len() as u32
        }
        unsafe extern "C" fn get(list: *const clap_input_events, index: u32) -> *const clap_event_header {
            // SAFETY: as `list` makes it.
            let events = unsafe { &*(*list).ctx.cast::<Events>() };
            events.0.get(index as usize).copied().unwrap_or(ptr::null())
        }
        clap_input_events {
            ctx: ptr::from_ref(self).cast_mut().cast(),
            size: Some(size),
            get: Some(get),
        }
    }
}
