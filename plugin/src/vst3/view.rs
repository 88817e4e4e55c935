//! The window, as a host holds it.

use std::error::Error;
use std::ffi::c_void;
use std::num::NonZeroIsize;
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Weak};

use fragile::Fragile;
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{NativeSize, Size};
use nice_plug::editor::{
    Editor, EditorHandle, HostCallbacks, HostMainThreadCaller, HostMethods, ParentWindowHandle, SpawnedEditor,
};
use parking_lot::Mutex;
use vst3::Steinberg::Vst::ViewType::kEditor;
use vst3::Steinberg::{
    FIDString, IPlugFrame, IPlugFrameTrait, IPlugView, IPlugViewContentScaleSupport,
    IPlugViewContentScaleSupport_::ScaleFactor, IPlugViewContentScaleSupportTrait, IPlugViewTrait, TBool,
    ViewRect, kInvalidArgument, kNotImplemented, kPlatformTypeHWND, kPlatformTypeNSView,
    kPlatformTypeX11EmbedWindowID, kResultFalse, kResultOk, tresult,
};
use vst3::{Class, ComPtr, ComRef, ComWrapper};

use super::answer;
use super::effect::Shared;
use super::host::{Host, Message, Remote};
#[cfg(target_os = "linux")]
use super::run_loop::Watch;
use super::text::same;
use crate::editor::SizedEditor;
use crate::window_end::{self, WindowThreads};

/// What hosts of this system call their windows.
const PLATFORM: FIDString = if cfg!(target_os = "windows") {
    kPlatformTypeHWND
} else if cfg!(target_os = "macos") {
    kPlatformTypeNSView
} else {
    kPlatformTypeX11EmbedWindowID
};

type Spawned = SpawnedEditor<<SizedEditor as Editor>::Handle>;

/// One view. Hosts may make several; one at a time has a window.
pub(super) struct View {
    shared: Arc<Shared>,
    frame: Arc<Frame>,
    /// The window, on the thread that opened it: hosts must not, and some do, call from another.
    window: Mutex<Option<Fragile<Rc<Spawned>>>>,
    threads: Mutex<Option<WindowThreads>>,
    /// How large the host shows a logical pixel.
    scale: Mutex<Option<f64>>,
    #[cfg(target_os = "linux")]
    watch: Mutex<Option<Watch>>,
}

/// What is around the window.
#[derive(Default)]
struct Frame {
    host: Mutex<Option<ComPtr<IPlugFrame>>>,
    /// The view itself, without a reference: null once it is gone.
    view: AtomicPtr<IPlugView>,
}

#[cfg(target_os = "linux")]
impl Class for View {
    type Interfaces = (
        IPlugView,
        IPlugViewContentScaleSupport,
        vst3::Steinberg::Linux::IEventHandler,
    );
}

#[cfg(not(target_os = "linux"))]
impl Class for View {
    type Interfaces = (IPlugView, IPlugViewContentScaleSupport);
}

/// Makes a view, with a reference that is the caller's; null where there is no window of this name.
///
/// # Safety
///
/// `name` must be null or end in a zero.
pub(super) unsafe fn create(shared: &Arc<Shared>, name: FIDString) -> *mut IPlugView {
    // SAFETY: the caller's own, and a constant.
    let known = name.is_null() || unsafe { same(name, kEditor) };
    if !known || shared.editor.lock().is_none() {
        return ptr::null_mut();
    }
    let view = ComWrapper::new(View {
        shared: Arc::clone(shared),
        frame: Arc::default(),
        window: Mutex::new(None),
        threads: Mutex::new(None),
        scale: Mutex::new(None),
        #[cfg(target_os = "linux")]
        watch: Mutex::new(None),
    });
    let made = view
        .to_com_ptr::<IPlugView>()
        .map_or(ptr::null_mut(), ComPtr::into_raw);
    view.frame.view.store(made, Ordering::Release);
    made
}

impl Frame {
    /// Asks the host for another size. On the main thread only.
    fn ask(&self, size: NativeSize<u32>) -> bool {
        let host = self.host.lock().clone();
        let view = self.view.load(Ordering::Acquire);
        let mut wanted = ViewRect {
            left: 0,
            top: 0,
            right: size.width as i32,
            bottom: size.height as i32,
        };
        // SAFETY: a view that is not null lives: it is asked for on the thread that would drop it.
        host.is_some_and(|host| !view.is_null() && unsafe { host.resizeView(view, &mut wanted) } == kResultOk)
    }
}

/// What the window calls on the main thread.
struct Callbacks(Weak<Frame>);

impl HostCallbacks for Callbacks {
    fn request_resize(&mut self, size: Size, scale: f64) -> Result<(), Box<dyn Error>> {
        let frame = self.0.upgrade();
        if frame.is_some_and(|frame| frame.ask(NativeSize::from_size(size, scale))) {
            Ok(())
        } else {
            Err("the host refuses this size".into())
        }
    }

