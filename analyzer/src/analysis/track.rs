//! Files, streams and excerpts: decoded here, scored here, as fast as possible or at the speed they would play.

use std::time::{Duration, Instant};

use echometer_engine::{Feature, InputFormat, Model, Reading, Scorer};

use super::{Event, Hears, Options, Part, Stop};
use crate::control::Control;
use crate::failure::Failure;
use crate::sources::Track;

/// How often the input level is told while pacing: as often as a screen can show it.
const LEVEL_S: f64 = 0.05;
/// How often it is told how far a track is, where that is all there is to tell.
const TELL: Duration = Duration::from_millis(100);

pub(super) fn run(
    model: &Model,
    tracks: Vec<Track>,
    options: &Options,
    control: &Control,
    events: &dyn Hears,
) -> Result<(), Stop> {
    let one_of_many = tracks.len() > 1;
    for track in tracks {
        one(model, track, one_of_many, options, control, events)?;
    }
    Ok(())
}

fn one(
    model: &Model,
    track: Track,
    one_of_many: bool,
    options: &Options,
    control: &Control,
    events: &dyn Hears,
) -> Result<(), Stop> {
    let Track { title, mut samples } = track;
    let (rate, channels) = (samples.rate(), samples.channels());
    let named = |error| Failure::failed(format!("{title}: {error}"));
    let format = InputFormat {
        rate,
        channels,
        layout: samples.layout(),
    };
    let mut scorer = Scorer::new(model, format, options.reading_hz).map_err(named)?;
    if options.whole {
        scorer = scorer.for_track();
    }
    if options.frames {
        // For a window, which shows levels too.
        scorer = scorer.with_frames().with_levels().map_err(named)?;
    }
    let duration_s = samples.duration_s();
    let part = Part {
        title: title.clone(),
        rate,
        channels,
        duration_s,
        live: false,
        one_of_many,
        connection: 1,
    };
    events.send(Event::Begins(part))?;

    let mut level = Level::default();
    let mut clock = Clock::start(options.paced);
    let mut told = Instant::now();
    let mut block = Vec::new();
    // Held back until more input follows: the last one of all must come from `finish`, which hears a little more.
    let mut held: Vec<Reading> = Vec::new();
    while samples.next(&mut block)? {
        for reading in held.drain(..) {
            tell(reading, options, events)?;
        }
        if control.take_reset() {
            scorer.reset();
        }
        scorer.push(&block, &mut held).map_err(named)?;
        if options.frames {
            let mut frames = Vec::new();
            scorer.take_frames(&mut frames);
            events.send(Event::Frames(frames))?;
        }
        let seconds = block.len() as f64 / f64::from(channels) / f64::from(rate);
        if let Some(peak) = level.take(&block, seconds, options.paced || !held.is_empty()) {
            events.send(Event::Peak(peak))?;
        }
        clock.pass(seconds, control);
        if options.once && told.elapsed() >= TELL {
            told = Instant::now();
            events.send(Event::Heard(clock.passed_s))?;
        }
        if control.is_stopped() {
            return Err(Stop::Quiet);
        }
        block.clear();
    }
    let ended = if options.whole {
        scorer.track()
    } else {
        scorer.finish()
    };
    let Some(ended) = ended.map_err(named)? else {
        return Err(Failure::input(format!("{title}: holds no audio"))
            .hint("check that it is complete")
            .into());
    };
    // The last window, also where what was asked for is the whole.
    let last = if options.whole {
        scorer.read().map_err(named)?
    } else {
        ended.clone()
    };
    // A regular reading at the very end is the last one, less complete.
    held.retain(|reading| reading.time < last.time);
    for reading in held.into_iter().chain([last.clone()]) {
        tell(reading, options, events)?;
    }
    for note in samples.notes() {
        events.send(Event::Notice(format!("{title}: {note}")))?;
    }
    check_length(model, &title, &last)?;
    if options.whole {
        events.send(Event::Whole(ended))?;
    }
    Ok(())
}

fn tell(reading: Reading, options: &Options, events: &dyn Hears) -> Result<(), Stop> {
    if !options.once {
        events.send(Event::Reading(reading))?;
    }
    Ok(())
}

/// An input may be too short for the model to say anything at all.
fn check_length(model: &Model, title: &str, last: &Reading) -> Result<(), Failure> {
    let card = model.card();
    let scored = card
        .features
        .iter()
        .any(|feature| feature.name != Feature::Loudness && last.values[feature.name].is_some());
    let first = card.first_reading_s();
    let needed = if last.time < first { first } else { card.window_s };
    if scored || (last.silent && last.time >= first) || last.time >= needed {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "{title}: {:.2} s are too short: the model {} needs at least {needed:.2} s",
        last.time, card.name
    ))
    .hint("give a longer input"))
}

/// The input level, computed from the samples as they pass.
#[derive(Default)]
struct Level {
    peak: f32,
    passed_s: f64,
}

impl Level {
    /// Takes a block of `seconds`; the peak if it is `wanted` and due.
    fn take(&mut self, block: &[f32], seconds: f64, wanted: bool) -> Option<f32> {
        // As whole numbers, sizes have the same order, and their maximum needs no branch for each sample.
        let sizes = block.iter().map(|x| x.abs().to_bits());
        let finite = sizes.map(|size| if size < f32::INFINITY.to_bits() { size } else { 0 });
        let peak = finite.fold(0, u32::max);
        self.peak = self.peak.max(f32::from_bits(peak));
        self.passed_s += seconds;
        if !wanted || self.passed_s < LEVEL_S {
            return None;
        }
        self.passed_s = 0.0;
        Some(std::mem::take(&mut self.peak))
    }
}

/// Keeps the input at the speed it would play.
struct Clock {
    start: Option<Instant>,
    passed_s: f64,
}

impl Clock {
    fn start(paced: bool) -> Self {
        Self {
            start: paced.then(Instant::now),
            passed_s: 0.0,
        }
    }

    fn pass(&mut self, seconds: f64, control: &Control) {
        self.passed_s += seconds;
        if let Some(start) = self.start {
            control.sleep_until(start + Duration::from_secs_f64(self.passed_s));
        }
    }
}
