//! Levels, references, the session and what is copied.

use super::*;

#[test]
fn levels_are_told_at_every_size() {
    for (x, y) in SIZES {
        let harness = Face::new(State::Running, record(1.0, false)).open(vec2(x, y));
        for spoken in [
            "Short-term -22.4 LUFS, largest -19.9",
            "Momentary -21.3 LUFS, largest -17.8",
            "Range 11.6 LU",
            "True peak -10.2 dBTP",
        ] {
            harness.get_by_label(spoken);
        }
        let texts = texts(&harness.output().shapes);
        for number in ["\u{2212}22.4", "\u{2212}21.3", "11.6", "\u{2212}10.2"] {
            assert!(
                texts.iter().any(|(text, _)| text == number),
                "{number} at {x}x{y}: {texts:?}"
            );
        }
    }
}

#[test]
fn meters_and_levels_say_how_far_the_reference_is() {
    let mut face = Face::new(State::Running, record(1.0, false));
    face.reference = Some(reference());
    let harness = face.open(Panel::SIZE.into());
    for spoken in [
        "Energy 0.63 ± 0.08, -0.27 from the reference's 0.90",
        "Loudness -13.8 LUFS, +9.2 from the reference's -23.0",
        "Short-term -22.4 LUFS, largest -19.9, -11.9 from the reference's -8.0",
        "Range 11.6 LU, +10.6 from the reference's 1.0",
    ] {
        harness.get_by_label(spoken);
    }
    let texts = texts(&harness.output().shapes);
    for apart in ["\u{2212}0.27", "+9.2", "max \u{2212}11.9", "max +22.2", "+10.6"] {
        assert!(texts.iter().any(|(text, _)| text == apart), "{apart}: {texts:?}");
    }
    let focus = super::super::theme::Theme::new(false).focus;
    let diamonds = harness.output().shapes.iter().filter(
        |shape| matches!(&shape.shape, Shape::Path(path) if path.fill == focus && path.points.len() == 4),
    );
    assert_eq!(diamonds.count(), Feature::COUNT, "each meter has its mark");
}

#[test]
fn a_reference_is_chosen_on_its_sheet() {
    let mut harness = Face::new(State::Running, record(1.0, false)).open(Panel::SIZE.into());
    harness.get_by_label("Reference").click();
    harness.run();
    harness.get_by_label("Hold the present reading").click();
    harness.run();
    assert_eq!(
        std::mem::take(&mut harness.state_mut().actions),
        [Action::Compare]
    );
    harness.get_by_label("Path of the audio file").focus();
    harness.run();
    harness
        .get_by_label("Path of the audio file")
        .type_text("/music/mix 3.wav");
    harness.run();
    harness.get_by_label("Score").click();
    harness.run();
    assert_eq!(
        std::mem::take(&mut harness.state_mut().actions),
        [Action::CompareFile("/music/mix 3.wav".into())]
    );
    harness.state_mut().errand = Errand {
        words: "Scoring mix 3.wav…",
        busy: true,
        share: Some(0.4),
        failed: false,
    };
    harness.state_mut().reference = Some(reference());
    harness.step();
    harness.get_by_label("Scoring mix 3.wav…");
    harness.step();
    harness.get_by_label("Stop").click();
    harness.step();
    harness.step();
    assert_eq!(std::mem::take(&mut harness.state_mut().actions), [Action::Stop]);
    harness.get_by_label("Compare with nothing").click();
    harness.step();
    harness.step();
    assert_eq!(
        std::mem::take(&mut harness.state_mut().actions),
        [Action::CompareNothing]
    );
}

#[test]
fn the_session_has_a_curve_for_each_meter_at_every_size_and_is_saved() {
    for (x, y) in SIZES {
        let mut face = Face::new(State::Running, record(1.0, false));
        face.reference = (x as u32).is_multiple_of(40).then(reference);
        face.light = y > 600.0;
        let mut harness = face.open(vec2(x, y));
        harness.get_by_label("Session").click();
        harness.run();
        let layout = layout(&harness, vec2(x, y));
        for feature in ORDER {
            harness.get_by_label_contains(&format!("{} over the session, now ", label(feature)));
        }
        harness.get_by_label("Short-term over the session, now \u{2212}22.4");
        let curves: Vec<Rect> = harness
            .output()
            .shapes
            .iter()
            .filter_map(|shape| match &shape.shape {
                Shape::Path(path) if path.points.len() > 20 => Some(path.visual_bounding_rect()),
                _ => None,
            })
            .collect();
        let inside = curves.iter().filter(|curve| layout.rest.contains_rect(**curve));
        assert!(inside.count() >= 9, "{x}x{y}: {curves:?} in {:?}", layout.rest);
        let texts = texts(&harness.output().shapes);
        for (i, (text, seen)) in texts.iter().enumerate() {
            for (other, at) in &texts[..i] {
                let over = seen.shrink(0.5).intersects(at.shrink(0.5));
                assert!(!over, "{x}x{y}: {text:?} {seen:?} over {other:?} {at:?}");
            }
        }
        harness.get_by_label("Save as CSV").click();
        harness.run();
        let actions = std::mem::take(&mut harness.state_mut().actions);
        let [Action::Save(path)] = &actions[..] else {
            panic!("{actions:?}")
        };
        assert_eq!(path.extension(), Some("csv".as_ref()));
        harness.get_by_label("Session").click();
        harness.run();
        harness.get_by_label_contains("Energy 0.63 ± 0.08");
    }
}

#[test]
fn values_are_copied_by_key_and_by_button() {
    let mut face = Face::new(State::Running, record(1.0, false));
    face.reference = Some(reference());
    let mut harness = face.open(Panel::SIZE.into());
    harness.key_press(Key::C);
    harness.run();
    let copied = std::mem::take(&mut harness.state_mut().copied);
    let [text] = &copied[..] else { panic!("{copied:?}") };
    assert!(text.contains("\nEnergy\t0.63\t0.08\t0.90\t-0.27\n"), "{text}");
    assert!(
        text.contains("\nTrue peak (dBTP)\t-10.2\t\t-1.0\t-9.2\n"),
        "{text}"
    );
    harness.get_by_label("Copy").click();
    harness.run();
    assert_eq!(harness.state().copied, copied);
    assert_eq!(harness.state().actions, []);
}

#[test]
fn a_dropped_file_is_a_reference() {
    #[derive(Debug)]
    struct Dropped;
    impl egui::DroppedFile for Dropped {
        fn path(&self) -> &std::path::Path {
            "/music/mix.flac".as_ref()
        }

        fn bytes(&self) -> Result<Vec<u8>, String> {
            Err("its path is enough".into())
        }
    }
    let mut harness = Face::new(State::Running, record(1.0, false)).open(Panel::SIZE.into());
    harness
        .input_mut()
        .dropped_files
        .push(std::sync::Arc::new(Dropped));
    harness.run();
    assert_eq!(
        harness.state().actions,
        [Action::CompareFile("/music/mix.flac".into())]
    );
}
