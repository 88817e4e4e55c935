//! What the decoder hears of a file, beside what ffmpeg hears.

use std::path::Path;

use echometer_decode::{Choice, Decoder};

use crate::ffmpeg::Heard;

/// What came of a file.
pub struct Outcome {
    pub heard: Option<Heard>,
    pub notes: Vec<String>,
    pub error: Option<String>,
    pub decoder: Option<String>,
}

/// Decodes a file whole.
pub fn hear(path: &Path, choice: Choice) -> Outcome {
    let mut outcome = Outcome {
        heard: None,
        notes: Vec::new(),
        error: None,
        decoder: None,
    };
    match Decoder::open_with(path, choice) {
        Ok(decoder) => drain(decoder, &mut outcome),
        Err(error) => outcome.error = Some(error.to_string()),
    }
    outcome
}

fn drain(mut decoder: Decoder, outcome: &mut Outcome) {
    let mut heard = Heard {
        rate: decoder.rate(),
        channels: decoder.channels(),
        samples: Vec::new(),
    };
    loop {
        match decoder.next(&mut heard.samples) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                outcome.error = Some(error.to_string());
                break;
            }
        }
    }
    outcome.notes = decoder.notes();
    outcome.decoder = Some(decoder.decoder());
    outcome.heard = Some(heard);
}

/// How a file is heard.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// As ffmpeg hears it.
    Equal,
    /// Otherwise, and it is said.
    Noted,
    /// Not at all, and it is said.
    Refused,
    /// Otherwise, and nothing is said.
    Wrong(String),
}

impl Verdict {
    pub fn is_wrong(&self) -> bool {
        matches!(self, Self::Wrong(_))
    }
}

/// Compares with what it should sound like, one of `references`; `exact` where no sample may differ, `packet` is how many frames
/// the lengths may be apart.
pub fn judge(ours: &Outcome, references: &[Heard], exact: bool, packet: usize) -> Verdict {
    let Some(heard) = ours.heard.as_ref().filter(|_| ours.error.is_none()) else {
        return Verdict::Refused;
    };
    let mut why = "heard, and ffmpeg hears nothing".to_owned();
    for reference in references {
        match difference(heard, reference, exact, packet) {
            None => return Verdict::Equal,
            Some(difference) => why = difference,
        }
    }
    if ours.notes.is_empty() {
        Verdict::Wrong(why)
    } else {
        Verdict::Noted
    }
}

fn difference(ours: &Heard, theirs: &Heard, exact: bool, packet: usize) -> Option<String> {
    if (ours.rate, ours.channels) != (theirs.rate, theirs.channels) {
        return Some(format!(
            "{} Hz × {}, not {} Hz × {}",
            ours.rate, ours.channels, theirs.rate, theirs.channels
        ));
    }
    if ours.frames().abs_diff(theirs.frames()) > packet {
        return Some(format!("{} frames, not {}", ours.frames(), theirs.frames()));
    }
    let channels = usize::from(ours.channels);
    (0..channels).find_map(|channel| {
        let pick = |heard: &Heard| -> Vec<f32> {
            heard
                .samples
                .iter()
                .skip(channel)
                .step_by(channels)
                .copied()
                .collect()
        };
        let (ours, theirs) = (pick(ours), pick(theirs));
        let pairs = || {
            ours.iter()
                .zip(&theirs)
                .map(|(a, b)| (f64::from(*a), f64::from(*b)))
        };
        if exact {
            // −90 dB of full scale.
            let worst = pairs().map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            return (worst > 3.2e-5).then(|| format!("channel {channel} is off by {worst:.6}"));
        }
        let sum = |of: &dyn Fn(f64, f64) -> f64| pairs().map(|(a, b)| of(a, b)).sum::<f64>();
        let (own, other) = (sum(&|a, _| a * a), sum(&|_, b| b * b));
        if own.max(other) < 1e-6 {
            return None; // silence
        }
        let correlation = sum(&|a, b| a * b) / (own * other).sqrt().max(1e-12);
        let level = (own / other.max(1e-12)).sqrt();
        (correlation < 0.99 || !(0.97..1.03).contains(&level))
            .then(|| format!("channel {channel}: correlation {correlation:.3}, level {level:.3}"))
    })
}
