//! The meters in a window on the desktop: the panel that the plugin shows, on what the analyzer listens to.

mod icon;
mod screen;
mod sheet;

use std::sync::mpsc::Receiver;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use echometer_engine::Model;
use echometer_meters::errand::Errands;
use echometer_meters::panel::{Action, Errand, Panel, State, Status, View};
use echometer_meters::{Record, Reference};
use eframe::egui::{self, Key, KeyboardShortcut, Modifiers, ViewportBuilder, ViewportCommand};

use super::About;
use crate::analysis::Event;
use crate::control::Control;
use crate::failure::Failure;
use screen::{Phase, Screen, Shared};
use sheet::Sheet;

/// Between two pictures while something may move.
const FRAME: Duration = Duration::from_millis(33);

/// How much of the last peak is left in the next picture: it falls by 12 dB a second or so.
const FALL: f32 = 0.95;

/// Shows the meters until the user leaves; what a finished input left stays until then.
///
/// Runs on the program's first thread: some systems open windows on no other.
///
/// `model` scores what is compared with; `record` is an empty one for its frames.
pub(crate) fn run(
    about: &About,
    model: Model,
    record: Record,
    events: Receiver<Event>,
    control: &Arc<Control>,
) -> Result<(), Failure> {
    let shared = Arc::new(Shared::new(record));
    let viewport = ViewportBuilder::default()
        .with_title(title(&about.input))
        .with_app_id("echometer")
        .with_icon(icon::icon())
        .with_inner_size(Panel::SIZE)
        .with_min_inner_size(Panel::MIN_SIZE);
    let options = eframe::NativeOptions {
        viewport,
        ..Default::default()
    };
    let (ready, opened) = mpsc::channel();
    let face = Face::new(about, model, Arc::clone(&shared), Arc::clone(control));
    let theirs = (Arc::clone(&shared), Arc::clone(control));
    // Events are taken whether the window is drawn or not: a hidden one is not, and nobody waits for it.
    thread::Builder::new()
        .name("window events".into())
        .spawn(move || {
            let window: Option<egui::Context> = opened.recv().ok();
            theirs.0.follow(&events, &theirs.1, window.as_ref());
        })
        .map_err(|error| Failure::failed(format!("the window's thread could not start: {error}")))?;
    let shown = eframe::run_native(
        "Echometer",
        options,
        Box::new(move |creation| {
            // Heard, unless the thread is gone already.
            let _ = ready.send(creation.egui_ctx.clone());
            Ok(Box::new(face))
        }),
    );
    control.stop();
    shown.map_err(|error| unopened(&error))?;
    shared.lock().result()
}

fn title(input: &str) -> String {
    format!("{input} – Echometer")
}

fn unopened(error: &eframe::Error) -> Failure {
    // Their own words are for whoever builds programs, and name files of that machine.
    let why = match error {
        eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_) if !has_display() => {
            "there is no desktop to open it on"
        }
        eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_) => {
            "the desktop does not answer, or refuses it"
        }
        eframe::Error::AppCreation(_) => "it could not be set up",
        _ => "the desktop offers no OpenGL that fits",
    };
    Failure::failed(format!("--window cannot open a window: {why}")).hint(
        "it needs a desktop: DISPLAY or WAYLAND_DISPLAY must name one, with OpenGL 2.0 or newer\n\
         without --window the meters are in the terminal, and --serve shows them in a browser",
    )
}

/// Whether the environment names a desktop; it need not be there.
fn has_display() -> bool {
    let named = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(not(target_os = "linux"))
        || ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"]
            .into_iter()
            .any(named)
}

/// The window.
struct Face {
    shared: Arc<Shared>,
    control: Arc<Control>,
    about: About,
    panel: Panel,
    sheet: Sheet,
    /// What is shown while frozen.
    kept: Option<Record>,
    hold: bool,
    light: bool,
    peak: f32,
    model: Model,
    errands: Errands,
    reference: Option<Reference>,
    /// What the window is called now.
    title: String,
}

impl Face {
    fn new(about: &About, model: Model, shared: Arc<Shared>, control: Arc<Control>) -> Self {
        Self {
            shared,
            control,
            about: about.clone(),
            panel: Panel::default(),
            sheet: Sheet::default(),
            kept: None,
            hold: false,
            light: false,
            peak: 0.0,
            model,
            errands: Errands::default(),
            reference: None,
            title: title(&about.input),
        }
    }

