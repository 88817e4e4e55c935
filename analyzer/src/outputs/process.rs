//! How much of one core this process uses.

use std::time::{Duration, Instant};

/// Time between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// What Linux counts in, on every machine that it shows to programs.
const TICKS_HZ: f64 = 100.0;

/// The share of the last second; known on Linux only.
#[derive(Debug, Default)]
pub(in crate::outputs) struct CpuShare {
    last: Option<(Instant, f64)>,
    share: Option<f64>,
}

impl CpuShare {
    /// Looks, if it is time.
    pub(in crate::outputs) fn update(&mut self) {
        if self.last.is_some_and(|(when, _)| when.elapsed() < LOOK) {
            return;
        }
        let Some(seconds) = cpu_seconds() else { return };
        let now = Instant::now();
        if let Some((when, before)) = self.last {
            self.share = Some((seconds - before) / (now - when).as_secs_f64());
        }
        self.last = Some((now, seconds));
    }

    /// The share of one core, 1 being all of it.
    pub(in crate::outputs) fn get(&self) -> Option<f64> {
        self.share
    }
}

fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name may hold spaces; the fields after it do not. User and system time are fields 14 and 15.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS_HZ)
}
