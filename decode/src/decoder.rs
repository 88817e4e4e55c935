//! One decoder for every container and codec.

mod tape;

use std::borrow::Cow;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use crate::builtin::{self, Builtin};
use crate::choice::Choice;
use crate::error::DecodeError;
use crate::ffmpeg::{self, Ffmpeg, Like};
use crate::input::{Input, Stream};
use tape::Tape;

/// An audio file or stream being decoded.
pub struct Decoder {
    name: String,
    by: By,
    /// The file, where ffmpeg may take over what the built-in decoders cannot go on with.
    path: Option<PathBuf>,
    /// What changed inside, where ffmpeg took over.
    change: Option<String>,
}

enum By {
    Builtin(Box<Builtin>),
    Ffmpeg(Box<Ffmpeg>),
}

impl Decoder {
    /// Opens a file with whatever reads it: the built-in decoders, or else an installed ffmpeg.
    ///
    /// The first samples are decoded at once: only they tell rate and channels for sure.
    pub fn open(path: &Path) -> Result<Self, DecodeError> {
        Self::open_with(path, Choice::Auto)
    }

    /// [`Self::open`] with the decoders of a choice.
    pub fn open_with(path: &Path, choice: Choice) -> Result<Self, DecodeError> {
        let name = path.display().to_string();
        let open = |source| DecodeError::Open {
            name: name.clone(),
            source,
        };
        let file = File::open(path).map_err(open)?;
        let metadata = file.metadata().map_err(open)?;
        if metadata.is_dir() {
            return Err(open(io::ErrorKind::IsADirectory.into()));
        }
        if !metadata.is_file() {
            return Self::from_stream_with(Box::new(file), &name, choice); // a pipe or a device node
        }
        let by_ffmpeg = |error| match ffmpeg::program() {
            Some(program) => Ffmpeg::file(program, path, &name, None).map_err(|theirs| both(error, &theirs)),
            None => Err(lacking(error)),
        };
        let by = match choice {
            Choice::Ffmpeg => Self::new(
                &name,
                By::ffmpeg(by_ffmpeg(DecodeError::NoFfmpeg { name: name.clone() })?),
            ),
            _ => match builtin::open(Input::file(file).map_err(open)?, &name, choice == Choice::Builtin) {
                Ok(builtin) => Self::new(&name, By::builtin(builtin)),
                Err(error) if is_half_better(&error) => {
                    let again = File::open(path).and_then(Input::file).map_err(open)?;
                    Self::new(&name, By::builtin(builtin::open(again, &name, true)?))
                }
                Err(error) if choice == Choice::Auto && another_may_read(&error) && metadata.len() > 0 => {
                    Self::new(&name, By::ffmpeg(by_ffmpeg(error)?))
                }
                Err(error) => return Err(error),
            },
        };
        let path = (choice == Choice::Auto).then(|| path.to_owned());
        Ok(Self { path, ..by })
    }

    /// Decodes a stream that cannot seek, such as standard input. `name` is for messages.
    pub fn from_stream(reader: Stream, name: &str) -> Result<Self, DecodeError> {
        Self::from_stream_with(reader, name, Choice::Auto)
    }

    /// [`Self::from_stream`] with the decoders of a choice.
    pub fn from_stream_with(reader: Stream, name: &str, choice: Choice) -> Result<Self, DecodeError> {
        let by_ffmpeg = |error, stream| match ffmpeg::program() {
            Some(program) => Ffmpeg::stream(program, stream, name).map_err(|theirs| both(error, &theirs)),
            None => Err(lacking(error)),
        };
        if choice == Choice::Ffmpeg {
            let error = DecodeError::NoFfmpeg {
                name: name.to_owned(),
            };
            return Ok(Self::new(name, By::ffmpeg(by_ffmpeg(error, reader)?)));
        }
        if choice == Choice::Builtin {
            let builtin = builtin::open(Input::stream(reader), name, true)?;
            return Ok(Self::new(name, By::builtin(builtin)));
        }
        // What the built-in decoders read of it, ffmpeg must read again.
        let tape = Tape::new(reader);
        let stream = Input::stream(Box::new(tape.recorder()));
        match builtin::open(stream, name, false) {
            Ok(builtin) => {
                tape.stop();
                Ok(Self::new(name, By::builtin(builtin)))
            }
            Err(error) if tape.is_empty() || !another_may_read(&error) => Err(error),
            Err(error) if is_half_better(&error) => {
                let again = Input::stream(Box::new(tape.replay()));
                Ok(Self::new(name, By::builtin(builtin::open(again, name, true)?)))
            }
            Err(error) => Ok(Self::new(
                name,
                By::ffmpeg(by_ffmpeg(error, Box::new(tape.replay()))?),
            )),
        }
    }

