//! Samples of made clips: mono, at one rate.

use std::path::Path;

use anyhow::Context;
use echometer_engine::frontend::Resampler;
use hound::{SampleFormat, WavSpec, WavWriter};
use rand::Rng;
use rand::rngs::StdRng;

use crate::data::sound::Sound;

/// Samples a second: the rate of the live front end.
pub(super) const RATE: u32 = 24_000;
/// Samples of a clip: 30 s.
pub(super) const LENGTH: usize = 30 * RATE as usize;
/// Root mean square of what [`level`] levels: −20 dB.
const RMS: f32 = 0.1;
/// What a 16-bit sample counts in.
const FULL_SCALE: f32 = 32_767.0;

/// At most a clip's length of a file, from `start` seconds on.
pub(super) fn load(path: &Path, start: f64) -> anyhow::Result<Vec<f32>> {
    let mut sound = Sound::open(path, start, LENGTH as f64 / f64::from(RATE))?;
    let downmix = sound.downmix()?;
    let mut resampler = match sound.rate() {
        RATE => None,
        rate => Some(Resampler::new(rate, RATE)?),
    };
    let (mut folded, mut samples) = (Vec::new(), Vec::new());
    while let Some(block) = sound.next()? {
        folded.clear();
        downmix.fold_interleaved(block, &mut folded);
        let mono = folded.iter().map(|[left, right]| 0.5 * (left + right));
        match &mut resampler {
            Some(resampler) => resampler.push(&mono.collect::<Vec<_>>(), &mut samples),
            None => samples.extend(mono),
        }
    }
    if let Some(resampler) = &mut resampler {
        resampler.finish(&mut samples);
    }
    Ok(samples)
}

/// Brings sound to a common level; silence stays.
pub(super) fn level(samples: &mut [f32]) {
    let power: f32 = samples.iter().map(|x| x * x).sum();
    let rms = (power / samples.len().max(1) as f32).sqrt();
    if rms > 1e-6 {
        let gain = RMS / rms;
        samples.iter_mut().for_each(|x| *x *= gain);
    }
}

/// Adds as much of `other` as there is room for.
pub(super) fn add(samples: &mut [f32], other: &[f32], gain: f32) {
    for (sample, other) in samples.iter_mut().zip(other) {
        *sample += gain * other;
    }
}

/// The same at another speed and pitch.
pub(super) fn stretch(samples: &[f32], speed: f64) -> Vec<f32> {
    let count = (samples.len().saturating_sub(1) as f64 / speed) as usize;
    let at = |i: usize| {
        let place = i as f64 * speed;
        let (before, share) = (place as usize, place.fract() as f32);
        samples[before] * (1.0 - share) + samples[before + 1] * share
    };
    (0..count).map(at).collect()
}

/// Delays of the echoes, in samples at [`RATE`]: four combs of unlike lengths and two all-passes (Schroeder 1962).
const COMBS: [usize; 4] = [713, 889, 1049, 1187];
const ALL_PASSES: [usize; 2] = [121, 41];

/// Puts the sound into some room, from none to a hall.
pub(super) fn room(samples: &mut [f32], rng: &mut StdRng) {
    let wet = rng.random_range(0.0..0.5);
    let seconds: f32 = rng.random_range(0.2..2.0);
    let mut reverb = vec![0.0; samples.len()];
    for delay in COMBS {
        // After `seconds`, an echo is 60 dB softer.
        let feedback = 10f32.powf(-3.0 * delay as f32 / (seconds * RATE as f32));
        let mut line = vec![0.0; delay];
        for (i, (sample, out)) in samples.iter().zip(&mut reverb).enumerate() {
            let echo = &mut line[i % delay];
            *out += *echo;
            *echo = sample + feedback * *echo;
        }
    }
    for delay in ALL_PASSES {
        let mut line = vec![0.0; delay];
        for (i, sample) in reverb.iter_mut().enumerate() {
            let echo = &mut line[i % delay];
            let out = *echo - 0.7 * *sample;
            *echo = *sample + 0.7 * out;
            *sample = out;
        }
    }
    level(&mut reverb);
    for (sample, reverb) in samples.iter_mut().zip(&reverb) {
        *sample = (1.0 - wet) * *sample + wet * reverb;
    }
}

/// Writes 16-bit mono WAV; what is too loud is clipped, as in a bad recording.
pub(super) fn write_wav(path: &Path, samples: &[f32]) -> anyhow::Result<()> {
    let context = || format!("cannot write {}", path.display());
    let format = WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut file = WavWriter::create(path, format).with_context(context)?;
    for sample in samples {
        let value = (sample.clamp(-1.0, 1.0) * FULL_SCALE).round() as i16;
        file.write_sample(value).with_context(context)?;
    }
    file.finalize().with_context(context)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_written_clip_is_the_clip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let samples: Vec<_> = (0..LENGTH).map(|i| 0.3 * (i as f32 * 0.05).sin()).collect();
        write_wav(&path, &samples).unwrap();
        let found = load(&path, 0.0).unwrap();
        assert_eq!(found.len(), LENGTH);
        let worst = found.iter().zip(&samples).map(|(a, b)| (a - b).abs());
        assert!(worst.fold(0.0, f32::max) < 1e-4);
        assert_eq!(load(&path, 29.0).unwrap().len(), RATE as usize);
    }

    #[test]
    fn levels_rooms_and_speeds_do_what_they_say() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut samples = vec![0.0; RATE as usize];
        samples[0] = 1.0;
        let rms =
            |samples: &[f32]| (samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32).sqrt();
        level(&mut samples);
        assert!((rms(&samples) - RMS).abs() < 1e-4);
        room(&mut samples, &mut rng);
        assert!(samples[5000..].iter().any(|x| x.abs() > 1e-4), "an echo");
        assert!(samples.iter().all(|x| x.is_finite()));
        let mut silence = vec![0.0; 100];
        level(&mut silence);
        assert_eq!(silence, vec![0.0; 100]);
        let ramp: Vec<_> = (0..1000).map(|i| i as f32).collect();
        let fast = stretch(&ramp, 2.0);
        assert_eq!((fast.len(), fast[100]), (499, 200.0));
        assert!(stretch(&[], 1.1).is_empty());
    }
}
