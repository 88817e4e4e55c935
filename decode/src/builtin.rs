//! The decoders that are built in: a container reader and a codec, and what they leave for us to do.

mod open;

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::audio::{Channels, GenericAudioBufferRef};
use symphonia::core::codecs::audio::{AudioDecoder, well_known};
use symphonia::core::errors::Error;
use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;
use symphonia::core::units::Timestamp;

use crate::codec::{codec, is, opus_gain};
use crate::error::DecodeError;
use crate::packets::Packets;
use crate::sbr;

pub(crate) use open::{JOINED, look, open};

/// Why HE-AAC is refused where another may hear all of it.
pub(crate) const HE_AAC: &str = "holds HE-AAC";

/// Words of the decoder of MPEG audio for a frame that is unlike the first.
const CHANGES: [&str; 2] = ["signal spec", "invalid mpeg audio layer"];

/// Errors of the container in a row after which nothing more is expected from it.
const CONTAINER_ERRORS: u32 = 16;

/// Sample frames that a file may be shorter than its header says: decoders cut what encoders padded, up to two packets of any codec.
pub(crate) const SHORT: f64 = 4096.0;

/// What is known of a file besides its packets.
#[derive(Debug, Default)]
pub(crate) struct About {
    /// Seconds at the beginning that are its encoder's.
    pub(crate) start_s: f64,
    /// Seconds after those that are sound.
    pub(crate) length_s: Option<f64>,
    /// How long its header says it is, where the container reader does not know.
    pub(crate) said_s: Option<f64>,
    /// Whether that is meant to the sample.
    pub(crate) is_exact: bool,
    pub(crate) notes: Vec<String>,
}

/// A file being decoded.
pub(crate) struct Builtin {
    name: String,
    packets: Box<dyn Packets>,
    codec: Box<dyn AudioDecoder>,
    track: u32,
    pub(crate) rate: u32,
    pub(crate) channels: u16,
    /// The channels' places, as WAV's mask of bits.
    pub(crate) mask: Option<u32>,
    /// Length in seconds, where the container says or guesses; and where it is no guess.
    pub(crate) duration_s: Option<f64>,
    said_s: Option<f64>,
    /// Sample frames that it may be shorter than that.
    short: f64,
    pub(crate) damaged: u64,
    notes: Vec<String>,
    /// Packets looked at already.
    ahead: VecDeque<Packet>,
    /// Sample frames still to be left out, and how many may still be given.
    skip: u64,
    left: Option<u64>,
    /// Sample frames given.
    given: u64,
    /// When the first packet is due.
    first_pts: Option<Timestamp>,
    /// Whether a codec gave up: nothing more is asked of it.
    ended: bool,
    /// Whether the container is damaged, and what is behind the damage is not heard.
    broken: bool,
    block: Vec<f32>,
    /// What samples are multiplied by, where the file says so.
    gain: Option<f32>,
    /// Samples decoded while opening, to be given out first.
    first: Vec<f32>,
}

impl Builtin {
    /// Decodes up to the first samples: only they tell rate and channels for sure.
    fn begin(
        name: &str,
        packets: Box<dyn Packets>,
        about: About,
        half_band: bool,
    ) -> Result<Self, DecodeError> {
        let unsupported = |reason: String| DecodeError::Unsupported {
            name: name.to_owned(),
            reason,
        };
        let Some(track) = packets.track() else {
            return Err(unsupported("holds no audio track".into()));
        };
        let duration_s = duration_s(track);
        let exact = about.is_exact || packets.is_exact();
        let said_s = about.said_s.or(duration_s.filter(|_| packets.states_length()));
        let mut decoder = Self {
            name: name.to_owned(),
            codec: codec(track).map_err(unsupported)?,
            track: track.id,
            rate: 0,
            channels: 0,
            mask: None,
            duration_s: duration_s.or(said_s),
            said_s,
            short: if exact { 0.5 } else { SHORT },
            damaged: 0,
            notes: about.notes,
            ahead: VecDeque::new(),
            skip: ogg_delay(track),
            left: None,
            given: 0,
            first_pts: None,
            ended: false,
            broken: false,
            block: Vec::new(),
            gain: opus_gain(track),
            first: Vec::new(),
            packets,
        };
        if decoder
            .packets
            .track()
            .is_some_and(|track| is(track, well_known::CODEC_ID_AAC))
        {
            decoder.look_for_bands(half_band)?;
        }
        let others = decoder.packets.others();
        decoder.notes.extend(other_tracks(others));
        let Some((rate, channels)) = decoder.decode()? else {
            return Err(DecodeError::Empty {
                name: decoder.name,
                damaged: decoder.damaged,
            });
        };
        (decoder.rate, decoder.channels) = (rate, channels);
        decoder.first = std::mem::take(&mut decoder.block);
        let frames = |seconds: f64| (seconds * f64::from(rate)).round() as u64;
        decoder.skip = decoder.skip.saturating_add(frames(about.start_s));
        decoder.left = about.length_s.map(frames);
        if let Some(length_s) = about.length_s {
            decoder.duration_s = Some(length_s);
            decoder.said_s = decoder.said_s.map(|_| length_s);
        } else {
            decoder.said_s = decoder.said_s.map(|said| said - about.start_s - decoder.late_s());
        }
        Ok(decoder)
    }

