//! Files with a fault or a feature of their own.

use crate::cases::{Case, Change, FORMATS, Format};

/// Files with a fault or a feature of their own.
pub fn all() -> Vec<Case> {
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
        make("flac", FLAC, "ID3v1 behind", Change::By(id3v1)),
        make("flac", FLAC, "an APE tag behind", Change::By(ape)),
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
