//! Which channels of an input are heard.

use echometer_engine::tap::CHANNELS;

use super::{Samples, Track};
use crate::failure::Failure;

/// The chosen channels, counted from 0; none chosen is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Channels(Vec<u16>);

impl Channels {
    /// From numbers that count from 1, as on a mixer.
    pub(super) fn from_numbers(numbers: &[u16]) -> Result<Self, Failure> {
        let wrong = numbers.iter().find(|number| !CHANNELS.contains(number));
        let twice = (1..numbers.len()).find(|at| numbers[..*at].contains(&numbers[*at]));
        let said = match (wrong, twice) {
            (Some(number), _) => format!(
                "--channels has {number}, but channels count from 1 to {}",
                CHANNELS.end()
            ),
            (None, Some(at)) => format!("--channels has {} twice", numbers[at]),
            (None, None) => return Ok(Self(numbers.iter().map(|number| number - 1).collect())),
        };
        Err(Failure::usage(said).hint("for example: --channels 1,2"))
    }

    /// Indices into a frame of `there` channels; an error where one is not there.
    pub(super) fn of(&self, there: u16, input: &str) -> Result<Vec<usize>, Failure> {
        if let Some(missing) = self.0.iter().find(|channel| **channel >= there) {
            let has = if there == 1 {
                "1 channel".to_owned()
            } else {
                format!("{there} channels")
            };
            return Err(Failure::usage(format!(
                "--channels asks for {}, but {input} has {has}",
                missing + 1
            ))
            .hint("leave --channels out to hear all of them"));
        }
        if self.0.is_empty() {
            return Ok((0..usize::from(there)).collect());
        }
        Ok(self.0.iter().map(|channel| usize::from(*channel)).collect())
    }

    /// Lets a track be heard through them.
    pub(super) fn heard(&self, mut track: Track) -> Result<Track, Failure> {
        let chosen = self.of(track.samples.channels(), &track.title)?;
        if !self.0.is_empty() {
            track.samples = Box::new(Chosen {
                samples: track.samples,
                chosen,
                block: Vec::new(),
            });
        }
        Ok(track)
    }
}

/// Samples of which some channels are left out. What is left has the usual layout of so many, as on a mixer.
struct Chosen {
    samples: Box<dyn Samples>,
    chosen: Vec<usize>,
    block: Vec<f32>,
}

impl Samples for Chosen {
    fn rate(&self) -> u32 {
        self.samples.rate()
    }

    fn channels(&self) -> u16 {
        self.chosen.len() as u16
    }

    fn duration_s(&self) -> Option<f64> {
        self.samples.duration_s()
    }

    fn decoder(&self) -> Option<String> {
        self.samples.decoder()
    }

    fn notes(&self) -> Vec<String> {
        self.samples.notes()
    }

    fn next(&mut self, samples: &mut Vec<f32>) -> Result<bool, Failure> {
        self.block.clear();
        let more = self.samples.next(&mut self.block)?;
        let frames = self.block.chunks_exact(usize::from(self.samples.channels()));
        samples.extend(frames.flat_map(|frame| self.chosen.iter().map(|channel| frame[*channel])));
        Ok(more)
    }
}
