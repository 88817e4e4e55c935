//! Audio files of every container: whatever the bytes, the decoder ends, and gives no more than they can hold.
#![no_main]

mod common;

use echometer_decode::Decoder;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 8] = ["a.wav", "a.mp3", "a.ogg", "a.flac", "a.m4a", "a.aac", "a.aiff", "standard input"];

/// The first byte names the file; the rest is its bytes.
fn decode(data: &[u8]) -> Option<()> {
    let (first, bytes) = data.split_first()?;
    let mut decoder = Decoder::from_bytes(bytes.to_vec(), NAMES[usize::from(*first) % NAMES.len()]).ok()?;
    assert!(decoder.rate() > 0 && decoder.channels() > 0);
    let longest = 1_000 * bytes.len() + 4_000_000;
    let (mut samples, mut given) = (Vec::new(), 0);
    while let Ok(true) = decoder.next(&mut samples) {
        given += samples.len();
        assert!(given < longest, "{given} samples from {} bytes", bytes.len());
        samples.clear();
    }
    Some(())
}

fuzz_target!(init: common::keep_caught_panics(), |data: &[u8]| {
    decode(data);
});
