//! What mel frames cost: against the bare Fourier transforms in them, and, where ECHOMETER_PYTHON names a Python that has some of
//! torchaudio, librosa and kaldi-native-fbank, against theirs of the same sound and configuration, on one thread, in turns.
//!
//! `ECHOMETER_PYTHON=python3 cargo bench -p echometer-tests --bench front_end`

#![allow(clippy::unwrap_used, clippy::expect_used)] // The whole file is a measurement.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use echometer_engine::frontend::{FrontEnd, FrontEndConfig};
use echometer_tests::{goal, quick};
use realfft::RealFftPlanner;

/// Times the best of the others that the front end may take, and times the bare transforms.
const OF_OTHERS: f64 = 0.5;
const OF_BARE: f64 = 1.5;
const SECONDS: usize = 60;

fn main() {
    let config = FrontEndConfig::live();
    let rate = config.sample_rate;
    let sound: Vec<f32> = (0..SECONDS * rate as usize)
        .map(|i| (i as f32 * 0.05).sin() * 0.3 + (i as f32 * 0.71).cos() * 0.1)
        .collect();
    let mut front_end = FrontEnd::new(&config, rate).unwrap();
    let mut frames = Vec::new();
    let mut ours = || {
        front_end.reset();
        frames.clear();
        front_end.push(&sound, &mut frames);
        black_box(&frames);
    };
    let transform = RealFftPlanner::<f32>::new().plan_fft_forward(config.fft);
    let (mut input, mut spectrum) = (transform.make_input_vec(), transform.make_output_vec());
    let mut scratch = transform.make_scratch_vec();
    let count = 1 + (sound.len() - config.fft) / config.hop;
    let mut bare = || {
        for frame in 0..count {
            let start = frame * config.hop;
            input.copy_from_slice(&sound[start..start + config.fft]);
            transform
                .process_with_scratch(&mut input, &mut spectrum, &mut scratch)
                .unwrap();
            black_box(&spectrum);
        }
    };
    let turns = if quick() { 5 } else { 31 };
    let mut others = Others::start(&sound, &config);
    let mut times = vec![Vec::new(); 2 + others.names.len()];
    for _ in 0..turns {
        times[0].push(time(&mut ours));
        times[1].push(time(&mut bare));
        for i in 0..others.names.len() {
            times[2 + i].push(others.time(i));
        }
    }
    let least: Vec<f64> = times
        .iter()
        .map(|times| times.iter().copied().fold(f64::MAX, f64::min))
        .collect();
    let milliseconds = |seconds: f64| {
        format!(
            "{:.2} ms a minute of sound",
            1e3 * seconds * 60.0 / SECONDS as f64
        )
    };
    println!("front end: {}", milliseconds(least[0]));
    println!("bare transforms: {}", milliseconds(least[1]));
    for (name, &least) in others.names.iter().zip(&least[2..]) {
        println!("{name}: {}", milliseconds(least));
    }
    goal(
        "mel front end / bare Fourier transforms",
        least[0] / least[1],
        OF_BARE,
    );
    match least[2..].iter().copied().reduce(f64::min) {
        Some(best) => goal(
            "mel front end / fastest of torchaudio, librosa, kaldi",
            least[0] / best,
            OF_OTHERS,
        ),
        None => println!(
            "no other library to compare with: set ECHOMETER_PYTHON to a Python that has torchaudio, librosa or kaldi-native-fbank"
        ),
    }
}

fn time(run: &mut impl FnMut()) -> f64 {
    let begun = Instant::now();
    run();
    begun.elapsed().as_secs_f64()
}

/// Other libraries, in a Python that waits to be told which to run.
struct Others {
    names: Vec<String>,
    say: Option<(ChildStdin, BufReader<ChildStdout>)>,
    python: Option<Child>,
    _sound: tempfile::TempDir,
}

impl Drop for Others {
    fn drop(&mut self) {
        self.say = None; // It ends when nobody talks to it any more.
        let _ = self.python.as_mut().map(Child::wait);
    }
}

impl Others {
    /// Starts them where a Python is named; one that cannot tell what it has ends the benchmark.
    fn start(sound: &[f32], config: &FrontEndConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut none = Self {
            names: Vec::new(),
            say: None,
            python: None,
            _sound: folder,
        };
        let Some(python) = std::env::var_os("ECHOMETER_PYTHON") else {
            return none;
        };
        let file = none._sound.path().join("sound.f32");
        let bytes: Vec<u8> = sound.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        std::fs::write(&file, bytes).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/front_end.py");
        let settings = [config.sample_rate as usize, config.fft, config.hop, config.mels];
        let mut child = Command::new(python)
            .arg(script)
            .arg(&file)
            .args(settings.map(|number| number.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("ECHOMETER_PYTHON starts");
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let read = lines.read_line(&mut line).unwrap();
        assert!(read > 0, "front_end.py ended; what it said is above");
        none.names = line.split_whitespace().map(str::to_owned).collect();
        none.say = Some((child.stdin.take().unwrap(), lines));
        none.python = Some(child);
        none
    }

    /// Seconds that number `i` takes.
    fn time(&mut self, i: usize) -> f64 {
        let (say, lines) = self.say.as_mut().expect("it was started");
        writeln!(say, "{}", self.names[i]).unwrap();
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        line.trim().parse().expect("seconds")
    }
}
