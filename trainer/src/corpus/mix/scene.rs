//! What is heard in a made clip, and what labels follow from it.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use echometer_engine::{Feature, PerFeature};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::sound::{LENGTH, RATE, add, level, load, room, stretch};
use crate::data::row::{Row, Split};

/// What is known of a clip.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Labels {
    /// Features; `None` where nothing follows.
    pub(super) features: PerFeature<Option<f32>>,
    /// Level of the speech as a share of the clip's: 0 is none, 1 nothing else.
    pub(super) speech: f32,
    /// 1 where a crowd is heard, however soft.
    pub(super) crowd: f32,
}

/// A clip to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scene {
    /// Somebody speaks.
    Voice,
    /// Somebody speaks over music.
    VoiceOver,
    /// A crowd, and nothing else.
    Crowd,
    /// Music with a crowd around it, in one room.
    Concert,
    /// Music with noise: no crowd, lest every noise be one.
    Noise,
}

/// How many clips there are of each scene to learn from, and to measure with.
const COUNTS: [(Scene, usize, usize); 5] = [
    (Scene::Voice, 60, 16),
    (Scene::VoiceOver, 60, 16),
    (Scene::Crowd, 20, 8),
    (Scene::Concert, 120, 32),
    (Scene::Noise, 40, 16),
];

/// Loudest and softest level of what is in the background, in dB below the foreground.
const BACKGROUND_DB: std::ops::RangeInclusive<f32> = 0.0..=18.0;

/// Sounds to make clips of.
pub(super) struct Shelf<'a> {
    voices: &'a [(String, PathBuf)],
    crowds: Vec<Vec<f32>>,
    music: &'a [Row],
    next_music: usize,
}

impl<'a> Shelf<'a> {
    pub(super) fn new(
        voices: &'a [(String, PathBuf)],
        crowds: &[(String, PathBuf)],
        music: &'a [Row],
    ) -> anyhow::Result<Self> {
        ensure!(
            !voices.is_empty() && !crowds.is_empty(),
            "{} recordings of voices and {} of crowds are there, but at least one of each is needed: `trainer corpus mix` \
             fetches them where apt knows their packages",
            voices.len(),
            crowds.len()
        );
        let crowds = crowds.iter().map(|(_, path)| load(path, 0.0));
        Ok(Self {
            voices,
            crowds: crowds.collect::<Result<_, _>>()?,
            music,
            next_music: 0,
        })
    }

    /// The next clip of music; a file that cannot be read is passed over.
    fn music(&mut self) -> anyhow::Result<Vec<f32>> {
        for _ in 0..self.music.len() {
            let row = &self.music[self.next_music % self.music.len()];
            self.next_music += 1;
            match load(&row.path, row.start) {
                Ok(mut samples) if samples.len() >= LENGTH / 2 => {
                    samples.resize(LENGTH, 0.0);
                    level(&mut samples);
                    return Ok(samples);
                }
                Ok(_) => {}
                Err(error) => tracing::warn!("passed over: {}", crate::told::told(&error)),
            }
        }
        anyhow::bail!("none of {} clips of music can be read", self.music.len())
    }

    /// One speaker, sentence after sentence, with pauses.
    fn speech(&self, rng: &mut StdRng) -> anyhow::Result<Vec<f32>> {
        let (speaker, _) = self.voices.choose(rng).context("no voices")?;
        let theirs: Vec<_> = self.voices.iter().filter(|(other, _)| other == speaker).collect();
        let pause = rng.random_range(0.05..0.8);
        let mut speech = Vec::new();
        while speech.len() < LENGTH {
            let (_, path) = theirs.choose(rng).context("no sentences")?;
            let mut sentence = load(path, 0.0)?;
            level(&mut sentence);
            speech.append(&mut sentence);
            let silence = rng.random_range(0.0..pause) * f64::from(RATE);
            speech.resize(speech.len() + silence as usize + 1, 0.0);
        }
        speech.truncate(LENGTH);
        room(&mut speech, rng);
        Ok(speech)
    }

