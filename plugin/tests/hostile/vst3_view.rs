//! What a VST3 host lends a view: a frame, a run loop, a handler of edits.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use vst3::Steinberg::Linux::{
    FileDescriptor, IEventHandler, IEventHandlerTrait, IRunLoop, IRunLoopTrait, ITimerHandler,
    ITimerHandlerTrait, TimerInterval,
};
use vst3::Steinberg::Vst::{
    IComponentHandler, IComponentHandler2, IComponentHandler2Trait, IComponentHandlerTrait,
    IEditControllerTrait, ViewType,
};
use vst3::Steinberg::{
    FIDString, IPlugFrame, IPlugFrameTrait, IPlugView, IPlugViewTrait, TBool, ViewRect, kInvalidArgument,
    kPlatformTypeX11EmbedWindowID, kResultFalse, kResultOk, tresult,
};
use vst3::{Class, ComPtr, ComRef, ComWrapper};

use crate::hosts::vst3::Vst3;
use crate::x11::Parent;

/// What the run loop calls.
#[derive(Default)]
struct Handlers {
    events: Vec<(ComPtr<IEventHandler>, FileDescriptor)>,
    timers: Vec<ComPtr<ITimerHandler>>,
}

/// A frame that has a run loop.
#[derive(Default)]
pub(crate) struct LoopingFrame {
    handlers: Mutex<Handlers>,
    /// How often the plugin asked for another size.
    pub(crate) resized: AtomicU32,
}

/// A frame that has none.
#[derive(Default)]
pub(crate) struct BareFrame {
    resized: AtomicU32,
}

impl Class for LoopingFrame {
    type Interfaces = (IPlugFrame, IRunLoop);
}

impl Class for BareFrame {
    type Interfaces = (IPlugFrame,);
}

/// Gives the view what it asks for.
///
/// # Safety
///
/// Both pointers must be null or valid.
unsafe fn resize(view: *mut IPlugView, size: *mut ViewRect) -> tresult {
    // SAFETY: as the caller promises.
    match unsafe { ComRef::from_raw(view) } {
        // SAFETY: as the caller promises.
        Some(view) => unsafe { view.onSize(size) },
        None => kInvalidArgument,
    }
}

impl IPlugFrameTrait for LoopingFrame {
    unsafe fn resizeView(&self, view: *mut IPlugView, size: *mut ViewRect) -> tresult {
        self.resized.fetch_add(1, Ordering::AcqRel);
        // SAFETY: the plugin's own.
        unsafe { resize(view, size) }
    }
}

impl IPlugFrameTrait for BareFrame {
    unsafe fn resizeView(&self, view: *mut IPlugView, size: *mut ViewRect) -> tresult {
        self.resized.fetch_add(1, Ordering::AcqRel);
        // SAFETY: the plugin's own.
        unsafe { resize(view, size) }
    }
}

impl IRunLoopTrait for LoopingFrame {
    unsafe fn registerEventHandler(&self, handler: *mut IEventHandler, fd: FileDescriptor) -> tresult {
        // SAFETY: the plugin's own; kept by a reference of ours.
        let Some(handler) = (unsafe { ComRef::from_raw(handler) }) else {
            return kInvalidArgument;
        };
        self.handlers
            .lock()
            .unwrap()
            .events
            .push((handler.to_com_ptr(), fd));
        kResultOk
    }

    unsafe fn unregisterEventHandler(&self, handler: *mut IEventHandler) -> tresult {
        self.handlers
            .lock()
            .unwrap()
            .events
            .retain(|(kept, _)| kept.as_ptr() != handler);
        kResultOk
    }

    unsafe fn registerTimer(&self, handler: *mut ITimerHandler, _every: TimerInterval) -> tresult {
        // SAFETY: as above.
        let Some(handler) = (unsafe { ComRef::from_raw(handler) }) else {
            return kInvalidArgument;
        };
        self.handlers.lock().unwrap().timers.push(handler.to_com_ptr());
        kResultOk
    }

    unsafe fn unregisterTimer(&self, handler: *mut ITimerHandler) -> tresult {
        self.handlers
            .lock()
            .unwrap()
            .timers
            .retain(|kept| kept.as_ptr() != handler);
        kResultOk
    }
}

impl LoopingFrame {
    /// Calls everybody, whether there is anything or not.
    pub(crate) fn run(&self) {
        let (events, timers) = {
            let handlers = self.handlers.lock().unwrap();
            (handlers.events.clone(), handlers.timers.clone())
        };
        for (handler, fd) in events {
            // SAFETY: a plain call.
            unsafe { handler.onFDIsSet(fd) };
        }
        for handler in timers {
            // SAFETY: a plain call.
            unsafe { handler.onTimer() };
        }
    }

    /// How many the plugin has left here.
    pub(crate) fn left(&self) -> usize {
        let handlers = self.handlers.lock().unwrap();
        handlers.events.len() + handlers.timers.len()
    }
}

