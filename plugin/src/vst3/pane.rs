//! The window behind a view: opened on the host's, closed with all its threads, and what it says brought to the host.

use std::error::Error;
use std::ptr;
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
use vst3::ComPtr;
#[cfg(target_os = "linux")]
use vst3::Steinberg::Linux::IRunLoop;
use vst3::Steinberg::{IPlugFrame, IPlugFrameTrait, IPlugView, ViewRect, kResultOk};

use super::effect::Shared;
use super::host::{Host, Remote};
#[cfg(target_os = "linux")]
use super::run_loop::Watch;
#[cfg(target_os = "linux")]
use crate::door::Door;
use crate::editor::{SizedEditor, bounded};

type Spawned = SpawnedEditor<<SizedEditor as Editor>::Handle>;

/// See the module. Whoever works with it while a host may call back holds a reference of it.
pub(super) struct Pane {
    pub(super) shared: Arc<Shared>,
    pub(super) frame: Arc<Frame>,
    /// The window, on the thread that opened it: hosts must not, and some do, call from another.
    window: Mutex<Option<Fragile<Rc<Spawned>>>>,
    /// How large the host shows a logical pixel.
    pub(super) scale: Mutex<Option<f64>>,
    /// Whoever brings to the host what the window says.
    #[cfg(target_os = "linux")]
    coming: Door,
    #[cfg(target_os = "linux")]
    watch: Mutex<Option<Watch>>,
}

/// What is around the window.
#[derive(Default)]
pub(super) struct Frame {
    pub(super) host: Mutex<Option<ComPtr<IPlugFrame>>>,
    /// The view itself, without a reference: null once it is gone.
    pub(super) view: AtomicPtr<IPlugView>,
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
        // SAFETY: a view that is not null lives when the host is called, for the thread that would drop it is this one. The host
        // may let it go before it returns; nothing here looks at it then.
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
            host.call_window();
        }
    }
}

/// A window that is being opened. Unless it is forgotten, nothing stays of it: the host's run loop is left, and another window
/// can open, also after a panic.
struct Opening<'a>(&'a Pane);

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        if !self.0.close() {
            self.0.end();
        }
    }
}

