//! One decoder for every container and codec.

mod codec;
mod packets;

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, ReadOnlySource};
use symphonia::core::meta::MetadataOptions;

use crate::error::DecodeError;
use crate::wav::Lead;
use codec::codec;

/// Errors of the container in a row after which nothing more is expected from it.
const CONTAINER_ERRORS: u32 = 16;

/// Containers that state how long they are, by the names of their readers.
const STATING: [&str; 5] = ["wave", "aiff", "flac", "isomp4", "ogg"];

/// An audio file or stream being decoded.
pub struct Decoder {
    name: String,
    format: Box<dyn FormatReader>,
    codec: Box<dyn AudioDecoder>,
    track: u32,
    rate: u32,
    channels: u16,
    duration_s: Option<f64>,
    damaged: u64,
    /// Whether a codec gave up: nothing more is asked of it.
    ended: bool,
    /// Samples decoded while opening, to be given out first.
    first: Vec<f32>,
    block: Vec<f32>,
}

impl Decoder {
    /// Opens a WAV, AIFF, FLAC, MP3, Ogg Vorbis, AAC or ALAC (MP4, ADTS) file.
    ///
    /// Its first packet is decoded at once: only that tells rate and channels for sure.
    pub fn open(path: &Path) -> Result<Self, DecodeError> {
        let name = path.display().to_string();
        let open = |source| DecodeError::Open {
            name: name.clone(),
            source,
        };
        let mut file = File::open(path).map_err(open)?;
        let metadata = file.metadata().map_err(open)?;
        if metadata.is_dir() {
            return Err(open(io::ErrorKind::IsADirectory.into()));
        }
        if !metadata.is_file() {
            return Self::from_stream(Box::new(file), &name); // a pipe or a device node
        }
        if metadata.len() == 0 {
            return Err(DecodeError::Unrecognised {
                name,
                reason: "it is empty".into(),
            });
        }
        let lead = Lead::read(&mut file, Some(metadata.len())).map_err(open)?;
        lead.check(&name)?;
        if lead.repaired {
            return Self::start(Box::new(ReadOnlySource::new(lead.then(file))), name);
        }
        file.rewind().map_err(open)?;
        Self::start(Box::new(file), name.clone()).or_else(|error| {
            let reopen = || Ok::<_, io::Error>(Box::new(ReadOnlySource::new(File::open(path)?)));
            Self::start_blind(error, reopen, name)
        })
    }

    /// Decodes a stream that cannot seek, such as standard input. `name` is for messages; its extension is a hint.
    pub fn from_stream(mut reader: Box<dyn Read + Send + Sync>, name: &str) -> Result<Self, DecodeError> {
        let lead = Lead::read(&mut reader, None).map_err(|source| DecodeError::Read {
            name: name.to_owned(),
            source,
        })?;
        lead.check(name)?;
        Self::start(Box::new(ReadOnlySource::new(lead.then(reader))), name.to_owned())
    }

    /// Decodes bytes in memory. `name` is for messages; its extension is a hint.
    pub fn from_bytes(bytes: impl Into<Cow<'static, [u8]>>, name: &str) -> Result<Self, DecodeError> {
        let bytes = bytes.into();
        let mut rest = Cursor::new(bytes.clone());
        let lead = Lead::read(&mut rest, Some(bytes.len() as u64)).map_err(|source| DecodeError::Read {
            name: name.to_owned(),
            source,
        })?;
        lead.check(name)?;
        if lead.repaired {
            return Self::start(Box::new(ReadOnlySource::new(lead.then(rest))), name.to_owned());
        }
        Self::start(Box::new(Cursor::new(bytes.clone())), name.to_owned()).or_else(|error| {
            let reopen = || Ok(Box::new(ReadOnlySource::new(Cursor::new(bytes))));
            Self::start_blind(error, reopen, name.to_owned())
        })
    }

    /// Samples a second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Interleaved channels.
    pub fn channels(&self) -> u16 {
        self.channels
    }

    /// Length in seconds, where the container says.
    pub fn duration_s(&self) -> Option<f64> {
        self.duration_s
    }

    /// [`Self::duration_s`] where the container states it. MP3 and ADTS may hold no length at all: theirs is then an estimate from
    /// the first packets.
    pub fn stated_duration_s(&self) -> Option<f64> {
        let states = STATING.contains(&self.format.format_info().short_name);
        self.duration_s.filter(|_| states)
    }

    /// Damaged packets that were skipped so far.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Appends the next packet's interleaved samples; `false` at the end.
    pub fn next(&mut self, samples: &mut Vec<f32>) -> Result<bool, DecodeError> {
        if !self.first.is_empty() {
            samples.append(&mut self.first);
            return Ok(true);
        }
        if self.ended {
            return Ok(false);
        }
        let Ok(decoded) = catch_unwind(AssertUnwindSafe(|| self.decode())) else {
            // It may be half changed: this was the last of it.
            self.ended = true;
            return Err(gave_up(&self.name));
        };
        let Some((rate, channels)) = decoded? else {
            return Ok(false);
        };
        if (rate, channels) != (self.rate, self.channels) {
            return Err(self.changed(describe(rate, channels)));
        }
        samples.extend_from_slice(&self.block);
        Ok(true)
    }

