//! How far the one reading of `--once` is: a line that redraws itself on a terminal, nothing elsewhere.

use std::io::{self, IsTerminal};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use super::notice;
use super::table::clock;
use crate::analysis::Part;

/// The line, while there is one.
pub(super) struct Progress {
    wanted: bool,
    bar: Option<ProgressBar>,
    /// Seconds of the part that there will be, where known.
    length_s: Option<f64>,
}

impl Progress {
    /// One for a wait, if it is a wait and somebody looks.
    pub(super) fn new(waiting: bool) -> Self {
        Self {
            wanted: waiting && io::stderr().is_terminal(),
            bar: None,
            length_s: None,
        }
    }

    /// A part begins; of a device, `window_s` are heard.
    pub(super) fn begins(&mut self, part: &Part, window_s: f64) {
        self.clear();
        self.length_s = if part.live {
            Some(window_s)
        } else {
            part.duration_s
        };
    }

    /// So many seconds of it are heard.
    pub(super) fn heard(&mut self, seconds: f64) {
        if !self.wanted {
            return;
        }
        let length_s = self.length_s;
        let bar = self.bar.get_or_insert_with(|| bar(length_s));
        bar.set_position(milliseconds(seconds));
        let mut text = clock(seconds);
        if let Some(length_s) = length_s {
            text += &format!(" of {} heard", clock(length_s));
            if seconds < length_s {
                text += &format!(" · {} left", HumanDuration(bar.eta()));
            }
        } else {
            text += " heard";
        }
        bar.set_message(text);
    }

    /// Tells something above the line.
    pub(super) fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| notice(text)),
            None => notice(text),
        }
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn bar(length_s: Option<f64>) -> ProgressBar {
    let (bar, template) = match length_s {
        Some(length_s) => (ProgressBar::new(milliseconds(length_s)), "{bar:24} {msg}"),
        None => (ProgressBar::no_length(), "{spinner} {msg}"),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("█▌·"));
    }
    bar
}

fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1e3) as u64
}
