//! musicnn (Pons and Serra 2019), a pretrained tagger, as a teacher: what its layers say of every three seconds of a clip.

use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;

use anyhow::Context;
use echometer_engine::frontend::{FrontEndConfig, MelNorm, MelScale, Precision, Scale};
use echometer_engine::model::sha256_hex;
use echometer_engine::{Device, Graph, Port, Ports};

use crate::data::cache::{Content, Decoded, MelFrames};
use crate::data::row::Row;

/// The networks: musicnn trained on the Million Song Dataset and on MagnaTagATune.
const FILES: [&str; 2] = ["MSD_musicnn.onnx", "MTT_musicnn.onnx"];
/// What each network gives for a patch, in order: probabilities of tags, its last hidden layer, and the mean and the largest
/// value over the patch of what its convolutions found.
const OUTPUTS: [(&str, usize); 4] = [
    ("tags", 50),
    ("penultimate", 200),
    ("mean_pool", 753),
    ("max_pool", 753),
];
/// Mel frames of a patch, as the networks were trained.
const PATCH: usize = 187;
/// Mel bands.
const MELS: usize = 96;
/// Tags are learned as log-odds, and none is surer than this.
const SUREST: f32 = 1e-3;

/// Both networks, ready to run on several threads.
pub(crate) struct Teacher {
    frames: MelFrames,
    /// Changes with the files.
    id: String,
    /// One set a thread: a session runs one request at a time.
    sets: Vec<Mutex<Vec<Graph>>>,
}

impl Teacher {
    /// Reads the networks in `folder`, for clips of `window_s` seconds.
    pub(crate) fn load(folder: &Path, window_s: f64) -> anyhow::Result<Self> {
        let ports = Ports {
            inputs: vec![port("x", vec![1, 1, PATCH, MELS])],
            outputs: OUTPUTS.map(|(name, width)| port(name, vec![1, width])).into(),
        };
        let files = read(folder)?;
        let set = |_| {
            let graphs = files
                .iter()
                .map(|(file, bytes)| Graph::load(Device::Auto, file, bytes, &ports));
            Ok(Mutex::new(graphs.collect::<Result<_, _>>()?))
        };
        let sets = (0..rayon::current_num_threads())
            .map(set)
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            frames: MelFrames {
                front_end: front_end(),
                window_s,
            },
            id: hashes(&files),
            sets,
        })
    }

    /// Seconds of a patch.
    pub(crate) fn patch_s() -> f64 {
        PATCH as f64 / front_end().frame_rate()
    }

    /// Values in a lesson.
    pub(crate) fn values() -> usize {
        FILES.len() * OUTPUTS.iter().map(|(_, width)| width).sum::<usize>()
    }

    /// Parts of a lesson that weigh the same: one an output and network.
    pub(crate) fn blocks() -> Vec<Range<usize>> {
        let mut end = 0;
        let widths = FILES.iter().flat_map(|_| OUTPUTS);
        widths
            .map(|(_, width)| {
                end += width;
                end - width..end
            })
            .collect()
    }

    /// What the networks say of each whole patch, row by row.
    fn lessons(&self, frames: &[f32]) -> anyhow::Result<Vec<f32>> {
        let own = rayon::current_thread_index().unwrap_or(0) % self.sets.len();
        let set = self.sets[own]
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut lessons = Vec::new();
        for patch in frames.chunks_exact(PATCH * MELS) {
            // The networks want decades.
            let patch: Vec<_> = patch
                .iter()
                .map(|value| value / std::f32::consts::LN_10)
                .collect();
            for graph in set.iter() {
                let mut values = OUTPUTS.map(|(_, width)| vec![0.0; width]);
                graph.run(&[&patch], &mut values.each_mut().map(Vec::as_mut_slice))?;
                for tag in &mut values[0] {
                    let sure = tag.clamp(SUREST, 1.0 - SUREST);
                    *tag = (sure / (1.0 - sure)).ln();
                }
                lessons.extend(values.concat());
            }
        }
        Ok(lessons)
    }
}

/// Changes with the networks in `folder`.
pub(super) fn id(folder: &Path) -> anyhow::Result<String> {
    Ok(hashes(&read(folder)?))
}

/// The networks' files in `folder`.
fn read(folder: &Path) -> anyhow::Result<Vec<(&'static str, Vec<u8>)>> {
    let file = |file| {
        let path = folder.join(file);
        let bytes = std::fs::read(&path).with_context(|| {
            format!(
                "{}: cannot be read; a teacher is the files {}",
                path.display(),
                FILES.join(" and ")
            )
        })?;
        Ok((file, bytes))
    };
    FILES.into_iter().map(file).collect()
}

fn hashes(files: &[(&str, Vec<u8>)]) -> String {
    let hashes: Vec<_> = files.iter().map(|(_, bytes)| sha256_hex(bytes)).collect();
    hashes.join(" ")
}

/// musicnn's own mel frames: 16 kHz, 512/256, 96 Slaney mels of unit area, `log10(1 + 10⁴·power)` but for its base.
fn front_end() -> FrontEndConfig {
    FrontEndConfig {
        sample_rate: 16_000,
        fft: 512,
        hop: 256,
        center: true,
        mels: MELS,
        mel_scale: MelScale::Slaney,
        mel_norm: MelNorm::Area,
        low_hz: 0.0,
        high_hz: 8_000.0,
        scale: Scale::Log { gain: 1e4 },
        precision: Precision::Single,
    }
}

impl Content for Teacher {
    fn folder(&self) -> String {
        let text = format!("{} {} {PATCH} {SUREST}", self.frames.folder(), self.id);
        format!("lessons-{}", &sha256_hex(text.as_bytes())[..16])
    }

    fn width(&self) -> usize {
        Self::values()
    }

    fn make(&self, row: &Row) -> Result<Decoded, String> {
        Ok(match self.frames.make(row)? {
            Decoded::Clip { frames, loudness } => Decoded::Clip {
                frames: self.lessons(&frames).map_err(|error| crate::told::told(&error))?,
                loudness,
            },
            unreadable => unreadable,
        })
    }
}

fn port(name: &str, shape: Vec<usize>) -> Port {
    Port {
        name: name.into(),
        shape,
        open: 1,
    }
}
