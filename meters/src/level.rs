//! The levels as faces show them: names, units, and which of them compare.

use echometer_engine::Levels;

/// A level beside the features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Loudness of the last 3 s.
    ShortTerm,
    /// Loudness of the last 400 ms.
    Momentary,
    /// How far quiet and loud parts lie apart.
    Range,
    /// The largest peak, between samples too.
    TruePeak,
}

impl Level {
    /// All of them, in display order.
    pub const ALL: [Self; 4] = [Self::ShortTerm, Self::Momentary, Self::Range, Self::TruePeak];

    /// Its name.
    pub const fn label(self) -> &'static str {
        match self {
            Self::ShortTerm => "Short-term",
            Self::Momentary => "Momentary",
            Self::Range => "Range",
            Self::TruePeak => "True peak",
        }
    }

    /// Its name where there is little room.
    pub const fn short_label(self) -> &'static str {
        match self {
            Self::ShortTerm => "S",
            Self::Momentary => "M",
            Self::Range => "LRA",
            Self::TruePeak => "TP",
        }
    }

    /// What it is counted in.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::ShortTerm | Self::Momentary => "LUFS",
            Self::Range => "LU",
            Self::TruePeak => "dBTP",
        }
    }

    /// The column of tables that holds it.
    pub const fn column(self) -> &'static str {
        match self {
            Self::ShortTerm => "short_term_lufs",
            Self::Momentary => "momentary_lufs",
            Self::Range => "loudness_range_lu",
            Self::TruePeak => "true_peak_dbtp",
        }
    }

    /// What it is now.
    pub fn now(self, levels: &Levels) -> Option<f32> {
        let value = match self {
            Self::ShortTerm => levels.short_term,
            Self::Momentary => levels.momentary,
            Self::Range => levels.range,
            Self::TruePeak => levels.true_peak,
        };
        value.filter(|value| value.is_finite())
    }

    /// What it is of all that was heard: the largest, where it has one. References are compared by it.
    pub fn overall(self, levels: &Levels) -> Option<f32> {
        let value = match self {
            Self::ShortTerm => levels.max_short_term,
            Self::Momentary => levels.max_momentary,
            Self::Range => levels.range,
            Self::TruePeak => levels.true_peak,
        };
        value.filter(|value| value.is_finite())
    }

    /// Whether [`Self::overall`] is another value than [`Self::now`].
    pub const fn has_largest(self) -> bool {
        matches!(self, Self::ShortTerm | Self::Momentary)
    }
}