    /// Seconds of a stream that were before the part of it that was kept.
    fn late_s(&self) -> f64 {
        let base = self.packets.track().and_then(|track| track.time_base);
        let time = base
            .zip(self.first_pts)
            .and_then(|(base, pts)| base.calc_time(pts));
        time.map_or(0.0, |time| time.as_secs_f64().max(0.0))
    }

    /// Looks whether AAC has a band that is not decoded here; an error unless half the band is wanted rather than nothing.
    fn look_for_bands(&mut self, half_band: bool) -> Result<(), DecodeError> {
        while self.ahead.len() < sbr::PACKETS {
            match self.packets.next() {
                Ok(Some(packet)) => self.ahead.push_back(packet),
                Ok(None) => break,
                // The end comes again; anything else counts here.
                Err(Error::IoError(_) | Error::ResetRequired) => break,
                Err(error) => {
                    self.count(&error);
                    break;
                }
            }
        }
        let own = self.ahead.iter().filter(|packet| packet.track_id == self.track);
        if !sbr::is_in(own.map(|packet| &*packet.data)) {
            return Ok(());
        }
        if !half_band {
            return Err(DecodeError::Unsupported {
                name: self.name.clone(),
                reason: HE_AAC.into(),
            });
        }
        self.notes.push(
            "it holds HE-AAC, of which the built-in decoder hears the lower half of the band alone: install ffmpeg to hear all of it"
                .into(),
        );
        Ok(())
    }

    /// Appends the next packet's interleaved samples; `false` at the end.
    pub(crate) fn next(&mut self, samples: &mut Vec<f32>) -> Result<bool, DecodeError> {
        loop {
            let mut block = std::mem::take(&mut self.first);
            if block.is_empty() {
                if self.ended || self.left == Some(0) {
                    return Ok(false);
                }
                let Ok(decoded) = catch_unwind(AssertUnwindSafe(|| self.decode())) else {
                    // It may be half changed: this was the last of it.
                    self.ended = true;
                    return Err(gave_up(&self.name));
                };
                let Some((rate, channels)) = decoded? else {
                    self.ended = true;
                    return Ok(false);
                };
                if (rate, channels) != (self.rate, self.channels) {
                    return Err(self.changed(describe(rate, channels)));
                }
                block = std::mem::take(&mut self.block);
            }
            let wanted = self.wanted(block.len());
            samples.extend_from_slice(&block[wanted.clone()]);
            self.block = block;
            if !wanted.is_empty() {
                return Ok(true);
            }
        }
    }

    /// The part of a block of samples that is no encoder's.
    fn wanted(&mut self, samples: usize) -> std::ops::Range<usize> {
        let channels = usize::from(self.channels);
        let frames = (samples / channels) as u64;
        let from = self.skip.min(frames);
        self.skip -= from;
        let count = (frames - from).min(self.left.unwrap_or(u64::MAX));
        self.left = self.left.map(|left| left - count);
        self.given += count;
        from as usize * channels..(from + count) as usize * channels
    }

