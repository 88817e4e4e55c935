//! The panel as a whole, drawn without a window.

mod compare;

use echometer_engine::frontend::Scale;
use echometer_engine::{Feature, Levels, PerFeature, Reading};
use egui::epaint::ClippedShape;
use egui::{Key, Modifiers, Rect, Shape, Vec2, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::layout::Layout;
use super::{Action, Errand, Panel, State, Status, View, notice};
use crate::{LARGE, MelPicture, ORDER, Record, Reference, SMALL, label, short_label};

const MELS: usize = 32;

/// What the harness leaves free around what it shows.
const MARGIN: Vec2 = vec2(16.0, 16.0);

const NOTICE: &str = "The model that was saved with this project was not found, so the built-in model is used until \
                      another one is chosen in the settings of this window.";
const REASON: &str =
    "The model at /a/rather/long/path/to/some/model.onnx could not be read: it is of no known kind.";

/// What a plugin or an application would keep.
struct Face {
    panel: Panel,
    record: Record,
    state: State<'static>,
    light: bool,
    hold: bool,
    guesses: PerFeature<bool>,
    frozen: bool,
    notice: Option<&'static str>,
    reference: Option<Reference>,
    errand: Errand<'static>,
    actions: Vec<Action>,
    copied: Vec<String>,
    field: Option<String>,
    window: Rect,
}

impl Face {
    fn new(state: State<'static>, record: Record) -> Self {
        Self {
            panel: Panel::default(),
            record,
            state,
            light: false,
            hold: false,
            guesses: PerFeature::default(),
            frozen: false,
            notice: None,
            reference: None,
            errand: Errand::default(),
            actions: Vec::new(),
            copied: Vec::new(),
            field: None,
            window: Rect::NOTHING,
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui) {
        if let Some(text) = &mut self.field {
            let label = ui.label("Field").id;
            ui.add(egui::TextEdit::singleline(text))
                .labelled_by(label)
                .request_focus();
        }
        let view = View {
            state: self.state,
            record: &self.record,
            window_s: 30.0,
            guesses: self.guesses,
            reference: self.reference.as_ref(),
            errand: self.errand,
            drops: true,
            status: Status {
                model: "an-uncommonly-long-model-name 12.34.56-beta",
                backend: "onnxruntime cpu",
                reason: "found libonnxruntime.so",
                cpu: 0.12,
                peak: 0.5,
                notice: self.notice,
            },
            frozen: self.frozen,
            hold: self.hold,
            light: self.light,
        };
        self.window = ui.available_rect_before_wrap();
        self.actions.extend(self.panel.show(ui, &view));
        ui.ctx().output(|output| {
            let texts = output.commands.iter().filter_map(|command| match command {
                egui::OutputCommand::CopyText(text) => Some(text.clone()),
                _ => None,
            });
            self.copied.extend(texts);
        });
    }

    fn open(self, size: Vec2) -> Harness<'static, Self> {
        let builder = Harness::builder().with_size(size + MARGIN);
        let mut harness = builder.build_ui_state(|ui, face: &mut Self| face.ui(ui), self);
        harness.run();
        harness
    }
}

const LEVELS: Levels = Levels {
    momentary: Some(-21.3),
    max_momentary: Some(-17.8),
    short_term: Some(-22.4),
    max_short_term: Some(-19.9),
    range: Some(11.6),
    true_peak: Some(-10.2),
};

/// A reference as loud and as different as can be.
fn reference() -> Reference {
    Reference {
        name: "A mix with a rather long name, mastered again (3).wav".into(),
        values: PerFeature([0.5, 0.9, 0.1, 0.0, 1.0, 0.6, 0.46, -23.0].map(Some)),
        levels: Levels {
            max_momentary: Some(-40.0),
            max_short_term: Some(-8.0),
            range: Some(1.0),
            true_peak: Some(-1.0),
            ..LEVELS
        },
    }
}

fn record(coverage: f32, silent: bool) -> Record {
    let mut record = Record::new(MELS, Scale::Power, 80.0);
    let values = PerFeature([0.78, 0.63, 0.04, 0.2, 0.5, 1.0, 0.46, -13.84]);
    let sds = PerFeature([0.07, 0.08, 0.03, 0.11, 0.19, 0.16, 0.12, 0.0]);
    let steps = (coverage * 150.0) as usize;
    for step in 0..=steps {
        // A little lower at the end than before, so that holding has something to mark.
        let late = if step == steps { 0.0 } else { 0.1 };
        record.reading(&Reading {
            time: 0.4 + step as f64 * 0.2,
            coverage,
            silent,
            values: PerFeature::from_fn(|feature| match feature {
                Feature::Loudness if silent => Some(-60.0),
                _ => (!silent).then(|| feature.clamp(values[feature] + late)),
            }),
            sd: PerFeature::from_fn(|feature| (!silent).then_some(sds[feature])),
            levels: if silent { Levels::default() } else { LEVELS },
            dropped: 12_345,
            replaced: 678_901,
        });
    }
    record.frames(&vec![100.0; MELS * (coverage * 2_400.0) as usize]);
    record
}

fn empty() -> Record {
    Record::new(MELS, Scale::Power, 80.0)
}

/// Every state a face can be in.
fn faces() -> Vec<(&'static str, Face)> {
    let mut faces = vec![
        ("loading", Face::new(State::Loading, empty())),
        ("waiting", Face::new(State::Waiting, empty())),
        ("stopped", Face::new(State::Waiting, record(1.0, false))),
        ("failed", Face::new(State::Failed(REASON), empty())),
        ("first", Face::new(State::Running, empty())),
        ("warming", Face::new(State::Running, record(0.4, false))),
        ("full", Face::new(State::Running, record(1.0, false))),
        ("held", Face::new(State::Running, record(1.0, false))),
        ("compared", Face::new(State::Running, record(1.0, false))),
        ("compared and held", Face::new(State::Running, record(1.0, false))),
        ("frozen", Face::new(State::Running, record(1.0, false))),
        ("silent", Face::new(State::Running, record(1.0, true))),
    ];
    for (name, face) in &mut faces {
        face.hold = matches!(*name, "held" | "silent" | "compared and held");
        face.reference = name.starts_with("compared").then(reference);
        face.frozen = *name == "frozen";
    }
    faces
}

/// Every text that was drawn, with the box of what can be seen of it, once.
fn texts(shapes: &[ClippedShape]) -> Vec<(String, Rect)> {
    fn collect(shape: &Shape, out: &mut Vec<(String, Rect)>) {
        match shape {
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, out)),
            Shape::Text(text) => {
                let seen = text.galley.mesh_bounds.translate(text.pos.to_vec2());
                let drawn: String = text.galley.rows.iter().map(|row| row.text()).collect();
                // Strong text is drawn twice, a hair apart.
                if !drawn.is_empty()
                    && !out
                        .iter()
                        .any(|(known, at)| *known == drawn && (at.min - seen.min).length() < 12.0)
                {
                    out.push((drawn, seen));
                }
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    shapes.iter().for_each(|shape| collect(&shape.shape, &mut out));
    out
}

fn layout(harness: &Harness<'_, Face>, size: Vec2) -> Layout {
    let window = harness.state().window;
    assert_eq!(window.size(), size);
    let painter = harness.ctx.debug_painter();
    let scale = Layout::new(window, 0).scale;
    let rows = harness
        .state()
        .notice
        .map_or(0, |text| notice::rows(&painter, text, size.x / scale));
    Layout::new(window, rows)
}

const SIZES: [(f32, f32); 14] = [
    (420.0, 332.0),
    (420.0, 560.0),
    (420.0, 1200.0),
    (480.0, 340.0),
    (560.0, 800.0),
    (640.0, 420.0),
    (671.0, 430.0),
    (860.0, 560.0),
    (860.0, 624.0),
    (1000.0, 332.0),
    (1280.0, 720.0),
    (1600.0, 1000.0),
    (2560.0, 1080.0),
    (3840.0, 2160.0),
];

#[test]
fn no_text_overlaps_another_or_leaves_its_place() {
    for (x, y) in SIZES {
        let size = vec2(x, y);
        for (i, (name, mut face)) in faces().into_iter().enumerate() {
            face.light = i % 2 == 0;
            face.notice = (i % 3 == 0).then_some(NOTICE);
            let harness = face.open(size);
            let layout = layout(&harness, size);
            let mut places = vec![layout.header, layout.footer];
            places.extend(layout.notice);
            if name == "failed" {
                places.push(layout.body);
            } else {
                places.extend(layout.strip);
                places.extend(layout.large);
                places.extend(layout.small);
                places.extend(layout.picture);
            }
            let texts = texts(&harness.output().shapes);
            assert!(texts.len() > 3, "{name} at {size:?}: {texts:?}");
            for (i, (text, seen)) in texts.iter().enumerate() {
                assert!(
                    places.iter().any(|place| place.expand(1.0).contains_rect(*seen)),
                    "{name} at {size:?}: {text:?} at {seen:?} is in no place"
                );
                for (other, at) in &texts[..i] {
                    assert!(
                        !seen.shrink(0.5).intersects(at.shrink(0.5)),
                        "{name} at {size:?}: {text:?} {seen:?} over {other:?} {at:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn names_and_numbers_are_whole_at_every_size() {
    for (x, y) in SIZES {
        let harness = Face::new(State::Running, record(1.0, false)).open(vec2(x, y));
        let texts = texts(&harness.output().shapes);
        let has = |wanted: &str| texts.iter().any(|(text, _)| text == wanted);
        for feature in ORDER {
            assert!(
                has(label(feature)) || has(short_label(feature)),
                "{feature} at {x}x{y}: {texts:?}"
            );
        }
        for number in [
            "0.78",
            "0.63",
            "1.00",
            "0.46",
            "0.20",
            "0.50",
            "0.04",
            "\u{2212}13.8",
        ] {
            assert!(has(number), "{number} at {x}x{y}: {texts:?}");
        }
        assert!(
            has("LUFS") && has("±0.08") && has("30 s heard"),
            "{x}x{y}: {texts:?}"
        );
        let size = |number: &str| {
            texts
                .iter()
                .find(|(text, _)| text == number)
                .map(|(_, seen)| seen.height())
        };
        assert!(size("0.78") > size("0.46"), "large meters have larger numerals");
    }
}

#[test]
fn every_meter_has_its_curve_in_a_window_of_the_usual_size() {
    let harness = Face::new(State::Running, record(1.0, false)).open(Panel::SIZE.into());
    let layout = layout(&harness, Panel::SIZE.into());
    let curves: Vec<Rect> = harness
        .output()
        .shapes
        .iter()
        .filter_map(|shape| match &shape.shape {
            Shape::Path(path) if path.points.len() > 50 => Some(path.visual_bounding_rect()),
            _ => None,
        })
        .collect();
    for card in layout.large.iter().chain(&layout.small) {
        assert!(
            curves.iter().any(|curve| card.contains_rect(*curve)),
            "{card:?}: {curves:?}"
        );
    }
    assert!(layout.picture.is_some());
}

#[test]
fn meters_are_told_to_screen_readers() {
    let harness = Face::new(State::Running, record(1.0, false)).open(Panel::SIZE.into());
    for spoken in [
        "Energy 0.63 ± 0.08",
        "Liveness 1.00 ± 0.16",
        "Instrumental 0.50 ± 0.19",
        "Loudness -13.8 LUFS",
        "30 s heard",
    ] {
        harness.get_by_label(spoken);
    }
    let energy = harness.get_by_label("Energy 0.63 ± 0.08");
    assert_eq!(energy.accesskit_node().role(), egui::Role::Meter);
    let spoken = energy.accesskit_node().numeric_value().unwrap();
    assert!((spoken - 0.63).abs() < 1e-6);
}

#[test]
fn every_meter_says_what_it_means() {
    let mut face = Face::new(State::Running, record(0.4, false));
    face.guesses[Feature::Liveness] = true;
    let harness = face.open(Panel::SIZE.into());
    let described = |spoken: &str| {
        harness
            .get_by_label_contains(spoken)
            .accesskit_node()
            .description()
    };
    for feature in ORDER {
        let text = described(&format!("{} ", label(feature))).unwrap_or_default();
        assert!(text.contains(super::hover::meaning(feature)), "{feature}: {text}");
        let band = text.contains("standard deviation");
        assert_eq!(band, feature != Feature::Loudness, "{feature}: {text}");
        assert!(text.contains("ring"), "{feature}: {text}");
        let guess = feature == Feature::Liveness;
        assert_eq!(text.contains("hardly knows it"), guess, "{feature}: {text}");
    }
    for (name, key) in [
        ("Freeze", "Space"),
        ("Reset", "Key: R"),
        ("Hold", "Key: H"),
        ("Light", "Key: L"),
    ] {
        let text = described(name).unwrap_or_default();
        assert!(text.contains(key), "{name}: {text}");
    }
    let model = described("Model: ").unwrap_or_default();
    assert!(
        model.contains("onnxruntime cpu\n(found libonnxruntime.so)"),
        "{model}"
    );
}

#[test]
fn silence_shows_no_number() {
    for size in [Panel::MIN_SIZE, Panel::SIZE, (1600.0, 1000.0)] {
        let mut face = Face::new(State::Running, record(1.0, true));
        face.hold = true;
        let harness = face.open(size.into());
        for feature in LARGE.into_iter().chain(SMALL) {
            harness.get_by_label(&format!("{}: silence", label(feature)));
        }
        let layout = layout(&harness, size.into());
        let scale = [
            "0",
            "0.5",
            "1",
            "\u{2212}60",
            "\u{2212}40",
            "\u{2212}30",
            "\u{2212}20",
        ];
        let texts = texts(&harness.output().shapes);
        let in_card = |seen: &Rect| {
            let mut cards = layout.large.iter().chain(&layout.small);
            cards.any(|card| card.contains_rect(*seen))
        };
        for (text, seen) in &texts {
            let in_card = in_card(seen);
            let digits = text.chars().any(|letter| letter.is_ascii_digit());
            assert!(
                !in_card || !digits || scale.contains(&text.as_str()),
                "{text:?} at {seen:?}"
            );
        }
        assert!(
            texts.iter().filter(|(text, _)| text == "Silence").count() >= 3,
            "{texts:?}"
        );
        assert!(
            texts
                .iter()
                .filter(|(text, seen)| text == "–" && in_card(seen))
                .count()
                == Feature::COUNT,
            "{texts:?}"
        );
    }
}

#[test]
fn keys_ask_for_what_they_should() {
    for on in [false, true] {
        let mut face = Face::new(State::Running, record(1.0, false));
        (face.frozen, face.hold, face.light) = (on, on, on);
        let mut harness = face.open(Panel::SIZE.into());
        for (key, action) in [
            (Key::Space, Action::Freeze(!on)),
            (Key::R, Action::Reset),
            (Key::H, Action::Hold(!on)),
            (Key::L, Action::Light(!on)),
        ] {
            harness.key_press(key);
            harness.run();
            assert_eq!(std::mem::take(&mut harness.state_mut().actions), [action]);
        }
        harness.key_press_modifiers(Modifiers::CTRL, Key::R);
        harness.run();
        assert_eq!(harness.state().actions, [], "a host's shortcut is not ours");
    }
}

#[test]
fn keys_go_to_a_text_field_first() {
    let mut face = Face::new(State::Running, record(1.0, false));
    face.field = Some(String::new());
    let mut harness = face.open(Panel::SIZE.into());
    for key in [Key::Space, Key::R, Key::H, Key::L] {
        harness.key_press(key);
        harness.step();
    }
    assert_eq!(harness.state().actions, []);
}

#[test]
fn buttons_ask_for_what_they_should() {
    let mut face = Face::new(State::Running, record(1.0, false));
    face.notice = Some(NOTICE);
    for size in [Panel::MIN_SIZE, Panel::SIZE] {
        let mut harness = Face {
            panel: Panel::default(),
            record: record(1.0, false),
            actions: Vec::new(),
            copied: Vec::new(),
            field: None,
            reference: None,
            ..face
        }
        .open(size.into());
        for (name, action) in [
            ("Freeze", Action::Freeze(true)),
            ("Reset", Action::Reset),
            ("Hold", Action::Hold(true)),
            ("Light", Action::Light(true)),
            ("Settings", Action::Settings),
            ("Dismiss", Action::DismissNotice),
        ] {
            harness.get_by_label(name).click();
            harness.run();
            assert_eq!(std::mem::take(&mut harness.state_mut().actions), [action]);
        }
    }
    let mut harness = Face::new(State::Failed(REASON), empty()).open(Panel::SIZE.into());
    harness.get_by_label("Open settings").click();
    harness.run();
    assert_eq!(harness.state().actions, [Action::Settings]);
}

#[test]
fn tab_reaches_every_control_and_meter() {
    let mut face = Face::new(State::Running, record(1.0, false));
    face.notice = Some(NOTICE);
    let mut harness = face.open(Panel::SIZE.into());
    let names = [
        "Freeze",
        "Reset",
        "Hold",
        "Light",
        "Settings",
        "Dismiss",
        "Energy 0.63 ± 0.08",
        "Loudness -13.8 LUFS",
    ];
    let mut reached = vec![false; names.len()];
    for _ in 0..48 {
        harness.key_press(Key::Tab);
        harness.run();
        for (name, reached) in names.iter().zip(&mut reached) {
            if harness.get_by_label(name).is_focused() {
                *reached = true;
                let focus = super::theme::Theme::new(false).focus;
                let framed = harness
                    .output()
                    .shapes
                    .iter()
                    .any(|shape| matches!(&shape.shape, Shape::Rect(rect) if rect.stroke.color == focus));
                assert!(framed, "the focus on {name} is seen");
            }
        }
    }
    assert_eq!(reached, vec![true; names.len()], "{names:?}");

    harness.get_by_label("Reset").focus();
    harness.run();
    harness.state_mut().actions.clear();
    harness.key_press(Key::Space);
    harness.run();
    assert_eq!(
        harness.state().actions,
        [Action::Reset],
        "space presses the button, and only that"
    );
    harness.get_by_label("Energy 0.63 ± 0.08").focus();
    harness.run();
    harness.state_mut().actions.clear();
    harness.key_press(Key::Space);
    harness.run();
    assert_eq!(
        harness.state().actions,
        [Action::Freeze(true)],
        "a meter has no use for the space bar"
    );
}

#[test]
fn asks_for_frames_only_while_something_moves() {
    let mut harness = Face::new(State::Running, record(1.0, false)).open(Panel::SIZE.into());
    let delay =
        |harness: &Harness<'_, Face>| harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
    harness.step();
    assert!(delay(&harness).as_secs() > 1, "at rest: {:?}", delay(&harness));
    let mut reading = harness.state().record.latest().unwrap().clone();
    reading.time += 0.2;
    reading.values[Feature::Energy] = Some(0.1);
    harness.state_mut().record.reading(&reading);
    harness.step();
    assert!(delay(&harness).is_zero(), "moving: {:?}", delay(&harness));
    harness.run();
    harness.state_mut().frozen = true;
    reading.time += 0.2;
    reading.values[Feature::Energy] = Some(0.9);
    harness.state_mut().record.reading(&reading);
    harness.step();
    harness.step();
    assert!(delay(&harness).as_secs() > 1, "frozen: {:?}", delay(&harness));
}

#[test]
fn only_new_columns_of_the_picture_are_written() {
    let ctx = egui::Context::default();
    let mut face = Face::new(State::Running, record(0.4, false));
    let frame = |face: &mut Face| {
        let input = egui::RawInput {
            screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), Panel::SIZE.into())),
            ..egui::RawInput::default()
        };
        let mut output = ctx.run_ui(input, |ui| face.ui(ui));
        let deltas = output.textures_delta.set.values().flatten();
        let widths: Vec<usize> = deltas
            .filter(|delta| delta.image.height() == MELS)
            .map(|delta| delta.image.width())
            .collect();
        output.textures_delta.clear();
        (widths, face.panel.picture.written())
    };
    let (first, total) = frame(&mut face);
    assert_eq!(
        (first, total),
        (vec![MelPicture::CAPACITY], 240),
        "at first the whole"
    );
    assert_eq!(frame(&mut face), (vec![], 240), "nothing new, nothing written");
    face.record.frames(&vec![1.0; MELS * 4 * 3]);
    assert_eq!(frame(&mut face), (vec![1, 1, 1], 243));
    face.record.clear();
    assert_eq!(frame(&mut face).1, 0, "a reset empties the picture");
}

#[test]
fn lives_in_an_editor_on_another_thread() {
    fn on_any_thread<T: Send + Sync + 'static>() {}
    on_any_thread::<Panel>();
}
