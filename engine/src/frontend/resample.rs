//! Any input rate to the model's rate, in fixed blocks so that the caller's chunking leaves no trace.

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Async, Fft, FixedAsync, FixedSync, Indexing, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

use super::FrontEndError;

/// Longest block of the synchronous resampler, in seconds of input. Pairs of rates with a small common divisor (44,101
/// and 24,000 Hz) would need a block as long as their period, up to a second: those take the sinc interpolator.
const LONGEST_BLOCK_S: f64 = 0.1;
/// Block aimed at, in seconds of input: long enough for a steep filter, short enough not to be felt.
const BLOCK_S: f64 = 0.02;

/// A streaming mono resampler without start-up delay: output sample 0 is input sample 0.
pub struct Resampler {
    inner: Box<dyn rubato::Resampler<f32>>,
    rates: (u64, u64),
    pending: Vec<f32>,
    block: Vec<f32>,
    skip: usize,
    taken: u64,
    given: u64,
}

impl Resampler {
    /// From one rate to another, in Hz.
    pub fn new(from: u32, to: u32) -> Result<Self, FrontEndError> {
        let inner = make(from, to).map_err(|error| FrontEndError::Resampler {
            from,
            to,
            reason: error.to_string(),
        })?;
        let mut resampler = Self {
            block: vec![0.0; inner.output_frames_max()],
            inner,
            rates: (u64::from(from), u64::from(to)),
            pending: Vec::new(),
            skip: 0,
            taken: 0,
            given: 0,
        };
        resampler.reset();
        Ok(resampler)
    }

    /// Forgets all input.
    pub fn reset(&mut self) {
        self.inner.reset();
        self.pending.clear();
        self.skip = self.inner.output_delay();
        self.taken = 0;
        self.given = 0;
    }

    /// Takes `input`, appends what is ready to `output`.
    pub fn push(&mut self, input: &[f32], output: &mut Vec<f32>) {
        self.taken += input.len() as u64;
        self.pending.extend_from_slice(input);
        self.drain(output, u64::MAX);
    }

    /// Appends what is still inside, so that `n` samples in have given exactly `⌊n · to / from⌋` out.
    pub fn finish(&mut self, output: &mut Vec<f32>) {
        let total = self.taken * self.rates.1 / self.rates.0;
        while self.given < total {
            // Zeros push the last samples through the filter; a whole block at a time always makes progress.
            let before = (self.given, self.skip);
            let missing = self.inner.input_frames_next();
            self.pending.resize(self.pending.len() + missing, 0.0);
            self.drain(output, total);
            if (self.given, self.skip) == before {
                debug_assert!(false, "a block of zeros gave nothing");
                break;
            }
        }
    }

    fn drain(&mut self, output: &mut Vec<f32>, total: u64) {
        let mut start = 0;
        loop {
            let wanted = self.inner.input_frames_next();
            if self.pending.len() - start < wanted {
                break;
            }
            let made = self.process(start, wanted);
            start += wanted;
            let skipped = self.skip.min(made);
            self.skip -= skipped;
            let room = usize::try_from(total - self.given).unwrap_or(usize::MAX);
            let kept = (made - skipped).min(room);
            output.extend_from_slice(&self.block[skipped..skipped + kept]);
            self.given += kept as u64;
        }
        self.pending.drain(..start);
    }

    fn process(&mut self, start: usize, wanted: usize) -> usize {
        let frames_out = self.block.len();
        let adapters = (
            SequentialSlice::new(&self.pending[start..start + wanted], 1, wanted),
            SequentialSlice::new_mut(&mut self.block, 1, frames_out),
        );
        let (Ok(input), Ok(mut out)) = adapters else {
            debug_assert!(false, "one channel of the slice's own length always fits");
            return 0;
        };
        let made = self
            .inner
            .process_into_buffer(&input, &mut out, None::<&Indexing>);
        debug_assert!(made.is_ok(), "{made:?}");
        made.map_or(0, |(_, made)| made)
    }
}

