//! `analyzer scan` against decoding alone, and against librosa's pipeline, on the same files and all cores.
//!
//! `cargo bench -p echometer-tests --bench scan` takes the bundled excerpts, many times over. `ECHOMETER_SCAN=FOLDER` takes the
//! music in a folder instead, `ECHOMETER_PYTHON` names a Python with librosa (`pip install librosa soundfile`).

#![allow(clippy::unwrap_used, clippy::expect_used)] // The whole file is a measurement.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use echometer_decode::Decoder;
use echometer_engine::frontend::FrontEndConfig;
use echometer_models::DEMOS;
use echometer_tests::{analyzer, goal};
use serde_json::Value;

/// What a scan may take of decoding alone, and of librosa.
const LONGER: f64 = 1.5;
const OF_LIBROSA: f64 = 1.0;
/// Turns of the comparison: decoding, then a scan on each device.
const TURNS: usize = 5;
/// Files that are taken of a folder, at most, and copies of each bundled excerpt.
const FILES: usize = 60;
const COPIES: usize = 12;

fn main() {
    let room = tempfile::tempdir().unwrap();
    let files = match std::env::var_os("ECHOMETER_SCAN") {
        Some(folder) => music(Path::new(&folder)),
        None => excerpts(room.path()),
    };
    let list = room.path().join("list.txt");
    let names: Vec<_> = files.iter().map(|path| path.to_str().unwrap()).collect();
    fs::write(&list, names.join("\n")).unwrap();
    let cores = thread::available_parallelism().unwrap().get();
    let seconds = decode(&files, cores).1;
    println!("{} files, {seconds:.0} s of audio, {cores} cores", files.len());

    let devices = ["cpu", "embedded"].map(|device| (device, scan(&list, device)));
    let devices = devices.map(|(device, tried)| tried.map(|_| device).map_err(|why| (device, why)));
    for (device, why) in devices.iter().filter_map(|tried| tried.as_ref().err()) {
        println!("{device}: skipped: {why}");
    }
    let mut scans = Vec::new();
    for device in devices.into_iter().flatten() {
        let turns: Vec<_> = (0..TURNS)
            .map(|_| (decode(&files, cores).0, scan(&list, device).unwrap()))
            .collect();
        let ratio = median(turns.iter().map(|(decoding, scan)| scan / decoding));
        let took = median(turns.iter().map(|(_, scan)| *scan));
        let decoding = median(turns.iter().map(|(decoding, _)| *decoding));
        println!(
            "{device}: a scan goes at {:.0} times real time, decoding alone at {:.0}",
            seconds / took,
            seconds / decoding
        );
        goal(&format!("{device}: scan / decoding alone"), ratio, LONGER);
        scans.push((device, took));
    }
    for way in ["mel", "descriptors"] {
        match librosa(&list, way) {
            Ok(took) => {
                println!("librosa, {way}: {:.0} times real time", seconds / took);
                for (device, scan) in &scans {
                    goal(
                        &format!("{device}: scan / librosa's {way}"),
                        scan / took,
                        OF_LIBROSA,
                    );
                }
            }
            Err(why) => println!("librosa, {way}: skipped: {why}"),
        }
    }
}

/// Seconds that decoding takes, `jobs` files at once, and seconds of audio in them.
fn decode(files: &[PathBuf], jobs: usize) -> (f64, f64) {
    let (next, begun) = (AtomicUsize::new(0), Instant::now());
    let work = || {
        let mut heard = 0.0;
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            heard += seconds(path).unwrap_or(0.0);
        }
        heard
    };
    let heard = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        let heard = workers.into_iter().map(|worker| worker.join().unwrap());
        heard.sum()
    });
    (begun.elapsed().as_secs_f64(), heard)
}

/// Seconds of audio in a file, by decoding all of it; `None` where it is none.
fn seconds(path: &Path) -> Option<f64> {
    let mut decoder = Decoder::open(path).ok()?;
    let (mut samples, mut count) = (Vec::new(), 0);
    while decoder.next(&mut samples).ok()? {
        count += samples.len();
        samples.clear();
    }
    Some(count as f64 / f64::from(decoder.channels()) / f64::from(decoder.rate()))
}

/// Seconds that a scan of the files in `list` takes, from the program's start to its end.
fn scan(list: &Path, device: &str) -> Result<f64, String> {
    let begun = Instant::now();
    let output = Command::new(analyzer())
        .args(["scan", "--device", device, "--from"])
        .arg(list)
        .output()
        .unwrap();
    let took = begun.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&output.stderr);
    output.status.success().then_some(took).ok_or(said.into_owned())
}

/// Seconds that librosa takes for the files in `list`, on one of the ways that the script knows.
///
/// Its mel bands are those of our front end.
fn librosa(list: &Path, way: &str) -> Result<f64, String> {
    let python = std::env::var_os("ECHOMETER_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    let config = FrontEndConfig::live();
    let settings = match way {
        "mel" => [config.sample_rate as usize, config.fft, config.hop, config.mels]
            .map(|number| number.to_string())
            .to_vec(),
        _ => Vec::new(),
    };
    let output = Command::new(&python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/scan_librosa.py"))
        .arg(way)
        .arg(list)
        .args(settings)
        .output()
        .map_err(|error| format!("{}: {error}", python.display()))?;
    let found = serde_json::from_slice::<Value>(&output.stdout).ok();
    let took = found.and_then(|found| found["wall_s"].as_f64());
    took.ok_or_else(|| {
        format!(
            "{} has no librosa (pip install librosa soundfile; ECHOMETER_PYTHON names another Python)",
            python.display()
        )
    })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Copies of the bundled excerpts.
fn excerpts(room: &Path) -> Vec<PathBuf> {
    let copies = (0..COPIES).flat_map(|copy| DEMOS.iter().map(move |demo| (copy, demo)));
    copies
        .map(|(copy, demo)| {
            let path = room.join(format!("{}-{copy}.ogg", demo.name));
            fs::write(&path, demo.ogg).unwrap();
            path
        })
        .collect()
}

/// Music in a folder, spread over it: neighbours are of one album.
fn music(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    walk(folder, &mut files);
    files.sort();
    let step = (files.len() / FILES).max(1);
    files.into_iter().step_by(step).take(FILES).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.to_str().is_some() && Decoder::open(&path).is_ok() {
            files.push(path);
        }
    }
}
