//! WAV on standard input, as it comes through a pipe: in pieces, its lengths mere claims, its rate anything. What the
//! decoder gives goes into a front end, as the analyzer's does.
#![no_main]

mod common;

use std::io::{self, Read};

use echometer_decode::{Choice, Decoder};
use echometer_engine::frontend::{FrontEnd, FrontEndConfig};
use echometer_engine::tap::Downmix;
use libfuzzer_sys::fuzz_target;

/// Gives a few bytes at a time, as a pipe may.
struct Pieces {
    bytes: Vec<u8>,
    at: usize,
    most: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.bytes[self.at..];
        let count = rest.len().min(buffer.len()).min(self.most);
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

/// The first byte says how large the pieces are; the rest is the stream.
fn listen(data: &[u8]) -> Option<()> {
    let (first, bytes) = data.split_first()?;
    let pieces = Pieces {
        bytes: bytes.to_vec(),
        at: 0,
        most: 1 + 17 * usize::from(*first),
    };
    let mut decoder = Decoder::from_stream_with(Box::new(pieces), "standard input", Choice::Builtin).ok()?;
    let channels = usize::from(decoder.channels());
    let downmix = Downmix::new(decoder.channels()).ok();
    let mut front = FrontEnd::new(&FrontEndConfig::live(), decoder.rate()).ok();
    let longest = 1_000 * bytes.len() + 4_000_000;
    let (mut samples, mut given) = (Vec::new(), 0);
    let (mut folded, mut frames) = (Vec::new(), Vec::new());
    while let Ok(true) = decoder.next(&mut samples) {
        given += samples.len();
        assert!(given < longest, "{given} samples from {} bytes", bytes.len());
        assert_eq!(samples.len() % channels, 0);
        if let (Some(downmix), Some(front)) = (&downmix, &mut front) {
            downmix.fold_interleaved(&samples, &mut folded);
            front.push_stereo(&folded, &mut frames);
            assert!(frames.iter().all(|value| value.is_finite()));
            folded.clear();
            frames.clear();
        }
        samples.clear();
    }
    Some(())
}

fuzz_target!(init: common::keep_caught_panics(), |data: &[u8]| {
    listen(data);
});
