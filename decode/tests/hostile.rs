//! Headers made to harm: each is an error or audio, none takes memory or time that its bytes do not justify.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::fs;
use std::io::{self, Cursor, Read};

use echometer_decode::Decoder;

/// The fuzzer's seeds: a few kilobytes of every format, behind a byte that says which.
const SEEDS: [(&str, &[u8]); 6] = [
    ("a.mp3", include_bytes!("../../fuzz/seeds/audio/made.mp3")),
    ("a.ogg", include_bytes!("../../fuzz/seeds/audio/made.ogg")),
    ("a.flac", include_bytes!("../../fuzz/seeds/audio/made.flac")),
    ("a.m4a", include_bytes!("../../fuzz/seeds/audio/made.m4a")),
    ("a.m4a", include_bytes!("../../fuzz/seeds/audio/alac.m4a")),
    ("a.aiff", include_bytes!("../../fuzz/seeds/audio/made.aiff")),
];

/// Decodes all there is; the number of samples.
fn decode(mut decoder: Decoder, longest: usize) -> usize {
    let (mut samples, mut given) = (Vec::new(), 0);
    while let Ok(true) = decoder.next(&mut samples) {
        given += samples.len();
        assert!(given <= longest, "{given} samples");
        samples.clear();
    }
    given
}

/// The most memory that this process ever had, in bytes; `None` where the system does not say.
fn peak() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes << 10)
}

/// A mono or wider WAV of 16 bits.
fn wav(channels: u16, rate: u32, data: u32, sound: &[u8]) -> Vec<u8> {
    let block = channels.wrapping_mul(2);
    let mut bytes = b"RIFF\xFF\xFF\xFF\xFFWAVEfmt \x10\0\0\0\x01\0".to_vec();
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend(rate.wrapping_mul(u32::from(block)).to_le_bytes());
    bytes.extend(block.to_le_bytes());
    bytes.extend(b"\x10\0data");
    bytes.extend(data.to_le_bytes());
    bytes.extend(sound);
    bytes
}

#[test]
fn wav_headers_that_claim_what_is_not_there() {
    let sound = [1; 400];
    for data in [0, 1, 399, 1 << 31, u32::MAX - 1, u32::MAX] {
        let bytes = wav(2, 44_100, data, &sound);
        let stream = Decoder::from_stream(Box::new(Cursor::new(bytes.clone())), "standard input");
        let given = stream.map_or(0, |decoder| decode(decoder, 200));
        assert!(given == 200 || (1..=399).contains(&data), "{data}: {given}");
        if let Ok(decoder) = Decoder::from_bytes(bytes, "a.wav") {
            decode(decoder, 200);
        }
    }
    for (channels, rate) in [(0, 44_100), (u16::MAX, 44_100), (2, 0), (u16::MAX, u32::MAX)] {
        let bytes = wav(channels, rate, 400, &sound);
        let stream = Decoder::from_stream(Box::new(Cursor::new(bytes.clone())), "standard input");
        let error = stream.err().map(|error| error.to_string());
        assert!(
            error.is_some_and(|error| error.starts_with("standard input")),
            "{channels} channels at {rate} Hz were taken"
        );
        assert!(Decoder::from_bytes(bytes, "a.wav").is_err());
    }
    // Nothing plays so fast, but where it is taken, the samples are there; the engine says which rates it takes.
    if let Ok(fast) = Decoder::from_bytes(wav(1, u32::MAX, 400, &sound), "a.wav") {
        assert_eq!(fast.rate(), u32::MAX);
        assert_eq!(decode(fast, 200), 200);
    }
}

#[test]
fn a_pipe_that_never_comes_to_its_audio() {
    /// Chunk after chunk of nothing.
    struct Endless(u64);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let chunk = b"LIST\x04\0\0\0abcd";
            for byte in &mut *buffer {
                *byte = chunk[(self.0 % 12) as usize];
                self.0 += 1;
            }
            // The test would not end where the decoder does not.
            assert!(self.0 < 1 << 30, "a gigabyte was read");
            Ok(if self.0 > 1 << 28 { 0 } else { buffer.len() })
        }
    }
    let head = Cursor::new(b"RIFF\xFF\xFF\xFF\xFFWAVE".to_vec());
    assert!(Decoder::from_stream(Box::new(head.chain(Endless(0))), "standard input").is_err());
    if let Some(peak) = peak() {
        assert!(peak < 300 << 20, "{peak} bytes");
    }
}

#[test]
fn odd_floats_pass_as_they_are() {
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-40, f32::MAX, -0.0];
    let mut bytes = wav(1, 48_000, 24, &odd.map(f32::to_le_bytes).concat());
    bytes[20] = 3;
    bytes[32..36].copy_from_slice(&[4, 0, 32, 0]);
    let mut decoder = Decoder::from_bytes(bytes, "a.wav").unwrap();
    let mut samples = Vec::new();
    while decoder.next(&mut samples).unwrap() {}
    // The engine counts them as silence, and says how many there were.
    let bits = |samples: &[f32]| samples.iter().map(|sample| sample.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&samples), bits(&odd));
}

/// Every four bytes of every header, in turn, say as much as they can.
#[test]
fn sizes_beyond_all_measure() {
    for (name, seed) in SEEDS {
        let good = &seed[1..];
        let whole = decode(Decoder::from_bytes(good.to_vec(), name).unwrap(), usize::MAX);
        // The index of an MP4 is at its end.
        let index = if name == "a.m4a" {
            good.len()
        } else {
            700.min(good.len())
        };
        for at in (0..index - 4).step_by(2) {
            for value in [
                [0xFF; 4],
                [0x7F, 0xFF, 0xFF, 0xFF],
                [0, 0xFF, 0xFF, 0xFF],
                [0xFF, 0xFF, 0xFF, 0x7F],
            ] {
                let mut bytes = good.to_vec();
                bytes[at..at + 4].copy_from_slice(&value);
                if let Ok(decoder) = Decoder::from_bytes(bytes, name) {
                    decode(decoder, 100 * whole + 1_000_000);
                }
            }
        }
    }
    if let Some(peak) = peak() {
        assert!(peak < 300 << 20, "{peak} bytes");
    }
}
