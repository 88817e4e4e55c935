//! A clip's sound: decoded, folded to mono, and through the engine's front end.

use echometer_decode::DecodeError;
use echometer_engine::frontend::{FrontEnd, FrontEndConfig, FrontEndError};
use echometer_engine::tap::{Block, ChannelsError};
use echometer_engine::{Loudness, ScoreError};

use super::{Content, key};
use crate::data::row::Row;
use crate::data::sound::Sound;
use crate::panics::catch;

/// What decoding a clip came to: what is cached.
pub(crate) enum Decoded {
    /// Mel frames or what else is cached, row by row, and EBU R128 loudness in LUFS.
    Clip { frames: Vec<f32>, loudness: Option<f32> },
    /// Why its content gives none.
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

impl Failure {
    /// Whether the file was not read to where it failed: a share that is away, or permissions. Next time it may be.
    fn is_of_the_system(&self) -> bool {
        matches!(
            self,
            Self::Decode(DecodeError::Open { .. } | DecodeError::Read { .. })
        )
    }
}

/// The mel frames of clips.
#[derive(Debug, Clone)]
pub(crate) struct MelFrames {
    pub(crate) front_end: FrontEndConfig,
    /// Seconds from the clip's start on that are kept, or what there is of them.
    pub(crate) window_s: f64,
}

impl Content for MelFrames {
    fn folder(&self) -> String {
        key::folder(&self.front_end, self.window_s)
    }

    fn width(&self) -> usize {
        self.front_end.mels
    }

    /// An error names the system, or a decoder that panicked, which a later version may not.
    fn make(&self, row: &Row) -> Result<Decoded, String> {
        judge(|| try_decode(row, &self.front_end, self.window_s))
    }
}

fn judge(decode: impl FnOnce() -> Result<Decoded, Failure>) -> Result<Decoded, String> {
    match catch(decode) {
        Ok(Ok(clip)) => Ok(clip),
        Ok(Err(failure)) if failure.is_of_the_system() => Err(failure.to_string()),
        Ok(Err(failure)) => Ok(Decoded::Unreadable(failure.to_string())),
        Err(panic) => Err(format!("the decoder failed on it: {panic}")),
    }
}

fn try_decode(row: &Row, config: &FrontEndConfig, window_s: f64) -> Result<Decoded, Failure> {
    let mut sound = Sound::open(&row.path, row.start, window_s)?;
    let downmix = sound.downmix()?;
    let mut front_end = FrontEnd::new(config, sound.rate())?;
    let mut meter = Loudness::new(sound.rate(), &downmix, window_s)?;
    let (mut block, mut frames) = (Block::default(), Vec::new());
    while let Some(samples) = sound.next()? {
        block.clear();
        downmix.fold_block(samples, &mut block);
        front_end.push_stereo(block.folded().pairs(), &mut frames);
        meter.push(block.folded())?;
    }
    front_end.finish(&mut frames);
    Ok(Decoded::Clip {
        frames,
        loudness: meter.window(),
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn only_the_content_is_to_blame_for_ever() {
        let name = || "a.mp3".to_owned();
        let source = || io::Error::from(io::ErrorKind::PermissionDenied);
        let told = |failure: DecodeError| judge(|| Err(failure.into())).err();
        let open = told(DecodeError::Open {
            name: name(),
            source: source(),
        })
        .unwrap();
        assert!(
            open.contains("a.mp3: cannot be opened: permission denied"),
            "{open}"
        );
        let read = told(DecodeError::Read {
            name: name(),
            source: source(),
        })
        .unwrap();
        assert!(read.contains("cannot be read further"), "{read}");
        let empty = judge(|| {
            Err(DecodeError::Empty {
                name: name(),
                damaged: 3,
            }
            .into())
        });
        assert!(matches!(empty, Ok(Decoded::Unreadable(reason)) if reason.contains("holds no audio")));
    }

    #[test]
    fn a_panic_of_the_decoder_is_told() {
        let told = judge(|| panic!("index out of bounds")).err();
        assert_eq!(told.unwrap(), "the decoder failed on it: index out of bounds");
    }
}
