//! One file to one row, by the way that every file goes.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use echometer_decode::Choice;
use echometer_engine::{Feature, Model, PerFeature, Reading};
use serde_json::{Map, Value, json};

use super::row::Row;
use super::tags;
use super::walk::{Found, to_row};
use crate::analysis::{self, Event, Options};
use crate::control::Control;
use crate::failure::{Failure, one_line};
use crate::outputs::line::told;
use crate::sources;

/// Readings a second where the curve is kept.
const CURVE_HZ: f64 = 1.0;
/// And where it is not: too few to cost anything.
const NO_CURVE_HZ: f64 = 1e-6;

/// Scores a file; `None` where the scan was stopped meanwhile. Whatever goes wrong is in the row.
pub(crate) fn score(
    model: &Model,
    found: &Found,
    decoder: Choice,
    curve: bool,
    control: &Control,
) -> Option<Row> {
    let mut row = Row {
        path: to_row(&found.path),
        ..Row::default()
    };
    match &found.state {
        Ok((size, mtime_ms)) => (row.size, row.mtime_ms) = (Some(*size), Some(*mtime_ms)),
        Err(error) => {
            row.error = Some(error.clone());
            return Some(row);
        }
    }
    row.tags = tags::read(&found.path);
    // Files come from anywhere: one that a decoder trips over must not end the scan.
    let heard = catch_unwind(AssertUnwindSafe(|| {
        listen(model, &found.path, decoder, curve, control)
    }))
    .unwrap_or_else(|_| Err((Failure::failed("the decoder gave up on it"), Vec::new())));
    if control.is_stopped() {
        return None;
    }
    match heard {
        Ok(heard) => heard.fill(&mut row, model, curve),
        Err((failure, notes)) => {
            row.error = Some(without_name(failure.message(), &found.path));
            row.note = (!notes.is_empty()).then(|| notes.join("; "));
        }
    }
    Some(row)
}

/// A message without the file's path or name before it, which the row has already.
fn without_name(message: &str, path: &Path) -> String {
    let name = path.file_name().map(Path::new).unwrap_or(path);
    let rest = [path, name]
        .iter()
        .find_map(|before| message.strip_prefix(&one_line(&format!("{}:", before.display()))));
    rest.map_or(message, str::trim_start).to_owned()
}

/// What was heard of a file.
#[derive(Default)]
struct Heard {
    decoder: Option<String>,
    whole: Option<Reading>,
    curve: Vec<Reading>,
    notes: Vec<String>,
}

fn listen(
    model: &Model,
    path: &Path,
    decoder: Choice,
    curve: bool,
    control: &Control,
) -> Result<Heard, (Failure, Vec<String>)> {
    let track = sources::file(path, decoder).map_err(|failure| (failure, Vec::new()))?;
    let options = Options {
        reading_hz: if curve { CURVE_HZ } else { NO_CURVE_HZ },
        once: !curve,
        whole: true,
        paced: false,
        frames: false,
    };
    let heard = RefCell::new(Heard {
        decoder: track.samples.decoder(),
        ..Heard::default()
    });
    let ended = analysis::track(model, track, &options, control, &|event| {
        let mut heard = heard.borrow_mut();
        match event {
            Event::Whole(reading) => heard.whole = Some(reading),
            Event::Reading(reading) => heard.curve.push(reading),
            Event::Notice(text) => heard.notes.push(without_name(&text, path)),
            _ => {}
        }
    });
    let heard = heard.into_inner();
    match ended {
        Ok(()) => Ok(heard),
        // What is known of the file may be why.
        Err(failure) => Err((failure, heard.notes)),
    }
}

impl Heard {
    fn fill(mut self, row: &mut Row, model: &Model, curve: bool) {
        let Some(whole) = self.whole else {
            row.error = Some("it gave no reading".into());
            return;
        };
        row.duration_ms = Some((whole.time * 1e3).round() as u64);
        row.values = PerFeature::from_fn(|feature| told(&whole.values, feature));
        row.sd = PerFeature::from_fn(|feature| told(&whole.sd, feature));
        row.model = Some(model.title());
        row.decoder = self.decoder.take();
        if whole.silent {
            self.notes.push("silent: nothing above -70 LUFS".into());
        }
        if whole.replaced > 0 {
            let notice = format!("{} samples were no usable numbers", whole.replaced);
            self.notes.push(notice);
        }
        row.note = (!self.notes.is_empty()).then(|| self.notes.join("; "));
        row.curve = curve.then(|| series(&self.curve));
    }
}

/// An array of times and one for each feature.
fn series(readings: &[Reading]) -> Value {
    let mut columns = Map::new();
    let times: Vec<_> = readings.iter().map(|reading| reading.time).collect();
    columns.insert("time".into(), json!(times));
    for feature in Feature::ALL {
        let values: Vec<_> = readings
            .iter()
            .map(|reading| told(&reading.values, feature))
            .collect();
        columns.insert(feature.name().into(), json!(values));
    }
    Value::Object(columns)
}
