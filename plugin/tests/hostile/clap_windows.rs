//! CLAP: the window, opened and closed by a host in a hurry.

use std::ffi::CStr;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap_sys::ext::gui::{
    CLAP_EXT_GUI, CLAP_WINDOW_API_COCOA, CLAP_WINDOW_API_WIN32, CLAP_WINDOW_API_X11, clap_gui_resize_hints,
    clap_plugin_gui, clap_window, clap_window_handle,
};
use clap_sys::plugin::clap_plugin;
use echometer_tests::{skip, system_calls};

use crate::alone::{assert_no_window_thread, on_main_thread, while_working, window_threads, with_display};
use crate::clap_host::{Raw, ask, set};
use crate::hosts::system::eventually;
use crate::hosts::vst3::Vst3;
use crate::hosts::{self, Host};
use crate::vst3_view::View;
use crate::x11::Parent;

fn gui(host: &Raw) -> *const clap_plugin_gui {
    host.table(CLAP_EXT_GUI)
}

fn create(host: &Raw) -> bool {
    ask!(gui(host) => create(host.plugin, CLAP_WINDOW_API_X11.as_ptr(), false))
}

fn set_parent(host: &Raw, api: &CStr, id: u64) -> bool {
    let window = clap_window {
        api: api.as_ptr(),
        specific: clap_window_handle { x11: id },
    };
    ask!(gui(host) => set_parent(host.plugin, &window))
}

fn open(host: &Raw, parent: &Parent) {
    assert!(create(host));
    assert!(set_parent(host, CLAP_WINDOW_API_X11, parent.id.into()));
    assert!(ask!(gui(host) => show(host.plugin)));
}

fn close(host: &Raw) {
    ask!(gui(host) => destroy(host.plugin));
    assert_no_window_thread();
}

/// Calls back for a while.
fn pump(host: &Raw, duration: Duration) {
    let start = Instant::now();
    while start.elapsed() < duration {
        host.call_back();
        thread::sleep(Duration::from_millis(2));
    }
}

/// A parameter changes with every block, another thread sets states, and the window opens and closes.
#[test]
fn parameters_change_while_the_window_opens_and_closes() {
    with_display(
        "clap_windows::parameters_change_while_the_window_opens_and_closes",
        || {
            let host = Raw::new();
            host.activate(48_000.0);
            host.start();
            let (freeze, _) = host.param("Freeze");
            let (bypass, _) = host.param("Bypass");
            let state = host.save(usize::MAX);
            let mut on = 0.0;
            let play = || {
                on = 1.0 - on;
                let played = host.play(&mut vec![vec![0.25; 64]; 2], &[set(freeze, on), set(bypass, on)]);
                assert_ne!(played, 0);
            };
            let load = || assert!(host.load(&state, 17));
            while_working(play, || {
                while_working(load, || {
                    on_main_thread(|| {
                        let parent = Parent::new();
                        for round in 0..300 {
                            open(&host, &parent);
                            host.call_back();
                            if round % 50 == 0 {
                                pump(&host, Duration::from_millis(100));
                            }
                            close(&host);
                        }
                    });
                });
            });
            host.end();
        },
    );
}

/// Calls what needs a window; whether there is one that this thread may touch.
fn touch(host: &Raw, parent: &Parent, there: bool) {
    let (plugin, table) = (host.plugin, gui(host));
    let (mut width, mut height) = (0, 0);
    assert_eq!(set_parent(host, CLAP_WINDOW_API_X11, parent.id.into()), there);
    assert_eq!(ask!(table => show(plugin)), there);
    assert_eq!(ask!(table => hide(plugin)), there);
    assert_eq!(ask!(table => set_size(plugin, 700, 500)), there);
    assert!(ask!(table => get_size(plugin, &mut width, &mut height)));
    assert_eq!(ask!(table => adjust_size(plugin, &mut width, &mut height)), there);
    assert!(!ask!(table => adjust_size(plugin, ptr::null_mut(), ptr::null_mut())));
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
        assert!(!ask!(table => set_scale(plugin, scale)));
    }
}

