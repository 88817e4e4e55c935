//! What tests play: random samples, and real music.

use echometer_decode::Decoder;

/// Random numbers that are the same in every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    /// −1 to 1.
    pub(crate) fn sample(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// Any of the 2³² floats, and the peculiar ones often.
    pub(crate) fn any_float(&mut self) -> f32 {
        const PECULIAR: [f32; 12] = [
            0.0,
            -0.0,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NAN,
            f32::MAX,
            f32::MIN,
            f32::MIN_POSITIVE,
            -f32::MIN_POSITIVE,
            1e-40,
            -1e-45,
            1.0,
        ];
        match self.below(4) {
            0 => PECULIAR[self.below(PECULIAR.len())],
            1 => f32::from_bits(self.bits() as u32),
            _ => self.sample(),
        }
    }

    pub(crate) fn noise(&mut self, channels: usize, frames: usize) -> Vec<Vec<f32>> {
        let mut channel = || (0..frames).map(|_| self.sample() * 0.5).collect();
        (0..channels).map(|_| channel()).collect()
    }
}

/// Where `output` differs from `input` in its bits; subnormal samples become zero, and any NaN is as good as another.
pub(crate) fn difference(input: &[&[f32]], output: &[Vec<f32>]) -> Option<String> {
    if input.len() != output.len() {
        return Some(format!("{} channels became {}", input.len(), output.len()));
    }
    for (c, (input, output)) in input.iter().zip(output).enumerate() {
        if input.len() != output.len() {
            return Some(format!("{} frames became {}", input.len(), output.len()));
        }
        for (i, (&x, &y)) in input.iter().zip(output).enumerate() {
            let same = if x.is_nan() {
                y.is_nan()
            } else if x.is_subnormal() {
                y == 0.0
            } else {
                x.to_bits() == y.to_bits()
            };
            if !same {
                return Some(format!("channel {c}, frame {i}: {x:e} became {y:e}"));
            }
        }
    }
    None
}

pub(crate) fn slices(audio: &[Vec<f32>]) -> Vec<&[f32]> {
    audio.iter().map(Vec::as_slice).collect()
}

/// These frames of each channel.
pub(crate) fn part(audio: &[Vec<f32>], frames: std::ops::Range<usize>) -> Vec<&[f32]> {
    audio.iter().map(|channel| &channel[frames.clone()]).collect()
}

/// One slice a channel.
pub(crate) struct Music {
    pub(crate) rate: u32,
    pub(crate) channels: Vec<Vec<f32>>,
}

/// The first seconds of a bundled excerpt.
pub(crate) fn music(name: &str, seconds: f64) -> Music {
    let demo = echometer_models::DEMOS.iter().find(|demo| demo.name == name);
    let mut decoder = Decoder::from_bytes(demo.unwrap().ogg, "demo.ogg").unwrap();
    let (rate, width) = (decoder.rate(), usize::from(decoder.channels()));
    let wanted = (seconds * f64::from(rate)) as usize * width;
    let mut samples = Vec::new();
    while samples.len() < wanted && decoder.next(&mut samples).unwrap() {}
    samples.truncate(wanted);
    let channel = |c| samples.iter().skip(c).step_by(width).copied().collect();
    Music {
        rate,
        channels: (0..width).map(channel).collect(),
    }
}

pub(crate) fn interleave(channels: &[Vec<f32>]) -> Vec<f32> {
    let frames = channels.first().map_or(0, Vec::len);
    let frame = |i: usize| channels.iter().map(move |channel| channel[i]);
    (0..frames).flat_map(frame).collect()
}
