//! `trainer corpus mix`: clips whose labels follow from how they are made – crowds under music, speech alone and over it.
//!
//! Labelled sets hold hardly any live recording and no speech, so that a model cannot learn from them what liveness is, or
//! that somebody who talks into a microphone is speech.

mod scene;
mod sound;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use echometer_engine::Feature;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::apt::Apt;
use super::fetch::{self, FetchOptions};
use super::folder;
use super::list::{self, Track};
use crate::data::folds;
use crate::data::row::{Row, Split};
use crate::data::source::Listing;
use crate::data::sources::{self, DataSpec};
use crate::report::progress_bar;
use scene::{Labels, Scene, Shelf};
use sound::write_wav;

/// Makes clips with labels by construction: speech alone and over music (speechiness, instrumentalness), and crowds alone and
/// around music (liveness).
///
/// Voices and crowds come from Debian packages, as the open corpus does. Some of them are only heard in clips that measure
/// (`split` is validation), and never in those that are learned from.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct MixOptions {
    /// Folder of the open corpus; sounds come into its folder `sounds`, clips into `made` [default: the corpus's usual
    /// place].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Music to mix with, given like --data; may be repeated [default: the open corpus itself].
    #[arg(long, value_name = "DATA", value_parser = DataSpec::parse)]
    music: Vec<DataSpec>,

    /// Seed of every random choice.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Where the sounds and the clips are, in the folder of the corpus.
const SOUNDS: &str = "sounds";
const MADE: &str = "made";
/// One part in so many of voices and crowds, and of music, is only for measuring.
const PARTS: usize = 4;

/// The manifest of the clips, in the folder of the corpus.
pub(super) fn manifest_path(corpus: &Path) -> PathBuf {
    corpus.join(MADE).join("manifest.csv")
}

/// Fetches what is missing of the sounds, and makes all clips.
///
/// # Errors
/// Without sounds or music, and where the folder cannot be written.
pub(crate) fn mix(options: &MixOptions, stop: &AtomicBool) -> anyhow::Result<()> {
    let sounds = list::sounds()?;
    let corpus = folder(options.dir.as_deref())?;
    let fetching = FetchOptions {
        dir: Some(corpus.join(SOUNDS)),
        unlabelled: true,
        ..FetchOptions::default()
    };
    println!("{}", fetch::run(&fetching, &sounds, Apt::find, stop)?);
    let made = corpus.join(MADE);
    std::fs::create_dir_all(&made).with_context(|| format!("cannot make {}", made.display()))?;
    // Gone until all clips are there: an old manifest would tell wrong things of new clips.
    let path = manifest_path(&corpus);
    if path.exists() {
        std::fs::remove_file(&path).with_context(|| format!("cannot replace {}", path.display()))?;
    }
    let (music, kept_back) = music(options)?;
    let voices = divide(&sounds, "voice", &corpus);
    let crowds = divide(&sounds, "crowd", &corpus);
    let mut rows = Vec::new();
    for (split, music, part) in [(Split::Training, music, 0), (Split::Validation, kept_back, 1)] {
        let mut rng = StdRng::seed_from_u64(options.seed.wrapping_add(part as u64));
        let mut shelf = Shelf::new(&voices[part], &crowds[part], &music)?;
        let scenes = Scene::all(split);
        let bar = progress_bar(scenes.len() as u64, split.name());
        for (i, scene) in scenes.into_iter().enumerate() {
            if stop.load(Ordering::Relaxed) {
                bail!("stopped: the same command makes all clips again");
            }
            let (samples, labels) = scene.make(&mut shelf, &mut rng)?;
            let name = format!("{}-{i:03}-{}.wav", split.name(), scene.name());
            write_wav(&made.join(&name), &samples)?;
            rows.push((name, split, labels));
            bar.inc(1);
        }
        bar.finish_and_clear();
    }
    write(&path, &rows).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{} clips of 30 s: {}", rows.len(), path.display());
    Ok(())
}

