//! Whether a host plays or renders.
//!
//! Hosts say so, but not all of them. A render that is taken for playing would lose audio, for it may come a hundred times
//! too fast; playing that is taken for a render would make the audio thread wait. So a host that says that it renders is
//! believed, and otherwise the clock decides – which is looked at only when the ring fills up or while a render is on – and
//! a block waits no longer than it lasts.

use std::time::{Duration, Instant};

/// From here on a filling ring is watched …
const WATCHED: f32 = 0.25;

/// … and from here on it is decided why it fills.
const DECIDED: f32 = 0.5;

/// Audio that comes this many times faster than it would play is rendered. An analysis that cannot keep up fills the
/// ring as well, but at the speed of playing.
const FASTER: f64 = 1.5;

/// How much of a render is looked at to see whether it is still one: long against any host's blocks.
const LOOK: Duration = Duration::from_millis(500);

/// How long a render waits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Patience {
    /// As long as it takes: the host said that nobody listens.
    Endless,
    /// Until then, and for no lock.
    Until(Instant),
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    rendering: bool,
    /// The host's word counts: nothing else can be true.
    certain: bool,
    /// Since when audio is counted, and how much of it came.
    since: Option<(Instant, Duration)>,
}

impl Pace {
    /// What the host said, and whether it can be relied on.
    pub(crate) fn told(rendering: bool, certain: bool) -> Self {
        Self {
            rendering,
            certain,
            since: None,
        }
    }

    /// How long a block of a render, which begins now and lasts `audio`, may wait for the meters in all.
    pub(crate) fn patience(&self, audio: Duration, now: impl FnOnce() -> Instant) -> Patience {
        if self.certain {
            Patience::Endless
        } else {
            Patience::Until(now() + audio)
        }
    }

    /// Whether a block that lasts `audio` belongs to a render, the ring being filled to `fill` (0–1). Real-time safe as far
    /// as `now` is.
    pub(crate) fn renders(&mut self, audio: Duration, fill: f32, now: impl FnOnce() -> Instant) -> bool {
        if self.certain || (!self.rendering && fill < WATCHED) {
            self.since = None;
            return self.rendering;
        }
        let now = now();
        let (since, heard) = self.since.get_or_insert((now, Duration::ZERO));
        let (passed, came) = (now.duration_since(*since), *heard);
        *heard += audio;
        let faster = came.as_secs_f64() > FASTER * passed.as_secs_f64();
        let enough = if self.rendering {
            came >= LOOK
        } else {
            fill >= DECIDED && came > Duration::ZERO
        };
        if enough {
            self.rendering = faster;
            self.since = None;
        }
        self.rendering
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: Duration = Duration::from_millis(10);

    /// Blocks that come `speed` times faster than they play, into a ring of 200 blocks that nobody empties; whether
    /// the last is taken for a part of a render.
    fn judged(mut pace: Pace, speed: f64, fills: bool) -> bool {
        let start = Instant::now();
        let mut last = false;
        for block in 0..200u32 {
            let fill = if fills && !last { block as f32 / 200.0 } else { 0.0 };
            let at = start + BLOCK.mul_f64(f64::from(block) / speed);
            last = pace.renders(BLOCK, fill, || at);
        }
        last
    }

    #[test]
    fn the_clock_corrects_what_was_said() {
        assert!(
            judged(Pace::told(false, false), 50.0, true),
            "a render that nobody announced"
        );
        assert!(
            !judged(Pace::told(true, false), 1.0, false),
            "playing after a render"
        );
        assert!(
            judged(Pace::told(true, false), 50.0, false),
            "an announced render"
        );
        assert!(
            !judged(Pace::told(false, false), 1.0, true),
            "an analysis that cannot keep up"
        );
        assert!(
            judged(Pace::told(true, true), 0.1, false),
            "a slow render, for certain"
        );
        assert!(
            !judged(Pace::told(false, true), 50.0, true),
            "for certain no render"
        );
    }

    #[test]
    fn only_an_announced_render_waits_as_long_as_it_takes() {
        let now = Instant::now();
        let patience = |announced| Pace::told(announced, announced).patience(BLOCK, || now);
        assert_eq!(patience(true), Patience::Endless);
        assert_eq!(patience(false), Patience::Until(now + BLOCK));
    }

    #[test]
    fn playing_never_looks_at_the_clock() {
        let mut pace = Pace::told(false, false);
        for _ in 0..1000 {
            assert!(!pace.renders(BLOCK, 0.1, || panic!("it looked")));
        }
    }
}