/// The window's functions without a window, twice, with nonsense, and on the wrong thread.
#[test]
fn window_functions_come_in_any_order() {
    with_display("clap_windows::window_functions_come_in_any_order", || {
        on_main_thread(|| {
            let host = Raw::bare();
            let (plugin, table) = (host.plugin, gui(&host));
            assert!(!create(&host), "not initialised");
            assert!(ask!(plugin => init(plugin)));
            let parent = Parent::new();
            let touches = |there| touch(&host, &parent, there);
            touches(false);
            ask!(table => destroy(plugin));
            assert!(!ask!(table => create(plugin, ptr::null(), false)));
            assert!(!ask!(table => create(plugin, CLAP_WINDOW_API_WIN32.as_ptr(), false)));
            assert!(!ask!(table => create(plugin, CLAP_WINDOW_API_X11.as_ptr(), true)));
            assert!(!ask!(table => is_api_supported(plugin, ptr::null(), false)));
            assert!(!ask!(table => get_preferred_api(plugin, ptr::null_mut(), ptr::null_mut())));
            assert!(!ask!(table => get_size(plugin, ptr::null_mut(), ptr::null_mut())));
            assert!(!ask!(table => get_resize_hints(plugin, ptr::null_mut::<clap_gui_resize_hints>())));
            assert!(create(&host) && !create(&host), "one window");
            touches(true);
            assert!(!ask!(table => set_parent(plugin, ptr::null())));
            assert!(!set_parent(&host, CLAP_WINDOW_API_X11, 0));
            assert!(!set_parent(&host, CLAP_WINDOW_API_COCOA, 0));
            for other in [CLAP_WINDOW_API_COCOA, CLAP_WINDOW_API_WIN32] {
                assert!(!set_parent(&host, other, parent.id.into()));
            }
            assert!(!set_parent(
                &host,
                CLAP_WINDOW_API_X11,
                1 << 32 | u64::from(parent.id)
            ));
            set_parent(&host, CLAP_WINDOW_API_X11, 0xDEAD_BEEF);
            assert!(!ask!(table => set_size(plugin, 0, 0)));
            assert!(!ask!(table => set_size(plugin, 16_385, 500)));
            assert!(!ask!(table => set_size(plugin, u32::MAX, u32::MAX)));
            ask!(table => set_size(plugin, 1, 1));
            thread::scope(|scope| {
                let (host, parent) = (&host, &parent);
                scope.spawn(move || {
                    touch(host, parent, false);
                    ask!(gui(host) => destroy(host.plugin));
                    ask!(host.plugin => on_main_thread(host.plugin));
                });
            });
            touches(true);
            ask!(table => destroy(plugin));
            close(&host);
            touches(false);
            host.end();
            assert_no_window_thread();
        });
    });
}

/// A host that thinks better of it: the window is closed before it has a parent, or right after.
#[test]
fn a_window_is_closed_as_soon_as_it_is_made() {
    with_display("clap_windows::a_window_is_closed_as_soon_as_it_is_made", || {
        on_main_thread(|| {
            let (host, parent) = (Raw::new(), Parent::new());
            for round in 0..200 {
                assert!(create(&host));
                if round % 2 == 1 {
                    assert!(set_parent(&host, CLAP_WINDOW_API_X11, parent.id.into()));
                }
                close(&host);
            }
            host.end();
        });
    });
}

/// The host is asked for another size: it gives it at once, as many do, and closes the window in the same breath.
#[test]
fn a_window_is_sized_and_closed_inside_of_a_call() {
    with_display(
        "clap_windows::a_window_is_sized_and_closed_inside_of_a_call",
        || {
            on_main_thread(|| {
                let (host, parent) = (Raw::new(), Parent::new());
                open(&host, &parent);
                let given = Arc::new(AtomicU32::new(0));
                let (gives, plugin, table) = (
                    Arc::clone(&given),
                    host.plugin.expose_provenance(),
                    gui(&host).expose_provenance(),
                );
                *host.face.resize.lock().unwrap() = Some(Box::new(move |width, height| {
                    let plugin: *const clap_plugin = ptr::with_exposed_provenance(plugin);
                    let table: *const clap_plugin_gui = ptr::with_exposed_provenance(table);
                    assert!(ask!(table => set_size(plugin, width, height)));
                    assert!(!ask!(table => create(plugin, CLAP_WINDOW_API_X11.as_ptr(), false)));
                    ask!(plugin => on_main_thread(plugin));
                    ask!(table => destroy(plugin));
                    gives.fetch_add(1, Ordering::AcqRel);
                    true
                }));
                parent.resize(700, 500);
                assert!(eventually(|| {
                    host.call_back();
                    given.load(Ordering::Acquire) > 0
                }));
                // It is closed: what needs a window finds none.
                assert!(!ask!(gui(&host) => show(host.plugin)));
                assert_no_window_thread();
                *host.face.resize.lock().unwrap() = None;
                open(&host, &parent);
                close(&host);
                host.end();
            });
        },
    );
}

