//! Raw little-endian samples.

use std::fmt::Display;
use std::io::Read;
use std::ops::RangeInclusive;

use echometer_engine::Scorer;
use echometer_engine::tap::CHANNELS;

use super::Samples;
use crate::cli::{Live, RawFormat};
use crate::failure::Failure;

/// Bytes read at a time at most. A pipe gives what it has, so live input is not held up.
const BLOCK: usize = 1 << 14;

/// What the bytes mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    rate: u32,
    channels: u16,
    format: RawFormat,
}

impl Layout {
    /// From all three options, or from none.
    pub(super) fn from_args(args: &Live) -> Result<Option<Self>, Failure> {
        match (args.raw_rate, args.raw_channels, args.raw_format) {
            (None, None, None) => Ok(None),
            (Some(rate), Some(channels), Some(format)) => {
                check("--raw-rate", rate, &Scorer::RATES, " Hz")?;
                check("--raw-channels", channels, &CHANNELS, "")?;
                Ok(Some(Self {
                    rate,
                    channels,
                    format,
                }))
            }
            _ => Err(
                Failure::usage("--raw-rate, --raw-channels and --raw-format belong together").hint(
                    "tell all three, for example: --raw-rate 48000 --raw-channels 2 --raw-format f32le",
                ),
            ),
        }
    }

    fn sample_bytes(self) -> usize {
        match self.format {
            RawFormat::S16le => 2,
            RawFormat::S24le => 3,
            RawFormat::S32le | RawFormat::F32le => 4,
        }
    }
}

/// Refuses what the engine would refuse, as wrong usage.
fn check<T>(option: &str, value: T, allowed: &RangeInclusive<T>, unit: &str) -> Result<(), Failure>
where
    T: PartialOrd + Display,
{
    if allowed.contains(&value) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{option} is {value}{unit}, but must be {}–{}{unit}",
        allowed.start(),
        allowed.end()
    ))
    .hint("tell what the program that writes the samples writes"))
}

/// Raw samples being read.
pub(super) struct Raw {
    reader: Box<dyn Read + Send + Sync>,
    layout: Layout,
    /// Bytes read but not given yet: less than a frame between two calls.
    pending: Vec<u8>,
}

impl Raw {
    pub(super) fn new(reader: Box<dyn Read + Send + Sync>, layout: Layout) -> Self {
        Self {
            reader,
            layout,
            pending: Vec::new(),
        }
    }
}

impl Samples for Raw {
    fn rate(&self) -> u32 {
        self.layout.rate
    }

    fn channels(&self) -> u16 {
        self.layout.channels
    }

    fn duration_s(&self) -> Option<f64> {
        None
    }

    fn next(&mut self, samples: &mut Vec<f32>) -> Result<bool, Failure> {
        let sample = self.layout.sample_bytes();
        let frame = sample * usize::from(self.layout.channels);
        let mut block = [0; BLOCK];
        loop {
            let read = match self.reader.read(&mut block) {
                Ok(0) => return Ok(false), // a frame that was cut off counts for nothing
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(Failure::input(format!(
                        "standard input: cannot be read further: {error}"
                    )));
                }
            };
            self.pending.extend_from_slice(&block[..read]);
            let whole = self.pending.len() / frame * frame;
            if whole > 0 {
                let bytes = self.pending[..whole].chunks_exact(sample);
                samples.extend(bytes.map(|bytes| value(self.layout.format, bytes)));
                self.pending.drain(..whole);
                return Ok(true);
            }
        }
    }
}

fn value(format: RawFormat, bytes: &[u8]) -> f32 {
    // The sample's bytes at the top of a word, so that every integer format has the same full scale.
    let word = bytes
        .iter()
        .rev()
        .fold(0u32, |word, byte| word << 8 | u32::from(*byte));
    match format {
        RawFormat::F32le => f32::from_bits(word),
        _ => ((word << (32 - 8 * bytes.len())) as i32) as f32 / 2_147_483_648.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        assert_eq!(value(RawFormat::S16le, &(-16_384i16).to_le_bytes()), -0.5);
        assert_eq!(value(RawFormat::S24le, &[0, 0, 0x40]), 0.5);
        assert_eq!(value(RawFormat::S24le, &[0, 0, 0x80]), -1.0);
        assert_eq!(value(RawFormat::S32le, &i32::MIN.to_le_bytes()), -1.0);
        assert_eq!(value(RawFormat::F32le, &0.25f32.to_le_bytes()), 0.25);
    }

    #[test]
    fn frames_are_whole_however_the_bytes_come() {
        /// Gives one byte at a time.
        struct Drops(std::vec::IntoIter<u8>);
        impl Read for Drops {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                Ok(self.0.next().map_or(0, |byte| {
                    buffer[0] = byte;
                    1
                }))
            }
        }
        let bytes: Vec<u8> = (0..11).collect();
        let layout = Layout {
            rate: 8_000,
            channels: 2,
            format: RawFormat::S16le,
        };
        let mut raw = Raw::new(Box::new(Drops(bytes.into_iter())), layout);
        let mut samples = Vec::new();
        while raw.next(&mut samples).unwrap() {
            assert_eq!(samples.len() % 2, 0);
        }
        assert_eq!(samples.len(), 4);
    }
}
