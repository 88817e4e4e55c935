use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use echometer_engine::frontend::FrontEndConfig;
use indicatif::ProgressBar;

use super::*;

const WINDOW_S: f64 = 2.0;

fn write_clip(path: &Path, hz: f32) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 24_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for n in 0..60_000 {
        let value = (std::f32::consts::TAU * hz * n as f32 / 24_000.0).sin();
        writer.write_sample((value * 16_000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// Clips of different pitch in `folder`.
fn rows(folder: &Path, count: usize) -> Vec<Row> {
    (0..count)
        .map(|i| {
            let path = folder.join(format!("{i}.wav"));
            write_clip(&path, 200.0 + 50.0 * i as f32);
            Row::new(path, 0.0, "")
        })
        .collect()
}

fn open(folder: &Path, shard_bytes: usize) -> Cache {
    Cache::with_shards(folder, Box::new(content()), shard_bytes).unwrap()
}

fn content() -> MelFrames {
    MelFrames {
        front_end: FrontEndConfig::live(),
        window_s: WINDOW_S,
    }
}

fn sounds(cache: &mut Cache, rows: &[Row]) -> Vec<Sound> {
    let sounds = cache.sounds(rows, &ProgressBar::hidden(), &AtomicBool::new(false));
    sounds.unwrap().unwrap()
}

/// All frames of what was heard.
fn frames(sounds: &[Sound]) -> Vec<Vec<f32>> {
    let all = |sound: &Sound| match sound {
        Sound::Heard(heard) => heard.frames.rows(0..heard.frames.len()).unwrap().to_vec(),
        Sound::Unreadable(reason) => panic!("{reason}"),
    };
    sounds.iter().map(all).collect()
}

/// The shards of the one cache in `folder`.
fn shards(folder: &Path) -> Vec<PathBuf> {
    let cache = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let mut files: Vec<_> = fs::read_dir(cache)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn what_was_heard_is_read_again_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(folder.path(), 9);
    let cached = folder.path().join("cache");
    let first = frames(&sounds(&mut open(&cached, 1), &rows));
    assert!(shards(&cached).len() > 1, "small shards are many");
    assert_eq!(first[0].len(), 157 * 80, "2 s are 157 frames of 80 bands");
    assert_ne!(first[0], first[1]);
    let before = shards(&cached);
    let again = frames(&sounds(&mut open(&cached, 1), &rows));
    assert_eq!(first, again);
    assert_eq!(before, shards(&cached), "nothing was computed again");
    let whole = frames(&sounds(&mut open(&folder.path().join("other"), 1 << 30), &rows));
    assert_eq!(first, whole, "shards of any size hold the same");
}

#[test]
fn frames_are_those_of_the_front_end() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(folder.path(), 1);
    let cached = frames(&sounds(&mut open(&folder.path().join("cache"), 1), &rows));
    let decoded = content().make(&rows[0]);
    let Ok(Decoded::Clip { frames, loudness }) = decoded else {
        panic!("it can be read")
    };
    assert_eq!(cached[0], frames);
    // A sine of amplitude 0.488 in one channel: −6.2 dBFS peak, −9.2 dB RMS, K-weighted near 200 Hz a little less.
    assert!((-12.5..-8.5).contains(&loudness.unwrap()), "{loudness:?}");
}

#[test]
fn a_damaged_or_half_written_shard_costs_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(folder.path(), 9);
    let cached = folder.path().join("cache");
    let first = frames(&sounds(&mut open(&cached, 1), &rows));
    let damaged = shards(&cached).remove(0);
    let bytes = fs::read(&damaged).unwrap();
    for cut in [0, 10, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&damaged, &bytes[..cut]).unwrap();
        assert_eq!(
            frames(&sounds(&mut open(&cached, 1), &rows)),
            first,
            "cut to {cut} bytes"
        );
    }
    // A list that names frames beyond the end must not be believed.
    let mut wrong = bytes.clone();
    let place = wrong
        .windows(9)
        .rposition(|window| window == b"\"frames\":")
        .unwrap()
        + 9;
    wrong[place] = b'9';
    fs::write(&damaged, &wrong).unwrap();
    assert_eq!(frames(&sounds(&mut open(&cached, 1), &rows)), first);
    // What a kill leaves is no shard at all.
    fs::write(damaged.with_file_name(".partial-x"), &bytes[..100]).unwrap();
    assert_eq!(frames(&sounds(&mut open(&cached, 1), &rows)), first);
}

