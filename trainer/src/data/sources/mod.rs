//! The data sets that `--data` knows, each behind the trait [`Source`].

mod cells;
mod fma;
mod manifest;
mod open;
mod parquet_records;
mod spotify;
mod table;

use std::path::{Path, PathBuf};

use echometer_engine::Feature;

use super::source::{Listing, Source, SourceError};
use fma::Fma;
use manifest::Manifest;
use open::OpenCorpus;
use spotify::Spotify;

/// What `--data` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DataSpec {
    /// A manifest, `.csv` or `.parquet`.
    Manifest(PathBuf),
    /// The folder of the FMA data set as published.
    Fma(PathBuf),
    /// A CSV of Spotify's features; the audio is in a folder of its own.
    Spotify(PathBuf),
    /// The corpus of freely licensed tracks.
    Open,
}

const KNOWN: &str = "MANIFEST.csv, MANIFEST.parquet, fma:DIR, spotify:FEATURES.csv and open";

impl DataSpec {
    /// Reads the value of `--data`; looks at no file.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text == "open" {
            return Ok(Self::Open);
        }
        let unknown = |what: &str| format!("{what}; known are {KNOWN}");
        // One letter is a Windows drive, and what holds a separator is a path.
        let prefixed = text
            .split_once(':')
            .filter(|(prefix, _)| prefix.len() > 1 && !prefix.contains(['/', '\\', '.']));
        match prefixed {
            Some((prefix, "")) => Err(unknown(&format!("`{text}` names nothing after `{prefix}:`"))),
            Some(("fma", folder)) => Ok(Self::Fma(folder.into())),
            Some(("spotify", table)) => Ok(Self::Spotify(table.into())),
            Some((prefix, _)) => Err(unknown(&format!("`{prefix}:` is no kind of data"))),
            None if is_manifest(Path::new(text)) => Ok(Self::Manifest(text.into())),
            None => Err(unknown(&format!("`{text}` ends in neither .csv nor .parquet"))),
        }
    }
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    extension.eq_ignore_ascii_case("csv") || extension.eq_ignore_ascii_case("parquet")
}

/// The clips of several data sets without folders of their own, one after the other, and all of them in words.
pub(crate) fn list_all(specs: &[DataSpec]) -> Result<(Listing, String), SourceError> {
    let (mut all, mut described) = (Listing::default(), Vec::new());
    for spec in specs {
        let source = open(spec, None)?;
        let listing = source.list()?;
        all.rows.extend(listing.rows);
        all.rejected.extend(listing.rejected);
        described.push(source.describe());
    }
    Ok((all, described.join("; ")))
}

/// Opens a data set; `audio` is the folder of `--audio`. Fails where a file or folder that it needs is missing.
pub(crate) fn open(spec: &DataSpec, audio: Option<&Path>) -> Result<Box<dyn Source>, SourceError> {
    if let (Some(audio), false) = (audio, matches!(spec, DataSpec::Spotify(_) | DataSpec::Open)) {
        return Err(read_error(
            audio,
            "--audio goes with --data spotify:FEATURES.csv or open only; leave it out",
        ));
    }
    Ok(match spec {
        DataSpec::Manifest(path) => Box::new(Manifest::open(path)?),
        DataSpec::Fma(folder) => Box::new(Fma::open(folder)?),
        DataSpec::Spotify(table) => {
            let audio = audio.ok_or_else(|| {
                read_error(
                    table,
                    "--data spotify: also needs --audio DIR, the folder with TRACK-ID.mp3 and so on",
                )
            })?;
            Box::new(Spotify::open(table, audio)?)
        }
        DataSpec::Open => {
            let manifest = crate::corpus::manifest_path(audio)
                .map_err(|error| read_error(Path::new("open"), error.to_string()))?;
            Box::new(OpenCorpus::open(&manifest)?)
        }
    })
}

/// Fails unless at least one clip has, or will have once measured, a label for any of `features`.
/// `data` names the data set in the error.
pub(crate) fn require(listing: &Listing, data: &str, features: &[Feature]) -> Result<(), SourceError> {
    if listing.rows.iter().any(|row| row.has_any(features)) {
        return Ok(());
    }
    let names: Vec<_> = features.iter().map(|feature| feature.name()).collect();
    let left_out = listing.rejected.first().map_or(String::new(), |first| {
        let count = listing.rejected.len();
        format!("; {count} left out, the first `{}`: {}", first.clip, first.reason)
    });
    Err(SourceError::Empty {
        data: data.to_owned(),
        features: names.join(", "),
        clips: listing.rows.len(),
        left_out,
    })
}

