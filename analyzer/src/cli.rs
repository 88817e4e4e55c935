//! The command line.

mod config;
pub(crate) mod generate;
pub(crate) mod keep;
pub(crate) mod scan;
pub(crate) mod serve;

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use echometer_decode::Choice;
use echometer_engine::{Device, ScoreError, Scorer};
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;
use crate::outputs::written;
use crate::shown::shown;

/// Eight live meters from a microphone, a file or standard input.
///
/// Danceability, energy, liveness, valence, acousticness, instrumentalness, speechiness and loudness over the last
/// 30 seconds, computed on this machine.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// What to do instead of listening.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// How to listen.
    #[command(flatten)]
    pub(crate) live: Live,

    /// Configuration file instead of the one in the user's folder
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,

    /// Read no configuration file
    #[arg(long, global = true, conflicts_with = "config")]
    pub(crate) no_config: bool,

    /// What `config` prints.
    #[arg(skip)]
    pub(crate) effective: String,
}

/// What the program does besides listening.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Score whole folders of music into one table
    Scan(scan::Scan),
    /// Print the settings in effect, from the file and the flags that follow, as such a file, or write that
    Config(Box<keep::Keep>),
    /// Print what makes a shell complete these flags
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, in roff
    Man,
}

/// Listening: the input, how it is analysed, and where readings go.
#[derive(Debug, clap::Args)]
pub(crate) struct Live {
    /// What to listen to: mic, output (what plays here), a device (its number or a part of its name), a FILE,
    /// - (standard input), or demo[:NAME]
    #[arg(short, long, value_name = "INPUT", default_value = "mic")]
    pub(crate) input: OsString,

    /// List the devices that can be listened to, and end
    #[arg(short, long)]
    pub(crate) list_devices: bool,

    /// Channels that are heard, counted from 1, such as 3,4; all of them unless given
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = channel)]
    pub(crate) channels: Vec<u16>,

    /// The model.
    #[command(flatten)]
    pub(crate) inference: Inference,

    /// What decodes files and streams: auto (the built-in decoders, and ffmpeg for the rest), builtin, ffmpeg
    #[arg(long, value_name = "DECODER", default_value_t = Choice::Auto)]
    pub(crate) decoder: Choice,

    /// Readings a second of input; 0.1 is one every ten seconds
    #[arg(short, long, value_name = "HZ", default_value = "5", value_parser = reading_rate)]
    pub(crate) rate: f64,

    /// How readings are shown; auto is terminal on a terminal, else jsonl
    #[arg(short, long, value_enum, default_value_t = Format::Auto)]
    pub(crate) format: Format,

    /// Send OSC (/echometer/danceability and so on), one bundle a reading; may be given again
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) osc: Vec<String>,

    /// Send MIDI controllers 20–27 to a port (a part of its name), or `virtual` to make one; may be given again
    #[arg(long, value_name = "PORT")]
    pub(crate) midi: Vec<String>,

    /// Channel of the MIDI controllers, 1–16
    #[arg(long, value_name = "CHANNEL", default_value = "1", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) midi_channel: u8,

    /// Write every reading to a new CSV file
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,

    /// Let --csv replace a file that exists
    #[arg(long)]
    pub(crate) force: bool,

    /// One reading for the whole input (a device: for the first full window), then end
    #[arg(long)]
    pub(crate) once: bool,

    /// Take a file at the speed it would play
    #[arg(long)]
    pub(crate) realtime: bool,

    /// Show the meters in a window on the desktop instead
    #[arg(short, long, conflicts_with = "once")]
    pub(crate) window: bool,

    /// The server, if there shall be one.
    #[command(flatten)]
    pub(crate) serve: serve::Serve,

    /// Sample rate of raw samples on standard input
    #[arg(long, value_name = "HZ")]
    pub(crate) raw_rate: Option<u32>,

    /// Channels of raw samples on standard input
    #[arg(long, value_name = "COUNT")]
    pub(crate) raw_channels: Option<u16>,

    /// Format of raw samples on standard input
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) raw_format: Option<RawFormat>,

    /// Tell on standard error what happens; twice for more. RUST_LOG refines it
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl Live {
    /// Whether readings go to somebody who follows them as they come.
    pub(crate) fn sends(&self) -> bool {
        self.serve.is_wanted() || !self.osc.is_empty() || !self.midi.is_empty()
    }
}

/// Which model scores, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Inference {
    /// Folder of a model (card.json and the files it names) instead of the built-in one
    #[arg(short, long, value_name = "DIR")]
    pub(crate) model: Option<PathBuf>,

    /// Where inference runs: auto, cpu, cuda, tensorrt, coreml, directml, embedded
    #[arg(short, long, value_name = "DEVICE", default_value = "auto")]
    pub(crate) device: Device,
}