    /// Tries once more without seeking: container readers look at a file's end for its length or its tags, and some give
    /// up on a file that was cut off there, although all before it is good.
    fn start_blind<S: MediaSource + 'static>(
        error: DecodeError,
        reopen: impl FnOnce() -> io::Result<Box<S>>,
        name: String,
    ) -> Result<Self, DecodeError> {
        match (&error, reopen()) {
            (DecodeError::Unrecognised { .. } | DecodeError::Empty { .. }, Ok(source)) => {
                Self::start(source, name).map_err(|_| error)
            }
            _ => Err(error),
        }
    }

    fn start(source: Box<dyn MediaSource>, name: String) -> Result<Self, DecodeError> {
        guarded(&name.clone(), || Self::begin(source, name))
    }

    fn begin(source: Box<dyn MediaSource>, name: String) -> Result<Self, DecodeError> {
        let stream = MediaSourceStream::new(source, Default::default());
        let mut hint = Hint::new();
        if let Some(extension) = Path::new(&name)
            .extension()
            .and_then(|extension| extension.to_str())
        {
            hint.with_extension(extension);
        }
        let format = symphonia::default::get_probe()
            .probe(
                &hint,
                stream,
                FormatOptions::default(),
                MetadataOptions::default(),
            )
            .map_err(|error| unrecognised(&name, error))?;
        let Some(track) = format.default_track(TrackType::Audio) else {
            return Err(DecodeError::Unsupported {
                name,
                reason: "holds no audio track".into(),
            });
        };
        let (codec, id, duration_s) = (codec(track, &name)?, track.id, duration_s(track));
        let (first, block) = (Vec::new(), Vec::new());
        let mut decoder = Self {
            name,
            format,
            codec,
            track: id,
            rate: 0,
            channels: 0,
            duration_s,
            damaged: 0,
            ended: false,
            first,
            block,
        };
        let Some((rate, channels)) = decoder.decode()? else {
            return Err(DecodeError::Empty {
                name: decoder.name,
                damaged: decoder.damaged,
            });
        };
        (decoder.rate, decoder.channels) = (rate, channels);
        decoder.first = std::mem::take(&mut decoder.block);
        Ok(decoder)
    }

    /// Decodes the next packet that holds samples into `block`; its rate and channels, or `None` at the end.
    fn decode(&mut self) -> Result<Option<(u32, u16)>, DecodeError> {
        let mut errors = 0;
        loop {
            let packet = match self.format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(None),
                Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(None);
                }
                Err(Error::IoError(source)) => {
                    return Err(DecodeError::Read {
                        name: self.name.clone(),
                        source,
                    });
                }
                Err(Error::ResetRequired) => {
                    self.restart()?;
                    continue;
                }
                Err(error) => {
                    self.skip(&error);
                    errors += 1;
                    if errors == CONTAINER_ERRORS {
                        tracing::warn!(name = self.name, %error, "the container is damaged from here on");
                        return Ok(None);
                    }
                    continue;
                }
            };
            errors = 0;
            if packet.track_id != self.track {
                continue;
            }
            let result = self
                .codec
                .decode(&packet)
                .map(|buffer| take(&buffer, &mut self.block));
            match result {
                Ok((rate, channels)) if rate > 0 && channels > 0 && !self.block.is_empty() => {
                    return Ok(Some((rate, channels)));
                }
                Ok(_) => {} // a codec's first packet may only fill its overlap
                Err(Error::ResetRequired) => self.codec.reset(),
                // The MP3 decoder keeps the first packet's rate and channels, and says so in these words.
                Err(Error::DecodeError(reason)) if self.rate > 0 && reason.contains("signal spec") => {
                    return Err(self.changed("another rate or channel count".into()));
                }
                Err(error) => self.skip(&error),
            }
        }
    }

    /// A chained stream begins its next link: a new decoder for the new track.
    fn restart(&mut self) -> Result<(), DecodeError> {
        let Some(track) = self.format.default_track(TrackType::Audio) else {
            let reason = "holds no audio track after its first part".into();
            return Err(DecodeError::Unsupported {
                name: self.name.clone(),
                reason,
            });
        };
        (self.codec, self.track) = (codec(track, &self.name)?, track.id);
        Ok(())
    }

    fn skip(&mut self, error: &Error) {
        self.damaged += 1;
        tracing::debug!(name = self.name, %error, "skipped a damaged packet");
    }

    fn changed(&self, to: String) -> DecodeError {
        DecodeError::Changed {
            name: self.name.clone(),
            from: describe(self.rate, self.channels),
            to,
        }
    }
}

/// The codec library is not trusted to survive every file: its panics are errors here.
fn guarded<T>(name: &str, work: impl FnOnce() -> Result<T, DecodeError>) -> Result<T, DecodeError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(gave_up(name)))
}

fn gave_up(name: &str) -> DecodeError {
    DecodeError::Unsupported {
        name: name.to_owned(),
        reason: "its decoder gave up on it: it is damaged".into(),
    }
}

/// Copies what was decoded to `block`, interleaved; its rate and channels.
fn take(buffer: &GenericAudioBufferRef<'_>, block: &mut Vec<f32>) -> (u32, u16) {
    buffer.copy_to_vec_interleaved(block);
    let spec = buffer.spec();
    (
        spec.rate(),
        u16::try_from(spec.channels().count()).unwrap_or(u16::MAX),
    )
}

fn duration_s(track: &Track) -> Option<f64> {
    let time = track.time_base?.calc_duration(track.duration?)?;
    Some(time.as_secs_f64()).filter(|seconds| *seconds > 0.0)
}

fn describe(rate: u32, channels: u16) -> String {
    format!("{rate} Hz, {channels} channels")
}

fn unrecognised(name: &str, error: Error) -> DecodeError {
    let name = name.to_owned();
    match error {
        Error::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => DecodeError::Unrecognised {
            name,
            reason: "it ends before any header is complete".into(),
        },
        Error::IoError(source) => DecodeError::Read { name, source },
        Error::Unsupported(_) => DecodeError::Unrecognised {
            name,
            reason: "its format is not known".into(),
        },
        error => DecodeError::Unrecognised {
            name,
            reason: error.to_string(),
        },
    }
}
