//! Opens the panel on made-up data, to look at the drawing.
//!
//! Nothing here was measured or estimated: values, deviations and the picture come from a few sines and a fixed
//! sequence of pseudo-random numbers, chosen to look like music. No audio is read and no model is run.
//!
//! ```text
//! cargo run -p echometer-meters --features gallery --example gallery -- \
//!     --state running --coverage 0.4 --size 860x560 --light --hold --notice "Text"
//! ```

use std::time::{Duration, Instant};

use echometer_engine::frontend::Scale;
use echometer_engine::{Feature, Levels, PerFeature, Reading};
use echometer_meters::panel::{Action, Errand, Panel, State, Status, View};
use echometer_meters::{Record, Reference};
use eframe::egui;

const USAGE: &str = "\
gallery [--state running|silent|waiting|loading|failed] [--coverage 0..1] [--size WxH] [--zoom Z]
        [--light] [--hold] [--frozen] [--still] [--lossy] [--notice TEXT]";

/// Frames and bands of the made-up picture.
const FRAMES_HZ: f64 = 80.0;
const MELS: usize = 96;

/// Readings a second.
const READINGS_HZ: f64 = 5.0;

fn main() -> eframe::Result {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(wrong) => {
            println!("{wrong}\n\n{USAGE}");
            return Ok(());
        }
    };
    let native = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_inner_size([options.size.0, options.size.1])
            .with_min_inner_size([Panel::MIN_SIZE.0, Panel::MIN_SIZE.1]),
        ..eframe::NativeOptions::default()
    };
    eframe::run_native(
        "Echometer gallery: made-up data",
        native,
        Box::new(|creation| {
            creation.egui_ctx.set_zoom_factor(options.zoom);
            Ok(Box::new(Gallery::new(options)))
        }),
    )
}

/// What to show.
struct Options {
    state: String,
    coverage: f64,
    size: (f32, f32),
    zoom: f32,
    light: bool,
    hold: bool,
    frozen: bool,
    still: bool,
    lossy: bool,
    notice: Option<String>,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            state: "running".into(),
            coverage: 1.0,
            size: Panel::SIZE,
            zoom: 1.0,
            light: false,
            hold: false,
            frozen: false,
            still: false,
            lossy: false,
            notice: None,
        };
        while let Some(arg) = args.next() {
            let mut next = || args.next().ok_or(format!("{arg} needs a value"));
            match arg.as_str() {
                "--state" => options.state = next()?,
                "--coverage" => {
                    options.coverage = next()?.parse().map_err(|_| "--coverage is a number, 0 to 1")?
                }
                "--zoom" => options.zoom = next()?.parse().map_err(|_| "--zoom is a number")?,
                "--size" => {
                    let text = next()?;
                    let (x, y) = text.split_once('x').ok_or("--size is WIDTHxHEIGHT")?;
                    let side = |side: &str| side.parse().map_err(|_| "--size is WIDTHxHEIGHT".to_owned());
                    options.size = (side(x)?, side(y)?);
                }
                "--notice" => options.notice = Some(next()?),
                "--light" => options.light = true,
                "--hold" => options.hold = true,
                "--frozen" => options.frozen = true,
                "--still" => options.still = true,
                "--lossy" => options.lossy = true,
                _ => return Err(format!("unknown argument {arg}")),
            }
        }
        Ok(options)
    }
}

/// The window.
struct Gallery {
    panel: Panel,
    options: Options,
    song: Song,
    record: Record,
    /// What is shown while frozen.
    kept: Option<Record>,
    reference: Option<Reference>,
    start: Instant,
    /// Seconds made up before the window opened.
    ahead: f64,
}

impl Gallery {
    fn new(options: Options) -> Self {
        let heard = matches!(options.state.as_str(), "running" | "silent");
        let ahead = if heard { 30.0 * options.coverage } else { 0.0 };
        let mut gallery = Self {
            panel: Panel::default(),
            song: Song {
                silent: options.state == "silent",
                lossy: options.lossy,
                ..Song::default()
            },
            record: Record::new(MELS, Scale::Power, FRAMES_HZ),
            kept: None,
            reference: None,
            start: Instant::now(),
            ahead,
            options,
        };
        gallery.song.play(ahead, &mut gallery.record);
        gallery.kept = gallery.options.frozen.then(|| gallery.record.clone());
        gallery
    }
}