/// Files of one kind that are there: those to learn from, and those to measure with. Voices are divided by speaker, crowds by
/// package, for recordings of one place resemble each other.
fn divide(sounds: &[Track], kind: &str, corpus: &Path) -> [Vec<(String, PathBuf)>; 2] {
    let files: Vec<_> = sounds
        .iter()
        .filter(|sound| sound.kind == kind)
        .map(|sound| {
            let path = corpus.join(SOUNDS).join(sound.stored());
            (sound.group().to_owned(), path)
        })
        .collect();
    let parts = folds::assign(files.iter().map(|(group, _)| group.as_str()), PARTS, 0);
    let mut divided = [Vec::new(), Vec::new()];
    // Divided before it is looked what is there: nobody changes sides because another is missing.
    for (file, part) in files
        .into_iter()
        .zip(parts)
        .filter(|((_, path), _)| path.exists())
    {
        divided[usize::from(part == PARTS - 1)].push(file);
    }
    divided
}

/// Clips of music in random order: those to learn from, and those to measure with, divided by artist.
fn music(options: &MixOptions) -> anyhow::Result<(Vec<Row>, Vec<Row>)> {
    let mut specs = options.music.clone();
    if specs.is_empty() {
        specs.push(DataSpec::Manifest(super::manifest_path(options.dir.as_deref())?));
    }
    let (Listing { mut rows, .. }, _) = sources::list_all(&specs)?;
    rows.shuffle(&mut StdRng::seed_from_u64(options.seed));
    let parts = folds::assign(rows.iter().map(|row| row.group.as_str()), PARTS, 0);
    let (mut learned, mut measured) = (Vec::new(), Vec::new());
    for (row, part) in rows.into_iter().zip(parts) {
        // What the data itself keeps for measuring stays there.
        let side = if part == PARTS - 1 || !Split::teaches(row.split) {
            &mut measured
        } else {
            &mut learned
        };
        side.push(row);
    }
    if learned.is_empty() || measured.is_empty() {
        bail!("--music: too few clips by different artists to mix with; `trainer corpus fetch` brings some");
    }
    Ok((learned, measured))
}

/// A clip's file, its side, and its labels.
type Made = (String, Split, Labels);

fn write(path: &Path, rows: &[Made]) -> anyhow::Result<()> {
    const FEATURES: [Feature; 3] = [Feature::Speechiness, Feature::Instrumentalness, Feature::Liveness];
    let mut table = csv::Writer::from_path(path)?;
    let columns = ["path", "start", "split"].into_iter();
    let columns = columns.chain(FEATURES.iter().map(|feature| feature.name()));
    table.write_record(columns.chain(["aux_speech", "aux_crowd"]))?;
    for (name, split, labels) in rows {
        let mut record = vec![name.clone(), "0".into(), split.name().into()];
        let value = |feature: &Feature| labels.features[*feature].map(|value| format!("{value:.3}"));
        record.extend(FEATURES.iter().map(|feature| value(feature).unwrap_or_default()));
        record.extend([labels.speech, labels.crowd].map(|share| format!("{share:.3}")));
        table.write_record(&record)?;
    }
    Ok(table.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_a_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.csv");
        std::fs::write(folder.path().join("a.wav"), "").unwrap();
        let mut labels = Labels {
            crowd: 1.0,
            ..Labels::default()
        };
        labels.features[Feature::Liveness] = Some(0.95);
        write(&path, &[("a.wav".into(), Split::Validation, labels)]).unwrap();
        let listing = sources::open(&DataSpec::Manifest(path), None)
            .unwrap()
            .list()
            .unwrap();
        let row = &listing.rows[0];
        assert_eq!(row.split, Some(Split::Validation));
        assert_eq!(row.labels[Feature::Liveness], Some(0.95));
        assert_eq!(row.labels[Feature::Speechiness], None);
        assert_eq!((row.auxiliary["speech"], row.auxiliary["crowd"]), (0.0, 1.0));
    }

    #[test]
    fn nobody_is_on_both_sides() {
        let sounds = list::sounds().unwrap();
        let folder = tempfile::tempdir().unwrap();
        for sound in &sounds {
            let path = folder.path().join(SOUNDS).join(sound.stored());
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        for (kind, count) in [("voice", 894), ("crowd", 34)] {
            let [learned, measured] = divide(&sounds, kind, folder.path());
            assert_eq!(learned.len() + measured.len(), count);
            assert!(!measured.is_empty() && learned.len() > measured.len(), "{kind}");
            assert!(
                learned
                    .iter()
                    .all(|(group, _)| measured.iter().all(|(other, _)| other != group))
            );
        }
    }
}
