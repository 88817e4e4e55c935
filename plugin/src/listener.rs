//! What becomes of readings: the record that the window draws, the controllers' targets, OSC.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use echometer_automation::OscSender;
use echometer_engine::{Feature, Listener, PerFeature, Reading};
use echometer_meters::Record;
use parking_lot::Mutex;

use crate::params::EchometerParams;
use crate::station::Station;

/// Where each feature stands in its range, for the audio thread to read without a lock.
pub(crate) struct Targets(PerFeature<AtomicU32>);

impl Default for Targets {
    fn default() -> Self {
        Self(PerFeature::from_fn(|_| AtomicU32::new(f32::NAN.to_bits())))
    }
}

impl Targets {
    /// Where `feature` stands, 0–1; `None` before its first value and while silent. Real-time safe.
    pub(crate) fn get(&self, feature: Feature) -> Option<f32> {
        let position = f32::from_bits(self.0[feature].load(Ordering::Relaxed));
        (!position.is_nan()).then_some(position)
    }

    /// No feature stands anywhere. Real-time safe.
    pub(crate) fn clear(&self) {
        for feature in Feature::ALL {
            self.0[feature].store(f32::NAN.to_bits(), Ordering::Relaxed);
        }
    }

    fn put(&self, reading: &Reading) {
        for feature in Feature::ALL {
            let value = reading.values[feature];
            let position = value.map_or(f32::NAN, |value| feature.position(value));
            self.0[feature].store(position.to_bits(), Ordering::Relaxed);
        }
    }
}

/// What listeners write and others read.
pub(crate) struct Outcome {
    /// Locked after the station's own lock, never before it.
    pub(crate) record: Mutex<Record>,
    pub(crate) targets: Targets,
    pub(crate) params: Arc<EchometerParams>,
}

/// One stream's listener, on an analysis thread.
pub(crate) struct Outlet {
    outcome: Arc<Outcome>,
    /// Told when another model is asked for: a project may be loaded while the host plays and no window is open.
    station: Weak<Station>,
    osc: Osc,
}

impl Outlet {
    pub(crate) fn new(outcome: Arc<Outcome>, station: Weak<Station>) -> Self {
        Self {
            outcome,
            station,
            osc: Osc::default(),
        }
    }

    /// While frozen, everything the user sees and every machine that follows stands still.
    fn frozen(&self) -> bool {
        self.outcome.params.freeze.value()
    }
}

impl Listener for Outlet {
    fn reading(&mut self, reading: &Reading) {
        if self.frozen() {
            return;
        }
        self.outcome.record.lock().reading(reading);
        self.outcome.targets.put(reading);
        self.osc.send(&self.outcome.params, reading);
    }

    fn frames(&mut self, frames: &[f32]) {
        if let Some(station) = self.station.upgrade() {
            station.try_sync();
        }
        if !self.frozen() {
            self.outcome.record.lock().frames(frames);
        }
    }

    fn reset(&mut self) {
        self.outcome.record.lock().clear();
        self.outcome.targets.clear();
    }
}

/// The OSC sender that the parameters ask for, made anew when they change.
#[derive(Default)]
struct Osc {
    sender: Option<OscSender>,
    made_for: Option<u64>,
}

impl Osc {
    fn send(&mut self, params: &EchometerParams, reading: &Reading) {
        if !params.osc.value() {
            *self = Self::default();
            return;
        }
        let changes = params.osc_target.changes();
        if self.made_for != Some(changes) {
            self.made_for = Some(changes);
            self.sender = OscSender::new(&params.osc_target.get())
                .inspect_err(|error| tracing::warn!(%error, "OSC is off"))
                .ok();
        }
        if let Some(sender) = &self.sender {
            sender.send(reading);
        }
    }
}