    /// Decodes bytes in memory with the built-in decoders. `name` is for messages.
    pub fn from_bytes(bytes: impl Into<Cow<'static, [u8]>>, name: &str) -> Result<Self, DecodeError> {
        let builtin = builtin::open(Input::memory(bytes.into()), name, true)?;
        Ok(Self::new(name, By::builtin(builtin)))
    }

    fn new(name: &str, by: By) -> Self {
        Self {
            name: name.to_owned(),
            by,
            path: None,
            change: None,
        }
    }

    /// Samples a second.
    pub fn rate(&self) -> u32 {
        self.by.samples().rate
    }

    /// Interleaved channels.
    pub fn channels(&self) -> u16 {
        self.by.samples().channels
    }

    /// Where the channels are heard, as bits of WAVEFORMATEXTENSIBLE's `dwChannelMask` in the order of the channels, where the file
    /// says so.
    pub fn channel_mask(&self) -> Option<u32> {
        /// Left and right of the centre: a count of seven or eight channels is taken for them, and hardly a file means them.
        const OF_CENTRE: u32 = 0xC0;
        let samples = self.by.samples();
        samples
            .mask
            .filter(|mask| mask & OF_CENTRE == 0)
            .filter(|mask| mask.count_ones() == u32::from(samples.channels))
    }

    /// Length in seconds, where the container says or lets guess.
    pub fn duration_s(&self) -> Option<f64> {
        match &self.by {
            By::Builtin(builtin) => builtin.duration_s,
            By::Ffmpeg(ffmpeg) => ffmpeg.duration_s(),
        }
    }

    /// What decodes it: `builtin`, or ffmpeg with its version.
    pub fn decoder(&self) -> String {
        match &self.by {
            By::Builtin(_) => "builtin".into(),
            By::Ffmpeg(ffmpeg) => format!("ffmpeg {}", ffmpeg.program.version),
        }
    }

    /// Damaged packets that were skipped so far.
    pub fn damaged(&self) -> u64 {
        self.by.samples().damaged
    }

    /// What should be known of what was heard, such as that the file is cut off. Complete once [`Self::next`] said `false`.
    pub fn notes(&self) -> Vec<String> {
        let notes = match &self.by {
            By::Builtin(builtin) => builtin.notes(),
            By::Ffmpeg(ffmpeg) => ffmpeg.notes(),
        };
        self.change.iter().cloned().chain(notes).collect()
    }

    /// Appends the next interleaved samples, whole frames; `false` at the end.
    pub fn next(&mut self, samples: &mut Vec<f32>) -> Result<bool, DecodeError> {
        match self.by.next(samples) {
            Err(error @ DecodeError::Changed { .. }) => self.go_on_with_ffmpeg(error, samples),
            other => other,
        }
    }

