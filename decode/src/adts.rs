//! AAC in ADTS: headers of frames.

use symphonia::core::audio::layouts;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioCodecParameters, well_known};
use symphonia::core::errors::Error;
use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use crate::frames::{Frames, Header};
use crate::packets::{Packets, TRACK};

const HZ: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];

/// Samples of a frame.
const SAMPLES: u64 = 1024;

/// What is not read here.
const SEVERAL: &str = "ADTS frames with several blocks";

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Adts {
    /// AAC's object type less one.
    profile: u8,
    hz: u32,
    /// MPEG-4's channel configuration.
    channels: u8,
    /// Bytes of the header itself.
    head: usize,
    /// Bytes of the frame, with its header.
    pub(crate) length: usize,
    /// Blocks of samples in the frame.
    blocks: u8,
}

impl Adts {
    /// The header that begins with these bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let &[sync, second, third, fourth, fifth, sixth, seventh] = bytes.first_chunk()?;
        if sync != 0xFF || second & 0xF6 != 0xF0 {
            return None;
        }
        let head = if second & 1 == 1 { 7 } else { 9 };
        let length = usize::from(fourth & 3) << 11 | usize::from(fifth) << 3 | usize::from(sixth) >> 5;
        (length > head).then_some(Self {
            profile: third >> 6,
            hz: *HZ.get(usize::from(third >> 2 & 0xF))?,
            channels: (third & 1) << 2 | fourth >> 6,
            head,
            length,
            blocks: (seventh & 3) + 1,
        })
    }

    /// Whether both can be of one stream.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (self.profile, self.hz, self.channels) == (other.profile, other.hz, other.channels)
    }
}

/// The packets of a stream.
pub(crate) struct AdtsPackets {
    frames: Frames,
    track: Track,
    first: Option<Packet>,
}

impl AdtsPackets {
    /// The packets of a stream from which its first frame was taken.
    pub(crate) fn new(frames: Frames, first: Adts, frame: &[u8]) -> Result<Self, Error> {
        let mut parameters = AudioCodecParameters::new();
        parameters
            .for_codec(well_known::CODEC_ID_AAC)
            .with_sample_rate(first.hz);
        if first.blocks > 1 {
            return Err(Error::Unsupported(SEVERAL));
        }
        let channels = match first.channels {
            1 => layouts::CHANNEL_LAYOUT_MONO,
            2 => layouts::CHANNEL_LAYOUT_STEREO,
            _ => return Err(Error::Unsupported("AAC with more than two channels")),
        };
        parameters.with_channels(channels);
        let mut track = Track::new(TRACK);
        track.with_codec_params(CodecParameters::Audio(parameters));
        Ok(Self {
            frames,
            track,
            first: Some(packet(&first, frame)),
        })
    }
}

fn packet(header: &Adts, frame: &[u8]) -> Packet {
    let duration = Duration::from(SAMPLES);
    Packet::new(
        TRACK,
        Timestamp::new(0),
        duration,
        &frame[header.head.min(frame.len())..],
    )
}

impl Packets for AdtsPackets {
    fn next(&mut self) -> Result<Option<Packet>, Error> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        match self.frames.next().map_err(Error::IoError)? {
            Some((Header::Adts(header), _)) if header.blocks > 1 => Err(Error::DecodeError(SEVERAL)),
            Some((Header::Adts(header), frame)) => Ok(Some(packet(&header, &frame))),
            Some((Header::Mpeg(_), _)) => Err(Error::DecodeError("MPEG audio within ADTS")),
            None => Ok(None),
        }
    }

    fn track(&self) -> Option<&Track> {
        Some(&self.track)
    }

    fn states_length(&self) -> bool {
        false
    }

    fn notes(&self, notes: &mut Vec<String>) {
        crate::packets::note_gaps(self.frames.skipped(), self.frames.lacks(), notes);
    }
}
