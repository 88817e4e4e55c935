//! Audio files of every container: whatever the bytes, the decoder ends, and gives no more than they can hold.
#![no_main]

mod common;

use echometer_decode::Decoder;
use libfuzzer_sys::fuzz_target;

fn decode(data: &[u8]) -> Option<()> {
    let (name, bytes) = common::file(data)?;
    let mut decoder = Decoder::from_bytes(bytes.to_vec(), name).ok()?;
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
