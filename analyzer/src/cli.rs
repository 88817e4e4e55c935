//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use echometer_engine::{Device, ScoreError, Scorer};
use tracing_subscriber::EnvFilter;

/// Eight live meters from a microphone, a file or standard input.
///
/// Danceability, energy, liveness, valence, acousticness, instrumentalness, speechiness and loudness over the last
/// 30 seconds, computed on this machine.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// What to listen to: mic, a device (NAME or NUMBER), a FILE, - (standard input), or demo[:NAME]
    #[arg(short, long, value_name = "INPUT", default_value = "mic")]
    pub(crate) input: OsString,

    /// List the devices that can be listened to, and end
    #[arg(short, long)]
    pub(crate) list_devices: bool,

    /// Folder of a model (card.json and the files it names) instead of the built-in one
    #[arg(short, long, value_name = "DIR")]
    pub(crate) model: Option<PathBuf>,

    /// Where inference runs: auto, cpu, cuda, tensorrt, coreml, directml, embedded
    #[arg(short, long, value_name = "DEVICE", default_value = "auto")]
    pub(crate) device: Device,

    /// Readings a second of input; 0.1 is one every ten seconds
    #[arg(short, long, value_name = "HZ", default_value = "5", value_parser = reading_rate)]
    pub(crate) rate: f64,

    /// How readings are shown; auto is terminal on a terminal, else jsonl
    #[arg(short, long, value_enum, default_value_t = Format::Auto)]
    pub(crate) format: Format,

    /// One reading for the whole input (a device: for the first full window), then end
    #[arg(long)]
    pub(crate) once: bool,

    /// Take a file at the speed it would play
    #[arg(long)]
    pub(crate) realtime: bool,

    /// Sample rate of raw samples on standard input
    #[arg(long, value_name = "HZ")]
    pub(crate) raw_rate: Option<u32>,

    /// Channels of raw samples on standard input
    #[arg(long, value_name = "COUNT")]
    pub(crate) raw_channels: Option<u16>,

    /// Format of raw samples on standard input
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) raw_format: Option<RawFormat>,

    /// Tell on standard error what happens; twice for more
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

const AFTER_HELP: &str = "\
Examples:
  analyzer                                      the default microphone
  analyzer --input demo                         three bundled excerpts
  analyzer --input song.flac --once             one reading for the whole song
  analyzer --input speakers.monitor             what plays on a PulseAudio output
  ffmpeg -i x.webm -f wav - | analyzer -i -     anything ffmpeg can read

A file wins over a device name. Keys in the terminal: q, Esc or Ctrl-C leave, r resets.
JSON lines also have, only where it applies:
  \"replaced\"    samples that were no usable numbers and count as silence
  \"silent\"      true: nothing to score
  \"track\"       the name, where there are several
  \"connection\"  2, 3, ... once a lost device is back; \"time\" then starts again
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 input not found or unreadable.";

/// How readings are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Meters on a terminal, else JSON lines
    Auto,
    /// Meters
    Terminal,
    /// One JSON object a line
    Jsonl,
}

/// How raw samples are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RawFormat {
    /// 16-bit integers, little-endian
    S16le,
    /// 24-bit integers in three bytes, little-endian
    S24le,
    /// 32-bit integers, little-endian
    S32le,
    /// 32-bit floats, little-endian
    F32le,
}

fn reading_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().map_err(|_| "it is no number".to_owned())?;
    if Scorer::valid_reading_rate(rate) {
        Ok(rate)
    } else {
        Err(ScoreError::ReadingRate(rate).to_string())
    }
}

/// Sends logs to standard error, as much as asked for and if `wanted`. `RUST_LOG` refines what -v chooses.
pub(crate) fn init_logs(verbose: u8, wanted: bool) {
    if verbose == 0 || !wanted {
        return;
    }
    let level = if verbose == 1 { "info" } else { "debug" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    // A second subscriber cannot be there; were it, the first would stay.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
