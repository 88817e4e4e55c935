//! A compact table of a reading, for eyes, without control over the screen.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::Receiver;

use echometer_engine::{Feature, Reading};
use echometer_meters as meters;

use super::progress::Progress;
use super::terminal::theme::Theme;
use super::{About, next, notice, shortcomings, written};
use crate::analysis::{Event, Part};
use crate::control::Control;
use crate::failure::Failure;
use crate::shown::shown;

/// Cells of a bar.
const BAR: usize = 32;

/// `--once` on a terminal: a table for each part, once it is done.
pub(crate) fn run(about: &About, events: &Receiver<Event>, control: &Control) -> Result<(), Failure> {
    let mut part = None;
    let mut progress = Progress::new(true);
    loop {
        match next(events, control) {
            Event::Begins(begun) => {
                progress.begins(&begun, about.window_s);
                if begun.live {
                    notice(&format!(
                        "listening to {} for {} s …",
                        begun.title, about.window_s
                    ));
                }
                part = Some(begun);
            }
            Event::Heard(seconds) => progress.heard(seconds),
            Event::Whole(reading) => {
                progress.clear();
                if !print(about, part.as_ref(), &reading)? {
                    return Ok(());
                }
            }
            Event::Notice(text) | Event::Lost(text) => progress.say(&text),
            Event::Reading(_) | Event::Peak(_) | Event::Frames(_) => {}
            Event::Ended(result) => return result,
        }
    }
}

/// Prints one reading; `false` where nobody reads any more.
pub(crate) fn print(about: &About, part: Option<&Part>, reading: &Reading) -> Result<bool, Failure> {
    let theme = Theme::detect(io::stdout().is_terminal());
    let mut out = io::stdout().lock();
    written(write(&mut out, about, part, reading, &theme))
}

fn write(
    out: &mut impl Write,
    about: &About,
    part: Option<&Part>,
    reading: &Reading,
    theme: &Theme,
) -> io::Result<()> {
    let title = part.map_or(about.input.as_str(), |part| &part.title);
    let over = if reading.coverage < 1.0 {
        format!("first {:.1} s", reading.time)
    } else if part.is_some_and(|part| part.live) {
        format!("last {} s", about.window_s)
    } else {
        format!("all {}", clock(reading.time))
    };
    writeln!(out, "{}  ({over})", shown(title))?;
    for feature in meters::ORDER {
        let value = reading.values[feature];
        let filled = value.map_or(0, |value| (feature.position(value) * BAR as f32).round() as usize);
        let guess = about.guesses[feature];
        let (on, off) = theme.escape(about.colour(feature));
        writeln!(
            out,
            "  {:<13} {on}{}{off}{}  {:>10}  {}{}",
            meters::label(feature),
            "█".repeat(filled),
            "·".repeat(BAR - filled),
            meters::value(feature, value),
            meters::deviation(feature, reading.sd[feature]),
            if guess { "  a guess" } else { "" },
        )?;
    }
    if reading.silent {
        writeln!(
            out,
            "  silent: nothing above -70 LUFS was heard, so there is only loudness"
        )?;
    }
    if let Some(text) = shortcomings(reading) {
        writeln!(out, "  {text}")?;
    }
    writeln!(out, "  {} · {}", shown(&about.model), about.backend)
}

/// Minutes and seconds.
pub(crate) fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    format!("{}:{:02}", whole / 60, whole % 60)
}

/// Whether a reading has a value besides loudness.
pub(crate) fn is_scored(reading: &Reading) -> bool {
    Feature::ALL
        .into_iter()
        .any(|feature| feature != Feature::Loudness && reading.values[feature].is_some())
}