    /// Where rate or channels change inside, ffmpeg goes on as it began.
    fn go_on_with_ffmpeg(&mut self, error: DecodeError, samples: &mut Vec<f32>) -> Result<bool, DecodeError> {
        let By::Builtin(builtin) = &self.by else {
            return Err(error);
        };
        let (Some(program), Some(path)) = (ffmpeg::program(), self.path.take()) else {
            return Err(error);
        };
        let like = Like {
            rate: builtin.rate,
            channels: builtin.channels,
        };
        let mut left = usize::try_from(builtin.given()).unwrap_or(usize::MAX) * usize::from(like.channels);
        let mut ffmpeg = Ffmpeg::file(program, &path, &self.name, Some(like)).map_err(|_| error)?;
        // What was heard of it already.
        let mut known = Vec::new();
        while left > 0 && ffmpeg.next(&mut known)? {
            let here = left.min(known.len());
            left -= here;
            samples.extend_from_slice(&known[here..]);
            known.clear();
        }
        self.by = By::ffmpeg(ffmpeg);
        let more = !samples.is_empty() || self.by.next(samples)?;
        self.change = Some(match more {
            true => format!(
                "rate or channels change inside: what follows was converted to {} Hz, {} channels by ffmpeg {}",
                like.rate, like.channels, program.version
            ),
            false => "rate or channels change inside: what follows was not heard".into(),
        });
        Ok(more)
    }

    /// How many samples are left, and a hash of them: equal for files that sound the same, whatever their tags say. Hashes of
    /// different processes are not to be compared.
    pub fn digest(mut self) -> Result<(u64, u64), DecodeError> {
        let mut hasher = DefaultHasher::new();
        (self.rate(), self.channels()).hash(&mut hasher);
        let (mut count, mut block) = (0, Vec::new());
        while self.next(&mut block)? {
            count += block.len() as u64;
            block
                .drain(..)
                .for_each(|sample| sample.to_bits().hash(&mut hasher));
        }
        Ok((count, hasher.finish()))
    }
}

impl By {
    fn builtin(builtin: Builtin) -> Self {
        Self::Builtin(Box::new(builtin))
    }

    fn ffmpeg(ffmpeg: Ffmpeg) -> Self {
        Self::Ffmpeg(Box::new(ffmpeg))
    }

    fn samples(&self) -> &Builtin {
        match self {
            Self::Builtin(builtin) => builtin,
            Self::Ffmpeg(ffmpeg) => &ffmpeg.samples,
        }
    }

    fn next(&mut self, samples: &mut Vec<f32>) -> Result<bool, DecodeError> {
        match self {
            Self::Builtin(builtin) => builtin.next(samples),
            Self::Ffmpeg(ffmpeg) => ffmpeg.next(samples),
        }
    }
}

/// Whether half of the band can be heard, and nobody is there to hear all of it: that is better than nothing.
fn is_half_better(error: &DecodeError) -> bool {
    matches!(error, DecodeError::Unsupported { reason, .. } if reason == builtin::HE_AAC)
        && ffmpeg::program().is_none()
}

fn another_may_read(error: &DecodeError) -> bool {
    error.is_of_the_file() || matches!(error, DecodeError::Unsupported { .. })
}

/// The built-in decoders' error, with what would help.
fn lacking(error: DecodeError) -> DecodeError {
    match error {
        DecodeError::Unsupported { name, reason } => DecodeError::Unsupported {
            name,
            reason: match ffmpeg::named() {
                Some(named) => format!(
                    "{reason}, which is read with ffmpeg, but ECHOMETER_FFMPEG names {}, which is none",
                    named.display()
                ),
                None => format!("{reason}, which is read with ffmpeg: install it"),
            },
        },
        other => other,
    }
}

/// The built-in decoders' error, and ffmpeg's where it knows more.
fn both(error: DecodeError, theirs: &DecodeError) -> DecodeError {
    match (error, theirs) {
        (DecodeError::NoFfmpeg { name }, DecodeError::Unsupported { reason, .. }) => {
            DecodeError::Unsupported {
                name,
                reason: reason.clone(),
            }
        }
        (DecodeError::Unsupported { name, reason }, DecodeError::Unsupported { reason: theirs, .. }) => {
            DecodeError::Unsupported {
                name,
                reason: format!("{reason}; {theirs}"),
            }
        }
        (error, _) => error,
    }
}
