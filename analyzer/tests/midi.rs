//! MIDI controllers at a real port (Linux: of ALSA's sequencer; without it the test says so and passes).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod common;

use common::*;

#[test]
fn an_unknown_port_says_what_there_is() {
    let output = run(&["--input", "demo:dance", "--midi", "no such port"]);
    let said = stderr(&output);
    assert_eq!(code(&output), 1, "{said}");
    assert!(said.contains("no such port") && said.contains("hint: "), "{said}");
    assert!(output.stdout.is_empty());
}

#[cfg(unix)]
#[test]
fn a_port_gets_the_controllers_of_the_last_reading() {
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    use echometer_engine::Feature;
    use midir::MidiInput;
    use midir::os::unix::VirtualInput;

    let input = match MidiInput::new("Echometer test") {
        Ok(input) => input,
        Err(error) => {
            println!("skipped: there is no MIDI here: {error}");
            return;
        }
    };
    let heard = Arc::new(Mutex::new(Vec::new()));
    let theirs = Arc::clone(&heard);
    let take = move |_, message: &[u8], (): &mut ()| theirs.lock().unwrap().push(message.to_vec());
    let _open = input.create_virtual("lights", take, ()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = wav(folder.path(), "chord.wav", &chord(5.0));
    let arguments = ["--input", path.to_str().unwrap(), "--realtime"];
    let output = run(&[&arguments[..], &["--midi", "LIGHTS", "--midi-channel", "3"]].concat());
    let lines = lines(&output);
    let mut last = BTreeMap::new();
    for message in heard.lock().unwrap().iter() {
        let [0xB2, number, value] = message[..] else {
            panic!("{message:?}");
        };
        last.insert(number, value);
    }
    assert_eq!(
        last.keys().copied().collect::<Vec<_>>(),
        (20..28).collect::<Vec<_>>()
    );
    for (feature, number) in echometer_automation::DEFAULT_NUMBERS {
        let value = lines.last().unwrap()[feature.name()].as_f64().unwrap();
        let position = feature.position(value as f32) * 127.0;
        assert!(
            (f32::from(last[&number]) - position).abs() <= 2.0,
            "{feature:?}: {last:?}"
        );
        assert!(Feature::ALL.contains(&feature));
    }
}
