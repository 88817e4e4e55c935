//! A clip's sound: decoded, folded to mono, and through the engine's front end.

use echometer_decode::DecodeError;
use echometer_engine::frontend::{FrontEnd, FrontEndConfig, FrontEndError};
use echometer_engine::tap::{ChannelsError, Downmix};
use echometer_engine::{Loudness, ScoreError};

use crate::data::row::Row;
use crate::data::sound::Sound;

/// What decoding a clip came to.
pub(super) enum Decoded {
    /// Mel frames, row by row, and EBU R128 loudness in LUFS.
    Clip { frames: Vec<f32>, loudness: Option<f32> },
    /// Why there are none.
    Unreadable(String),
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Channels(#[from] ChannelsError),
    #[error(transparent)]
    FrontEnd(#[from] FrontEndError),
    #[error(transparent)]
    Loudness(#[from] ScoreError),
}

/// Decodes `window_s` seconds from the row's start on, or what there is of them.
pub(super) fn decode(row: &Row, config: &FrontEndConfig, window_s: f64) -> Decoded {
    match try_decode(row, config, window_s) {
        Ok(clip) => clip,
        Err(failure) => Decoded::Unreadable(failure.to_string()),
    }
}

fn try_decode(row: &Row, config: &FrontEndConfig, window_s: f64) -> Result<Decoded, Failure> {
    let mut sound = Sound::open(&row.path, row.start, window_s)?;
    let downmix = Downmix::new(sound.channels())?;
    let mut front_end = FrontEnd::new(config, sound.rate())?;
    let mut meter = Loudness::new(sound.rate(), downmix.width(), window_s).map_err(ScoreError::from)?;
    let (mut folded, mut frames) = (Vec::new(), Vec::new());
    while let Some(samples) = sound.next()? {
        folded.clear();
        downmix.fold_interleaved(samples, &mut folded);
        front_end.push_stereo(&folded, &mut frames);
        meter.push(&folded).map_err(ScoreError::from)?;
    }
    front_end.finish(&mut frames);
    Ok(Decoded::Clip {
        frames,
        loudness: meter.window(),
    })
}
