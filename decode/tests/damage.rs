//! No input, however damaged, may panic or run for ever.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use echometer_decode::Decoder;
use proptest::prelude::*;

const NAMES: [&str; 7] = ["a.wav", "a.mp3", "a.ogg", "a.flac", "a.m4a", "a.aac", "a.aiff"];
const MAGIC: [&[u8]; 8] = [
    b"",
    b"RIFF\xFF\xFF\xFF\xFFWAVEfmt \x10\0\0\0\x01\0\x02\0\x44\xAC\0\0\x10\xB1\x02\0\x04\0\x10\0data\xFF\xFF\xFF\xFF",
    b"\xFF\xFB\x90\x64",
    b"OggS\0\x02",
    b"fLaC\0\0\0\x22",
    b"\0\0\0\x18ftypM4A ",
    b"\xFF\xF1\x50\x80",
    b"FORM\0\0\x10\0AIFFCOMM\0\0\0\x12",
];

fn decode(bytes: Vec<u8>, name: &str) {
    let longest = 100 * bytes.len() + 1_000_000;
    let Ok(mut decoder) = Decoder::from_bytes(bytes, name) else {
        return;
    };
    let mut samples = Vec::new();
    let mut given = 0;
    while let Ok(true) = decoder.next(&mut samples) {
        given += samples.len();
        assert!(given < longest, "{name}: more samples than the bytes can hold");
        samples.clear();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_bytes_give_errors_or_end(
        magic in prop::sample::select(&MAGIC[..]),
        name in prop::sample::select(&NAMES[..]),
        noise in prop::collection::vec(any::<u8>(), 0..6_000),
    ) {
        decode([magic, &noise].concat(), name);
    }

    #[test]
    fn a_good_file_with_flipped_bytes_gives_errors_or_ends(
        flips in prop::collection::vec((0usize..8_000, any::<u8>()), 1..40),
        cut in 0usize..20_000,
    ) {
        // Real Vorbis: headers, code books and audio.
        let ogg = include_bytes!("../../models/demo/voice.ogg");
        let mut bytes = ogg[..cut.max(5_000)].to_vec();
        let length = bytes.len();
        for (at, value) in flips {
            bytes[at % length] = value;
        }
        decode(bytes, "a.ogg");
    }
}

/// Made for the fuzzer, behind a byte that says the format.
const FASTSTART: &[u8] = include_bytes!("../../fuzz/seeds/audio/faststart.m4a");
const OPUS: &[u8] = include_bytes!("../../fuzz/seeds/audio/opus.ogg");

#[test]
fn a_cut_mp4_is_heard_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let heard = |share: f64| {
        let path = folder.path().join("cut.m4a");
        let bytes = &FASTSTART[1..];
        std::fs::write(&path, &bytes[..(bytes.len() as f64 * share) as usize]).unwrap();
        let mut decoder = Decoder::open(&path).unwrap();
        assert!(decoder.duration_s().is_some());
        let mut samples = Vec::new();
        while decoder.next(&mut samples).unwrap() {}
        assert_eq!(decoder.notes().is_empty(), share == 1.0, "{:?}", decoder.notes());
        samples.len()
    };
    let whole = heard(1.0);
    for share in [0.97, 0.8] {
        let cut = heard(share);
        // The encoder's own beginning is most of so short a file.
        assert!(cut < whole, "{cut} of {whole}");
    }
}

#[test]
fn opus_is_heard() {
    let mut decoder = Decoder::from_bytes(&OPUS[1..], "a.opus").unwrap();
    let mut samples = Vec::new();
    while decoder.next(&mut samples).unwrap() {}
    assert_eq!((decoder.rate(), decoder.damaged()), (48_000, 0));
    assert!(samples.iter().any(|sample| sample.abs() > 0.01));
}

#[test]
fn what_nothing_built_in_decodes_is_named() {
    for (bytes, said) in [
        (&b"wvpk and more"[..], "a: is WavPack"),
        (b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", "a: is Windows Media (WMA)"),
        (
            b"what is this?",
            "a: no audio file that can be decoded: its format is not known",
        ),
    ] {
        let error = Decoder::from_bytes(bytes, "a").err().unwrap();
        assert_eq!(error.to_string(), said);
    }
}