/// Two plugins, two windows, in one process.
#[test]
fn two_windows_are_open_at_once() {
    with_display("clap_windows::two_windows_are_open_at_once", || {
        on_main_thread(|| {
            let (parent, hosts) = (Parent::new(), [Raw::new(), Raw::new()]);
            for host in &hosts {
                open(host, &parent);
            }
            let [first, second] = hosts;
            pump(&first, Duration::from_millis(100));
            ask!(gui(&first) => destroy(first.plugin));
            pump(&second, Duration::from_millis(100));
            close(&second);
            first.end();
            second.end();
        });
    });
}

/// A host loads the plugin in both formats, from two files as they are installed. No window waits for the other's threads: it
/// knows its own by their names.
#[test]
fn two_copies_have_windows_of_different_names() {
    with_display("clap_windows::two_copies_have_windows_of_different_names", || {
        on_main_thread(|| {
            let folder = tempfile::tempdir().unwrap();
            let copy = folder.path().join("Echometer.clap");
            std::fs::copy(hosts::library(), &copy).unwrap();
            let (clap, vst3, parent) = (Raw::of(&copy), Vst3::new(), Parent::new());
            for _ in 0..3 {
                let view = View::open(&vst3, &parent, true);
                let theirs = window_threads();
                open(&clap, &parent);
                let both = window_threads();
                assert_eq!(theirs.len(), 1, "{theirs:?}");
                assert_eq!(both.len(), 2, "{both:?}");
                ask!(gui(&clap) => destroy(clap.plugin));
                assert_eq!(window_threads(), theirs);
                view.close();
                assert_no_window_thread();
            }
            clap.end();
        });
    });
}

/// The host ends its own window first, as some do; what is in it goes with it.
#[test]
fn the_host_window_goes_first() {
    with_display("clap_windows::the_host_window_goes_first", || {
        on_main_thread(|| {
            for _ in 0..5 {
                let (host, parent) = (Raw::new(), Parent::new());
                open(&host, &parent);
                pump(&host, Duration::from_millis(50));
                drop(parent);
                pump(&host, Duration::from_millis(200));
                close(&host);
                host.end();
            }
        });
    });
}

/// The last release and the end of the library come right after the window was closed, or even before.
#[test]
fn the_library_goes_with_the_window() {
    with_display("clap_windows::the_library_goes_with_the_window", || {
        on_main_thread(|| {
            for round in 0..20 {
                let (host, parent) = (Raw::new(), Parent::new());
                host.activate(48_000.0);
                host.start();
                open(&host, &parent);
                host.play(&mut vec![vec![0.25; 64]; 2], &[]);
                if round % 2 == 0 {
                    close(&host);
                }
                host.end();
                assert_no_window_thread();
            }
        });
    });
}

const RATE: u32 = 48_000;
const BLOCK: usize = 64;

/// What the watched process does: parameters change with each block while the window is open.
#[test]
fn child() {
    system_calls::child(|| {
        let host = Arc::new(Raw::new());
        host.activate(f64::from(RATE));
        host.start();
        let main = Arc::clone(&host);
        let (opened, opens) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let parent = Parent::new();
            open(&main, &parent);
            opened.send(()).unwrap();
            loop {
                pump(&main, Duration::from_secs(1));
            }
        });
        opens.recv().unwrap();
        let changed = ["Freeze", "Hold Peaks", "Bypass", "MIDI Rate"].map(|name| host.param(name).0);
        let mut samples = vec![vec![0.25; BLOCK]; 2];
        let mut on = 0.0;
        let mut play = move |begun: Instant, block: usize| {
            while begun.elapsed() < Duration::from_secs_f64((block * BLOCK) as f64 / f64::from(RATE)) {
                std::hint::spin_loop();
            }
            on = 1.0 - on;
            assert_ne!(host.play(&mut samples, &changed.map(|id| set(id, on))), 0);
        };
        let begun = Instant::now();
        (0..1500).for_each(|block| play(begun, block));
        move || {
            let begun = Instant::now();
            (0..1500).for_each(|block| play(begun, block));
        }
    });
}

#[test]
fn changing_parameters_calls_no_system() {
    if !system_calls::clock_is_free() {
        return skip("this machine's clock is read by a system call");
    }
    with_display("clap_windows::changing_parameters_calls_no_system", || {
        system_calls::none("clap_windows::child");
    });
}
