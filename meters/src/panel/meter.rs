//! What one meter shows in one frame, decided once for drawing, for screen readers and for hover texts.

use echometer_engine::Feature;
use egui::{Color32, Painter};

use super::theme::Theme;
use super::view::{State, View};
use crate::{History, deviation, difference, label, number, signed, value};

/// What to draw with.
#[derive(Clone)]
pub(super) struct Pen<'a> {
    /// Draws into the panel.
    pub(super) painter: Painter,
    /// Colours.
    pub(super) theme: &'a Theme,
    /// How much larger than drawn everything is.
    pub(super) scale: f32,
}

impl Pen<'_> {
    /// `points` of the drawing in points of the window.
    pub(super) fn s(&self, points: f32) -> f32 {
        points * self.scale
    }
}

/// One meter.
#[derive(Clone, Copy)]
pub(super) struct Meter<'a> {
    /// Which feature.
    pub(super) feature: Feature,
    /// The value, where there is one that means something.
    pub(super) value: Option<f32>,
    /// Its standard deviation, where there is one.
    pub(super) sd: Option<f32>,
    /// Where the needle stands, 0–1: the value, smoothed.
    pub(super) needle: Option<f32>,
    /// The largest value of the last half minute, if it is to be marked.
    pub(super) peak: Option<f32>,
    /// What the value is compared with.
    pub(super) reference: Option<f32>,
    /// The last half minute.
    pub(super) history: &'a History,
    /// The end of the last half minute, in seconds of input.
    pub(super) now: f64,
    /// Whether nothing was heard that could be scored.
    pub(super) silent: bool,
    /// Whether the value is of earlier input, because none comes now.
    pub(super) stale: bool,
    /// Whether the model hardly knows the feature.
    pub(super) guess: bool,
}

impl<'a> Meter<'a> {
    /// What `view` says about `feature`; the needle is where it belongs, not smoothed.
    pub(super) fn new(view: &View<'a>, feature: Feature) -> Self {
        // Without a model there is nothing to show, whatever an earlier one left in the record.
        let shown = matches!(view.state, State::Running | State::Waiting);
        let reading = view.record.latest().filter(|_| shown);
        let silent = reading.is_some_and(|reading| reading.silent);
        let heard = reading.filter(|reading| !reading.silent);
        let value = heard
            .and_then(|reading| reading.values[feature])
            .filter(|value| value.is_finite());
        let sd = heard
            .and_then(|reading| reading.sd[feature])
            .filter(|sd| sd.is_finite() && *sd > 0.0);
        let history = view.record.history(feature);
        let peak = history.iter().map(|(_, value)| value).reduce(f32::max);
        Self {
            feature,
            value,
            sd: value.and(sd),
            needle: value.map(|value| feature.position(value)),
            peak: peak.filter(|_| view.hold && value.is_some()),
            reference: view
                .reference
                .and_then(|reference| reference.values[feature])
                .filter(|value| value.is_finite()),
            history,
            now: reading.map_or(0.0, |reading| reading.time),
            silent,
            stale: view.state == State::Waiting,
            guess: view.guesses[feature],
        }
    }

    /// The feature's colour on this ground; grey where the model guesses.
    pub(super) fn colour(&self, theme: &Theme) -> Color32 {
        if self.guess {
            return theme.soft;
        }
        theme.features[self.feature]
    }

    /// Half the width of the band, in parts of the scale.
    pub(super) fn spread(&self) -> f32 {
        let (low, high) = self.feature.range();
        self.sd.map_or(0.0, |sd| sd / (high - low))
    }

    /// The digits: `0.63`, `-9.8`, or a dash.
    pub(super) fn digits(&self) -> String {
        number(self.feature, self.value)
    }

    /// What stands beside the digits: the unit, the deviation, or nothing.
    pub(super) fn beside(&self) -> String {
        match self.feature {
            Feature::Loudness => "LUFS".into(),
            _ => deviation(self.feature, self.sd),
        }
    }

    /// How far the value is above its reference: `+0.05`.
    pub(super) fn apart(&self) -> Option<String> {
        difference(self.value, self.reference).map(|apart| signed(self.feature, apart))
    }

    /// The meter in words: `Energy 0.63 ± 0.08`.
    pub(super) fn spoken(&self) -> String {
        let guess = if self.guess { " (a guess)" } else { "" };
        let name = format!("{}{guess}", label(self.feature));
        let spoken = self.spoken_value(&name);
        match (self.apart(), self.reference) {
            (Some(apart), reference) => {
                format!(
                    "{spoken}, {apart} from the reference's {}",
                    number(self.feature, reference)
                )
            }
            (None, Some(_)) => format!("{spoken}, reference {}", value(self.feature, self.reference)),
            (None, None) => spoken,
        }
    }

    fn spoken_value(&self, name: &str) -> String {
        match (self.value, self.sd) {
            (None, _) if self.silent => format!("{name}: silence"),
            (None, _) => format!("{name}: no value"),
            (Some(_), None) => format!("{name} {}", value(self.feature, self.value)),
            (Some(_), Some(sd)) => {
                format!(
                    "{name} {} ± {}",
                    value(self.feature, self.value),
                    number(self.feature, Some(sd))
                )
            }
        }
    }
}
