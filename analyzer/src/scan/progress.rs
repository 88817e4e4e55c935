//! How far a scan is: a line that redraws itself on a terminal, nothing elsewhere.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::row::Row;
use super::walk::Found;

/// Counts tracks for the eye and bytes for the time left: tracks differ in length.
pub(crate) struct Progress {
    bar: ProgressBar,
    tracks: usize,
    done: usize,
    failed: usize,
    heard_s: f64,
}

impl Progress {
    pub(crate) fn new(files: &[&Found]) -> Self {
        let bytes = files.iter().map(|found| size(found)).sum();
        let bar = ProgressBar::new(bytes);
        if !io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let left = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            // Before the first track is done, nothing is known.
            let _ = match state.pos() {
                0 => write!(out, "…"),
                _ => write!(out, "{} left", HumanDuration(state.eta())),
            };
        };
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {msg} · {left}") {
            bar.set_style(style.with_key("left", left).progress_chars("█▌·"));
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        let mut progress = Self {
            bar,
            tracks: files.len(),
            done: 0,
            failed: 0,
            heard_s: 0.0,
        };
        progress.tell();
        progress
    }

    /// A track is done.
    pub(crate) fn done(&mut self, found: &Found, row: &Row) {
        self.done += 1;
        self.failed += usize::from(row.error.is_some());
        self.heard_s += row.duration_ms.unwrap_or(0) as f64 / 1e3;
        self.bar.inc(size(found));
        self.tell();
    }

    fn tell(&mut self) {
        let seconds = self.bar.elapsed().as_secs_f64();
        let mut text = format!("{}/{} tracks", self.done, self.tracks);
        if self.done > 0 && seconds > 0.0 {
            text += &format!(
                " · {:.1} a second, {:.0}× real time",
                self.done as f64 / seconds,
                self.heard_s / seconds
            );
        }
        if self.failed > 0 {
            text += &format!(" · {} failed", self.failed);
        }
        self.bar.set_message(text);
    }

    /// Takes the line away.
    pub(crate) fn end(self) {
        self.bar.finish_and_clear();
    }
}

fn size(found: &Found) -> u64 {
    found.state.as_ref().map_or(0, |(size, _)| *size)
}