    fn destroyed(&mut self) {}
}

/// How the window gets there.
struct Caller(Weak<Host>);

impl HostMainThreadCaller for Caller {
    fn call_main_thread(&mut self) {
        if let Some(host) = self.0.upgrade() {
            host.tell(Message::Window);
        }
    }
}

impl View {
    /// The window, where it is this thread's.
    fn window(&self) -> Option<Rc<Spawned>> {
        // A reference of its own: what is done with it may call back, and close the window.
        self.window.lock().as_ref()?.try_get().ok().cloned()
    }

    fn open(&self, parent: ParentWindowHandle) -> bool {
        self.listen();
        let host = HostMethods {
            callbacks: Box::new(Callbacks(Arc::downgrade(&self.frame))),
            main_thread_caller: Box::new(Caller(Arc::downgrade(&self.shared.host))),
        };
        let context = GuiContext::new(Arc::new(Remote(Arc::downgrade(&self.shared))));
        let scale = *self.scale.lock();
        let (spawned, threads) = window_end::opened(|| match &*self.shared.editor.lock() {
            Some(editor) => editor.spawn(Some(parent), false, scale, context, Some(host)),
            None => Err("there is no window to open".into()),
        });
        let shown = spawned.and_then(|spawned| {
            spawned.handle.show(&spawned.window)?;
            Ok(spawned)
        });
        match shown {
            Ok(spawned) => {
                *self.window.lock() = Some(Fragile::new(Rc::new(spawned)));
                *self.threads.lock() = threads;
                true
            }
            Err(error) => {
                tracing::error!(%error, "the window cannot be opened");
                self.unlisten();
                false
            }
        }
    }

    /// Closes the window, where it is this thread's; whether it did.
    fn close(&self) -> bool {
        let mut window = self.window.lock();
        match window.take().map(Fragile::try_into_inner) {
            Some(Ok(spawned)) => {
                drop(window);
                // Its threads end first: from then on nobody rings, and nobody runs in a library that is unloaded.
                let last = Rc::into_inner(spawned).map(drop);
                if let (Some(()), Some(threads)) = (last, self.threads.lock().take()) {
                    threads.wait();
                }
                self.unlisten();
                self.shared.open.store(false, Ordering::Release);
                true
            }
            Some(Err(other)) => {
                *window = Some(other);
                false
            }
            None => false,
        }
    }

    /// Lets the host's main thread come for what the window says.
    fn listen(&self) {
        #[cfg(target_os = "linux")]
        {
            let frame = self.frame.host.lock().clone();
            let view = self.frame.view.load(Ordering::Acquire);
            // SAFETY: this is the view, which a host is calling.
            let view = unsafe { ComRef::from_raw(view) };
            let begun = frame
                .zip(view)
                .and_then(|(frame, view)| Watch::begin(&frame, view));
            let (watch, bell) = begun.unzip();
            *self.watch.lock() = watch;
            self.shared.host.ring(bell);
        }
    }

    fn unlisten(&self) {
        #[cfg(target_os = "linux")]
        {
            self.shared.host.ring(None);
            // Outside the lock: the host is called.
            let watch = self.watch.lock().take();
            drop(watch);
        }
        // What was said last is not lost.
        self.shared.host.deliver(|| ());
    }

    /// The host's main thread is here.
    #[cfg(target_os = "linux")]
    pub(super) fn come(&self) {
        if let Some(watch) = &*self.watch.lock() {
            watch.heard();
        }
        answer(|| {
            self.shared.host.deliver(|| {
                if let Some(window) = self.window() {
                    window.handle.host_main_thread_callback(&window.window);
                }
            });
            kResultOk
        });
    }

    /// The nearest size that the window can have.
    fn nearest(&self, size: NativeSize<u32>) -> Option<NativeSize<u32>> {
        if let Some(window) = self.window() {
            return window.handle.adjust_size(size, &window.window);
        }
        let scale = self.scale.lock().unwrap_or(1.0);
        let editor = self.shared.editor.lock();
        let editor = editor.as_ref()?;
        Some(editor.resize_hint().adjust_size(size, editor.size(), scale))
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // A window on another thread than this cannot be closed here: better a leak than the end of the host.
        answer(|| {
            if let (false, Some(window)) = (self.close(), self.window.lock().take()) {
                std::mem::forget(window);
                self.shared.open.store(false, Ordering::Release);
            }
            kResultOk
        });
        self.frame.view.store(ptr::null_mut(), Ordering::Release);
    }
}

/// A host's window as the framework knows it.
fn parent(window: NonNull<c_void>) -> Option<ParentWindowHandle> {
    Some(if cfg!(target_os = "windows") {
        ParentWindowHandle::Win32Hwnd(NonZeroIsize::new(window.as_ptr().addr() as isize)?)
    } else if cfg!(target_os = "macos") {
        ParentWindowHandle::AppKitNsView(window)
    } else {
        ParentWindowHandle::XlibWindow(window.as_ptr().addr() as std::ffi::c_ulong)
    })
}

