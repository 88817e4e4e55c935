//! The files: every codec and container that ffmpeg writes, and what becomes of files in the world.

/// How a file is changed after it was made.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    None,
    /// Only this share of it stays.
    Cut(f64),
    /// This many bytes are gone from its beginning.
    Behead(usize),
    /// Once more behind itself.
    Twice,
    /// With another file behind it, made by these arguments for stereo at another rate.
    Join(&'static [&'static str], u32),
    /// These bytes, so many times, in front or behind.
    Before(&'static [u8], usize),
    Behind(&'static [u8], usize),
    /// Bytes of noise at this share of it, put in or put over.
    Insert(f64, usize),
    Over(f64, usize),
    /// A tag of ID3v2 of this size in front.
    Id3(usize),
    /// A change of its own.
    By(fn(Vec<u8>) -> Vec<u8>),
}

/// A file to be made.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it is in the table.
    pub format: &'static str,
    pub name: String,
    pub extension: &'static str,
    pub arguments: Vec<&'static str>,
    pub channels: u16,
    pub rate: u32,
    pub seconds: f64,
    pub change: Change,
    /// Whether no sample may differ, and how many frames lengths may be apart.
    pub exact: bool,
    pub packet: usize,
    pub silent: bool,
    /// Whether it can be told of a file that it was cut off.
    pub tells_cuts: bool,
}

/// A codec in a container.
pub struct Format {
    pub name: &'static str,
    pub extension: &'static str,
    pub arguments: &'static [&'static str],
    pub exact: bool,
    pub packet: usize,
    /// Channels and rates that are made of it.
    pub channels: &'static [u16],
    pub rates: &'static [u32],
}