impl eframe::App for Gallery {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let running = matches!(self.options.state.as_str(), "running" | "silent");
        if running && !self.options.still {
            self.song
                .play(self.ahead + self.start.elapsed().as_secs_f64(), &mut self.record);
            ui.ctx().request_repaint_after(Duration::from_millis(33));
        }
        let state = match self.options.state.as_str() {
            "loading" => State::Loading,
            "waiting" => State::Waiting,
            "failed" => State::Failed(
                "The model at /home/me/models/echometer-large.onnx could not be read: it was made for frames of 128 bands, but this build computes 96. Choose another model in the settings.",
            ),
            _ => State::Running,
        };
        let level = if running {
            0.42 + 0.2 * (self.song.time * 2.1).sin() as f32
        } else {
            0.0
        };
        let view = View {
            state,
            record: self.kept.as_ref().unwrap_or(&self.record),
            window_s: 30.0,
            guesses: PerFeature::default(),
            reference: self.reference.as_ref(),
            errand: Errand::default(),
            drops: true,
            status: Status {
                model: "made-up data 0.0",
                backend: "no model",
                reason: "",
                cpu: 0.031,
                peak: level,
                notice: self.options.notice.as_deref(),
            },
            frozen: self.kept.is_some(),
            hold: self.options.hold,
            light: self.options.light,
        };
        for action in self.panel.show(ui, &view) {
            match action {
                Action::Reset => {
                    self.record.clear();
                    self.song = Song {
                        silent: self.song.silent,
                        lossy: self.song.lossy,
                        ..Song::default()
                    };
                    (self.start, self.ahead) = (Instant::now(), 0.0);
                }
                Action::Freeze(true) => self.kept = Some(self.record.clone()),
                Action::Freeze(false) => self.kept = None,
                Action::Hold(on) => self.options.hold = on,
                Action::Light(on) => self.options.light = on,
                Action::DismissNotice => self.options.notice = None,
                Action::Compare => {
                    let latest = self.record.latest();
                    self.reference = latest.map(|reading| Reference::of("made-up data", reading));
                }
                Action::CompareNothing => self.reference = None,
                Action::CompareFile(_) | Action::Stop | Action::Save(_) => {
                    self.options.notice = Some("Here a face would do what takes a while.".into())
                }
                Action::Settings => self.options.notice = Some("Here a face would open its settings.".into()),
            }
        }
    }
}

/// Something that looks like a song.
#[derive(Default)]
struct Song {
    time: f64,
    frames: u64,
    readings: u64,
    seed: u32,
    silent: bool,
    lossy: bool,
}

impl Song {
    /// Goes on until `end`.
    fn play(&mut self, end: f64, record: &mut Record) {
        self.time = end;
        while (self.frames as f64) < end * FRAMES_HZ {
            let frame = self.frame(self.frames as f64 / FRAMES_HZ);
            record.frames(&frame);
            self.frames += 1;
        }
        while ((self.readings + 1) as f64) <= end * READINGS_HZ {
            self.readings += 1;
            record.reading(&self.reading(self.readings as f64 / READINGS_HZ));
        }
    }

    fn noise(&mut self) -> f32 {
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.seed >> 8) as f32 / (1 << 24) as f32
    }

    /// Kick, chords and hats at 120 beats a minute, with a quiet bar now and then.
    fn frame(&mut self, time: f64) -> Vec<f32> {
        if self.silent {
            return vec![0.0; MELS];
        }
        let beat = (time * 2.0).fract() as f32;
        let hat = (time * 4.0 + 0.5).fract() as f32;
        let bar = (time / 2.0) as usize;
        let loud = if bar % 6 == 5 { 0.05 } else { 1.0 };
        let root = [14.0, 17.0, 12.0, 19.0][bar % 4];
        (0..MELS)
            .map(|band| {
                let x = band as f32;
                let kick = 400.0 * (-beat * 9.0).exp() * (-(x - 4.0).powi(2) / 18.0).exp();
                let chord: f32 = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0]
                    .iter()
                    .map(|partial| 90.0 / partial * (-(x - root * partial).powi(2) / 1.6).exp())
                    .sum();
                let hats = 1.2 * (-hat * 12.0).exp() * (x / MELS as f32).powi(3);
                let hiss = 0.002 + 0.02 * (-(x - 30.0).powi(2) / 800.0).exp();
                (kick + chord * (0.55 + 0.45 * (1.0 - beat)) + hats) * loud + hiss * self.noise()
            })
            .collect()
    }

    fn reading(&self, time: f64) -> Reading {
        let wave = |speed: f64, phase: f64| {
            (((time * speed + phase).sin() + 0.4 * (time * speed * 2.7 + phase * 3.0).sin()) / 1.4) as f32
        };
        let coverage = (time / 30.0).min(1.0) as f32;
        let middle = PerFeature([0.74, 0.66, 0.06, 0.18, 0.31, 0.22, 0.58, -9.4]);
        let swing = PerFeature([0.08, 0.14, 0.03, 0.09, 0.2, 0.12, 0.13, 2.6]);
        let doubt = PerFeature([0.07, 0.05, 0.03, 0.11, 0.19, 0.16, 0.12, 0.0]);
        let value = |feature: Feature| {
            let phase = feature as usize as f64 * 1.7;
            feature.clamp(middle[feature] + swing[feature] * wave(0.42, phase))
        };
        Reading {
            time,
            coverage,
            silent: self.silent,
            values: PerFeature::from_fn(|feature| match feature {
                Feature::Loudness => Some(if self.silent { -60.0 } else { value(feature) }),
                _ => (!self.silent).then(|| value(feature)),
            }),
            sd: PerFeature::from_fn(|feature| {
                (!self.silent).then(|| doubt[feature] * (1.0 + 0.8 * (1.0 - coverage)))
            }),
            levels: if self.silent {
                Levels::default()
            } else {
                Levels {
                    momentary: Some(-8.6 + 3.0 * wave(2.2, 0.0)),
                    max_momentary: Some(-6.1),
                    short_term: Some(-9.2 + 1.6 * wave(0.6, 0.4)),
                    max_short_term: Some(-7.8),
                    range: Some(6.4),
                    true_peak: Some(-1.3),
                }
            },
            dropped: if self.lossy { 12 } else { 0 },
            replaced: if self.lossy { 1 } else { 0 },
        }
    }
}
