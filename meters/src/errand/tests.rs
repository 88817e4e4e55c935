//! Errands, with real files and the default model.

use std::time::Duration;

use echometer_engine::{Device, Feature};

use super::*;

fn model() -> Model {
    Model::load(&echometer_models::default_model(), Device::Embedded).unwrap()
}

fn wait(errands: &Errands) -> Progress {
    while errands.progress().busy {
        thread::sleep(Duration::from_millis(5));
    }
    errands.progress()
}

/// A tone of −20 dBFS in both channels.
fn tone(path: &Path, seconds: u32) {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec).unwrap();
    for i in 0..48_000 * seconds {
        let sample =
            (0.1 * (std::f64::consts::TAU * 1_000.0 * f64::from(i) / 48_000.0).sin() * 32_767.0) as i16;
        (0..2).for_each(|_| file.write_sample(sample).unwrap());
    }
    file.finalize().unwrap();
}

#[test]
fn a_file_is_scored_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a mix, loud.wav");
    tone(&path, 8);
    let errands = Errands::default();
    errands.score(path, model());
    let progress = wait(&errands);
    assert_eq!(progress.words, "a mix, loud.wav is the reference.");
    assert!(!progress.failed);
    let reference = errands.take_reference().unwrap();
    assert_eq!(errands.take_reference(), None, "it is given once");
    assert_eq!(reference.name, "a mix, loud.wav");
    assert!((reference.values[Feature::Loudness].unwrap() + 20.0).abs() < 0.1);
    assert!((reference.levels.true_peak.unwrap() + 20.0).abs() < 0.2);
    assert!((reference.levels.max_short_term.unwrap() + 20.0).abs() < 0.1);
    assert!(reference.values[Feature::Energy].is_some());
}

#[test]
fn what_is_no_music_is_told_and_is_no_reference() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "no music").unwrap();
    let errands = Errands::default();
    for path in [
        text,
        folder.path().into(),
        folder.path().join("missing.wav"),
        PathBuf::new(),
    ] {
        errands.score(path, model());
        let progress = wait(&errands);
        assert!(
            progress.failed && progress.words.contains("cannot be a reference"),
            "{progress:?}"
        );
    }
    assert_eq!(errands.take_reference(), None);
}

#[test]
fn an_errand_that_was_stopped_says_nothing_and_none_outlives_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.wav");
    tone(&path, 60);
    let errands = Errands::default();
    errands.score(path.clone(), model());
    errands.stop();
    assert_eq!(errands.progress(), Progress::default());
    errands.score(path.clone(), model());
    errands.end();
    assert!(lock(&errands.shared).threads.is_empty());
    assert_eq!(errands.take_reference(), None);
    errands.score(path, model());
    assert_eq!(
        errands.progress(),
        Progress::default(),
        "after the end nothing begins"
    );
}

#[test]
fn a_session_is_written_and_never_over_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session.csv");
    let errands = Errands::default();
    let save = |path: &Path| {
        errands.save(
            path.into(),
            Session::default(),
            "model 1".into(),
            "embedded".into(),
        );
        wait(&errands)
    };
    let progress = save(&path);
    assert_eq!(progress.words, format!("0 rows are in {}", path.display()));
    assert!(fs::read_to_string(&path).unwrap().starts_with("time,coverage,"));
    fs::write(&path, "mine").unwrap();
    let progress = save(&path);
    assert!(
        progress.failed && progress.words.contains("choose another name"),
        "{progress:?}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    let progress = save(&folder.path().join("nowhere/session.csv"));
    assert!(
        progress.failed && progress.words.contains("cannot be written"),
        "{progress:?}"
    );
}