const ALL: &[u16] = &[1, 2, 6];
const TWO: &[u16] = &[1, 2];
const ONE: &[u16] = &[1];
const USUAL: &[u32] = &[44_100, 48_000];
const WIDE: &[u32] = &[8_000, 22_050, 44_100, 96_000, 192_000];
const MP3: &[u32] = &[8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
const AAC: &[u32] = &[8_000, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000];

macro_rules! made {
    ($name:expr, $extension:expr, $arguments:expr, exact, $channels:expr, $rates:expr) => {
        Format {
            name: $name,
            extension: $extension,
            arguments: &$arguments,
            exact: true,
            packet: 0,
            channels: $channels,
            rates: $rates,
        }
    };
    ($name:expr, $extension:expr, $arguments:expr, $packet:expr, $channels:expr, $rates:expr) => {
        Format {
            name: $name,
            extension: $extension,
            arguments: &$arguments,
            exact: false,
            packet: $packet,
            channels: $channels,
            rates: $rates,
        }
    };
}

pub const FORMATS: &[Format] = &[
    made!("WAV", "wav", ["-c:a", "pcm_s16le"], exact, ALL, WIDE),
    made!("WAV", "wav", ["-c:a", "pcm_u8"], exact, TWO, USUAL),
    made!("WAV", "wav", ["-c:a", "pcm_s24le"], exact, ALL, USUAL),
    made!("WAV", "wav", ["-c:a", "pcm_s32le"], exact, TWO, USUAL),
    made!("WAV", "wav", ["-c:a", "pcm_f32le"], exact, ALL, USUAL),
    made!("WAV", "wav", ["-c:a", "pcm_f64le"], exact, TWO, USUAL),
    made!(
        "WAV, A-law and µ-law",
        "wav",
        ["-c:a", "pcm_alaw"],
        exact,
        TWO,
        &[8_000]
    ),
    made!(
        "WAV, A-law and µ-law",
        "wav",
        ["-c:a", "pcm_mulaw"],
        exact,
        TWO,
        &[8_000]
    ),
    made!("WAV, ADPCM", "wav", ["-c:a", "adpcm_ms"], 2048, TWO, &[22_050]),
    made!(
        "WAV, ADPCM",
        "wav",
        ["-c:a", "adpcm_ima_wav"],
        2048,
        TWO,
        &[22_050]
    ),
    made!(
        "WAV with MP3 inside",
        "wav",
        ["-c:a", "libmp3lame"],
        1152,
        TWO,
        USUAL
    ),
    made!(
        "RF64",
        "wav",
        ["-c:a", "pcm_s16le", "-rf64", "always"],
        exact,
        ALL,
        USUAL
    ),
    made!("Wave64", "w64", ["-c:a", "pcm_s16le"], exact, TWO, USUAL),
    made!("AIFF", "aiff", ["-c:a", "pcm_s16be"], exact, ALL, WIDE),
    made!("AIFF", "aiff", ["-c:a", "pcm_s24be"], exact, TWO, USUAL),
    made!("AIFF-C", "aiff", ["-c:a", "pcm_f32be"], exact, TWO, USUAL),
    made!("AIFF-C", "aiff", ["-c:a", "pcm_s16le"], exact, TWO, USUAL),
    made!("CAF", "caf", ["-c:a", "pcm_s16be"], exact, ALL, USUAL),
    made!("CAF", "caf", ["-c:a", "pcm_f32le"], exact, TWO, USUAL),
    made!("CAF, ALAC", "caf", ["-c:a", "alac"], exact, TWO, USUAL),
    made!("CAF, AAC", "caf", ["-c:a", "aac"], 1024, TWO, USUAL),
    made!("AU", "au", ["-c:a", "pcm_s16be"], exact, TWO, USUAL),
    made!("FLAC", "flac", ["-c:a", "flac"], exact, ALL, WIDE),
    made!(
        "FLAC",
        "flac",
        ["-c:a", "flac", "-sample_fmt", "s32"],
        exact,
        TWO,
        USUAL
    ),
    made!("FLAC in Ogg", "oga", ["-c:a", "flac"], exact, TWO, USUAL),
    made!(
        "MP3",
        "mp3",
        ["-c:a", "libmp3lame", "-b:a", "128k"],
        1152,
        TWO,
        MP3
    ),
    made!(
        "MP3",
        "mp3",
        ["-c:a", "libmp3lame", "-q:a", "2"],
        1152,
        TWO,
        USUAL
    ),
    made!(
        "MP3",
        "mp3",
        [
            "-c:a",
            "libmp3lame",
            "-q:a",
            "4",
            "-write_xing",
            "0",
            "-id3v2_version",
            "0"
        ],
        1152,
        TWO,
        USUAL
    ),
    made!(
        "MP2",
        "mp2",
        ["-c:a", "mp2"],
        1152,
        TWO,
        &[16_000, 24_000, 44_100, 48_000]
    ),
    made!(
        "Ogg Vorbis",
        "ogg",
        ["-c:a", "libvorbis", "-q:a", "4"],
        1024,
        ALL,
        &[8_000, 22_050, 44_100, 48_000]
    ),
    made!(
        "Ogg Opus",
        "opus",
        ["-c:a", "libopus", "-b:a", "96k"],
        960,
        ALL,
        &[16_000, 48_000]
    ),
    made!("Speex", "spx", ["-c:a", "libspeex"], 640, TWO, &[16_000]),
    made!(
        "AAC (M4A)",
        "m4a",
        ["-c:a", "aac", "-b:a", "128k"],
        1024,
        ALL,
        AAC
    ),
    made!(
        "AAC (M4A)",
        "m4a",
        ["-c:a", "aac", "-movflags", "+faststart"],
        1024,
        TWO,
        USUAL
    ),
    made!(
        "AAC (M4A), in fragments",
        "m4a",
        ["-c:a", "aac", "-movflags", "+frag_keyframe+empty_moov"],
        1024,
        TWO,
        USUAL
    ),
    made!(
        "AAC (ADTS)",
        "aac",
        ["-c:a", "aac", "-b:a", "128k"],
        1024,
        ALL,
        AAC
    ),
    made!("ALAC", "m4a", ["-c:a", "alac"], exact, ALL, WIDE),
    made!("QuickTime", "mov", ["-c:a", "pcm_s16le"], exact, TWO, USUAL),
    made!(
        "MP4 with MP3 inside",
        "mp4",
        ["-c:a", "libmp3lame"],
        1152,
        TWO,
        USUAL
    ),
    made!("MP4 with FLAC inside", "mp4", ["-c:a", "flac"], exact, TWO, USUAL),
    made!(
        "MP4 with Opus inside",
        "mp4",
        ["-c:a", "libopus"],
        960,
        TWO,
        &[48_000]
    ),
    made!("Matroska", "mkv", ["-c:a", "pcm_s16le"], exact, TWO, USUAL),
    made!("Matroska", "mkv", ["-c:a", "flac"], exact, TWO, USUAL),
    made!("Matroska", "mka", ["-c:a", "libvorbis"], 1024, TWO, USUAL),
    made!("Matroska", "mka", ["-c:a", "libmp3lame"], 1152, TWO, USUAL),
    made!("Matroska", "mka", ["-c:a", "aac"], 1024, TWO, USUAL),
    made!("WebM", "webm", ["-c:a", "libopus"], 960, TWO, &[48_000]),
    made!("WebM", "webm", ["-c:a", "libvorbis"], 1024, TWO, USUAL),
    made!("WavPack", "wv", ["-c:a", "wavpack"], exact, TWO, USUAL),
    made!("True Audio (TTA)", "tta", ["-c:a", "tta"], exact, TWO, USUAL),
    made!("Windows Media (WMA)", "wma", ["-c:a", "wmav2"], 2048, TWO, USUAL),
    made!(
        "AC-3",
        "ac3",
        ["-c:a", "ac3"],
        1536,
        ALL,
        &[32_000, 44_100, 48_000]
    ),
    made!("E-AC-3", "eac3", ["-c:a", "eac3"], 1536, ALL, &[48_000]),
    made!(
        "DTS",
        "dts",
        ["-c:a", "dca", "-strict", "-2"],
        512,
        TWO,
        &[48_000]
    ),
    made!("VOC", "voc", ["-c:a", "pcm_u8"], exact, ONE, &[8_000]),
    made!("AVI", "avi", ["-c:a", "libmp3lame"], 1152, TWO, USUAL),
    made!("MPEG transport stream", "ts", ["-c:a", "aac"], 1024, TWO, USUAL),
    made!("Flash Video", "flv", ["-c:a", "libmp3lame"], 1152, TWO, &[44_100]),
];

/// Changes that any format may meet, made of one file of each format that is read here.
const MET: [(&str, Change); 3] = [
    ("half of it", Change::Cut(0.5)),
    ("nine tenths of it", Change::Cut(0.9)),
    ("a few bytes of it", Change::Cut(0.002)),
];

/// Streams and blocks that nobody can tell to be cut off, but for a packet that is not whole.
const TELL_NO_CUTS: [&str; 7] = [
    "AC-3",
    "E-AC-3",
    "DTS",
    "MP2",
    "VOC",
    "MPEG transport stream",
    "Flash Video",
];

/// All files.
pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for format in FORMATS {
        for channels in format.channels {
            for rate in format.rates {
                cases.push(case(format, *channels, *rate, "", Change::None));
            }
        }
        for (name, change) in MET {
            cases.push(case(
                format,
                2.min(*format.channels.last().unwrap()),
                format.rates[0].max(16_000),
                name,
                change,
            ));
        }
    }
    cases.extend(crate::special::all());
    cases
}

fn case(format: &Format, channels: u16, rate: u32, name: &str, change: Change) -> Case {
    let codec = format.arguments.join(" ");
    Case {
        format: format.name,
        name: format!("{} ({codec}) {channels} × {rate} Hz {name}", format.name),
        extension: format.extension,
        arguments: format.arguments.to_vec(),
        channels,
        rate,
        seconds: 1.5,
        change,
        exact: format.exact,
        packet: format.packet,
        silent: false,
        tells_cuts: !TELL_NO_CUTS.contains(&format.name),
    }
}
