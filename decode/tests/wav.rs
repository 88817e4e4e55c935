//! WAV files of every sample format, from files, streams and memory, whole and damaged.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use echometer_decode::{DecodeError, Decoder};
use hound::{SampleFormat, WavSpec, WavWriter};

fn sine(i: usize) -> f32 {
    0.5 * (i as f32 * 0.05).sin()
}

const FRAMES: usize = 5_000;

fn write(folder: &Path, bits: u16, format: SampleFormat, channels: u16) -> PathBuf {
    let path = folder.join(format!("{bits}-{format:?}.wav"));
    let spec = WavSpec {
        channels,
        sample_rate: 44_100,
        bits_per_sample: bits,
        sample_format: format,
    };
    let mut writer = WavWriter::create(&path, spec).unwrap();
    for i in 0..FRAMES {
        for c in 0..channels {
            let x = if c == 0 { sine(i) } else { -sine(i) };
            match format {
                SampleFormat::Float => writer.write_sample(x).unwrap(),
                SampleFormat::Int => {
                    writer
                        .write_sample((f64::from(x) * f64::from(1u32 << (bits - 1))) as i32)
                        .unwrap();
                }
            }
        }
    }
    writer.finalize().unwrap();
    path
}

fn all(mut decoder: Decoder) -> Vec<f32> {
    let mut samples = Vec::new();
    while decoder.next(&mut samples).unwrap() {}
    assert_eq!(decoder.damaged(), 0);
    samples
}

#[test]
fn every_sample_format_reads_as_written() {
    let folder = tempfile::tempdir().unwrap();
    for (bits, format) in [
        (8, SampleFormat::Int),
        (16, SampleFormat::Int),
        (24, SampleFormat::Int),
        (32, SampleFormat::Int),
        (32, SampleFormat::Float),
    ] {
        let decoder = Decoder::open(&write(folder.path(), bits, format, 2)).unwrap();
        assert_eq!((decoder.rate(), decoder.channels()), (44_100, 2));
        assert!((decoder.duration_s().unwrap() - FRAMES as f64 / 44_100.0).abs() < 1e-6);
        let samples = all(decoder);
        assert_eq!(samples.len(), 2 * FRAMES);
        for (i, pair) in samples.chunks(2).enumerate() {
            let tolerance = if bits == 8 { 0.01 } else { 1e-4 };
            assert!(
                (pair[0] - sine(i)).abs() < tolerance,
                "{bits} {format:?}: {} at {i}",
                pair[0]
            );
            assert!((pair[0] + pair[1]).abs() < 2.0 * tolerance);
        }
    }
}

#[test]
fn streams_and_memory_equal_the_file_whatever_the_lengths_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), 16, SampleFormat::Int, 2);
    let expected = all(Decoder::open(&path).unwrap());
    let bytes = fs::read(&path).unwrap();
    assert_eq!(
        all(Decoder::from_bytes(bytes.clone(), "memory.wav").unwrap()),
        expected
    );
    for (riff, data) in [
        (None, None),
        (Some(0), Some(0)),
        (Some(u32::MAX), Some(u32::MAX)),
        (None, Some(0x7FFF_F000)),
    ] {
        let mut bytes = bytes.clone();
        if let Some(length) = riff {
            bytes[4..8].copy_from_slice(&length.to_le_bytes());
        }
        if let Some(length) = data {
            bytes[40..44].copy_from_slice(&length.to_le_bytes());
        }
        let decoder = Decoder::from_stream(Box::new(Cursor::new(bytes.clone())), "standard input").unwrap();
        assert_eq!(all(decoder), expected, "{riff:?} {data:?}");
        let path = folder.path().join("lengths.wav");
        fs::write(&path, bytes).unwrap();
        assert_eq!(all(Decoder::open(&path).unwrap()), expected, "{riff:?} {data:?}");
    }
}

#[test]
fn a_truncated_file_gives_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), 16, SampleFormat::Int, 2);
    let expected = all(Decoder::open(&path).unwrap());
    let bytes = fs::read(&path).unwrap();
    let cut = folder.path().join("cut.wav");
    // In the middle of a frame.
    fs::write(&cut, &bytes[..44 + 4 * 3_000 + 3]).unwrap();
    assert_eq!(all(Decoder::open(&cut).unwrap()), expected[..6_000]);
}

#[test]
fn errors_name_the_file_and_tell_that_it_is_unreadable() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Decoder::open(&folder.path().join("missing.wav")).err().unwrap();
    assert!(matches!(missing, DecodeError::Open { .. }) && missing.is_unreadable());
    assert!(missing.to_string().contains("missing.wav"), "{missing}");
    assert!(Decoder::open(folder.path()).err().unwrap().is_unreadable());

    let spec = WavSpec {
        channels: 2,
        sample_rate: 44_100,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let empty = folder.path().join("empty.wav");
    WavWriter::create(&empty, spec).unwrap().finalize().unwrap();
    let error = Decoder::open(&empty).err().unwrap();
    assert!(matches!(error, DecodeError::Empty { damaged: 0, .. }), "{error}");
    assert!(error.to_string().contains("empty.wav") && error.is_unreadable());

    for name in ["nothing.wav", "nothing.mp3", "nothing"] {
        let error = Decoder::from_bytes(Vec::new(), name).err().unwrap();
        assert!(
            error.to_string().starts_with(name) && error.is_unreadable(),
            "{error}"
        );
    }
}

#[test]
fn more_channels_than_can_be_read_are_told_however_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    for (channels, taken) in [(26, true), (27, false), (32, false)] {
        // As plain PCM: its header has no places for channels.
        let mut bytes = b"RIFF\xFF\xFF\xFF\xFFWAVEfmt \x10\0\0\0\x01\0".to_vec();
        bytes.extend(u16::to_le_bytes(channels));
        bytes.extend(44_100u32.to_le_bytes());
        bytes.extend((44_100 * 2 * u32::from(channels)).to_le_bytes());
        bytes.extend((2 * channels).to_le_bytes());
        bytes.extend(b"\x10\0data\xFF\xFF\xFF\xFF");
        bytes.extend(vec![1; 200 * usize::from(channels)]);
        let path = folder.path().join("wide.wav");
        fs::write(&path, &bytes).unwrap();
        let ways = [
            Decoder::open(&path),
            Decoder::from_stream(Box::new(Cursor::new(bytes.clone())), "wide.wav"),
            Decoder::from_bytes(bytes, "wide.wav"),
        ];
        for way in ways {
            match way {
                Ok(decoder) => assert!(taken && decoder.channels() == channels, "{channels}"),
                Err(error) => {
                    let said = error.to_string();
                    assert!(
                        !taken && said.contains(&format!("has {channels} channels, but at most 26")),
                        "{said}"
                    );
                }
            }
        }
    }
}
