//! The window, as a host holds it.

use std::ffi::c_void;
use std::num::NonZeroIsize;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use nice_plug::editor::dpi::NativeSize;
use nice_plug::editor::{Editor, EditorHandle, ParentWindowHandle};
use vst3::Steinberg::Vst::ViewType::kEditor;
use vst3::Steinberg::{
    FIDString, IPlugFrame, IPlugView, IPlugViewContentScaleSupport,
    IPlugViewContentScaleSupport_::ScaleFactor, IPlugViewContentScaleSupportTrait, IPlugViewTrait, TBool,
    ViewRect, kInvalidArgument, kNotImplemented, kPlatformTypeHWND, kPlatformTypeNSView,
    kPlatformTypeX11EmbedWindowID, kResultFalse, kResultOk, tresult,
};
use vst3::{Class, ComPtr, ComRef, ComWrapper};

use super::effect::Shared;
use super::pane::Pane;
use super::text::same;
use super::{answer, assert_send_sync};

/// What hosts of this system call their windows.
const PLATFORM: FIDString = if cfg!(target_os = "windows") {
    kPlatformTypeHWND
} else if cfg!(target_os = "macos") {
    kPlatformTypeNSView
} else {
    kPlatformTypeX11EmbedWindowID
};

/// One view. Hosts may make several; one at a time has a window.
struct View(Arc<Pane>);

const _: () = assert_send_sync::<View>();

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
    if !known || shared.editor.is_none() {
        return ptr::null_mut();
    }
    let pane = Arc::new(Pane::new(Arc::clone(shared)));
    let frame = Arc::clone(&pane.frame);
    let view = ComWrapper::new(View(pane)).to_com_ptr::<IPlugView>();
    let made = view.map_or(ptr::null_mut(), ComPtr::into_raw);
    frame.view.store(made, Ordering::Release);
    made
}

impl Drop for View {
    fn drop(&mut self) {
        answer(|| {
            self.0.leave();
            kResultOk
        });
    }
}

/// A host's window as the framework knows it.
fn parent(window: NonNull<c_void>) -> Option<ParentWindowHandle> {
    Some(if cfg!(target_os = "windows") {
        ParentWindowHandle::Win32Hwnd(NonZeroIsize::new(window.as_ptr().addr() as isize)?)
    } else if cfg!(target_os = "macos") {
        ParentWindowHandle::AppKitNsView(window)
    } else {
        // No X11 window has more bits; the framework panics at those that do.
        ParentWindowHandle::XlibWindow(u32::try_from(window.as_ptr().addr()).ok()?.into())
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

impl View {
    /// The host is here; what it is told then may be anything.
    fn visited(&self, result: tresult) -> tresult {
        answer(|| {
            let pane = Arc::clone(&self.0);
            pane.visited();
            result
        })
    }
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
            result(self.0.open(parent))
        })
    }

    unsafe fn removed(&self) -> tresult {
        answer(|| result(self.0.close()))
    }

    unsafe fn onWheel(&self, _distance: f32) -> tresult {
        self.visited(kNotImplemented)
    }

    unsafe fn onKeyDown(&self, _key: u16, _code: i16, _modifiers: i16) -> tresult {
        // The window has the keyboard itself while it has the focus.
        self.visited(kResultFalse)
    }

    unsafe fn onKeyUp(&self, _key: u16, _code: i16, _modifiers: i16) -> tresult {
        self.visited(kResultFalse)
    }

    unsafe fn getSize(&self, size: *mut ViewRect) -> tresult {
        answer(|| {
            let pane = Arc::clone(&self.0);
            pane.visited();
            // SAFETY: null, or the host's to fill in.
            let (Some(size), Some(editor)) = (unsafe { size.as_mut() }, &pane.shared.editor) else {
                return kInvalidArgument;
            };
            let NativeSize { width, height } = editor.size_at(*pane.scale.lock());
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
            let pane = Arc::clone(&self.0);
            pane.visited();
            let Some(window) = pane.window() else {
                return kResultFalse;
            };
            result(window.handle.set_size(size, &window.window).is_ok())
        })
    }

    unsafe fn onFocus(&self, _on: TBool) -> tresult {
        self.visited(kNotImplemented)
    }

    unsafe fn setFrame(&self, frame: *mut IPlugFrame) -> tresult {
        answer(|| {
            // SAFETY: null, or an object of the host's, of which a reference is taken.
            let frame = unsafe { ComRef::from_raw(frame) }.map(|frame| frame.to_com_ptr());
            let _old = std::mem::replace(&mut *self.0.frame.host.lock(), frame);
            kResultOk
        })
    }

    unsafe fn canResize(&self) -> tresult {
        answer(|| {
            let editor = self.0.shared.editor.as_ref();
            result(editor.is_some_and(|editor| editor.resize_hint().can_resize))
        })
    }

    unsafe fn checkSizeConstraint(&self, rect: *mut ViewRect) -> tresult {
        answer(|| {
            // SAFETY: null, or a rectangle of the host's.
            let Some(rect) = (unsafe { rect.as_mut() }) else {
                return kInvalidArgument;
            };
            let Some(nearest) = size_of_rect(rect).and_then(|size| self.0.nearest(size)) else {
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
            if !(0.1..=16.0).contains(&factor) {
                return kInvalidArgument;
            }
            let factor = f64::from(factor);
            *self.0.scale.lock() = Some(factor);
            match self.0.window() {
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
