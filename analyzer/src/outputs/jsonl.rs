//! JSON lines: one object a reading, for programs.

use std::io::{self, Write};
use std::sync::mpsc::Receiver;

use echometer_engine::Reading;

use super::progress::Progress;
use super::{About, line, next, notice, written};
use crate::analysis::{Event, Part};
use crate::control::Control;
use crate::failure::Failure;
use crate::shown::shown_json;

/// Writes each reading (or, if `once`, each part's one reading) until the analysis ends.
///
/// `chosen` tells that nobody asked for JSON, so a device that is slow to say anything deserves a word.
pub(crate) fn run(
    about: &About,
    events: &Receiver<Event>,
    control: &Control,
    once: bool,
    chosen: bool,
) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let mut part = None;
    let mut progress = Progress::new(once);
    let mut write = |reading: &Reading, part: Option<&Part>| {
        let line =
            line::json(reading, about, part).map_err(|error| Failure::failed(format!("JSON: {error}")))?;
        // One write a line, so that a reader never sees half of one.
        written(
            out.write_all((shown_json(&line) + "\n").as_bytes())
                .and_then(|()| out.flush()),
        )
    };
    loop {
        let heard = match next(events, control) {
            Event::Begins(begun) => {
                progress.begins(&begun, about.window_s);
                if chosen && begun.live {
                    notice(&format!(
                        "listening to {} ({} Hz, {} channels)",
                        begun.title, begun.rate, begun.channels
                    ));
                }
                part = Some(begun);
                true
            }
            Event::Reading(reading) if !once => write(&reading, part.as_ref())?,
            Event::Whole(reading) if once => {
                progress.clear();
                write(&reading, part.as_ref())?
            }
            Event::Heard(seconds) => {
                progress.heard(seconds);
                true
            }
            Event::Notice(text) | Event::Lost(text) => {
                progress.say(&text);
                true
            }
            Event::Reading(_) | Event::Whole(_) | Event::Frames(_) | Event::Peak(_) => true,
            Event::Ended(result) => return result,
        };
        if !heard {
            return Ok(());
        }
    }
}
