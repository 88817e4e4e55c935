//! The plugin's window: the meters, and a sheet of settings.

mod opened;
mod settings;
mod sized;

use std::sync::Arc;
use std::time::{Duration, Instant};

use echometer_engine::PerFeature;
use echometer_meters::Reference;
use echometer_meters::panel::{Action, Errand, Panel, State, Status, View};
use nice_plug::context::gui::GuiContext;
use nice_plug::prelude::{Param, ParamSetter};
use nice_plug_egui::baseview::{self, HandlerError};
use nice_plug_egui::{Frame, NiceEguiApp};

use crate::params::EchometerParams;
use crate::reference::SavedReference;
use crate::station::{Phase, Station};
use crate::window_end;
pub(crate) use opened::bounded;
use settings::Settings;
pub(crate) use sized::SizedEditor;
pub(crate) use sized::WindowSize;

/// Between two pictures while something may move.
const FRAME: Duration = Duration::from_millis(33);

/// Without audio for this long, the meters say that they wait.
const WAITING_AFTER: Duration = Duration::from_millis(700);

/// Seconds of a window whose model is not there yet.
const USUAL_WINDOW_S: f64 = 30.0;

/// The editor that hosts open and close.
pub(crate) fn editor(params: Arc<EchometerParams>, station: Arc<Station>) -> Option<SizedEditor> {
    SizedEditor::new(params, station)
}

/// What one window shows and remembers.
pub(crate) struct Window {
    params: Arc<EchometerParams>,
    station: Arc<Station>,
    panel: Panel,
    settings: Settings,
    host: Option<GuiContext>,
    heard: Heard,
    /// The reference, and the count of changes that it was made for.
    reference: Option<(u64, Option<Reference>)>,
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
            reference: None,
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
            Action::Compare => self.compare(),
            Action::CompareFile(path) => match self.station.phase() {
                Phase::Ready(model) => self.station.errands().score(path, model),
                Phase::Loading => self.station.errands().refuse("The model is still being loaded."),
                Phase::Failed(reason) => self.station.errands().refuse(reason),
            },
            Action::CompareNothing => {
                self.station.errands().stop();
                params.reference.put(None);
                params.touch();
            }
            Action::Stop => self.station.errands().stop(),
            Action::Save(path) => {
                let session = self.station.outcome().record.lock().session().clone();
                let (model, backend) = match self.station.phase() {
                    Phase::Ready(model) => (model.title(), model.runtime().name().to_string()),
                    Phase::Loading | Phase::Failed(_) => Default::default(),
                };
                self.station.errands().save(path, session, model, backend);
            }
        }
    }

    /// Compares with what the meters say now.
    fn compare(&self) {
        let latest = self.station.outcome().record.lock().latest().cloned();
        if let Some(reading) = latest.filter(|reading| !reading.silent) {
            let name = format!("Reading at {}", clock(reading.time));
            self.keep(&Reference::of(name, &reading));
            self.station.errands().stop();
        }
    }

    fn keep(&self, reference: &Reference) {
        self.params.reference.put(Some(SavedReference::from(reference)));
        self.params.touch();
    }

    /// The reference as it is drawn, made anew when it changes.
    fn reference(&mut self) -> Option<Reference> {
        if let Some(made) = self.station.errands().take_reference() {
            self.keep(&made);
        }
        let changes = self.params.reference.changes();
        if self.reference.as_ref().is_none_or(|(known, _)| *known != changes) {
            let saved = self.params.reference.get();
            self.reference = Some((changes, saved.map(|saved| saved.reference())));
        }
        self.reference
            .as_ref()
            .and_then(|(_, reference)| reference.clone())
    }
}

/// Minutes and seconds of input: `12:34`.
fn clock(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    format!("{}:{:02}", seconds / 60, seconds % 60)
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

    fn resized(&mut self, size: baseview::WindowSize) {
        let (width, height) = (size.logical.width as f32, size.logical.height as f32);
        let size = WindowSize::new(width, height);
        if size != self.params.window.get() {
            self.params.window.put(size);
        }
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
        let reference = self.reference();
        let progress = self.station.errands().progress();
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
                reference: reference.as_ref(),
                errand: Errand {
                    words: &progress.words,
                    busy: progress.busy,
                    share: progress.share,
                    failed: progress.failed,
                },
                // The framework's windows keep what is dropped on them to themselves.
                drops: false,
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

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;
    use crate::touched::{Touched, telling};

    #[test]
    fn the_host_hears_of_another_reference() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let tells = Arc::clone(&told);
        let params = telling(
            Arc::new(move |what| tells.lock().push(what)),
            EchometerParams::shared,
        );
        let station = Station::new(Arc::clone(&params));
        let window = Window::new(Arc::clone(&params), Arc::clone(&station));
        window.keep(&SavedReference::default().reference());
        assert!(params.reference.get().is_some());
        assert_eq!(*told.lock(), [Touched::Saved]);
        station.shut_down();
    }
}