/// Listens to edits.
#[derive(Default)]
pub(crate) struct Handler {
    pub(crate) restarts: AtomicU32,
    /// How often something changed that is saved.
    pub(crate) dirty: AtomicU32,
    /// What is done at an edit.
    performed: Option<Box<dyn Fn()>>,
}

impl Handler {
    /// One that does something of its own at each edit.
    pub(crate) fn meddling(performed: impl Fn() + 'static) -> Self {
        Self {
            performed: Some(Box::new(performed)),
            ..Self::default()
        }
    }
}

impl Class for Handler {
    type Interfaces = (IComponentHandler, IComponentHandler2);
}

impl IComponentHandler2Trait for Handler {
    unsafe fn setDirty(&self, on: TBool) -> tresult {
        self.dirty.fetch_add(on.into(), Ordering::AcqRel);
        kResultOk
    }

    unsafe fn requestOpenEditor(&self, _name: FIDString) -> tresult {
        kResultFalse
    }

    unsafe fn startGroupEdit(&self) -> tresult {
        kResultFalse
    }

    unsafe fn finishGroupEdit(&self) -> tresult {
        kResultFalse
    }
}

impl IComponentHandlerTrait for Handler {
    unsafe fn beginEdit(&self, _id: u32) -> tresult {
        kResultOk
    }

    unsafe fn performEdit(&self, _id: u32, _value: f64) -> tresult {
        if let Some(performed) = &self.performed {
            performed();
        }
        kResultOk
    }

    unsafe fn endEdit(&self, _id: u32) -> tresult {
        kResultOk
    }

    unsafe fn restartComponent(&self, _flags: i32) -> tresult {
        self.restarts.fetch_add(1, Ordering::AcqRel);
        kResultOk
    }
}

/// A view that is open; [`View::close`] closes it.
pub(crate) struct View {
    pub(crate) view: ComPtr<IPlugView>,
    frame: Option<ComWrapper<LoopingFrame>>,
    bare: Option<ComWrapper<BareFrame>>,
}

/// A view that nothing was done with.
pub(crate) fn view(host: &Vst3) -> Option<ComPtr<IPlugView>> {
    // SAFETY: the plugin makes an object that it gives us a reference of.
    unsafe { ComPtr::from_raw(host.controller.createView(ViewType::kEditor)) }
}

/// Puts the view into a window.
pub(crate) fn attach(view: &ComPtr<IPlugView>, parent: &Parent) -> tresult {
    let parent = std::ptr::without_provenance_mut(parent.id as usize);
    // SAFETY: the window lives.
    unsafe { view.attached(parent, kPlatformTypeX11EmbedWindowID) }
}

impl View {
    /// Opens a view of `host` in the window, with a run loop or without.
    pub(crate) fn open(host: &Vst3, parent: &Parent, has_loop: bool) -> Self {
        let view = view(host).unwrap();
        let frame = has_loop.then(|| ComWrapper::new(LoopingFrame::default()));
        let bare = (!has_loop).then(|| ComWrapper::new(BareFrame::default()));
        let lent: *mut IPlugFrame = match (&frame, &bare) {
            (Some(frame), _) => frame.as_com_ref().unwrap().as_ptr(),
            (_, Some(bare)) => bare.as_com_ref().unwrap().as_ptr(),
            _ => std::ptr::null_mut(),
        };
        // SAFETY: the frame lives as long as the view.
        unsafe { assert_eq!(view.setFrame(lent), kResultOk) };
        assert_eq!(attach(&view, parent), kResultOk);
        Self { view, frame, bare }
    }

    /// The frame that has a run loop, which may outlive the view.
    pub(crate) fn frame(&self) -> ComWrapper<LoopingFrame> {
        self.frame.clone().unwrap()
    }

    /// How often the plugin asked for another size.
    pub(crate) fn resized(&self) -> u32 {
        let looping = self.frame.as_ref().map(|frame| &frame.resized);
        let bare = self.bare.as_ref().map(|frame| &frame.resized);
        looping.or(bare).unwrap().load(Ordering::Acquire)
    }

    /// What a host's main loop does in between.
    pub(crate) fn run(&self) {
        if let Some(frame) = &self.frame {
            frame.run();
        }
    }

    /// Takes the view out of its window.
    pub(crate) fn remove(&self) {
        // SAFETY: a plain call.
        unsafe { assert_eq!(self.view.removed(), kResultOk) };
    }

    /// Releases the view in its window: a host that forgets `removed`.
    pub(crate) fn release(self) {
        drop(self.view);
        if let Some(frame) = self.frame {
            assert_eq!(frame.left(), 0, "handlers that nobody took away");
        }
    }

    /// Takes the view out of its window and releases it.
    pub(crate) fn close(self) {
        self.remove();
        // SAFETY: a plain call.
        unsafe { self.view.setFrame(std::ptr::null_mut()) };
        drop(self.view);
        if let Some(frame) = self.frame {
            assert_eq!(frame.left(), 0, "handlers that nobody took away");
        }
    }
}
