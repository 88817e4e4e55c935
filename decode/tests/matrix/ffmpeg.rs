//! The reference: makes files, and says what is heard of them.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// The program that `cargo xtask test` fetches, or the one that is installed; `None` where there is none.
pub fn program() -> Option<OsString> {
    let program = env::var_os("ECHOMETER_FFMPEG").unwrap_or_else(|| "ffmpeg".into());
    let works = Command::new(&program)
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    works.is_ok_and(|status| status.success()).then_some(program)
}

/// Its version, such as `7.1`.
pub fn version() -> String {
    let said = Command::new(program().unwrap())
        .arg("-version")
        .output()
        .unwrap()
        .stdout;
    let said = String::from_utf8(said).unwrap();
    let version = said.split_whitespace().nth(2).unwrap();
    version
        .trim_start_matches('n')
        .split(['-', '+'])
        .next()
        .unwrap()
        .to_owned()
}

/// Seconds of a source.
const SECONDS: usize = 6;

/// What is heard of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    pub rate: u32,
    pub channels: u16,
    pub samples: Vec<f32>,
}

impl Heard {
    pub fn frames(&self) -> usize {
        self.samples.len() / usize::from(self.channels.max(1))
    }

    pub fn seconds(&self) -> f64 {
        self.frames() as f64 / f64::from(self.rate)
    }
}

/// Runs it with these arguments; whether that went well.
pub fn run(arguments: &[&str]) -> bool {
    let Some(program) = program() else { return false };
    let status = Command::new(program)
        .args(["-nostdin", "-v", "error", "-y"])
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// What it hears of a file; `None` where it hears nothing.
pub fn hear(path: &Path) -> Option<Heard> {
    let out = Command::new(program()?)
        .args(["-nostdin", "-v", "quiet", "-i"])
        .arg(path)
        .args([
            "-vn",
            "-sn",
            "-dn",
            "-map_metadata",
            "-1",
            "-fflags",
            "+bitexact",
            "-c:a",
            "pcm_f32le",
            "-f",
            "wav",
            "-",
        ])
        .stdin(Stdio::null())
        .output()
        .ok()?
        .stdout;
    let half = |at: usize| Some(u16::from_le_bytes(*out.get(at..)?.first_chunk()?));
    let (channels, rate) = (half(22)?, u32::from_le_bytes(*out.get(24..)?.first_chunk()?));
    let data = out.windows(4).take(200).position(|tag| tag == b"data")?;
    let samples: Vec<f32> = out[data + 8..]
        .as_chunks()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    (!samples.is_empty()).then_some(Heard {
        rate,
        channels,
        samples,
    })
}

/// A file of sound that differs from channel to channel: tones, and noise that no codec leaves as it is. Made once.
pub fn source(folder: &Path, channels: u16, rate: u32, silent: bool) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let path = folder.join(format!("source-{channels}-{rate}-{silent}.f32"));
    if !path.exists() {
        let frames = rate as usize * SECONDS;
        let mut noise = crate::made::noise(u64::from(rate), frames * usize::from(channels)).into_iter();
        let mut bytes = Vec::new();
        for frame in 0..frames {
            let t = frame as f64 / f64::from(rate);
            for channel in 0..channels {
                // The fourth of six channels has low tones alone.
                let hz = if channel == 3 {
                    50.0
                } else {
                    f64::from(220 + 110 * channel)
                };
                let tone = 0.2 * (std::f64::consts::TAU * hz * t).sin() * (0.6 + 0.4 * (5.0 * t).sin());
                let noise = 0.04 * (f64::from(noise.next().unwrap()) / 256.0 - 0.5);
                let sample = if silent { 0.0 } else { tone + noise };
                bytes.extend((sample as f32).to_le_bytes());
            }
        }
        fs::write(&path, bytes).unwrap();
    }
    path
}

/// What a file was made of.
pub fn made_of(folder: &Path, channels: u16, rate: u32, silent: bool, seconds: f64) -> Heard {
    let bytes = fs::read(source(folder, channels, rate, silent)).unwrap();
    let count = (seconds * f64::from(rate)) as usize * usize::from(channels);
    let samples = bytes.as_chunks().0.iter().take(count);
    Heard {
        rate,
        channels,
        samples: samples.map(|bytes| f32::from_le_bytes(*bytes)).collect(),
    }
}
