//! VST3: the view, opened and closed by a host in a hurry.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use echometer_tests::{skip, system_calls};
use libloading::{Library, Symbol};
use vst3::ComPtr;
use vst3::ComWrapper;
use vst3::Steinberg::Vst::{
    IAudioProcessor, IComponent, IComponentHandler, IComponentTrait, IEditController, IEditControllerTrait,
};
use vst3::Steinberg::{
    FUnknown, IPlugFrame, IPlugViewContentScaleSupport, IPlugViewContentScaleSupportTrait, IPlugViewTrait,
    IPluginFactory3, IPluginFactory3Trait, ViewRect, kPlatformTypeHWND, kPlatformTypeX11EmbedWindowID,
    kResultOk,
};

use crate::alone::{alone, assert_no_window_thread, on_main_thread, while_working, with_display};
use crate::hosts::system::eventually;
use crate::hosts::vst3::{Vst3, factory, factory_of, load};
use crate::hosts::vst3_objects::{Changes, Stream};
use crate::hosts::{Host, Setup};
use crate::vst3_view::{Handler, LoopingFrame, View, attach, view};
use crate::x11::Parent;

/// What may be called on any thread here, as careless hosts do.
struct Shared<T>(T);
// SAFETY: what the plugin must bear.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn get(&self) -> &T {
        &self.0
    }
}

/// Runs the loop for a while.
fn pump(view: &View, duration: Duration) {
    let start = Instant::now();
    while start.elapsed() < duration {
        view.run();
        thread::sleep(Duration::from_millis(2));
    }
}

/// A parameter changes with every block, another thread sets states, and the view opens and closes.
fn open_and_close(has_loop: bool, sets_states: bool) {
    let mut host = Vst3::new();
    host.activate(Setup::playing(48_000, 64));
    let ids = ["Freeze", "Bypass", "Hold Peaks"].map(|name| host.id(name));
    let state = host.save();
    let host = Shared(host);
    let mut on = 0.0;
    let play = || {
        on = 1.0 - on;
        let changes = Changes::of(ids.map(|id| (id, on)).into_iter());
        host.get()
            .process_with(&[&[0.25; 64], &[0.25; 64]], false, changes);
    };
    let load = || {
        if sets_states {
            let stream = Stream::of(&state);
            let stream = stream.as_com_ref().unwrap().as_ptr();
            // SAFETY: the stream lives until the call returns.
            unsafe {
                assert_eq!(
                    IComponentTrait::setState(&host.get().component, stream),
                    kResultOk
                )
            };
        } else {
            // SAFETY: a plain call.
            unsafe { host.get().controller.setParamNormalized(ids[2], 1.0) };
        }
    };
    while_working(play, || {
        while_working(load, || {
            on_main_thread(|| {
                let parent = Parent::new();
                let handler = ComWrapper::new(Handler::default());
                let handler = handler.to_com_ptr::<IComponentHandler>().unwrap();
                // SAFETY: the plugin keeps a reference of its own.
                unsafe { host.get().controller.setComponentHandler(handler.as_ptr()) };
                for round in 0..300 {
                    let view = View::open(host.get(), &parent, has_loop);
                    view.run();
                    if round % 50 == 0 {
                        pump(&view, Duration::from_millis(100));
                    }
                    view.close();
                    assert_no_window_thread();
                }
            });
        });
    });
}

#[test]
fn parameters_change_while_the_view_opens_and_closes() {
    with_display(
        "vst3_windows::parameters_change_while_the_view_opens_and_closes",
        || {
            open_and_close(true, false);
        },
    );
}

#[test]
fn so_they_do_without_a_run_loop() {
    with_display("vst3_windows::so_they_do_without_a_run_loop", || {
        open_and_close(false, false)
    });
}

#[test]
fn states_are_set_while_the_view_opens_and_closes() {
    with_display(
        "vst3_windows::states_are_set_while_the_view_opens_and_closes",
        || {
            open_and_close(true, true);
        },
    );
}