fn read_error(file: &Path, reason: impl ToString) -> SourceError {
    SourceError::Read {
        file: file.display().to_string(),
        reason: reason.to_string(),
    }
}

/// The name without its folder, for descriptions.
fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::row::Row;
    use crate::data::source::Rejected;

    #[test]
    fn every_kind_of_data_parses() {
        let path = |text: &str| PathBuf::from(text);
        let parsed = |text: &str| DataSpec::parse(text).unwrap();
        assert_eq!(parsed("a/b.csv"), DataSpec::Manifest(path("a/b.csv")));
        assert_eq!(parsed("b.PARQUET"), DataSpec::Manifest(path("b.PARQUET")));
        assert_eq!(parsed(r"C:\b.csv"), DataSpec::Manifest(path(r"C:\b.csv")));
        assert_eq!(parsed("./a:b.csv"), DataSpec::Manifest(path("./a:b.csv")));
        assert_eq!(parsed("fma:/data/fma"), DataSpec::Fma(path("/data/fma")));
        assert_eq!(parsed("spotify:t:1.csv"), DataSpec::Spotify(path("t:1.csv")));
        assert_eq!(parsed("open"), DataSpec::Open);
    }

    #[test]
    fn unknown_data_says_what_is_known() {
        for (text, words) in [
            ("msd:/data", "`msd:` is no kind of data"),
            ("FMA:/data", "`FMA:` is no kind of data"),
            ("fma:", "`fma:` names nothing"),
            ("clips.txt", "`clips.txt` ends in neither"),
            ("", "ends in neither"),
        ] {
            let error = DataSpec::parse(text).unwrap_err();
            assert!(error.contains(words) && error.contains(KNOWN), "{error}");
        }
    }

    #[test]
    fn missing_files_and_folders_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let here = |name: &str| folder.path().join(name);
        std::fs::write(here("t.csv"), "").unwrap();
        let error = |spec: DataSpec, audio: Option<&Path>| open(&spec, audio).err().unwrap().to_string();
        let cases = [
            (error(DataSpec::Manifest(here("m.csv")), None), "m.csv"),
            (error(DataSpec::Fma(here("fma")), None), "fma"),
            (
                error(DataSpec::Spotify(here("no.csv")), Some(folder.path())),
                "no.csv",
            ),
            (
                error(DataSpec::Spotify(here("t.csv")), Some(&here("songs"))),
                "songs",
            ),
            (error(DataSpec::Spotify(here("t.csv")), None), "--audio DIR"),
            (
                error(DataSpec::Manifest(here("t.csv")), Some(folder.path())),
                "--audio goes with",
            ),
        ];
        for (error, words) in cases {
            assert!(error.contains(words), "no `{words}` in: {error}");
        }
    }

    #[test]
    fn a_table_may_say_nothing_of_what_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("assumed.csv");
        std::fs::write(folder.path().join("a.wav"), "").unwrap();
        let spec = DataSpec::Manifest(table.clone());
        let clips = |feature: Feature| {
            let listing = open(&spec, None).unwrap().list().unwrap();
            match require(&listing, "assumed.csv", &[feature]) {
                Err(SourceError::Empty { clips, .. }) => Some(clips),
                _ => None,
            }
        };
        std::fs::write(&table, "path,start,speechiness\na.wav,0,0.5\n").unwrap();
        assert_eq!(
            (clips(Feature::Energy), clips(Feature::Speechiness)),
            (Some(1), None)
        );
        std::fs::write(&table, "path,start,speechiness\nb.wav,0,0.5\n").unwrap();
        assert_eq!(clips(Feature::Energy), Some(0), "its clip is missing");
    }

    #[test]
    fn a_listing_without_labels_says_why() {
        let mut listing = Listing::default();
        let features = [Feature::Energy, Feature::Loudness];
        listing.rows.push(Row::new("a.wav".into(), 0.0, ""));
        let error = require(&listing, "m.csv", &features).unwrap_err().to_string();
        assert_eq!(error, "m.csv: no clip has a label for energy, loudness");
        listing.rejected.push(Rejected {
            clip: "b.wav".into(),
            reason: "no such file".into(),
        });
        let error = require(&listing, "m.csv", &features).unwrap_err().to_string();
        assert!(
            error.ends_with("; 1 left out, the first `b.wav`: no such file"),
            "{error}"
        );
        listing.rows[0].measure_loudness = true;
        require(&listing, "m.csv", &features).unwrap();
    }
}
