//! MPEG audio, layers I to III: headers of frames, and what encoders say in the first of them.

use std::collections::VecDeque;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, well_known};
use symphonia::core::errors::Error;
use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use crate::frames::{Frames, Header};
use crate::packets::{Packets, TRACK};

/// Bit rates in kbit/s by version (1, or 2 and 2.5) and layer; the first entry of each is the free format, which nothing here reads.
const RATES: [[[u32; 15]; 3]; 2] = [
    [
        [
            0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
        ],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    ],
    [
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ],
];

/// Samples a second of version 1; version 2 has half of it, 2.5 a quarter.
const HZ: [u32; 3] = [44_100, 48_000, 32_000];

/// Samples that a layer III decoder itself delays by.
const DECODER_DELAY: u32 = 529;

/// Frames held back, so that padding is cut off the last ones: 4,095 samples in frames of 576.
const HELD: usize = 8;

/// Frames that the count in a file's first frame may be off by: programs differ in whether they count that one.
const MISCOUNT: u64 = 2;

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mpeg {
    version_1: bool,
    layer: u8,
    mono: bool,
    hz: u32,
    /// Bytes of the frame, with its header.
    pub(crate) length: usize,
}

impl Mpeg {
    /// The header that begins with these bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let &[first, second, third, fourth] = bytes.first_chunk()?;
        if first != 0xFF || second & 0xE0 != 0xE0 {
            return None;
        }
        let (version_1, shift) = match second >> 3 & 3 {
            0 => (false, 2),
            2 => (false, 1),
            3 => (true, 0),
            _ => return None,
        };
        let layer = 4 - (second >> 1 & 3);
        let rates = RATES[usize::from(!version_1)].get(usize::from(layer) - 1)?;
        let kbps = *rates.get(usize::from(third >> 4))?;
        let hz = HZ.get(usize::from(third >> 2 & 3))? >> shift;
        if kbps == 0 {
            return None;
        }
        let padding = u32::from(third >> 1 & 1);
        let length = match layer {
            1 => (12 * kbps * 1000 / hz + padding) * 4,
            3 if !version_1 => 72 * kbps * 1000 / hz + padding,
            _ => 144 * kbps * 1000 / hz + padding,
        };
        Some(Self {
            version_1,
            layer,
            mono: fourth >> 6 == 3,
            hz,
            length: length as usize,
        })
    }

    /// Whether both can be of one stream: the bit rate may change from frame to frame, and so may stereo.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (self.version_1, self.layer, self.hz) == (other.version_1, other.layer, other.hz)
    }

    /// Whether it is MP3.
    pub(crate) fn is_layer_3(&self) -> bool {
        self.layer == 3
    }

    fn samples(&self) -> u32 {
        match (self.layer, self.version_1) {
            (1, _) => 384,
            (3, false) => 576,
            _ => 1152,
        }
    }

    fn codec(&self) -> AudioCodecId {
        match self.layer {
            1 => well_known::CODEC_ID_MP1,
            2 => well_known::CODEC_ID_MP2,
            _ => well_known::CODEC_ID_MP3,
        }
    }

    /// Bytes of side information.
    fn side(&self) -> usize {
        match (self.version_1, self.mono) {
            (true, false) => 32,
            (true, true) | (false, false) => 17,
            (false, true) => 9,
        }
    }
}

/// What an encoder says in a frame of its own, instead of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Info {
    /// Frames that follow.
    frames: Option<u32>,
    /// Samples that the encoder put before and behind the sound.
    delay: u32,
    padding: u32,
}

impl Info {
    /// Of a frame that holds a Xing, Info or VBRI header; `None` where it holds sound.
    fn of(header: &Mpeg, frame: &[u8]) -> Option<Self> {
        if header.layer != 3 {
            return None;
        }
        let word = |bytes: &[u8], at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
        let at = 4 + header.side();
        let xing = frame.get(at..)?;
        if !(xing.starts_with(b"Xing") || xing.starts_with(b"Info")) {
            let vbri = frame.get(36..)?.strip_prefix(b"VBRI")?;
            return Some(Self {
                frames: word(vbri, 10),
                delay: 0,
                padding: 0,
            });
        }
        let flags = word(xing, 4)?;
        let sizes = [4, 4, 100, 4];
        let rest = (0..4)
            .filter(|flag| flags >> flag & 1 == 1)
            .map(|flag| sizes[flag])
            .sum::<usize>();
        let encoder = xing.get(8 + rest..).unwrap_or_default();
        let known: [&[u8]; 3] = [b"LAME", b"Lavf", b"Lavc"];
        let trims = known.iter().any(|name| encoder.starts_with(name));
        let trim = word(encoder, 20).filter(|_| trims).map(|trim| trim & 0xFF_FFFF);
        Some(Self {
            frames: word(xing, 8).filter(|_| flags & 1 == 1),
            delay: trim.map_or(0, |trim| (trim >> 12) + DECODER_DELAY),
            padding: trim.map_or(0, |trim| (trim & 0xFFF).saturating_sub(DECODER_DELAY)),
        })
    }
}