/// After `removed`, the view's thread is gone.
#[test]
fn no_thread_outlives_its_view() {
    with_display("vst3_windows::no_thread_outlives_its_view", || {
        on_main_thread(|| {
            let (host, parent) = (Vst3::new(), Parent::new());
            for _ in 0..50 {
                let view = View::open(&host, &parent, true);
                view.run();
                view.remove();
                assert_no_window_thread();
                drop(view);
            }
        });
    });
}

/// The view's functions out of order, twice, with nonsense.
#[test]
fn view_functions_come_in_any_order() {
    with_display("vst3_windows::view_functions_come_in_any_order", || {
        on_main_thread(|| {
            let (host, parent) = (Vst3::new(), Parent::new());
            let one = view(&host).unwrap();
            let mut size = ViewRect {
                left: 0,
                top: 0,
                right: 700,
                bottom: 500,
            };
            // SAFETY: what the plugin must bear.
            unsafe {
                one.removed();
                one.onSize(&mut size);
                assert_ne!(one.getSize(std::ptr::null_mut()), kResultOk);
                assert_eq!(one.getSize(&mut size), kResultOk);
                one.onFocus(1);
                one.onWheel(1.0);
                one.onKeyDown(65, 0, 0);
                one.canResize();
                assert_ne!(one.checkSizeConstraint(std::ptr::null_mut()), kResultOk);
                one.setFrame(std::ptr::null_mut());
                assert_ne!(one.isPlatformTypeSupported(kPlatformTypeHWND), kResultOk);
                assert_eq!(
                    one.isPlatformTypeSupported(kPlatformTypeX11EmbedWindowID),
                    kResultOk
                );
                assert_ne!(
                    one.attached(std::ptr::null_mut(), kPlatformTypeX11EmbedWindowID),
                    kResultOk
                );
                let window = std::ptr::without_provenance_mut(parent.id as usize);
                assert_ne!(one.attached(window, kPlatformTypeHWND), kResultOk);
                // More bits than a window of X11 has.
                let none = std::ptr::without_provenance_mut(1 << 32 | parent.id as usize);
                assert_ne!(one.attached(none, kPlatformTypeX11EmbedWindowID), kResultOk);
            }
            assert_eq!(attach(&one, &parent), kResultOk);
            assert_ne!(attach(&one, &parent), kResultOk, "attached twice");
            // SAFETY: as above.
            unsafe {
                for (right, bottom) in [
                    (0, 0),
                    (-5, -5),
                    (1, 1),
                    (i32::MAX, i32::MAX),
                    (i32::MIN, i32::MIN),
                ] {
                    let mut odd = ViewRect {
                        left: 0,
                        top: 0,
                        right,
                        bottom,
                    };
                    one.checkSizeConstraint(&mut odd);
                    odd = ViewRect {
                        left: 0,
                        top: 0,
                        right,
                        bottom,
                    };
                    one.onSize(&mut odd);
                }
                one.onSize(std::ptr::null_mut());
                one.removed();
                one.removed();
            }
            assert_no_window_thread();
            assert_eq!(attach(&one, &parent), kResultOk, "once more");
            // Released while it is attached, by a host that forgets `removed`.
            drop(one);
            drop(host);
            assert_no_window_thread();
        });
    });
}

/// A host that forgets `removed` has no window left, and may open another.
#[test]
fn a_view_is_released_in_its_window() {
    with_display("vst3_windows::a_view_is_released_in_its_window", || {
        on_main_thread(|| {
            let (host, parent) = (Vst3::new(), Parent::new());
            for has_loop in [true, false, true] {
                let view = View::open(&host, &parent, has_loop);
                pump(&view, Duration::from_millis(50));
                view.release();
                assert_no_window_thread();
            }
        });
    });
}

