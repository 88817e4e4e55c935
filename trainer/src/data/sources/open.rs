//! The open corpus as `trainer corpus fetch` leaves it.

use std::path::Path;

use super::manifest::Manifest;
use super::read_error;
use crate::data::source::{Listing, Source, SourceError};

/// A manifest with a known origin.
#[derive(Debug)]
pub(crate) struct OpenCorpus(Manifest);

impl OpenCorpus {
    /// Fails where the corpus was not fetched yet.
    pub(crate) fn open(manifest: &Path) -> Result<Self, SourceError> {
        if !manifest.is_file() {
            return Err(read_error(
                manifest,
                "the open corpus is not here yet: `trainer corpus fetch` brings it, `--limit 40` a first part of it",
            ));
        }
        Manifest::open(manifest).map(Self)
    }
}

impl Source for OpenCorpus {
    fn describe(&self) -> String {
        "clips of freely licensed music from Debian packages (trainer/data/open_tracks.csv); labels are estimates of a \
         pretrained teacher, not Spotify's values"
            .to_owned()
    }

    fn list(&self) -> Result<Listing, SourceError> {
        self.0.list()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corpus_that_was_not_fetched_says_how_to() {
        let folder = tempfile::tempdir().unwrap();
        let error = OpenCorpus::open(&folder.path().join("manifest.csv"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("`trainer corpus fetch`"), "{error}");
    }

    #[test]
    fn the_fetched_manifest_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("manifest.csv");
        std::fs::create_dir(folder.path().join("audio")).unwrap();
        std::fs::write(folder.path().join("audio/a.ogg"), "").unwrap();
        let text = "path,start,artist,danceability,energy,speechiness,acousticness,instrumentalness,liveness,valence,loudness,licence,title,package\n\
                    audio/a.ogg,12.5,some-data,0.5,0.5,0.5,0.5,0.5,0.5,0.5,-9.5,CC0-1.0,,some-data\n";
        std::fs::write(&manifest, text).unwrap();
        let listing = OpenCorpus::open(&manifest).unwrap().list().unwrap();
        assert_eq!((listing.rows.len(), listing.rejected.len()), (1, 0));
        assert!(listing.rows[0].has_artist && listing.rows[0].start == 12.5);
    }
}