/// The packets of a file.
pub(crate) struct MpegPackets {
    frames: Frames,
    track: Track,
    info: Option<Info>,
    /// Samples still to be cut off the beginning.
    delay: u32,
    /// Frames of sound read so far.
    count: u64,
    held: VecDeque<(u32, Packet)>,
    ended: bool,
    first: Mpeg,
}

impl MpegPackets {
    /// The packets of a stream from which its first frame was taken.
    pub(crate) fn new(frames: Frames, first: Mpeg, frame: Vec<u8>) -> Self {
        let info = Info::of(&first, &frame);
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(first.codec()).with_sample_rate(first.hz);
        let mut track = Track::new(TRACK);
        track.with_codec_params(CodecParameters::Audio(parameters));
        if let Some(info) = info
            && let Some(count) = info.frames.filter(|count| *count > 0)
        {
            let all = u64::from(count) * u64::from(first.samples());
            let sound = all.saturating_sub(u64::from(info.delay) + u64::from(info.padding));
            track.with_num_frames(sound).with_duration(Duration::from(sound));
        }
        let mut packets = Self {
            frames,
            track,
            info,
            delay: info.map_or(0, |info| info.delay),
            count: 0,
            held: VecDeque::new(),
            ended: false,
            first,
        };
        if info.is_none() {
            packets.hold(&first, frame);
        }
        packets
    }

    fn hold(&mut self, header: &Mpeg, frame: Vec<u8>) {
        let samples = header.samples();
        let cut = self.delay.min(samples);
        self.delay -= cut;
        let mut packet = Packet::new(
            TRACK,
            Timestamp::new(0),
            Duration::from(u64::from(samples)),
            frame,
        );
        packet.trim_start = Duration::from(u64::from(cut));
        self.held.push_back((samples - cut, packet));
        self.count += 1;
    }

    /// Cuts the encoder's padding off the last frames, where the count says that these are the last.
    fn cut_padding(&mut self) {
        let Some(info) = self.info else { return };
        if info
            .frames
            .is_some_and(|frames| u64::from(frames).abs_diff(self.count) > MISCOUNT)
        {
            return;
        }
        let mut left = info.padding;
        for (samples, packet) in self.held.iter_mut().rev() {
            let cut = left.min(*samples);
            packet.trim_end = Duration::from(u64::from(cut));
            left -= cut;
        }
    }
}

impl Packets for MpegPackets {
    fn next(&mut self) -> Result<Option<Packet>, Error> {
        while !self.ended && self.held.len() <= HELD {
            match self.frames.next().map_err(Error::IoError)? {
                // One inside is from a file that was joined to another; it holds no sound.
                Some((Header::Mpeg(header), frame)) if Info::of(&header, &frame).is_some() => {}
                Some((Header::Mpeg(header), frame)) => self.hold(&header, frame),
                Some((Header::Adts(_), _)) => return Err(Error::DecodeError("AAC within MPEG audio")),
                None => {
                    self.ended = true;
                    self.cut_padding();
                }
            }
        }
        Ok(self.held.pop_front().map(|(_, packet)| packet))
    }

    fn track(&self) -> Option<&Track> {
        Some(&self.track)
    }

    fn states_length(&self) -> bool {
        true
    }

    fn notes(&self, notes: &mut Vec<String>) {
        let count = self.info.and_then(|info| info.frames).filter(|count| *count > 0);
        if let Some(said) = count.filter(|said| u64::from(*said) + MISCOUNT < self.count) {
            let seconds =
                |frames: u64| frames as f64 * f64::from(self.first.samples()) / f64::from(self.first.hz);
            notes.push(format!(
                "its header says {:.1} s, but there are {:.1} s: all of them were heard",
                seconds(u64::from(said)),
                seconds(self.count)
            ));
        }
        crate::packets::note_gaps(self.frames.skipped(), self.frames.lacks(), notes);
    }
}
