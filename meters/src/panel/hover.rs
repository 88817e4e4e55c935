//! What things mean, for whoever points at them.

use echometer_engine::Feature;

use super::meter::Meter;
use crate::Level;

/// What the feature is, in its range.
pub(super) const fn meaning(feature: Feature) -> &'static str {
    match feature {
        Feature::Danceability => {
            "Danceability, 0 to 1: how well the music suits dancing. A steady tempo and a strong, regular beat score high."
        }
        Feature::Energy => {
            "Energy, 0 to 1: how intense and busy the music feels. Fast, loud, dense and bright music scores high."
        }
        Feature::Speechiness => {
            "Speechiness, 0 to 1: how much of what is heard is spoken word. Below 0.33 it is mostly music, above 0.66 almost all speech."
        }
        Feature::Acousticness => {
            "Acousticness, 0 to 1: how sure it is that acoustic instruments play, rather than electric or electronic ones."
        }
        Feature::Instrumentalness => {
            "Instrumentalness, 0 to 1: how likely there are no vocals; above 0.5 is meant as instrumental."
        }
        Feature::Liveness => "Liveness, 0 to 1: how likely an audience was there when this was recorded.",
        Feature::Valence => {
            "Valence, 0 to 1: how positive the music sounds. High is cheerful or elated, low is sad, tense or angry."
        }
        Feature::Loudness => {
            "Loudness, \u{2212}60 to 0 LUFS: how loud the last half minute was, measured as EBU R128 defines it."
        }
    }
}

const BAND: &str = "The line marks the value; the pale band around it reaches one standard deviation to either side, as the model itself judges its error. The wider the band, the less sure.";

const MEASURED: &str = "It is measured, not estimated, so it has no band.";

const GUESS: &str = "It is grey because the present model hardly knows it: on music it had not heard before, it was about as far off as always saying the average.";

const WARMING: &str = "Values settle while the ring at the top fills up.";

const HELD: &str = "The wedge marks the largest value of the last half minute.";

const AIMED: &str =
    "The diamond marks the reference; the signed number is how far the value is above or below it.";

/// What a level is.
pub(super) const fn level(level: Level) -> &'static str {
    match level {
        Level::ShortTerm => "Short-term loudness: that of the last 3 seconds.",
        Level::Momentary => "Momentary loudness: that of the last 400 milliseconds.",
        Level::Range => {
            "Loudness range: how far quiet and loud parts lie apart since the last reset. It means little before a minute was heard."
        }
        Level::TruePeak => {
            "True peak: the largest peak since the last reset, between samples too. Above \u{2212}1 dBTP it may clip once it is coded as MP3 or AAC."
        }
    }
}

/// The hover text of a meter.
pub(super) fn meter(meter: &Meter<'_>, warming: bool) -> String {
    let mut text = meaning(meter.feature).to_owned();
    if meter.silent {
        text += "\n\nThe last half minute was silent: there is nothing to score.";
    } else if meter.value.is_none() {
        text += "\n\nThere is no value yet.";
    } else {
        let band = if meter.sd.is_some() { BAND } else { MEASURED };
        text = text + "\n\n" + band;
        if meter.guess {
            text = text + "\n\n" + GUESS;
        }
    }
    if meter.peak.is_some() {
        text = text + " " + HELD;
    }
    if meter.reference.is_some() {
        text = text + " " + AIMED;
    }
    if warming {
        text = text + " " + WARMING;
    }
    text
}

/// The ring.
pub(super) const RING: &str = "Every value describes the last half minute. The ring shows how much of it was heard so far; until it is full, values are less sure. A dot in the ring means that all of it was heard.";

/// The picture.
pub(super) const PICTURE: &str = "What was heard in the last half minute: low tones at the bottom, high tones at the top, the newest at the right. The brighter, the louder; on a light ground, the darker.";

/// The freeze button.
pub(super) const FREEZE: &str =
    "Let the meters stand still, or go on. Listening continues meanwhile. Key: Space";

/// The reset button.
pub(super) const RESET: &str = "Forget everything heard so far and start again. Key: R";

/// The hold button.
pub(super) const HOLD: &str = "Mark the largest value of the last half minute on every meter. Key: H";

/// The button for light and dark.
pub(super) const GROUND: &str = "Change between a light and a dark ground. Key: L";

/// The settings button.
pub(super) const SETTINGS: &str = "Settings";

/// The button that closes a notice.
pub(super) const DISMISS: &str = "Close this message";

/// The input level.
pub(super) const LEVEL: &str =
    "The largest sample of late, in decibels below full scale. At 0 dB the input may be clipped.";

/// The load.
pub(super) const CPU: &str = "How much of one processor core the analysis takes.";

/// Dropped blocks.
pub(super) const DROPPED: &str =
    "Blocks of audio that came faster than they could be analysed and were left out.";

/// Replaced samples.
pub(super) const REPLACED: &str = "Samples that were no usable numbers and were taken as silence.";

/// The model.
pub(super) const MODEL: &str = "The model that estimates the values, and what it runs on.";

/// The button for the reference.
pub(super) const REFERENCE: &str = "Compare with another track, or with this moment";

/// The button for the session.
pub(super) const SESSION: &str = "All that was heard since the last reset, as curves; and save it as a table";

/// The button that copies.
pub(super) const COPY: &str = "Copy all values, to paste them into a note or a spreadsheet. Key: C";