    /// Draws the panel on what there is; returns what the user asked for.
    fn show(&mut self, ui: &mut egui::Ui, screen: &mut Screen) -> Vec<Action> {
        self.peak = screen.take_peak().max(self.peak * FALL);
        let notice = screen.notice();
        self.reference = self.errands.take_reference().or(self.reference.take());
        let progress = self.errands.progress();
        let view = View {
            state: match &screen.phase {
                Phase::Waiting => State::Waiting,
                // What a finished input left is no older than it was.
                Phase::Running | Phase::Done => State::Running,
                Phase::Failed(reason) => State::Failed(reason),
            },
            record: self.kept.as_ref().unwrap_or(&screen.record),
            window_s: self.about.window_s,
            guesses: self.about.guesses,
            reference: self.reference.as_ref(),
            errand: Errand {
                words: &progress.words,
                busy: progress.busy,
                share: progress.share,
                failed: progress.failed,
            },
            drops: true,
            status: Status {
                model: &self.about.model,
                backend: &self.about.backend,
                reason: self.about.reason.as_deref().unwrap_or_default(),
                cpu: screen.cpu.get().unwrap_or_default() as f32,
                peak: self.peak,
                notice: notice.as_deref(),
            },
            frozen: self.kept.is_some(),
            hold: self.hold,
            light: self.light,
        };
        self.panel.show(ui, &view)
    }

    fn act(&mut self, action: Action, screen: &mut Screen) {
        match action {
            Action::Reset => {
                self.control.reset();
                screen.record.clear();
                self.kept = self.kept.is_some().then(|| screen.record.clone());
            }
            Action::Freeze(on) => self.kept = on.then(|| screen.record.clone()),
            Action::Hold(on) => self.hold = on,
            Action::Light(on) => self.light = on,
            Action::Settings => self.sheet.toggle(),
            Action::DismissNotice => screen.dismiss_notice(),
            Action::Compare => {
                let latest = self.shown(screen).latest().filter(|reading| !reading.silent);
                if let Some(reading) = latest {
                    let title = screen.part.as_ref().map_or(&self.about.input, |part| &part.title);
                    self.reference = Some(Reference::of(title, reading));
                    self.errands.stop();
                }
            }
            Action::CompareFile(path) => self.errands.score(path, self.model.clone()),
            Action::CompareNothing => {
                self.errands.stop();
                self.reference = None;
            }
            Action::Stop => self.errands.stop(),
            Action::Save(path) => {
                let session = self.shown(screen).session().clone();
                let (model, backend) = (self.about.model.clone(), self.about.backend.clone());
                self.errands.save(path, session, model, backend);
            }
        }
    }

    /// What is on the meters.
    fn shown<'a>(&'a self, screen: &'a Screen) -> &'a Record {
        self.kept.as_ref().unwrap_or(&screen.record)
    }

    /// Keys of the terminal and of the desktop that leave.
    fn leaves(&mut self, ctx: &egui::Context) -> bool {
        let escape = ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
        if escape && !self.sheet.close() && !self.panel.close() {
            return true;
        }
        // What is typed into a field is no key of ours.
        if !ctx.text_edit_focused() && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Q)) {
            return true;
        }
        let shortcuts = [
            KeyboardShortcut::new(Modifiers::COMMAND, Key::Q),
            KeyboardShortcut::new(Modifiers::COMMAND, Key::W),
        ];
        ctx.input_mut(|input| shortcuts.iter().any(|shortcut| input.consume_shortcut(shortcut)))
    }
}

impl eframe::App for Face {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        if self.control.is_stopped() || self.leaves(&ctx) {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
        let shared = Arc::clone(&self.shared);
        let mut screen = shared.lock();
        screen.cpu.update();
        let actions = self.show(ui, &mut screen);
        for action in actions {
            self.act(action, &mut screen);
        }
        self.sheet.show(ui, &self.about, screen.part.as_ref());
        let named = title(
            screen
                .part
                .as_ref()
                .map_or(self.about.input.as_str(), |part| &part.title),
        );
        if named != self.title {
            self.title.clone_from(&named);
            ctx.send_viewport_cmd(ViewportCommand::Title(named));
        }
        ctx.request_repaint_after(FRAME);
    }
}