    /// What should be known of what was heard, once it ended.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        let heard_s = self.given as f64 / f64::from(self.rate);
        notes.extend(self.said_s.and_then(|said_s| self.note_short(said_s, self.short)));
        if self.damaged > 0 {
            notes.push(format!("{} damaged packets were skipped", self.damaged));
        }
        if self.broken {
            notes.push(format!(
                "it is damaged after {heard_s:.2} s, and nothing behind that was heard"
            ));
        }
        self.packets.notes(&mut notes);
        notes
    }

    /// What to say where fewer seconds were heard than these, by more than so many sample frames.
    pub(crate) fn note_short(&self, said_s: f64, short: f64) -> Option<String> {
        let heard_s = self.given as f64 / f64::from(self.rate);
        let short_s = short / f64::from(self.rate);
        (heard_s + short_s < said_s)
            .then(|| format!("it ends after {heard_s:.2} s, but its header says {said_s:.2} s"))
    }

    /// Sample frames given so far.
    pub(crate) fn given(&self) -> u64 {
        self.given
    }

    /// Decodes the next packet that holds samples into `block`; its rate and channels, or `None` at the end.
    fn decode(&mut self) -> Result<Option<(u32, u16)>, DecodeError> {
        let mut errors = 0;
        loop {
            let next = match self.ahead.pop_front() {
                Some(packet) => Ok(Some(packet)),
                None => self.packets.next(),
            };
            let packet = match next {
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
                    self.count(&error);
                    errors += 1;
                    if errors == CONTAINER_ERRORS {
                        tracing::warn!(name = self.name, %error, "the container is damaged from here on");
                        self.broken = true;
                        return Ok(None);
                    }
                    continue;
                }
            };
            errors = 0;
            if packet.track_id != self.track {
                continue;
            }
            if self.first_pts.is_none() {
                self.first_pts = Some(packet.pts);
            }
            let result = self.codec.decode(&packet).map(|buffer| {
                self.mask = self.mask.or(mask(buffer.spec().channels()));
                take(&buffer, &mut self.block)
            });
            match result {
                Ok((rate, channels)) if rate > 0 && channels > 0 && !self.block.is_empty() => {
                    if let Some(gain) = self.gain {
                        self.block.iter_mut().for_each(|sample| *sample *= gain);
                    }
                    return Ok(Some((rate, channels)));
                }
                Ok(_) => {} // a codec's first packet may only fill its overlap
                Err(Error::ResetRequired) => self.codec.reset(),
                // The decoder of MPEG audio keeps the first packet's rate and channels, and says so in these words.
                Err(Error::DecodeError(reason))
                    if self.rate > 0 && CHANGES.iter().any(|change| reason.contains(change)) =>
                {
                    return Err(self.changed("another rate or channel count".into()));
                }
                Err(error) => self.count(&error),
            }
        }
    }

    /// Another stream begins: a new decoder for its track.
    fn restart(&mut self) -> Result<(), DecodeError> {
        let unsupported = |reason| DecodeError::Unsupported {
            name: self.name.clone(),
            reason,
        };
        let Some(track) = self.packets.track() else {
            return Err(unsupported("holds no audio track after its first part".into()));
        };
        self.codec = codec(track).map_err(unsupported)?;
        self.track = track.id;
        self.gain = opus_gain(track);
        self.skip = self.skip.saturating_add(ogg_delay(track));
        // What headers say of several parts is only known to a reader that counts them all.
        self.said_s = self.said_s.and(duration_s(track));
        Ok(())
    }

    fn count(&mut self, error: &Error) {
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

/// The library is not trusted to survive every file: its panics are errors here.
pub(crate) fn guarded<T>(
    name: &str,
    work: impl FnOnce() -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(gave_up(name)))
}

fn gave_up(name: &str) -> DecodeError {
    DecodeError::Unsupported {
        name: name.to_owned(),
        reason: "its decoder gave up on it: it is damaged".into(),
    }
}

/// What to say of further tracks with sound.
pub(crate) fn other_tracks(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some("it holds 1 more audio track, which was not heard".into()),
        _ => Some(format!(
            "it holds {count} more audio tracks, which were not heard"
        )),
    }
}

/// Sample frames that an Opus stream in Ogg begins with and nobody should hear.
fn ogg_delay(track: &Track) -> u64 {
    if is(track, well_known::CODEC_ID_OPUS) {
        track.delay.unwrap_or(0).into()
    } else {
        0
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

/// The channels' places as WAV's mask of bits, where they are all of those that it has.
fn mask(channels: &Channels) -> Option<u32> {
    match channels {
        Channels::Positioned(positions) => u32::try_from(positions.bits())
            .ok()
            .filter(|mask| mask >> 18 == 0),
        _ => None,
    }
}

fn duration_s(track: &Track) -> Option<f64> {
    let time = track.time_base?.calc_duration(track.duration?)?;
    Some(time.as_secs_f64()).filter(|seconds| *seconds > 0.0)
}

fn describe(rate: u32, channels: u16) -> String {
    let plural = if channels == 1 { "" } else { "s" };
    format!("{rate} Hz, {channels} channel{plural}")
}
