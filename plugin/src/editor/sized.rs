//! The editor that hosts open, in the size that the project was saved with.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize};
use nice_plug::editor::{
    Editor, HostMethods, ParentWindowHandle, ResizeHint, SizeConstraints, SpawnedEditor,
};
use nice_plug::plugin::TrackInfo;
use nice_plug_egui::{EguiEditor, EguiEditorState, EguiNiceSettings, create_egui_editor};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::Window;
use super::opened::{OpenHandle, bounded};
use crate::params::EchometerParams;
use crate::station::Station;
use crate::window_end;
use echometer_meters::panel::Panel;

/// No screen is larger, in points.
const LARGEST: f32 = 8_192.0;

/// The size of a window in points, as a project saves it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct WindowSize {
    width: f32,
    height: f32,
}

impl Default for WindowSize {
    fn default() -> Self {
        let (width, height) = Panel::SIZE;
        Self { width, height }
    }
}

impl WindowSize {
    pub(super) fn new(width: f32, height: f32) -> Self {
        Self { width, height }
    }

    /// One that can be opened, whatever was saved.
    fn usable(self) -> LogicalSize<f32> {
        let side = |side: f32, least: f32, usual: f32| {
            if side.is_finite() {
                side.clamp(least, LARGEST)
            } else {
                usual
            }
        };
        let (least, usual) = (Panel::MIN_SIZE, Panel::SIZE);
        LogicalSize::new(
            side(self.width, least.0, usual.0),
            side(self.height, least.1, usual.1),
        )
    }
}

/// Makes windows. The framework's own editor keeps its first size; this one makes it anew when a project brings another.
pub struct SizedEditor {
    params: Arc<EchometerParams>,
    station: Arc<Station>,
    made: Mutex<Made>,
}

/// The framework's editor, and what it was made for.
#[derive(Clone)]
struct Made {
    editor: Arc<EguiEditor<Window>>,
    state: Arc<EguiEditorState>,
    size: WindowSize,
}

impl SizedEditor {
    pub(super) fn new(params: Arc<EchometerParams>, station: Arc<Station>) -> Option<Self> {
        let made = make(&params, &station)?;
        Some(Self {
            params,
            station,
            made: Mutex::new(made),
        })
    }

    /// The editor for the size that is saved now. One whose window is open stays.
    fn with<T>(&self, then: impl FnOnce(&Made) -> T) -> T {
        let mut made = self.made.lock();
        let wanted = self.params.window.get();
        if made.size != wanted && !made.state.is_open() {
            let drawn = made.state.logical_size();
            // What the user made of an open window is what the framework knows already, with its scale.
            if WindowSize::new(drawn.width, drawn.height) == wanted {
                made.size = wanted;
            } else if let Some(anew) = make(&self.params, &self.station) {
                *made = anew;
            }
        }
        let current = made.clone();
        // With no lock held: a window that opens may ask the host, who asks here.
        drop(made);
        then(&current)
    }

    /// The size of a window that is not open yet, where the host shows a logical pixel so large.
    pub(crate) fn size_at(&self, scale: Option<f64>) -> NativeSize<u32> {
        self.with(|made| match scale {
            Some(scale) if !made.state.is_open() => {
                bounded(NativeSize::from_size(made.state.logical_size().into(), scale))
            }
            _ => made.editor.size(),
        })
    }
}

fn make(params: &Arc<EchometerParams>, station: &Arc<Station>) -> Option<Made> {
    let (width, height) = Panel::MIN_SIZE;
    let hint = ResizeHint {
        size_constraints: SizeConstraints::Logical {
            min_size: Some(LogicalSize::new(width, height)),
            max_size: None,
        },
        ..ResizeHint::RESIZABLE
    };
    let settings = EguiNiceSettings::new()
        .with_tile("Echometer")
        .with_resize_hint(hint);
    let size = params.window.get();
    let state = EguiEditorState::from_size(size.usable(), 1.0);
    let window = Window::new(Arc::clone(params), Arc::clone(station));
    let editor = create_egui_editor(Arc::clone(&state), Default::default(), settings, window)?;
    let editor = Arc::new(editor);
    Some(Made { editor, state, size })
}

impl Editor for SizedEditor {
    type Handle = OpenHandle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui_context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Self::Handle>, Box<dyn Error>> {
        self.with(|made| {
            let size = made.state.size();
            // The framework panics at parents of another kind than this system's.
            let (spawned, threads) = window_end::opened(|| {
                catch_unwind(AssertUnwindSafe(|| {
                    let editor = &made.editor;
                    editor.spawn(parent, wait_for_parent, fallback_scale_factor, gui_context, host)
                }))
            });
            match spawned.unwrap_or_else(|_| Err("the framework panicked".into())) {
                Ok(spawned) => Ok(OpenHandle::take(spawned, threads, size)?),
                Err(error) => {
                    if let Some(threads) = threads {
                        threads.wait_all();
                    }
                    Err(error)
                }
            }
        })
    }

    fn size(&self) -> NativeSize<u32> {
        self.with(|made| made.editor.size())
    }

    fn resize_hint(&self) -> ResizeHint {
        self.with(|made| made.editor.resize_hint())
    }

    fn track_info_updated(&self, info: TrackInfo) {
        self.with(|made| made.editor.track_info_updated(info));
    }

    unsafe fn assume_standalone_in_process(&self) {
        // SAFETY: the caller promises what the framework's editor asks for.
        self.with(|made| unsafe { made.editor.assume_standalone_in_process() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_project_holds_can_be_opened() {
        for (width, height) in [
            (0.0, -3.0),
            (1e30, f32::NAN),
            (f32::INFINITY, 1.0),
            (860.0, 300.0),
        ] {
            let size = WindowSize::new(width, height).usable();
            assert!((Panel::MIN_SIZE.0..=LARGEST).contains(&size.width), "{size:?}");
            assert!((Panel::MIN_SIZE.1..=LARGEST).contains(&size.height), "{size:?}");
        }
        let saved: WindowSize = serde_json::from_str("{\"depth\": 3}").unwrap();
        assert_eq!(saved, WindowSize::default());
    }

    #[test]
    fn a_project_s_size_is_what_the_host_is_told() {
        let params = EchometerParams::shared();
        let station = Station::new(Arc::clone(&params));
        let editor = SizedEditor::new(Arc::clone(&params), Arc::clone(&station)).unwrap();
        let told = |editor: &SizedEditor| (editor.size().width, editor.size().height);
        assert_eq!(told(&editor), (Panel::SIZE.0 as u32, Panel::SIZE.1 as u32));
        params.window.put(WindowSize::new(1_000.0, 700.0));
        assert_eq!(told(&editor), (1_000, 700));
        params.window.put(WindowSize::new(1.0, 1e9));
        assert_eq!(told(&editor), (Panel::MIN_SIZE.0 as u32, LARGEST as u32));
        station.shut_down();
    }
}