    /// Several recordings over each other, each at its own speed and level.
    fn crowd(&self, rng: &mut StdRng) -> Vec<f32> {
        let mut bed = vec![0.0; LENGTH];
        for _ in 0..rng.random_range(4..=12) {
            let Some(recording) = self.crowds.choose(rng) else {
                continue;
            };
            let voices = stretch(recording, rng.random_range(0.8..1.25));
            let gain = 10f32.powf(rng.random_range(-9.0..0.0) / 20.0);
            let mut start = rng.random_range(0..LENGTH);
            let again = rng.random_bool(0.5);
            loop {
                add(&mut bed[start..], &voices, gain);
                start += voices.len().max(1);
                if !again || start >= LENGTH {
                    break;
                }
            }
        }
        level(&mut bed);
        room(&mut bed, rng);
        bed
    }
}

impl Scene {
    /// Every clip of a side.
    pub(super) fn all(split: Split) -> Vec<Self> {
        let count = |(_, learned, measured): (_, usize, usize)| match split {
            Split::Training => learned,
            Split::Validation | Split::Test => measured,
        };
        COUNTS
            .into_iter()
            .flat_map(|counts| std::iter::repeat_n(counts.0, count(counts)))
            .collect()
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::VoiceOver => "voice-over",
            Self::Crowd => "crowd",
            Self::Concert => "concert",
            Self::Noise => "noise",
        }
    }

    /// Thirty seconds of it, at some level, with their labels.
    ///
    /// Values are as the features are described: speechiness is above 0.66 where nearly all is spoken words and from 0.33 to
    /// 0.66 where words go with music; liveness above 0.8 where a track was most probably performed before an audience.
    pub(super) fn make(self, shelf: &mut Shelf<'_>, rng: &mut StdRng) -> anyhow::Result<(Vec<f32>, Labels)> {
        let below = rng.random_range(BACKGROUND_DB);
        let depth = below / BACKGROUND_DB.end();
        let gain = 10f32.powf(-below / 20.0);
        let share = 1.0 / (1.0 + gain);
        let mut labels = Labels::default();
        let mut samples = match self {
            Self::Voice => {
                labels.features[Feature::Speechiness] = Some(0.93);
                labels.features[Feature::Instrumentalness] = Some(0.0);
                labels.speech = 1.0;
                shelf.speech(rng)?
            }
            Self::VoiceOver => {
                labels.features[Feature::Speechiness] = Some(0.35 + 0.5 * depth);
                labels.features[Feature::Instrumentalness] = Some(0.0);
                labels.speech = share;
                let mut samples = shelf.speech(rng)?;
                add(&mut samples, &shelf.music()?, gain);
                samples
            }
            Self::Crowd => {
                labels.features[Feature::Liveness] = Some(0.95);
                labels.crowd = 1.0;
                shelf.crowd(rng)
            }
            Self::Concert => {
                labels.features[Feature::Liveness] = Some(0.95 - 0.3 * depth);
                labels.crowd = 1.0;
                let mut samples = shelf.music()?;
                room(&mut samples, rng);
                add(&mut samples, &shelf.crowd(rng), gain);
                samples
            }
            Self::Noise => {
                labels.features[Feature::Liveness] = Some(0.15);
                let mut samples = shelf.music()?;
                let mut noise: Vec<_> = (0..LENGTH).map(|_| rng.random_range(-1.0..1.0)).collect();
                level(&mut noise);
                add(&mut samples, &noise, gain * 0.5);
                samples
            }
        };
        level(&mut samples);
        let volume = 10f32.powf(rng.random_range(-10.0..4.0) / 20.0);
        samples.iter_mut().for_each(|x| *x *= volume);
        Ok((samples, labels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_that_measure_are_fewer_and_of_every_scene() {
        let (learned, measured) = (Scene::all(Split::Training), Scene::all(Split::Validation));
        assert!(learned.len() > measured.len());
        for (scene, _, _) in COUNTS {
            assert!(learned.contains(&scene) && measured.contains(&scene), "{scene:?}");
        }
    }
}
