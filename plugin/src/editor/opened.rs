//! A window that is open: the framework's, within bounds, which lets no panic out and ends with all its threads.

use std::panic::{AssertUnwindSafe, catch_unwind};

use nice_plug::editor::dpi::{NativeSize, Size};
use nice_plug::editor::{EditorHandle, Modifiers, ParentWindowHandle, SpawnedEditor, VirtualKeyCode};
use nice_plug_egui::EguiEditorHandle;
use nice_plug_egui::baseview::{self, HandlerError};

use crate::window_end::WindowThreads;

/// The largest side of a window, in the system's pixels: what graphics drivers can draw into, and half of what X11 can count.
const LARGEST_SIDE: u32 = 16_384;

/// Why the window does not do what the host asks.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("a window cannot be {0} by {1} pixels: a side has 1 to {LARGEST_SIDE}")]
    Size(u32, u32),
    #[error("the framework panicked")]
    Panic,
    #[error("the window is closed")]
    Closed,
}

impl From<Refused> for baseview::Error {
    fn from(refused: Refused) -> Self {
        HandlerError::from(refused).into()
    }
}

/// Does what the framework may panic at: hosts call through functions of C, where a panic would end them.
fn caught<T>(work: impl FnOnce() -> Result<T, baseview::Error>) -> Result<T, baseview::Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Refused::Panic.into()))
}

/// Whether a window can have this size.
fn check(size: NativeSize<u32>) -> Result<(), Refused> {
    let sides = 1..=LARGEST_SIDE;
    if sides.contains(&size.width) && sides.contains(&size.height) {
        Ok(())
    } else {
        Err(Refused::Size(size.width, size.height))
    }
}

/// The nearest size that a window can have.
pub(crate) fn bounded(size: NativeSize<u32>) -> NativeSize<u32> {
    NativeSize::new(
        size.width.clamp(1, LARGEST_SIDE),
        size.height.clamp(1, LARGEST_SIDE),
    )
}

/// The window itself; closed when it is dropped.
pub struct OpenWindow {
    window: Option<baseview::Window>,
    threads: Option<WindowThreads>,
}

impl OpenWindow {
    fn get(&self) -> Result<&baseview::Window, Refused> {
        self.window.as_ref().ok_or(Refused::Closed)
    }
}

impl Drop for OpenWindow {
    fn drop(&mut self) {
        let window = self.window.take();
        // What the window's own thread ended in comes out here.
        let closed = catch_unwind(AssertUnwindSafe(|| drop(window)));
        if closed.is_err() {
            tracing::error!("the window ended in a panic");
        }
        if let Some(threads) = self.threads.take() {
            threads.wait();
        }
    }
}

/// What hosts do with the window.
pub struct OpenHandle(EguiEditorHandle);

impl OpenHandle {
    /// Takes over a window that the framework has just opened, in so many logical pixels.
    pub(super) fn take(
        spawned: SpawnedEditor<EguiEditorHandle>,
        threads: Option<WindowThreads>,
        size: Size,
    ) -> Result<SpawnedEditor<Self>, baseview::Error> {
        let opened = SpawnedEditor {
            handle: Self(spawned.handle),
            window: OpenWindow {
                window: Some(spawned.window),
                threads,
            },
        };
        if cfg!(target_os = "linux") {
            opened.handle.settle(&opened.window, size)?;
        }
        Ok(opened)
    }

    /// On X11, where the window lives on a thread of its own: gives it its size, and waits until the thread has answered.
    ///
    /// baseview 0.4.2 makes windows as if a logical pixel were a real one, whatever the host suggests. And a window that is
    /// closed before its thread is in its loop is never told to end: closing it would wait for ever.
    fn settle(&self, window: &OpenWindow, size: Size) -> Result<(), baseview::Error> {
        let scale = window.get()?.size().scale_factor;
        self.set_size(bounded(NativeSize::from_size(size, scale)), window)
    }

    /// Whether the window stays within its bounds when a logical pixel is shown so large.
    fn check_scale(&self, scale: f64, window: &OpenWindow) -> Result<(), Refused> {
        let size = window.get()?.size();
        check(NativeSize::from_size(size.logical.into(), scale))
    }
}

impl EditorHandle for OpenHandle {
    type Window = OpenWindow;
    type Error = baseview::Error;

    fn run_until_closed(mut window: OpenWindow) -> Result<(), Self::Error> {
        let open = window.window.take().ok_or(Refused::Closed)?;
        EguiEditorHandle::run_until_closed(open)
    }

    fn set_parent(&self, parent: ParentWindowHandle, window: &OpenWindow) -> Result<(), Self::Error> {
        let window = window.get()?;
        caught(|| self.0.set_parent(parent, window))
    }

    fn show(&self, window: &OpenWindow) -> Result<(), Self::Error> {
        let window = window.get()?;
        caught(|| self.0.show(window))
    }

    fn hide(&self, window: &OpenWindow) -> Result<(), Self::Error> {
        let window = window.get()?;
        caught(|| self.0.hide(window))
    }

    fn set_size(&self, size: NativeSize<u32>, window: &OpenWindow) -> Result<(), Self::Error> {
        check(size)?;
        let window = window.get()?;
        caught(|| self.0.set_size(size, window))
    }

    fn host_main_thread_callback(&self, window: &OpenWindow) {
        let done = window.get().map_err(Into::into).and_then(|window| {
            caught(|| {
                self.0.host_main_thread_callback(window);
                Ok(())
            })
        });
        if let Err(error) = done {
            tracing::error!(%error, "the window's messages are lost");
        }
    }

    fn adjust_size(&self, size: NativeSize<u32>, window: &OpenWindow) -> Option<NativeSize<u32>> {
        let window = window.get().ok()?;
        let nearest = caught(|| Ok(self.0.adjust_size(bounded(size), window)));
        nearest.ok().flatten().map(bounded)
    }

    fn set_fallback_scale_factor(&self, scale: f64, window: &OpenWindow) -> Result<(), Self::Error> {
        self.check_scale(scale, window)?;
        let window = window.get()?;
        caught(|| self.0.set_fallback_scale_factor(scale, window))
    }

    fn on_virtual_key_from_host(&self, key: VirtualKeyCode, is_down: bool, modifiers: Modifiers) -> bool {
        self.0.on_virtual_key_from_host(key, is_down, modifiers)
    }

    fn state_changed(&self) {
        self.0.state_changed();
    }

    fn param_value_changed(&self, id: &str, normalized: f32) {
        self.0.param_value_changed(id, normalized);
    }

    fn param_modulation_changed(&self, id: &str, offset: f32) {
        self.0.param_modulation_changed(id, offset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_stay_within_their_bounds() {
        for (width, height) in [(0, 500), (500, 0), (LARGEST_SIDE + 1, 500), (500, u32::MAX)] {
            let size = NativeSize::new(width, height);
            assert!(check(size).is_err(), "{width} by {height}");
            assert!(check(bounded(size)).is_ok(), "{width} by {height}");
        }
        assert!(check(NativeSize::new(1, LARGEST_SIDE)).is_ok());
    }

    #[test]
    fn a_panic_of_the_framework_is_an_error() {
        let done = caught::<()>(|| panic!("of the framework"));
        assert!(done.unwrap_err().to_string().contains("panicked"));
        assert!(caught(|| Ok(())).is_ok());
    }
}
