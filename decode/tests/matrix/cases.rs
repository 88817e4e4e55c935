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
    cases.extend(special());
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

/// Files with a fault or a feature of their own.
fn special() -> Vec<Case> {
    const LAME: &[&str] = &["-c:a", "libmp3lame", "-b:a", "128k"];
    const BARE: &[&str] = &[
        "-c:a",
        "libmp3lame",
        "-q:a",
        "4",
        "-write_xing",
        "0",
        "-id3v2_version",
        "0",
    ];
    const FLAC: &[&str] = &["-c:a", "flac"];
    const VORBIS: &[&str] = &["-c:a", "libvorbis"];
    const OPUS: &[&str] = &["-c:a", "libopus"];
    const ADTS: &[&str] = &["-c:a", "aac"];
    const S16: &[&str] = &["-c:a", "pcm_s16le", "-bitexact"];
    const F32: &[&str] = &["-c:a", "pcm_f32le", "-bitexact"];
    let find = |extension: &str, arguments: &[&str]| {
        let same =
            |format: &&Format| format.extension == extension && format.arguments.starts_with(arguments);
        FORMATS
            .iter()
            .find(same)
            .map(|format| (format.name, format.exact, format.packet))
    };
    let make = |extension: &'static str, arguments: &'static [&'static str], name: &str, change: Change| {
        let about = find(extension, &arguments[..2]);
        let (format, exact, packet) = about.unwrap();
        Case {
            format,
            name: format!("{format}: {name}"),
            extension,
            arguments: arguments.to_vec(),
            channels: 2,
            rate: 44_100,
            seconds: 2.5,
            change,
            exact,
            packet,
            silent: false,
            tells_cuts: true,
        }
    };
    let mut cases = vec![
        make("mp3", LAME, "two joined", Change::Twice),
        make("mp3", BARE, "two joined, no counts", Change::Twice),
        make(
            "mp3",
            LAME,
            "joined with one of another rate",
            Change::Join(LAME, 22_050),
        ),
        make(
            "mp3",
            BARE,
            "joined with one of another rate, no counts",
            Change::Join(BARE, 22_050),
        ),
        make(
            "mp3",
            LAME,
            "a count of 100",
            Change::By(|bytes| xing(bytes, 100)),
        ),
        make("mp3", LAME, "a count of 0", Change::By(|bytes| xing(bytes, 0))),
        make(
            "mp3",
            LAME,
            "a count of a million",
            Change::By(|bytes| xing(bytes, 1_000_000)),
        ),
        make("mp3", LAME, "zeros in front", Change::Before(&[0], 1_500_000)),
        make(
            "mp3",
            BARE,
            "zeros in front, no counts",
            Change::Before(&[0], 1_500_000),
        ),
        make(
            "mp3",
            BARE,
            "junk in front",
            Change::Before(b"what is this? ", 900),
        ),
        make("mp3", LAME, "junk behind", Change::Behind(b"what is this? ", 900)),
        make("mp3", LAME, "zeros behind", Change::Behind(&[0], 100_000)),
        make("mp3", LAME, "a large tag in front", Change::Id3(3_000_000)),
        make("mp3", LAME, "ID3v1 behind", Change::By(id3v1)),
        make("mp3", LAME, "an APE tag behind", Change::By(ape)),
        make("mp3", LAME, "noise put in", Change::Insert(0.5, 3_000)),
        make("mp3", LAME, "noise put over", Change::Over(0.5, 3_000)),
        make("mp3", BARE, "its beginning is gone", Change::Behead(5_000)),
        make("aac", ADTS, "two joined", Change::Twice),
        make("aac", ADTS, "a tag in front", Change::Id3(5_000)),
        make("aac", ADTS, "its beginning is gone", Change::Behead(5_000)),
        make("aac", ADTS, "noise put in", Change::Insert(0.5, 3_000)),
        make("aac", ADTS, "HE-AAC that does not say so", Change::By(he_aac)),
        make("flac", FLAC, "two joined", Change::Twice),
        make(
            "flac",
            FLAC,
            "joined with one of another rate",
            Change::Join(FLAC, 22_050),
        ),
        make(
            "flac",
            FLAC,
            "smallest block 0",
            Change::By(|mut bytes| {
                bytes[8..10].fill(0);
                bytes
            }),
        ),
        make(
            "flac",
            FLAC,
            "no sizes of blocks",
            Change::By(|mut bytes| {
                bytes[8..12].fill(0);
                bytes
            }),
        ),
        make(
            "flac",
            FLAC,
            "no sizes of frames",
            Change::By(|mut bytes| {
                bytes[12..18].fill(0);
                bytes
            }),
        ),
        make(
            "flac",
            FLAC,
            "no length",
            Change::By(|mut bytes| {
                bytes[21] &= 0xF0;
                bytes[22..26].fill(0);
                bytes
            }),
        ),
        make("flac", FLAC, "a tag in front", Change::Id3(5_000)),
        make("flac", FLAC, "noise put over", Change::Over(0.5, 3_000)),
        make(
            "flac",
            FLAC,
            "junk behind",
            Change::Behind(b"what is this? ", 900),
        ),
        make("ogg", VORBIS, "two joined", Change::Twice),
        make(
            "ogg",
            VORBIS,
            "joined with one of another rate",
            Change::Join(VORBIS, 22_050),
        ),
        make("ogg", VORBIS, "noise put over", Change::Over(0.5, 3_000)),
        make("ogg", VORBIS, "a tag in front", Change::Id3(5_000)),
        make(
            "ogg",
            VORBIS,
            "junk behind",
            Change::Behind(b"what is this? ", 900),
        ),
        make("opus", OPUS, "two joined", Change::Twice),
        make("opus", OPUS, "noise put over", Change::Over(0.5, 3_000)),
        make("wav", S16, "two joined", Change::Twice),
        make(
            "wav",
            S16,
            "a length of 0",
            Change::By(|bytes| wav_length(bytes, 0)),
        ),
        make(
            "wav",
            S16,
            "the longest length",
            Change::By(|bytes| wav_length(bytes, u32::MAX)),
        ),
        make(
            "wav",
            S16,
            "sox's length",
            Change::By(|bytes| wav_length(bytes, 0x7FFF_F000)),
        ),
        make(
            "wav",
            S16,
            "a length beyond its end",
            Change::By(|bytes| wav_length(bytes, 9_000_000)),
        ),
        make("wav", S16, "a tag in front", Change::Id3(5_000)),
        make("wav", S16, "junk behind", Change::Behind(b"what is this? ", 900)),
        make(
            "wav",
            S16,
            "samples before their description",
            Change::By(data_first),
        ),
        make("wav", F32, "extended, no valid bits", Change::By(no_valid_bits)),
        make("wav", S16, "24 bits in four bytes", Change::By(wide_samples)),
        make(
            "wav",
            S16,
            "named BW64",
            Change::By(|mut bytes| {
                bytes[..4].copy_from_slice(b"BW64");
                bytes
            }),
        ),
        make(
            "wav",
            S16,
            "no description",
            Change::By(|mut bytes| {
                bytes[12..16].copy_from_slice(b"junk");
                bytes
            }),
        ),
        make("wav", S16, "nothing at all", Change::Cut(0.0)),
        make("mp3", LAME, "nothing at all", Change::Cut(0.0)),
        make("mp3", LAME, "only noise", Change::Over(0.0, 50_000)),
    ];
    for (extension, arguments) in [
        ("wav", S16),
        ("mp3", LAME),
        ("flac", FLAC),
        ("ogg", VORBIS),
        ("opus", OPUS),
        ("aac", ADTS),
    ] {
        let mut silent = make(extension, arguments, "silence", Change::None);
        silent.silent = true;
        cases.push(silent);
    }
    const COVER: [(&str, &[&str]); 3] = [
        (
            "mp3",
            &[
                "-c:a",
                "libmp3lame",
                "-c:v",
                "mjpeg",
                "-map",
                "0:a",
                "-map",
                "1:v",
            ],
        ),
        (
            "flac",
            &[
                "-c:a",
                "flac",
                "-c:v",
                "mjpeg",
                "-map",
                "0:a",
                "-map",
                "1:v",
                "-disposition:v",
                "attached_pic",
            ],
        ),
        (
            "m4a",
            &[
                "-c:a",
                "aac",
                "-c:v",
                "mjpeg",
                "-map",
                "0:a",
                "-map",
                "1:v",
                "-disposition:v",
                "attached_pic",
            ],
        ),
    ];
    for (extension, arguments) in COVER {
        cases.push(make(extension, arguments, "a cover", Change::None));
    }
    cases
}

