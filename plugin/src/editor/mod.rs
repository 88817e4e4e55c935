//! The plugin's window: the meters, and a sheet of settings.

mod settings;

use std::sync::Arc;
use std::time::{Duration, Instant};

use echometer_engine::PerFeature;
use echometer_meters::panel::{Action, Panel, State, Status, View};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::SizeConstraints;
use nice_plug::editor::dpi::LogicalSize;
use nice_plug::prelude::{Param, ParamSetter, ResizeHint};
use nice_plug_egui::baseview::HandlerError;
use nice_plug_egui::{EguiEditor, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, create_egui_editor};

use crate::params::EchometerParams;
use crate::station::{Phase, Station};
use crate::window_end;
use settings::Settings;

/// Between two pictures while something may move.
const FRAME: Duration = Duration::from_millis(33);

/// Without audio for this long, the meters say that they wait.
const WAITING_AFTER: Duration = Duration::from_millis(700);

/// Seconds of a window whose model is not there yet.
const USUAL_WINDOW_S: f64 = 30.0;

/// The editor that hosts open and close.
pub(crate) fn editor(params: Arc<EchometerParams>, station: Arc<Station>) -> Option<EguiEditor<Window>> {
    let size = |(width, height): (f32, f32)| LogicalSize::new(width, height);
    let hint = ResizeHint {
        size_constraints: SizeConstraints::Logical {
            min_size: Some(size(Panel::MIN_SIZE)),
            max_size: None,
        },
        ..ResizeHint::RESIZABLE
    };
    let settings = EguiNiceSettings::new()
        .with_tile("Echometer")
        .with_resize_hint(hint);
    create_egui_editor(
        EguiEditorState::from_size(size(Panel::SIZE), 1.0),
        Default::default(),
        settings,
        Window::new(params, station),
    )
}

/// What one window shows and remembers.
pub struct Window {
    params: Arc<EchometerParams>,
    station: Arc<Station>,
    panel: Panel,
    settings: Settings,
    host: Option<GuiContext>,
    heard: Heard,
}

/// Whether audio comes in, judged by what was written to the tap.
struct Heard {
    frames: u64,
    at: Option<Instant>,
    peak: f32,
}

impl Window {
    fn new(params: Arc<EchometerParams>, station: Arc<Station>) -> Self {
        Self {
            params,
            station,
            panel: Panel::default(),
            settings: Settings::default(),
            host: None,
            heard: Heard {
                frames: 0,
                at: None,
                peak: 0.0,
            },
        }
    }

    fn listen(&mut self) -> bool {
        if let Some(counters) = self.station.counters() {
            let frames = counters.written_frames();
            if frames != self.heard.frames {
                self.heard.frames = frames;
                self.heard.at = Some(Instant::now());
            }
            // Falls by 12 dB a second or so, so that a peak can be seen.
            self.heard.peak = counters.take_peak().max(self.heard.peak * 0.95);
        }
        self.heard.at.is_some_and(|at| at.elapsed() < WAITING_AFTER)
    }

    fn act(&mut self, action: Action, setter: &ParamSetter<'_>) {
        let params = &self.params;
        match action {
            Action::Reset => self.station.reset(),
            Action::Freeze(on) => set(setter, &params.freeze, on),
            Action::Hold(on) => set(setter, &params.hold, on),
            Action::Light(on) => params.light.put(on),
            Action::Settings => self.settings.toggle(params),
            Action::DismissNotice => self.station.dismiss_notice(),
        }
    }
}

/// Sets a parameter as a user's gesture, which hosts can record and undo.
fn set<P: Param>(setter: &ParamSetter<'_>, param: &P, value: P::Plain) {
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value);
    setter.end_set_parameter(param);
}

impl NiceEguiApp for Window {
    fn build(
        &mut self,
        _context: egui::Context,
        host: GuiContext,
        _frame: &mut Frame,
    ) -> Result<(), HandlerError> {
        self.host = Some(host);
        window_end::begun();
        // What the last window left belongs to its context. The framework does not say when a window closes.
        self.panel = Panel::default();
        // Scanners make instances without windows; models are loaded for those who look or play.
        self.station.sync();
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut Frame) {
        let Some(host) = self.host.clone() else {
            return;
        };
        self.station.sync();
        let running = self.listen();
        let phase = self.station.phase();
        let notice = self.station.notice();
        let model = match &phase {
            Phase::Ready(model) => Some(model.clone()),
            Phase::Loading | Phase::Failed(_) => None,
        };
        let title = model.as_ref().map(|model| model.title()).unwrap_or_default();
        let backend = model
            .as_ref()
            .map(|model| model.runtime().name())
            .unwrap_or_default();
        let light = self.params.light.get();
        let cpu = self.station.load();
        let actions = {
            let record = self.station.outcome().record.lock();
            let view = View {
                state: match &phase {
                    Phase::Loading => State::Loading,
                    Phase::Failed(reason) => State::Failed(reason),
                    Phase::Ready(_) if running => State::Running,
                    Phase::Ready(_) => State::Waiting,
                },
                record: &record,
                window_s: model
                    .as_ref()
                    .map_or(USUAL_WINDOW_S, |model| model.card().window_s),
                guesses: PerFeature::from_fn(|feature| {
                    model.as_ref().is_some_and(|model| model.card().is_guess(feature))
                }),
                status: Status {
                    model: &title,
                    backend: &backend,
                    reason: model.as_ref().map_or("", |model| model.runtime().note()),
                    cpu,
                    peak: self.heard.peak,
                    notice: notice.as_deref(),
                },
                frozen: self.params.freeze.value(),
                hold: self.params.hold.value(),
                light,
            };
            self.panel.show(ui, &view)
        };
        let setter = host.param_setter();
        for action in actions {
            self.act(action, &setter);
        }
        self.settings.show(ui, &self.params, &self.station, &setter);
        ui.ctx().request_repaint_after(FRAME);
    }
}
