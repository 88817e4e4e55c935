//! Where samples come from: devices, files, standard input, bundled excerpts.

mod callback;
pub(crate) mod capture;
pub(crate) mod channels;
mod demo;
pub(crate) mod devices;
mod file;
mod guard;
mod raw;
mod stdin;

use std::path::Path;

use echometer_decode::{Choice, Decoder};
use echometer_engine::tap::Layout;

use crate::cli::Live;
use crate::failure::Failure;
use channels::Channels;

/// An input, found and opened as far as it can be without a model.
pub(crate) enum Input {
    /// Files, streams or excerpts, one after the other.
    Tracks {
        /// At least one.
        tracks: Vec<Track>,
        kind: Kind,
    },
    /// Channels of a device, opened when the analysis begins and whenever it comes back.
    Device(devices::Selector, Channels),
}

/// Where tracks come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The bundled excerpts.
    Demo,
    /// A file that is there whole.
    File,
    /// Standard input, or a pipe with a name.
    Stream,
}

/// Samples with a name.
pub(crate) struct Track {
    /// What the user knows it by.
    pub(crate) title: String,
    /// The samples.
    pub(crate) samples: Box<dyn Samples>,
}

/// A finite stream of interleaved samples.
pub(crate) trait Samples: Send {
    /// Samples a second.
    fn rate(&self) -> u32;
    /// Interleaved channels.
    fn channels(&self) -> u16;
    /// Which speaker each channel is for; `None` for the usual layout of so many.
    fn layout(&self) -> Option<Layout> {
        None
    }
    /// Length in seconds, where known.
    fn duration_s(&self) -> Option<f64>;
    /// What decodes them, where anything does.
    fn decoder(&self) -> Option<String> {
        None
    }
    /// What should be known of what was heard, once it ended.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
    /// Appends the next samples, whole frames; `false` at the end.
    fn next(&mut self, samples: &mut Vec<f32>) -> Result<bool, Failure>;
}

impl Samples for Decoder {
    fn rate(&self) -> u32 {
        Self::rate(self)
    }

    fn channels(&self) -> u16 {
        Self::channels(self)
    }

    fn duration_s(&self) -> Option<f64> {
        Self::duration_s(self)
    }

    fn layout(&self) -> Option<Layout> {
        Layout::of_mask(self.channel_mask()?, Self::channels(self))
    }

    fn decoder(&self) -> Option<String> {
        Some(Self::decoder(self))
    }

    fn notes(&self) -> Vec<String> {
        Self::notes(self)
    }

    fn next(&mut self, samples: &mut Vec<f32>) -> Result<bool, Failure> {
        Ok(Self::next(self, samples)?)
    }
}

impl Input {
    /// What the input as a whole is called.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Tracks { tracks, .. } => tracks
                .first()
                .map(|track| track.title.clone())
                .unwrap_or_default(),
            Self::Device(selector, _) => selector.to_string(),
        }
    }

    /// Whether it is a file that is there whole.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self, Self::Tracks { kind: Kind::File, .. })
    }

    /// Whether it is the bundled excerpts.
    pub(crate) fn is_demo(&self) -> bool {
        matches!(self, Self::Tracks { kind: Kind::Demo, .. })
    }
}

/// Opens a file, whatever it is called.
pub(crate) fn file(path: &Path, decoder: Choice) -> Result<Track, Failure> {
    file::open(path, decoder)
}

/// Whether a file's name says that it is audio.
pub(crate) fn is_audio_name(path: &Path) -> bool {
    file::is_audio_name(path)
}

/// Finds what `--input` means, and opens it unless it is a device.
pub(crate) fn open(args: &Live) -> Result<Input, Failure> {
    let raw = raw::Layout::from_args(args)?;
    guard::check(args)?;
    // For messages; a name that is not UTF-8 can only be a file.
    let shown = args.input.to_string_lossy();
    if raw.is_some() && args.input != "-" {
        return Err(Failure::usage(format!(
            "--raw-rate, --raw-channels and --raw-format are for standard input, but the input is `{shown}`"
        ))
        .hint("use --input -, or leave them out"));
    }
    let channels = Channels::from_numbers(&args.channels)?;
    let track = |kind, track| {
        Ok(Input::Tracks {
            tracks: vec![channels.heard(track)?],
            kind,
        })
    };
    let device = |selector| Input::Device(selector, channels.clone());
    let path = Path::new(&args.input);
    match args.input.to_str() {
        Some("") => Err(
            Failure::usage("--input is empty, but must name what to listen to")
                .hint("leave it out for the default microphone; --list-devices lists the others"),
        ),
        Some("-") => track(Kind::Stream, stdin::open(raw, args.decoder)?),
        Some("mic") => Ok(device(devices::Selector::Default)),
        Some("output") => Ok(device(devices::Selector::Output)),
        Some(name) if name == "demo" || name.starts_with("demo:") => demo::open(name, &channels),
        // A folder may be named like a device, and cannot be listened to.
        _ if path.is_file() => track(Kind::File, file::open(path, args.decoder)?),
        _ if path.exists() && !path.is_dir() => track(Kind::Stream, file::open(path, args.decoder)?),
        Some(name) if !file::looks_like_a_path(name) => match devices::find(name) {
            Err(failure) if path.is_dir() && failure.is_input() => Err(file::folder(name)),
            found => found.map(device),
        },
        _ if path.is_dir() => Err(file::folder(&shown)),
        _ => Err(file::missing(&shown)),
    }
}
