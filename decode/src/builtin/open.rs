//! From an input to the container reader that its structure asks for.

use std::io;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioCodecId, well_known};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, Track};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::default::formats::{AiffReader, CafReader, IsoMp4Reader, MkvReader, OggReader, WavReader};

use super::{About, Builtin, guarded};
use crate::adts::AdtsPackets;
use crate::codec::{codec_name, is, opus_delay};
use crate::container::{Container, identify};
use crate::error::DecodeError;
use crate::flac::FlacPackets;
use crate::frames::{Frames, Header};
use crate::input::{Input, Stream, Window};
use crate::mpeg::MpegPackets;
use crate::packets::{Library, Packets};
use crate::wav::{self, Refused, Sound, Wav};
use crate::{matroska, mp4, ogg};

/// What is said of a file with another behind it.
pub(crate) const JOINED: &str = "another file is joined to it, and was not heard";
/// What is said of a file whose structure goes on behind its end.
const CUT: &str = "it is cut off: its last part is not whole";

/// What the structure of a file says of its end, whoever decodes it.
pub(crate) fn look(input: &mut Input) -> io::Result<Vec<String>> {
    let container = identify(input)?.container;
    end(container, input)
}

fn end(container: Container, input: &mut Input) -> io::Result<Vec<String>> {
    let said = match container {
        Container::Ogg => ogg::end(input)?,
        Container::Mp4 => match mp4::end(input)? {
            (true, _) => Some(CUT),
            (false, joined) => joined.then_some(JOINED),
        },
        Container::Aiff => is_joined_aiff(input)?.then_some(JOINED),
        Container::Matroska => match matroska::look(input)? {
            found if found.is_cut => Some(CUT),
            found => found.is_joined.then_some(JOINED),
        },
        _ => None,
    };
    Ok(said.map(str::to_owned).into_iter().collect())
}

/// Whether another file begins where an AIFF says that it ends.
fn is_joined_aiff(input: &mut Input) -> io::Result<bool> {
    let start = input.at();
    let size = input
        .peek(8)?
        .last_chunk::<4>()
        .map(|size| u64::from(u32::from_be_bytes(*size)));
    let (Some(size), true) = (size, input.can_seek()) else {
        return Ok(false);
    };
    input.skip(8 + size + size % 2)?;
    let joined = identify(input)?.container != Container::Unknown;
    input.go_to(start)?;
    Ok(joined)
}

/// Opens an input with the decoders that are built in. With `half_band`, HE-AAC is heard in part rather than not at all.
pub(crate) fn open(input: Input, name: &str, half_band: bool) -> Result<Builtin, DecodeError> {
    guarded(name, || begin(input, name, half_band))
}

fn begin(input: Input, name: &str, half_band: bool) -> Result<Builtin, DecodeError> {
    let again = input.again();
    let whole = from_container(input, name, half_band, Input::into_source);
    match (whole, again) {
        // Container readers look at a file's end for its length or its tags, and some give up on a file that was cut off there,
        // although all before it is good.
        (Err(error), Some(mut again)) if error.is_of_the_file() => {
            match again
                .go_to(0)
                .ok()
                .map(|()| from_container(again, name, half_band, Input::into_blind_source))
            {
                Some(Ok(decoder)) => Ok(decoder),
                _ => Err(error),
            }
        }
        (whole, _) => whole,
    }
}

fn from_container(
    mut input: Input,
    name: &str,
    half_band: bool,
    source: fn(Input) -> Box<dyn MediaSource>,
) -> Result<Builtin, DecodeError> {
    let unread = |source| DecodeError::Read {
        name: name.to_owned(),
        source,
    };
    if input.peek(1).map_err(unread)?.is_empty() {
        return Err(unrecognised(name, "it is empty"));
    }
    let container = identify(&mut input).map_err(unread)?.container;
    let mut about = About {
        notes: end(container, &mut input).map_err(unread)?,
        ..About::default()
    };
    let refused = |error| refused(name, error);
    let packets: Box<dyn Packets> = match container {
        Container::Wave => wave(input, name, &mut about)?,
        Container::Flac => {
            let is_there = input.can_seek();
            Box::new(FlacPackets::start(Box::new(input), is_there).map_err(refused)?)
        }
        Container::Ogg => {
            let reader = reader(source(input), OggReader::try_new).map_err(refused)?;
            Box::new(Library::new(reader, true).with_last())
        }
        Container::Mp4 => {
            let edits = mp4::edits(&mut input).map_err(unread)?;
            let reader = reader(source(input), IsoMp4Reader::try_new).map_err(refused)?;
            let packets = Library::new(reader, true);
            if let Some(track) = packets.track() {
                if is_wide_pcm(track) {
                    return Err(DecodeError::Unsupported {
                        name: name.to_owned(),
                        reason: "holds PCM of more than 16 bits in QuickTime".into(),
                    });
                }
                edit(&edits, track, &mut about);
            }
            Box::new(packets)
        }
        Container::Matroska => {
            let found = matroska::look(&mut input).map_err(unread)?;
            let reader = reader(source(input), MkvReader::try_new).map_err(refused)?;
            about.said_s = segment_s(&reader);
            let packets = Library::new(reader, true);
            if let Some(track) = packets.track() {
                about.start_s = matroska_delay_s(&found.delays, track);
            }
            Box::new(packets)
        }
        Container::Aiff => {
            let reader = reader(input.into_blind_source(), AiffReader::try_new).map_err(refused)?;
            Box::new(Library::new(reader, true).exact())
        }
        Container::Caf => {
            let reader = reader(source(input), CafReader::try_new).map_err(refused)?;
            Box::new(Library::new(reader, true))
        }
        Container::Unknown => frames(Box::new(input), name)?,
        Container::Other(format) => {
            return Err(DecodeError::Unsupported {
                name: name.to_owned(),
                reason: format!("is {format}"),
            });
        }
    };
    Builtin::begin(name, packets, about, half_band)
}