#[test]
fn moved_and_copied_files_are_found_by_their_content() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = rows(folder.path(), 2);
    let cached = folder.path().join("cache");
    let first = frames(&sounds(&mut open(&cached, 1), &rows));
    let moved = folder.path().join("moved.wav");
    fs::rename(&rows[0].path, &moved).unwrap();
    rows[0].path = moved;
    let size = || {
        shards(&cached)
            .iter()
            .map(|path| fs::metadata(path).unwrap().len())
            .sum::<u64>()
    };
    let before = size();
    assert_eq!(frames(&sounds(&mut open(&cached, 1), &rows)), first);
    assert!(size() - before < 2000, "its frames were written again");
    let after = shards(&cached);
    assert_eq!(frames(&sounds(&mut open(&cached, 1), &rows)), first);
    assert_eq!(shards(&cached), after, "the new name is known now");
    // Another start in the same file is another clip.
    rows[1].start = 0.25;
    assert_ne!(frames(&sounds(&mut open(&cached, 1), &rows))[1], first[1]);
}

#[test]
fn unreadable_files_are_remembered_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("noise.wav");
    fs::write(&path, b"no RIFF at all").unwrap();
    let rows = [
        Row::new(path.clone(), 0.0, ""),
        Row::new(folder.path().join("gone.wav"), 0.0, ""),
    ];
    let cached = folder.path().join("cache");
    for _ in 0..2 {
        let sounds = sounds(&mut open(&cached, 1), &rows);
        assert!(
            sounds.iter().all(|sound| matches!(sound, Sound::Unreadable(_))),
            "{sounds:?}"
        );
    }
    assert_eq!(shards(&cached).len(), 1);
    write_clip(&path, 300.0);
    let sounds = sounds(&mut open(&cached, 1), &rows);
    assert!(
        matches!(sounds[0], Sound::Heard(_)),
        "a file that was mended is read again"
    );
}

#[test]
fn what_the_system_refuses_is_told_and_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = rows(folder.path(), 2);
    // A folder can be looked at and opened, but reading it fails, whoever asks.
    rows[0].path = folder.path().join("clip.wav");
    fs::create_dir(&rows[0].path).unwrap();
    let cached = folder.path().join("cache");
    let first = sounds(&mut open(&cached, 1), &rows);
    let Sound::Unreadable(reason) = &first[0] else {
        panic!("{first:?}")
    };
    assert!(reason.starts_with("it cannot be read: "), "{reason}");
    assert!(matches!(first[1], Sound::Heard(_)));
    let known = open(&cached, 1).known;
    assert_eq!(known.len(), 1, "only what could be read is remembered");
    rows[0].path = folder.path().join("gone.wav");
    let gone = sounds(&mut open(&cached, 1), &rows);
    assert!(
        matches!(&gone[0], Sound::Unreadable(reason) if reason.starts_with("it cannot be looked at: ")),
        "{gone:?}"
    );
}

#[test]
fn shards_close_at_their_size_and_hold_a_sound_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = rows(folder.path(), 3);
    rows.insert(1, Row::new(folder.path().join("copy.wav"), 0.0, ""));
    fs::copy(&rows[0].path, &rows[1].path).unwrap();
    let cached = folder.path().join("cache");
    let all = frames(&sounds(&mut open(&cached, 1), &rows));
    assert_eq!(all[0], all[1]);
    assert_eq!(
        shards(&cached).len(),
        3,
        "one for each sound, the second with the copy's name too"
    );
    let bytes: u64 = shards(&cached)
        .iter()
        .map(|path| fs::metadata(path).unwrap().len())
        .sum();
    assert!(bytes < 4 * 157 * 80 * 4, "the copy's frames were written again");
}

#[test]
fn what_a_kill_left_goes_when_it_is_old() {
    let folder = tempfile::tempdir().unwrap();
    let cached = folder.path().join("cache");
    let cache = open(&cached, 1).folder;
    let make = |name: &str, hours: u64| {
        let file = fs::File::create(cache.join(name)).unwrap();
        let changed = std::time::SystemTime::now() - std::time::Duration::from_secs(3600 * hours);
        file.set_modified(changed).unwrap();
    };
    make(".partial-old", 3);
    make(".partial-young", 0);
    make("other", 3);
    open(&cached, 1);
    let left: Vec<_> = shards(&cached)
        .iter()
        .map(|path| path.file_name().unwrap().to_owned())
        .collect();
    assert_eq!(left, [".partial-young", "other"]);
}

#[test]
fn stopping_keeps_what_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(folder.path(), 2);
    let cached = folder.path().join("cache");
    let stopped = open(&cached, 1).sounds(&rows, &ProgressBar::hidden(), &AtomicBool::new(true));
    assert!(stopped.unwrap().is_none());
    assert_eq!(sounds(&mut open(&cached, 1), &rows).len(), 2);
}