/// Another count of frames in the first frame of an MP3.
fn xing(mut bytes: Vec<u8>, count: u32) -> Vec<u8> {
    let at = bytes
        .windows(4)
        .position(|tag| tag == b"Xing" || tag == b"Info")
        .unwrap();
    bytes[at + 8..at + 12].copy_from_slice(&count.to_be_bytes());
    bytes
}

fn wav_length(mut bytes: Vec<u8>, length: u32) -> Vec<u8> {
    assert_eq!(&bytes[36..40], b"data");
    bytes[40..44].copy_from_slice(&length.to_le_bytes());
    bytes
}

fn data_first(bytes: Vec<u8>) -> Vec<u8> {
    let (description, data) = bytes[12..].split_at(24);
    [&bytes[..12], data, description].concat()
}

/// Floats behind an extended description that has 0 for the valid bits.
fn no_valid_bits(bytes: Vec<u8>) -> Vec<u8> {
    let data = bytes.windows(4).position(|tag| tag == b"data").unwrap();
    let mut description = bytes[20..36].to_vec();
    description[..2].copy_from_slice(&0xFFFEu16.to_le_bytes());
    let mut all = b"RIFF\xFF\xFF\xFF\xFFWAVEfmt \x28\0\0\0".to_vec();
    all.extend(description);
    all.extend(b"\x16\0\0\0\x03\0\0\0\x03\0\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71");
    all.extend(&bytes[data..]);
    all
}