/// The size of a rectangle that has one.
fn size_of_rect(rect: &ViewRect) -> Option<NativeSize<u32>> {
    let length = |from: i32, to: i32| to.checked_sub(from).and_then(|length| u32::try_from(length).ok());
    let (width, height) = (length(rect.left, rect.right)?, length(rect.top, rect.bottom)?);
    (width > 0 && height > 0).then_some(NativeSize { width, height })
}

fn result(good: bool) -> tresult {
    if good { kResultOk } else { kResultFalse }
}

impl IPlugViewTrait for View {
    unsafe fn isPlatformTypeSupported(&self, kind: FIDString) -> tresult {
        // SAFETY: null, or a name that ends in a zero; and a constant.
        result(unsafe { same(kind, PLATFORM) })
    }

    unsafe fn attached(&self, window: *mut c_void, kind: FIDString) -> tresult {
        answer(|| {
            // SAFETY: null, or a name that ends in a zero; and a constant.
            let known = unsafe { same(kind, PLATFORM) };
            let Some(parent) = NonNull::new(window).filter(|_| known).and_then(parent) else {
                return kInvalidArgument;
            };
            if self.shared.open.swap(true, Ordering::AcqRel) {
                return kResultFalse;
            }
            let opened = self.open(parent);
            if !opened {
                self.shared.open.store(false, Ordering::Release);
            }
            result(opened)
        })
    }

    unsafe fn removed(&self) -> tresult {
        answer(|| result(self.close()))
    }

    unsafe fn onWheel(&self, _distance: f32) -> tresult {
        kNotImplemented
    }

    unsafe fn onKeyDown(&self, _key: u16, _code: i16, _modifiers: i16) -> tresult {
        // The window has the keyboard itself while it has the focus.
        kResultFalse
    }

    unsafe fn onKeyUp(&self, _key: u16, _code: i16, _modifiers: i16) -> tresult {
        kResultFalse
    }

    unsafe fn getSize(&self, size: *mut ViewRect) -> tresult {
        answer(|| {
            // SAFETY: null, or the host's to fill in.
            let (Some(size), Some(editor)) = (unsafe { size.as_mut() }, &*self.shared.editor.lock()) else {
                return kInvalidArgument;
            };
            let NativeSize { width, height } = editor.size();
            *size = ViewRect {
                left: 0,
                top: 0,
                right: width as i32,
                bottom: height as i32,
            };
            kResultOk
        })
    }

    unsafe fn onSize(&self, size: *mut ViewRect) -> tresult {
        answer(|| {
            // SAFETY: null, or a rectangle of the host's.
            let Some(size) = (unsafe { size.as_ref() }).and_then(size_of_rect) else {
                return kInvalidArgument;
            };
            let Some(window) = self.window() else {
                return kResultFalse;
            };
            result(window.handle.set_size(size, &window.window).is_ok())
        })
    }

    unsafe fn onFocus(&self, _on: TBool) -> tresult {
        kNotImplemented
    }

    unsafe fn setFrame(&self, frame: *mut IPlugFrame) -> tresult {
        answer(|| {
            // SAFETY: null, or an object of the host's, of which a reference is taken.
            let frame = unsafe { ComRef::from_raw(frame) }.map(|frame| frame.to_com_ptr());
            let _old = std::mem::replace(&mut *self.frame.host.lock(), frame);
            kResultOk
        })
    }

    unsafe fn canResize(&self) -> tresult {
        let editor = self.shared.editor.lock();
        result(
            editor
                .as_ref()
                .is_some_and(|editor| editor.resize_hint().can_resize),
        )
    }

    unsafe fn checkSizeConstraint(&self, rect: *mut ViewRect) -> tresult {
        answer(|| {
            // SAFETY: null, or a rectangle of the host's.
            let Some(rect) = (unsafe { rect.as_mut() }) else {
                return kInvalidArgument;
            };
            let Some(nearest) = size_of_rect(rect).and_then(|size| self.nearest(size)) else {
                return kResultFalse;
            };
            rect.right = rect.left.saturating_add(nearest.width as i32);
            rect.bottom = rect.top.saturating_add(nearest.height as i32);
            kResultOk
        })
    }
}

impl IPlugViewContentScaleSupportTrait for View {
    unsafe fn setContentScaleFactor(&self, factor: ScaleFactor) -> tresult {
        answer(|| {
            if !(factor.is_finite() && (0.1..=100.0).contains(&factor)) {
                return kInvalidArgument;
            }
            let factor = f64::from(factor);
            *self.scale.lock() = Some(factor);
            match self.window() {
                Some(window) => result(
                    window
                        .handle
                        .set_fallback_scale_factor(factor, &window.window)
                        .is_ok(),
                ),
                // It opens with it.
                None => kResultOk,
            }
        })
    }
}