fn make(from: u32, to: u32) -> Result<Box<dyn rubato::Resampler<f32>>, rubato::ResamplerConstructionError> {
    let period = from / gcd(from, to);
    let block = (f64::from(from) * BLOCK_S) as usize;
    if f64::from(period) <= f64::from(from) * LONGEST_BLOCK_S {
        // An even block: the filter's centre, and so the delay, is a whole number of samples.
        let periods = block.div_ceil(period as usize);
        let periods = if period.is_multiple_of(2) {
            periods
        } else {
            periods.next_multiple_of(2)
        };
        let fft = Fft::new_custom(
            from as usize,
            to as usize,
            periods * period as usize,
            1,
            1,
            WindowFunction::BlackmanHarris2,
            FixedSync::Both,
        )?;
        return Ok(Box::new(fft));
    }
    let ratio = f64::from(to) / f64::from(from);
    // Going down, the filter must be as long in output samples; beyond four times its cost outweighs the gain.
    let length = 256 * (1.0 / ratio).ceil().clamp(1.0, 4.0) as usize;
    let parameters = SincInterpolationParameters::new(length, WindowFunction::BlackmanHarris2)
        .interpolation(SincInterpolationType::Cubic)
        .oversampling_factor(128);
    Ok(Box::new(Async::new_sinc(
        ratio,
        1.0,
        &parameters,
        block,
        1,
        FixedAsync::Input,
    )?))
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(rate: u32, seconds: f64, hz: f64) -> Vec<f32> {
        let n = (f64::from(rate) * seconds) as usize;
        (0..n)
            .map(|i| (std::f64::consts::TAU * hz * i as f64 / f64::from(rate)).sin() as f32)
            .collect()
    }

    #[test]
    fn a_sine_stays_where_it_was_at_any_rate() {
        for from in [
            8_000, 11_025, 22_050, 32_000, 44_100, 44_101, 48_000, 96_000, 192_000, 383_999,
        ] {
            let mut resampler = Resampler::new(from, 24_000).unwrap();
            let (input, mut output) = (sine(from, 1.0, 440.0), Vec::new());
            resampler.push(&input, &mut output);
            resampler.finish(&mut output);
            assert_eq!(
                output.len() as u64,
                input.len() as u64 * 24_000 / u64::from(from),
                "{from}"
            );
            let expected = sine(24_000, 1.0, 440.0);
            // Away from both ends, where the filter sees the signal's edges.
            let worst = (2_000..20_000)
                .map(|i| (output[i] - expected[i]).abs())
                .fold(0.0, f32::max);
            // The sinc interpolator's delay is no whole number of samples: up to one (42 µs) remains.
            let one_sample = std::f32::consts::TAU * 440.0 / 24_000.0;
            let allowed = if [44_101, 383_999].contains(&from) {
                one_sample
            } else {
                2e-3
            };
            assert!(worst < allowed, "{from} Hz: off by {worst}");
        }
    }

    #[test]
    fn chunking_leaves_no_trace() {
        for from in [44_100, 44_101, 48_000] {
            let input = sine(from, 0.5, 1000.0);
            let mut whole = Vec::new();
            let mut resampler = Resampler::new(from, 24_000).unwrap();
            resampler.push(&input, &mut whole);
            resampler.finish(&mut whole);
            resampler.reset();
            let mut parts = Vec::new();
            for chunk in input.chunks(7) {
                resampler.push(chunk, &mut parts);
            }
            resampler.finish(&mut parts);
            assert_eq!(whole, parts, "{from} Hz");
        }
    }

    #[test]
    fn what_is_still_inside_is_a_few_blocks_at_most() {
        let usual = [8_000, 22_051, 44_100, 44_101, 48_000, 383_999].map(|from| (from, 2.0 * BLOCK_S));
        for (from, most_s) in usual.into_iter().chain([(44_110, 2.0 * LONGEST_BLOCK_S)]) {
            let mut resampler = Resampler::new(from, 24_000).unwrap();
            let mut output = Vec::new();
            resampler.push(&sine(from, 1.0, 440.0), &mut output);
            let inside_s = 1.0 - output.len() as f64 / 24_000.0;
            assert!((0.0..most_s).contains(&inside_s), "{from} Hz: {inside_s} s");
        }
    }

    #[test]
    fn what_the_new_rate_cannot_hold_is_gone() {
        for from in [44_100, 44_101, 48_000, 192_000, 383_999] {
            let mut resampler = Resampler::new(from, 24_000).unwrap();
            let mut output = Vec::new();
            resampler.push(&sine(from, 1.0, 14_000.0), &mut output);
            let loudest = output[2_000..20_000]
                .iter()
                .fold(0.0f32, |loudest, x| loudest.max(x.abs()));
            assert!(loudest < 1e-4, "{from} Hz: {loudest} of a tone at 14 kHz");
        }
    }
}