/// 16 bits as the highest of 24 in four bytes.
fn wide_samples(bytes: Vec<u8>) -> Vec<u8> {
    let mut all = bytes[..44].to_vec();
    all[28..32].copy_from_slice(&(44_100u32 * 8).to_le_bytes());
    all[32..36].copy_from_slice(&[8, 0, 24, 0]);
    let samples = bytes[44..].as_chunks::<2>().0;
    all[40..44].copy_from_slice(&(samples.len() as u32 * 4).to_le_bytes());
    all.extend(samples.iter().flat_map(|[low, high]| [0, 0, *low, *high]));
    all
}

fn id3v1(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(b"TAG");
    bytes.extend([b'x'; 125]);
    bytes
}

fn ape(mut bytes: Vec<u8>) -> Vec<u8> {
    let item = b"\x03\0\0\0\0\0\0\0Title\0abc";
    for flags in [0xA000_0000u32, 0x8000_0000] {
        bytes.extend(b"APETAGEX\xD0\x07\0\0");
        bytes.extend((item.len() as u32 + 32).to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
        bytes.extend(flags.to_le_bytes());
        bytes.extend([0; 8]);
        if flags == 0xA000_0000 {
            bytes.extend(item);
        }
    }
    bytes
}

/// Frames of AAC with a fill element that says that there is a replicated band (ISO/IEC 14496-3, 4.4.2.8), and says nothing of it.
fn he_aac(bytes: Vec<u8>) -> Vec<u8> {
    let (mut all, mut rest) = (Vec::new(), &bytes[..]);
    while rest.len() > 7 {
        let size = usize::from(rest[3] & 3) << 11 | usize::from(rest[4]) << 3 | usize::from(rest[5]) >> 5;
        let (frame, behind) = rest.split_at(size);
        rest = behind;
        let mut bits: Vec<bool> = frame[7..]
            .iter()
            .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1))
            .collect();
        // The end is three ones, and zeros up to a whole byte.
        bits.truncate(bits.iter().rposition(|bit| *bit).unwrap() + 1 - 3);
        for (value, count) in [(6, 3), (2, 4), (0xD000u32, 16), (7, 3)] {
            bits.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
        }
        bits.resize(bits.len().next_multiple_of(8), false);
        let body: Vec<u8> = bits
            .chunks(8)
            .map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit)))
            .collect();
        let size = body.len() + 7;
        let mut head = frame[..7].to_vec();
        head[3] = head[3] & !3 | (size >> 11) as u8;
        head[4] = (size >> 3) as u8;
        head[5] = head[5] & 0x1F | (size << 5) as u8;
        all.extend(head);
        all.extend(body);
    }
    all
}