fn opus_delay_s(track: &Track) -> Option<f64> {
    /// Opus counts at this rate, whatever it was made from.
    const OPUS_HZ: f64 = 48_000.0;
    opus_delay(track).map(|samples| samples as f64 / OPUS_HZ)
}

/// A container reader at the beginning of a source.
fn reader<R>(
    source: Box<dyn MediaSource>,
    start: impl FnOnce(MediaSourceStream<'static>, FormatOptions) -> Result<R, Error>,
) -> Result<R, Error> {
    let stream = MediaSourceStream::new(source, Default::default());
    start(stream, FormatOptions::default())
}

fn wave(input: Input, name: &str, about: &mut About) -> Result<Box<dyn Packets>, DecodeError> {
    let Wav { sound, said_s, note } = wav::read(input).map_err(|why| match why {
        Refused::Read(source) => DecodeError::Read {
            name: name.to_owned(),
            source,
        },
        Refused::Broken(reason) => unrecognised(name, &reason),
        Refused::Unknown(reason) => DecodeError::Unsupported {
            name: name.to_owned(),
            reason,
        },
    })?;
    about.notes.extend(note);
    (about.said_s, about.is_exact) = (said_s, true);
    match sound {
        Sound::Samples(stream) => {
            let source = Box::new(symphonia::core::io::ReadOnlySource::new(stream));
            let reader = reader(source, WavReader::try_new).map_err(|error| refused(name, error))?;
            Ok(Box::new(Library::new(reader, false)))
        }
        Sound::Mpeg(stream) => frames(stream, name),
    }
}

/// A stream of frames, of the kind of its first.
fn frames(stream: Stream, name: &str) -> Result<Box<dyn Packets>, DecodeError> {
    let mut frames = Frames::new(Window::new(stream));
    let first = frames
        .next()
        .map_err(|error| refused(name, Error::IoError(error)))?;
    match first {
        Some((Header::Mpeg(first), frame)) => Ok(Box::new(MpegPackets::new(frames, first, frame))),
        Some((Header::Adts(first), frame)) => match AdtsPackets::new(frames, first, &frame) {
            Ok(packets) => Ok(Box::new(packets)),
            Err(error) => Err(refused(name, error)),
        },
        None => Err(unrecognised(name, "its format is not known")),
    }
}

/// How long a segment says it is, in seconds.
fn segment_s(reader: &MkvReader<'_>) -> Option<f64> {
    // With others beside it, the longest of them.
    if reader.tracks().len() > 1 {
        return None;
    }
    let about = reader.media_info();
    let time = about.time_base?.calc_duration(about.duration?)?;
    Some(time.as_secs_f64()).filter(|seconds| *seconds > 0.0)
}

/// Whether these are plain samples of which symphonia 0.6.1 does not tell the order of the bytes.
fn is_wide_pcm(track: &Track) -> bool {
    const NARROW: [AudioCodecId; 4] = [
        well_known::CODEC_ID_PCM_S16LE,
        well_known::CODEC_ID_PCM_S16BE,
        well_known::CODEC_ID_PCM_S8,
        well_known::CODEC_ID_PCM_U8,
    ];
    let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
        return false;
    };
    let pcm = codec_name(parameters.codec).is_some_and(|name| name.starts_with("pcm"));
    pcm && !NARROW.contains(&parameters.codec)
}

/// Seconds at a track's beginning that are its encoder's. Vorbis has none: its first packet gives no samples.
fn matroska_delay_s(delays: &[(u32, f64)], track: &Track) -> f64 {
    if is(track, well_known::CODEC_ID_VORBIS) {
        return 0.0;
    }
    let said = || {
        delays
            .iter()
            .find(|(number, _)| *number == track.id)
            .map(|(_, delay_s)| *delay_s)
    };
    opus_delay_s(track).or_else(said).unwrap_or(0.0)
}

/// Takes what the track's edit list says.
fn edit(edits: &[(u32, mp4::Edit)], track: &Track, about: &mut About) {
    let Some((_, edit)) = edits.iter().find(|(number, _)| *number == track.id) else {
        about.start_s = opus_delay_s(track).unwrap_or(0.0);
        return;
    };
    if edit.is_cut {
        about.notes.push(
            "its edit list plays it in several parts; all of it was heard instead, in its own order".into(),
        );
        return;
    }
    (about.start_s, about.length_s) = (edit.start_s, edit.length_s);
}

fn unrecognised(name: &str, reason: &str) -> DecodeError {
    DecodeError::Unrecognised {
        name: name.to_owned(),
        reason: reason.to_owned(),
    }
}

/// Why a container reader refused the input.
fn refused(name: &str, error: Error) -> DecodeError {
    match error {
        Error::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            unrecognised(name, "it ends before its header is complete")
        }
        Error::IoError(source) => DecodeError::Read {
            name: name.to_owned(),
            source,
        },
        // In these words it says that a file was cut off before its index.
        Error::Unsupported(reason) if reason.contains("missing moov") => {
            unrecognised(name, "it has no index (moov): it is cut off")
        }
        // Its messages begin with the kind of error and the container, for those who know the library.
        Error::Unsupported(reason) | Error::DecodeError(reason) => {
            unrecognised(name, reason.split_once(": ").map_or(reason, |(_, reason)| reason))
        }
        error => unrecognised(name, &error.to_string()),
    }
}