const AFTER_HELP: &str = "\
Examples:
  analyzer                                      the default microphone
  analyzer --input demo                         three bundled excerpts
  analyzer --input song.flac --once             one reading for the whole song
  analyzer --input output                       what plays on this computer
  analyzer --input output --osc 10.0.0.5:9000   the same, with OSC for a light desk or a show
  analyzer --window                             the meters in a window
  analyzer --serve                              an overlay for streams on http://127.0.0.1:8137/
  ffmpeg -i URL -f wav - | analyzer -i -        a stream from elsewhere

Settings may be kept in a file: `analyzer config --write` makes it, and --no- before a switch undoes what it says.
A file wins over a device name. Keys in the terminal: q, Esc or Ctrl-C leave, r resets.
JSON lines also have, only where it applies:
  \"replaced\"    samples that were no usable numbers and count as silence
  \"silent\"      true: nothing to score
  \"track\"       the name, where there are several
  \"connection\"  2, 3, ... once a lost device is back; \"time\" then starts again
Exit codes: 0 done, 1 failed (or --once stopped early), 2 wrong usage, 3 input not found or unreadable.";

/// How readings are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Meters on a terminal, else JSON lines
    Auto,
    /// Meters
    Terminal,
    /// One JSON object a line
    Jsonl,
    /// Nothing: readings go to the other outputs only
    None,
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

/// The command line with what the configuration file says; ends the process where it is wrong, or asks for help.
pub(crate) fn parse() -> Result<Args, Failure> {
    let mut command = command();
    let line: Vec<_> = std::env::args_os().collect();
    let mut given = matches(&command, &line);
    refuse_stray(&command, &given)?;
    let named = given.get_one::<PathBuf>("config");
    let making = matches!(given.subcommand(), Some(("config", keep)) if keep.get_flag("write"));
    let new = making && named.is_some_and(|path| !path.exists());
    // What does not depend on the file is there however wrong that is.
    let independent = matches!(given.subcommand(), Some(("completions" | "man", _)))
        || (given.subcommand().is_none() && given.get_flag("list_devices"));
    let wanted = !given.get_flag("no_config") && !new && !independent;
    if let Some(file) = wanted
        .then(|| config::find(named.map(PathBuf::as_path)))
        .transpose()?
        .flatten()
    {
        command = file.apply(command, &given)?;
        given = matches(&command, &line);
    }
    let mut args = Args::from_arg_matches(&given).map_err(|error| Failure::usage(error.to_string()))?;
    if let Some(("config", settings)) = given.subcommand() {
        args.effective = config::print(&Args::command(), &command, settings)?;
    }
    Ok(args)
}

/// What the command line says; ends the process where it is wrong, or asks for help.
fn matches(command: &clap::Command, line: &[OsString]) -> ArgMatches {
    let parse = |line: &[OsString]| command.clone().try_get_matches_from(line);
    parse(line).unwrap_or_else(|error| {
        // Words of the command line may be names of files, from a pattern: what is wrong is told of the words as they are shown.
        let shown = |word: &OsString| {
            let text = word.to_str();
            text.map_or_else(|| word.clone(), |text| shown(text).into_owned().into())
        };
        let words: Vec<OsString> = line.iter().map(shown).collect();
        match parse(&words) {
            Err(shown) if words != line => shown.exit(),
            _ => error.exit(),
        }
    })
}

/// Refuses flags of listening before a subcommand, which would not see them. Clap's own refusal takes those too that every command
/// knows.
fn refuse_stray(command: &clap::Command, given: &ArgMatches) -> Result<(), Failure> {
    let Some((name, _)) = given.subcommand() else {
        return Ok(());
    };
    let typed =
        |arg: &&clap::Arg| given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let mut own = command
        .get_arguments()
        .filter(|arg| !arg.is_global_set())
        .filter(typed);
    let Some(flag) = own.find_map(clap::Arg::get_long) else {
        return Ok(());
    };
    let failure = Failure::usage(format!("--{flag} before `{name}` is not seen by `{name}`"));
    Err(failure.hint(format!(
        "flags of `{name}` stand after it: analyzer {name} …; see analyzer {name} --help"
    )))
}

/// The definition of the command line.
fn command() -> clap::Command {
    let command = config::with_undoing(Args::command());
    command
        .mut_subcommand("config", config::with_undoing)
        .mut_subcommand("scan", config::with_undoing)
}

/// Prints what was asked for, and nothing else.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    written(std::io::stdout().lock().write_all(text.as_bytes())).map(drop)
}

fn channel(text: &str) -> Result<u16, String> {
    let text = text.trim();
    text.parse()
        .map_err(|_| "channels are numbers from 1, such as 3,4".to_owned())
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
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .with_writer(std::io::stderr)
        // They would be printed to where they come from, which panics.
        .log_internal_errors(false)
        .try_init();
}