/// The user moves a parameter, and the host answers by closing everything that it has: view, plugin and all references.
#[test]
fn everything_is_closed_inside_of_an_edit() {
    with_display("vst3_windows::everything_is_closed_inside_of_an_edit", || {
        on_main_thread(|| {
            for round in 0..5 {
                let (host, parent) = (Vst3::new(), Parent::new());
                let view = View::open(&host, &parent, true);
                let frame = view.frame();
                let controller = host.controller.clone();
                let all = Rc::new(RefCell::new(Some((view, host))));
                let theirs = Rc::clone(&all);
                let handler = ComWrapper::new(Handler::meddling(move || {
                    let taken = theirs.borrow_mut().take();
                    if let Some((view, host)) = taken {
                        if round % 2 == 0 {
                            view.close();
                        } else {
                            view.release();
                        }
                        drop(host);
                    }
                }));
                let handler = handler.to_com_ptr::<IComponentHandler>().unwrap();
                // SAFETY: the plugin keeps a reference of its own.
                unsafe { controller.setComponentHandler(handler.as_ptr()) };
                drop(controller);
                let closed = eventually(|| {
                    parent.press('h');
                    frame.run();
                    all.borrow().is_none()
                });
                assert!(closed, "no edit came");
                frame.run();
                assert_eq!(frame.left(), 0);
                assert_no_window_thread();
            }
        });
    });
}

/// The window is called on the thread that opened it: a run loop that comes on another one, or none at all, loses nothing.
#[test]
fn the_window_is_called_on_its_own_thread() {
    with_display("vst3_windows::the_window_is_called_on_its_own_thread", || {
        on_main_thread(|| {
            let (host, parent) = (Vst3::new(), Parent::new());
            for has_loop in [true, false] {
                let view = Shared(View::open(&host, &parent, has_loop));
                let asks = || {
                    let mut size = ViewRect {
                        left: 0,
                        top: 0,
                        right: 0,
                        bottom: 0,
                    };
                    // The window opens in the size that it had.
                    parent.resize(if has_loop { 700 } else { 750 }, 500);
                    // What the loop does on a thread that is none of the window's must not get lost.
                    thread::scope(|scope| drop(scope.spawn(|| view.get().run())));
                    thread::sleep(Duration::from_millis(5));
                    if has_loop {
                        view.get().run();
                    } else {
                        // SAFETY: the plugin fills in a rectangle of ours.
                        unsafe { view.get().view.getSize(&mut size) };
                    }
                    view.get().resized() > 0
                };
                assert!(eventually(asks), "a run loop: {has_loop}");
                view.0.close();
            }
        });
    });
}

/// A run loop of the host itself does for frames that have none: edits are heard on the thread that runs it.
#[test]
fn the_run_loop_of_the_host_does_too() {
    with_display("vst3_windows::the_run_loop_of_the_host_does_too", || {
        on_main_thread(|| {
            let factory = factory();
            let own = ComWrapper::new(LoopingFrame::default());
            let context = own.as_com_ref::<FUnknown>().unwrap().as_ptr();
            let third = factory.cast::<IPluginFactory3>().unwrap();
            // SAFETY: the plugin keeps a reference of its own.
            unsafe { assert_eq!(third.setHostContext(context), kResultOk) };
            let (host, parent) = (Vst3::made_by(&factory), Parent::new());
            let (heard, main) = (Arc::new(AtomicU32::new(0)), thread::current().id());
            let hears = Arc::clone(&heard);
            let handler = ComWrapper::new(Handler::meddling(move || {
                assert_eq!(thread::current().id(), main);
                hears.fetch_add(1, Ordering::AcqRel);
            }));
            let handler = handler.to_com_ptr::<IComponentHandler>().unwrap();
            // SAFETY: as above.
            unsafe { assert_eq!(host.controller.setComponentHandler(handler.as_ptr()), kResultOk) };
            let view = View::open(&host, &parent, false);
            assert_eq!(own.left(), 1);
            let edited = eventually(|| {
                parent.press('h');
                own.run();
                heard.load(Ordering::Acquire) > 0
            });
            assert!(edited);
            view.close();
            assert_eq!(own.left(), 0);
            // SAFETY: as above.
            unsafe { assert_eq!(third.setHostContext(std::ptr::null_mut()), kResultOk) };
        });
    });
}

