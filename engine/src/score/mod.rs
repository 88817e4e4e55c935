//! The rolling scorer: samples in, readings out. Files, live input and many streams at once go through the same code.

mod batch;
mod columns;
mod graphs;
mod lane;
mod levels;
mod loudness;
mod rows;
mod scorer;
mod track;
mod window;

use crate::frontend::FrontEndError;
use crate::inference::BackendError;
use crate::tap::{ChannelsError, Downmix, Layout};

pub use batch::Batch;
pub use loudness::Loudness;
pub use scorer::Scorer;

/// What an input is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputFormat {
    /// Samples a second, 8,000–384,000.
    pub rate: u32,
    /// Interleaved channels, 1–64.
    pub channels: u16,
    /// Which speaker each channel is for; `None` for the usual layout of so many.
    pub layout: Option<Layout>,
}

impl InputFormat {
    /// `channels` at `rate` Hz in their usual layout.
    pub const fn new(rate: u32, channels: u16) -> Self {
        Self {
            rate,
            channels,
            layout: None,
        }
    }

    /// How it is folded.
    fn downmix(&self) -> Result<Downmix, ScoreError> {
        match self.layout {
            None => Ok(Downmix::new(self.channels)?),
            Some(layout) if layout.channels() == self.channels => Ok(Downmix::of(layout)),
            Some(layout) => Err(ScoreError::Layout {
                channels: self.channels,
                speakers: layout.channels(),
            }),
        }
    }
}

/// Why scoring failed.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// The channel count is out of range.
    #[error(transparent)]
    Channels(#[from] ChannelsError),
    /// The layout is one of another channel count.
    #[error(
        "input has {channels} channels, but its layout has speakers for {speakers}; they must be as many"
    )]
    Layout {
        /// Channels of the input.
        channels: u16,
        /// Channels of the layout.
        speakers: u16,
    },
    /// Folded samples are of another kind of input; 0 is mono, stereo or no layout.
    #[error("folded samples carry {found} channels for loudness, but this input has {expected}")]
    Folded {
        /// Channels that the samples carry.
        found: usize,
        /// Channels that the input has.
        expected: usize,
    },
    /// The rate of the input is out of range, or the front end cannot be made.
    #[error(transparent)]
    FrontEnd(#[from] FrontEndError),
    /// The rate of readings is out of range.
    #[error("rate of readings is {0} Hz, but must be above 0 and at most 100 Hz")]
    ReadingRate(f64),
    /// The loudness meter refused its input.
    #[error("loudness meter: {0}")]
    Loudness(#[from] ebur128::Error),
    /// Inference failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// An analysis thread could not be started.
    #[error("the analysis thread could not start: {0}")]
    Thread(std::io::Error),
    /// Whoever was told of the readings panicked.
    #[error("the analysis of this stream ended in a panic: {0}")]
    Panicked(String),
}

/// Whether a scorer can give `hz` readings a second.
fn valid_reading_rate(hz: f64) -> bool {
    hz > 0.0 && hz <= 100.0
}
