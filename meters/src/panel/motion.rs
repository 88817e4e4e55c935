//! Calm motion: what jumps, glides.

use echometer_engine::{Feature, PerFeature};

/// Time after which a glide has made 95 % of its way, in seconds.
const GLIDE_S: f32 = 0.15;

/// Nearer than this, in parts of a scale, nothing is left to be seen.
const ARRIVED: f32 = 0.0005;

/// Where things stand that move.
#[derive(Debug, Default)]
pub(super) struct Motion {
    needles: PerFeature<Option<f32>>,
    level: Option<f32>,
    moving: bool,
}

impl Motion {
    /// Begins a frame.
    pub(super) fn begin(&mut self) {
        self.moving = false;
    }

    /// Whether anything has not arrived.
    pub(super) fn moving(&self) -> bool {
        self.moving
    }

    /// Where the needle of `feature` is on its way to `target`, `dt` seconds after the last frame.
    pub(super) fn needle(&mut self, feature: Feature, target: Option<f32>, dt: Option<f32>) -> Option<f32> {
        let now = self.glide(self.needles[feature], target, dt);
        self.needles[feature] = now;
        now
    }

    /// The same for the input level, 0–1 or in decibels divided by their range.
    pub(super) fn level(&mut self, target: f32, dt: Option<f32>) -> f32 {
        let now = self.glide(self.level, Some(target), dt);
        self.level = now;
        now.unwrap_or(target)
    }

    /// A step from `from` towards `target`. Without a time, or without a place to start, it is there at once.
    fn glide(&mut self, from: Option<f32>, target: Option<f32>, dt: Option<f32>) -> Option<f32> {
        let (Some(from), Some(target), Some(dt)) = (from, target, dt) else {
            return target;
        };
        let next = target + (from - target) * (-3.0 * dt / GLIDE_S).exp();
        if (next - target).abs() < ARRIVED {
            return Some(target);
        }
        self.moving = true;
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glides_and_arrives() {
        let mut motion = Motion::default();
        assert_eq!(
            motion.needle(Feature::Energy, Some(0.2), Some(0.016)),
            Some(0.2),
            "starts where it belongs"
        );
        let mut at = 0.2;
        for _ in 0..10 {
            motion.begin();
            let next = motion.needle(Feature::Energy, Some(0.8), Some(0.015)).unwrap();
            assert!(next > at && next < 0.8 && motion.moving());
            at = next;
        }
        assert!(at > 0.2 + 0.6 * 0.94, "95 % after 150 ms: {at}");
        for _ in 0..60 {
            motion.begin();
            motion.needle(Feature::Energy, Some(0.8), Some(0.015));
        }
        assert!(!motion.moving());
        assert_eq!(
            motion.needle(Feature::Energy, Some(0.1), None),
            Some(0.1),
            "no time, no glide"
        );
        assert_eq!(motion.needle(Feature::Energy, None, Some(0.015)), None);
    }
}
