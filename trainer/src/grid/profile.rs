//! How large the thesis's networks see a clip.

use echometer_engine::frontend::{FrontEndConfig, Scale};
use echometer_engine::model::least_columns;

use crate::network::Geometry;

/// A front end with the length of its clips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Profile {
    /// The thesis's: 44.1 kHz, 400/200, 128 HTK mels, plain power, 6,625 frames
    Thesis,
    /// Small: 22.05 kHz, 2048/1024, 128 HTK mels, logarithmic, 5 s in 108 frames
    Quick,
    /// The rolling model's: 24 kHz, 1024/300, 80 HTK mels, logarithmic, 30 s
    Live,
}

impl Profile {
    /// Its name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Thesis => "thesis",
            Self::Quick => "quick",
            Self::Live => "live",
        }
    }

    /// How samples become mel frames.
    pub(crate) fn front_end(self) -> FrontEndConfig {
        match self {
            Self::Thesis => FrontEndConfig::thesis(),
            Self::Quick => FrontEndConfig {
                sample_rate: 22_050,
                fft: 2048,
                hop: 1024,
                high_hz: 11_025.0,
                scale: Scale::Log { gain: 100.0 },
                ..FrontEndConfig::thesis()
            },
            Self::Live => FrontEndConfig::live(),
        }
    }

    /// Seconds of a clip.
    ///
    /// The thesis's is what its 30 s previews decode to: 1,150 MPEG frames of 1,152 samples (§5.1).
    pub(crate) fn window_s(self) -> f64 {
        match self {
            Self::Thesis => 1_324_800.0 / 44_100.0,
            Self::Quick => 5.0,
            Self::Live => crate::training::rolling::WINDOW_S,
        }
    }

    /// Frames of a clip.
    pub(crate) fn frames(self) -> usize {
        self.front_end().frames_in_s(self.window_s())
    }

    /// Fewest frames that a clip must have: as many as the engine takes for a whole window of a model without a trunk, or as
    /// give the rolling model one column.
    pub(crate) fn least_frames(self) -> usize {
        match self {
            Self::Thesis | Self::Quick => least_columns(self.frames()),
            Self::Live => Geometry::standard(self.front_end().mels as i64).shortest() as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_as_documented() {
        for profile in [Profile::Thesis, Profile::Quick, Profile::Live] {
            profile.front_end().validate().unwrap();
        }
        assert_eq!(Profile::Thesis.frames(), 6_625);
        assert_eq!(Profile::Quick.frames(), 108);
        // As docs/trainer.md says.
        let least_s = |profile: Profile| profile.least_frames() as f64 / profile.front_end().frame_rate();
        let told = [Profile::Thesis, Profile::Quick, Profile::Live].map(|p| format!("{:.1}", least_s(p)));
        assert_eq!(told, ["29.7", "5.0", "2.4"]);
    }
}
