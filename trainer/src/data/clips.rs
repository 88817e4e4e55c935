//! The usable clips of a data set, and a list of the others.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::AtomicBool;

use echometer_engine::{Feature, PerFeature};
use tch::Tensor;

use super::cache::{Cache, CacheError, Frames, Key, Sound};
use super::row::{Row, Split};
use super::source::Rejected;
use crate::report::progress_bar;

/// A labelled clip whose frames can be read.
#[derive(Debug, Clone)]
pub(crate) struct Clip {
    /// Its path, for lists.
    pub(crate) name: String,
    /// Hash of its frames.
    pub(crate) hash: Key,
    /// Group that a split keeps together.
    pub(crate) group: String,
    /// Whether the group is an artist, as the data says.
    pub(crate) has_artist: bool,
    /// Labels; `None` where missing.
    pub(crate) labels: PerFeature<Option<f32>>,
    /// What else is known of it, by name.
    pub(crate) auxiliary: BTreeMap<String, f32>,
    /// The side that the data itself puts it on.
    pub(crate) split: Option<Split>,
    frames: Frames,
    mels: i64,
}

impl Clip {
    /// How many frames it has.
    pub(crate) fn len(&self) -> i64 {
        self.frames.len() as i64
    }

    /// `count` frames from `start` on, `[frames, mels]`.
    pub(crate) fn tensor(&self, start: i64, count: i64) -> std::io::Result<Tensor> {
        let rows = self.frames.rows(start as usize..(start + count) as usize)?;
        Ok(Tensor::from_slice(rows).view([-1, self.mels]))
    }

    /// All frames, row by row, as they lie in the cache.
    pub(crate) fn rows(&self) -> std::io::Result<&[f32]> {
        self.frames.rows(0..self.frames.len())
    }

    /// All frames, `[frames, mels]`.
    pub(crate) fn whole(&self) -> std::io::Result<Tensor> {
        self.tensor(0, self.len())
    }

    /// Appends `count` frames from the beginning to `values`; what the clip lacks is silence before it, as in a meter that
    /// has not yet heard a whole window.
    pub(crate) fn fill(&self, count: usize, values: &mut Vec<f32>) -> std::io::Result<()> {
        let have = self.frames.len().min(count);
        values.resize(values.len() + (count - have) * self.mels as usize, 0.0);
        values.extend_from_slice(self.frames.rows(0..have)?);
        Ok(())
    }
}

/// What a clip must have to be used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Needs<'a> {
    /// A label for one of these; none where no label is needed.
    pub(crate) features: &'a [Feature],
    /// This many frames …
    pub(crate) frames: usize,
    /// … of so many bands, so many a second.
    pub(crate) mels: usize,
    pub(crate) frame_rate: f64,
}

/// What a data set came to.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// The usable clips.
    pub(crate) clips: Vec<Clip>,
    /// The others, with the reason.
    pub(crate) rejected: Vec<Rejected>,
}

/// Reads, or computes and caches, every row that has any of the labels needed. What cannot be used is told with the
/// reason: unreadable, too short, silent, or the same sound as an earlier clip. `None` where `stop` came first.
pub(crate) fn load(
    rows: Vec<Row>,
    needs: Needs<'_>,
    cache: &mut Cache,
    stop: &AtomicBool,
) -> Result<Option<Loaded>, CacheError> {
    let rows: Vec<_> = rows
        .into_iter()
        .filter(|row| needs.features.is_empty() || row.has_any(needs.features))
        .collect();
    let bar = progress_bar(rows.len() as u64, "mel frames");
    let Some(sounds) = cache.sounds(&rows, &bar, stop)? else {
        return Ok(None);
    };
    let mut loaded = Loaded::default();
    let mut first = HashMap::new();
    for (row, sound) in rows.into_iter().zip(sounds) {
        match usable(&row, sound, needs, &mut first) {
            Ok(clip) => loaded.clips.push(clip),
            Err(reason) => loaded.rejected.push(Rejected::new(&row, reason)),
        }
    }
    Ok(Some(loaded))
}

fn usable(
    row: &Row,
    sound: Sound,
    needs: Needs<'_>,
    first: &mut HashMap<Key, String>,
) -> Result<Clip, String> {
    let heard = match sound {
        Sound::Heard(heard) => heard,
        Sound::Unreadable(reason) => return Err(reason),
    };
    if heard.frames.len() < needs.frames {
        let seconds = |frames: usize| frames as f64 / needs.frame_rate;
        return Err(format!(
            "only {:.1} s of sound after its start, but at least {:.1} s are needed",
            seconds(heard.frames.len()),
            seconds(needs.frames)
        ));
    }
    if heard.silent {
        return Err("it is silent".into());
    }
    let name = row.name();
    if let Some(other) = first.get(&heard.hash) {
        return Err(format!("it is the same sound as {other}"));
    }
    first.insert(heard.hash, name.clone());
    let mut labels = row.labels;
    if row.measure_loudness && labels[Feature::Loudness].is_none() {
        labels[Feature::Loudness] = heard.loudness;
    }
    Ok(Clip {
        name,
        hash: heard.hash,
        group: row.group.clone(),
        has_artist: row.has_artist,
        auxiliary: row.auxiliary.clone(),
        labels,
        split: row.split,
        frames: heard.frames,
        mels: needs.mels as i64,
    })
}

/// `clips` without those that sound like one of `known`, to the last bit.
pub(crate) fn without(mut clips: Vec<Clip>, known: &[Clip]) -> Vec<Clip> {
    let known: HashSet<_> = known.iter().map(|clip| clip.hash).collect();
    clips.retain(|clip| !known.contains(&clip.hash));
    clips
}