impl Pane {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            frame: Arc::default(),
            window: Mutex::new(None),
            scale: Mutex::new(None),
            #[cfg(target_os = "linux")]
            coming: Door::default(),
            #[cfg(target_os = "linux")]
            watch: Mutex::new(None),
        }
    }

    /// The window, where it is this thread's.
    pub(super) fn window(&self) -> Option<Rc<Spawned>> {
        // A reference of its own: what is done with it may call back, and close the window.
        self.window.lock().as_ref()?.try_get().ok().cloned()
    }

    /// Opens the window on the host's; whether that went well, and no other view has one.
    pub(super) fn open(self: &Arc<Self>, parent: ParentWindowHandle) -> bool {
        if self.shared.open.swap(true, Ordering::AcqRel) {
            return false;
        }
        let opening = Opening(self);
        self.listen();
        let shown = self.spawn(parent).and_then(|spawned| {
            // There before it is shown: the host may be asked for another size at once, and answer with it.
            let spawned = Rc::new(spawned);
            *self.window.lock() = Some(Fragile::new(Rc::clone(&spawned)));
            Ok(spawned.handle.show(&spawned.window)?)
        });
        match shown {
            Ok(()) => {
                std::mem::forget(opening);
                true
            }
            Err(error) => {
                tracing::error!(%error, "the window cannot be opened");
                false
            }
        }
    }

    fn spawn(&self, parent: ParentWindowHandle) -> Result<Spawned, Box<dyn Error>> {
        let editor = self.shared.editor.as_ref().ok_or("there is no window to open")?;
        let host = HostMethods {
            callbacks: Box::new(Callbacks(Arc::downgrade(&self.frame))),
            main_thread_caller: Box::new(Caller(Arc::downgrade(&self.shared.host))),
        };
        let context = GuiContext::new(Arc::new(Remote(Arc::downgrade(&self.shared))));
        let scale = *self.scale.lock();
        editor.spawn(Some(parent), false, scale, context, Some(host))
    }

    /// Closes the window, where it is this thread's; whether it did. Where this is called back by the window itself, it ends with
    /// that call.
    pub(super) fn close(&self) -> bool {
        let mut window = self.window.lock();
        match window.take().map(Fragile::try_into_inner) {
            Some(Ok(spawned)) => {
                drop(window);
                self.let_go(spawned);
                true
            }
            Some(Err(other)) => {
                *window = Some(other);
                false
            }
            None => false,
        }
    }

    /// Gives up a window that another thread than this opened: better a leak than the end of the host.
    pub(super) fn abandon(&self) {
        if let Some(window) = self.window.lock().take() {
            std::mem::forget(window);
            #[cfg(target_os = "linux")]
            self.shared.host.ring(None);
            self.shared.open.store(false, Ordering::Release);
        }
    }

    /// Lets go of the window; with the last reference of it, it ends.
    fn let_go(&self, spawned: Rc<Spawned>) {
        if let Some(last) = Rc::into_inner(spawned) {
            drop(last);
            self.end();
        }
    }

    /// The window is gone with its threads: nobody rings any more.
    fn end(&self) {
        self.unlisten();
        self.shared.open.store(false, Ordering::Release);
    }

    /// Lets the host's main thread come for what the window says.
    fn listen(self: &Arc<Self>) {
        #[cfg(target_os = "linux")]
        {
            let frame = self.frame.host.lock().clone();
            let of_frame = frame.and_then(|frame| frame.cast::<IRunLoop>());
            let run_loop = of_frame.or_else(|| self.shared.host.run_loop.lock().clone());
            let begun = run_loop.and_then(|run_loop| Watch::begin(run_loop, Arc::downgrade(self)));
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
        // What was said last is not lost; the window itself needs nothing any more.
        self.shared.host.deliver(|| true);
    }

    /// The host's run loop comes for what was said.
    #[cfg(target_os = "linux")]
    pub(super) fn come(&self) {
        if let Some(watch) = &*self.watch.lock() {
            watch.heard();
        }
        self.deliver();
    }

    /// The host does something with the view. Where that is on the window's thread, a host without a run loop is told what
    /// waits: it does not come for it.
    pub(super) fn visited(&self) {
        #[cfg(target_os = "linux")]
        if self.watch.lock().is_none() && self.window().is_some() {
            self.deliver();
        }
    }

    #[cfg(target_os = "linux")]
    fn deliver(&self) {
        // A host that is told something may run its loop, or touch the view: whoever is at it already goes on after that.
        let Some(_inside) = self.coming.try_enter() else {
            return;
        };
        let host = Arc::clone(&self.shared.host);
        host.deliver(|| {
            let Some(window) = self.window() else {
                return false;
            };
            window.handle.host_main_thread_callback(&window.window);
            // The host may have closed it meanwhile.
            self.let_go(window);
            true
        });
    }

    /// The nearest size that the window can have.
    pub(super) fn nearest(&self, size: NativeSize<u32>) -> Option<NativeSize<u32>> {
        if let Some(window) = self.window() {
            return window.handle.adjust_size(size, &window.window);
        }
        let scale = *self.scale.lock();
        let editor = self.shared.editor.as_ref()?;
        let now = editor.size_at(scale);
        let nearest = editor
            .resize_hint()
            .adjust_size(bounded(size), now, scale.unwrap_or(1.0));
        Some(bounded(nearest))
    }

    /// The view is gone: nobody asks the host with it.
    pub(super) fn leave(&self) {
        self.frame.view.store(ptr::null_mut(), Ordering::Release);
        if !self.close() {
            self.abandon();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::c_void;
    use std::num::NonZeroIsize;
    use std::ptr::NonNull;

    use super::*;
    use crate::vst3::effect::Effect;

    /// The framework panics at parents of another system's kind.
    #[test]
    fn nothing_stays_of_a_window_that_could_not_open() {
        let effect = Effect::new();
        let pane = Arc::new(Pane::new(Arc::clone(&effect.shared)));
        let foreign = if cfg!(target_os = "windows") {
            ParentWindowHandle::AppKitNsView(NonNull::<c_void>::dangling())
        } else {
            ParentWindowHandle::Win32Hwnd(NonZeroIsize::MIN)
        };
        assert!(!pane.open(foreign));
        assert!(!effect.shared.open.load(Ordering::Acquire) && pane.window().is_none());
    }

    #[test]
    fn nothing_stays_of_an_opening_that_panicked() {
        let effect = Effect::new();
        let pane = Pane::new(Arc::clone(&effect.shared));
        effect.shared.open.store(true, Ordering::Release);
        let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _opening = Opening(&pane);
            panic!("while it opens");
        }));
        assert!(opened.is_err() && !effect.shared.open.load(Ordering::Acquire));
    }
}