/// A view that could not open leaves nothing behind, and another one opens.
#[test]
fn a_view_that_cannot_open_leaves_nothing_behind() {
    with_display(
        "vst3_windows::a_view_that_cannot_open_leaves_nothing_behind",
        || {
            on_main_thread(|| {
                let (host, parent) = (Vst3::new(), Parent::new());
                let one = view(&host).unwrap();
                let frame = ComWrapper::new(LoopingFrame::default());
                let lent = frame.as_com_ref::<IPlugFrame>().unwrap().as_ptr();
                // SAFETY: the frame lives as long as the view; no window has this number.
                unsafe {
                    assert_eq!(one.setFrame(lent), kResultOk);
                    let nowhere = std::ptr::without_provenance_mut(0xDEAD_BEEF);
                    assert_ne!(one.attached(nowhere, kPlatformTypeX11EmbedWindowID), kResultOk);
                }
                assert_eq!(frame.left(), 0);
                assert_no_window_thread();
                View::open(&host, &parent, true).close();
            });
        },
    );
}

/// The window has the size that the host was told, whatever it shows a logical pixel as.
#[test]
fn a_view_opens_in_the_size_that_it_said() {
    with_display("vst3_windows::a_view_opens_in_the_size_that_it_said", || {
        on_main_thread(|| {
            let (host, parent) = (Vst3::new(), Parent::new());
            let one = view(&host).unwrap();
            let scaled = one.cast::<IPlugViewContentScaleSupport>().unwrap();
            let size = || {
                let mut size = ViewRect {
                    left: 0,
                    top: 0,
                    right: 0,
                    bottom: 0,
                };
                // SAFETY: the plugin fills in a rectangle of ours.
                assert_eq!(unsafe { one.getSize(&mut size) }, kResultOk);
                (size.right, size.bottom)
            };
            let usual = size();
            // SAFETY: plain calls.
            unsafe {
                assert_eq!(scaled.setContentScaleFactor(1.5), kResultOk);
                assert_ne!(scaled.setContentScaleFactor(1e6), kResultOk);
            }
            let wanted = (usual.0 * 3 / 2, usual.1 * 3 / 2);
            assert_eq!(size(), wanted);
            assert_eq!(attach(&one, &parent), kResultOk);
            assert_eq!(parent.inside(), wanted);
            assert_eq!(size(), wanted);
            // SAFETY: plain calls.
            unsafe {
                let mut large = ViewRect {
                    left: 0,
                    top: 0,
                    right: 16_385,
                    bottom: 500,
                };
                assert_ne!(one.onSize(&mut large), kResultOk);
                assert_eq!(one.checkSizeConstraint(&mut large), kResultOk);
                assert_eq!(large.right, 16_384);
                assert_eq!(one.removed(), kResultOk);
            }
        });
    });
}

/// Two views of one plugin, or the second is refused; and of two plugins.
#[test]
fn two_views_are_open_at_once() {
    with_display("vst3_windows::two_views_are_open_at_once", || {
        on_main_thread(|| {
            let (host, parent) = (Vst3::new(), Parent::new());
            let first = View::open(&host, &parent, true);
            if let Some(second) = view(&host)
                && attach(&second, &parent) == kResultOk
            {
                pump(&first, Duration::from_millis(100));
                // SAFETY: a plain call.
                unsafe { second.removed() };
            }
            pump(&first, Duration::from_millis(100));
            let other = Vst3::new();
            let third = View::open(&other, &parent, false);
            pump(&first, Duration::from_millis(100));
            first.close();
            third.close();
            assert_no_window_thread();
        });
    });
}

