//! Mel frames, computed once and kept on disk under a key of everything they depend on.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use echometer_decode::{DecodeError, Decoder};
use echometer_engine::frontend::{FrontEnd, FrontEndConfig, FrontEndError, REVISION};
use echometer_engine::model::sha256_hex;
use echometer_engine::tap::{ChannelsError, Downmix};

use super::row::Row;

/// Why a clip cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClipError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Channels(#[from] ChannelsError),
    #[error(transparent)]
    FrontEnd(#[from] FrontEndError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("only {found:.1} s of sound after its start, but at least {needed:.1} s are needed")]
    Short { found: f64, needed: f64 },
    #[error("it is silent")]
    Silent,
}

/// Bytes before the frames: how many values there are.
const HEADER: usize = 8;

/// A folder of cached mel frames.
pub(crate) struct Cache {
    folder: PathBuf,
    config: FrontEndConfig,
    window_s: f64,
    /// Fewest frames a usable clip has.
    shortest: usize,
}

impl Cache {
    pub(crate) fn new(
        folder: PathBuf,
        config: FrontEndConfig,
        window_s: f64,
        shortest: usize,
    ) -> std::io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self {
            folder,
            config,
            window_s,
            shortest,
        })
    }

    /// The clip's frames, row by row: from the cache, or computed and cached now.
    pub(crate) fn frames(&self, row: &Row) -> Result<Vec<f32>, ClipError> {
        let path = self.folder.join(self.key(row)?).with_extension("f32");
        let frames = match fs::read(&path) {
            Ok(bytes) if self.is_whole(&bytes) => bytes[HEADER..]
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
            _ => {
                let frames = self.compute(row)?;
                self.store(&path, &frames)?;
                frames
            }
        };
        self.check(&frames)?;
        Ok(frames)
    }

    /// Front end with its revision, file (name, size, time of change) and start: a change of any gives a new entry.
    fn key(&self, row: &Row) -> std::io::Result<String> {
        let path = fs::canonicalize(&row.path)?;
        let meta = fs::metadata(&path)?;
        let changed = meta
            .modified()?
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default()
            .as_nanos();
        let window = self.window_s;
        let text = format!(
            "{REVISION} {:?} {window} {path:?} {} {changed} {}",
            self.config,
            meta.len(),
            row.start
        );
        Ok(sha256_hex(text.as_bytes())[..32].to_owned())
    }

    /// Written beside and moved into place, so that a kill leaves no half entry.
    fn store(&self, path: &Path, frames: &[f32]) -> std::io::Result<()> {
        let count = (frames.len() as u64).to_le_bytes();
        let values = frames.iter().flat_map(|value| value.to_le_bytes());
        let bytes: Vec<u8> = count.into_iter().chain(values).collect();
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&bytes)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Whether an entry has as many values as its header says: a damaged one is computed anew.
    fn is_whole(&self, bytes: &[u8]) -> bool {
        let Some((header, values)) = bytes.split_first_chunk::<HEADER>() else {
            return false;
        };
        u64::from_le_bytes(*header) == values.len() as u64 / 4
            && values.len().is_multiple_of(4 * self.config.mels)
    }

    fn compute(&self, row: &Row) -> Result<Vec<f32>, ClipError> {
        let mut decoder = Decoder::open(&row.path)?;
        let downmix = Downmix::new(decoder.channels())?;
        let mut front_end = FrontEnd::new(&self.config, decoder.rate())?;
        let rate = f64::from(decoder.rate());
        let mut skip = (row.start * rate).round() as usize;
        let mut left = (self.window_s * rate).round() as usize;
        let (mut samples, mut folded, mut frames) = (Vec::new(), Vec::new(), Vec::new());
        while left > 0 && decoder.next(&mut samples)? {
            folded.clear();
            downmix.fold_interleaved(&samples, &mut folded);
            samples.clear();
            let from = skip.min(folded.len());
            skip -= from;
            let to = folded.len().min(from + left);
            front_end.push_stereo(&folded[from..to], &mut frames);
            left -= to - from;
        }
        front_end.finish(&mut frames);
        Ok(frames)
    }

    fn check(&self, frames: &[f32]) -> Result<(), ClipError> {
        let count = frames.len() / self.config.mels;
        if count < self.shortest {
            let seconds = |frames: usize| frames as f64 / self.config.frame_rate();
            return Err(ClipError::Short {
                found: seconds(count),
                needed: seconds(self.shortest),
            });
        }
        if frames.iter().all(|value| value.abs() < 1e-6) {
            return Err(ClipError::Silent);
        }
        Ok(())
    }
}