/// The host ends its own window first.
#[test]
fn the_host_window_goes_first() {
    with_display("vst3_windows::the_host_window_goes_first", || {
        on_main_thread(|| {
            for has_loop in [true, false, true] {
                let (host, parent) = (Vst3::new(), Parent::new());
                let view = View::open(&host, &parent, has_loop);
                pump(&view, Duration::from_millis(50));
                drop(parent);
                pump(&view, Duration::from_millis(200));
                view.close();
                assert_no_window_thread();
            }
        });
    });
}

/// The last release and the end of the library come right after the view was closed.
#[test]
fn the_library_goes_with_the_view() {
    with_display("vst3_windows::the_library_goes_with_the_view", || {
        on_main_thread(|| {
            for _ in 0..20 {
                let library = load();
                module(&library, b"ModuleEntry\0");
                let parent = Parent::new();
                let mut host = Vst3::made_by(&factory_of(&library));
                host.activate(Setup::playing(48_000, 64));
                let view = View::open(&host, &parent, true);
                host.set("Freeze", 1.0);
                host.process(&[&[0.25; 64], &[0.25; 64]], false);
                view.close();
                drop(host);
                module(&library, b"ModuleExit\0");
                library.close().unwrap();
                assert_no_window_thread();
            }
        });
    });
}

/// One of the module's two functions, where it has them.
fn module(library: &Library, name: &[u8]) {
    // SAFETY: this is the signature of both on Linux; a null handle is what some hosts give.
    unsafe {
        let function: Symbol<unsafe extern "system" fn(*mut std::ffi::c_void) -> bool> =
            library.get(name).unwrap();
        function(std::ptr::null_mut());
    }
}

/// The host releases in any order: the view outlives the plugin's `terminate`.
#[test]
fn references_are_released_in_any_order() {
    alone("vst3_windows::references_are_released_in_any_order", || {
        let host = Vst3::new();
        let component: ComPtr<IComponent> = host.component.clone();
        let processor: ComPtr<IAudioProcessor> = host.processor.clone();
        let controller: ComPtr<IEditController> = host.controller.clone();
        let view = view(&host);
        drop(host);
        drop(component);
        drop(processor);
        // SAFETY: plain calls, after the end.
        unsafe {
            controller.getParameterCount();
            controller.getParamNormalized(0);
        }
        drop(controller);
        drop(view);
    });
}

const RATE: u32 = 48_000;
const BLOCK: usize = 64;

/// What the watched process does: parameters change with each block while the view is open.
#[test]
fn child() {
    system_calls::child(|| {
        let mut host = Vst3::new();
        host.activate(Setup::playing(RATE, BLOCK));
        let ids = ["Freeze", "Hold Peaks", "Bypass", "MIDI Rate"].map(|name| host.id(name));
        // Never dropped: the process ends before.
        let host: &'static Shared<Vst3> = Box::leak(Box::new(Shared(host)));
        let (opened, opens) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let parent = Parent::new();
            let view = View::open(host.get(), &parent, true);
            opened.send(()).unwrap();
            loop {
                pump(&view, Duration::from_secs(1));
            }
        });
        opens.recv().unwrap();
        let mut on = 0.0;
        let mut play = move |begun: Instant, block: usize| {
            while begun.elapsed() < Duration::from_secs_f64((block * BLOCK) as f64 / f64::from(RATE)) {
                std::hint::spin_loop();
            }
            on = 1.0 - on;
            let changes = Changes::of(ids.map(|id| (id, on)).into_iter());
            host.get()
                .process_with(&[&[0.25; BLOCK], &[0.25; BLOCK]], false, changes);
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
    with_display("vst3_windows::changing_parameters_calls_no_system", || {
        system_calls::none("vst3_windows::child");
    });
}
