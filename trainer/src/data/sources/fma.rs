//! The FMA data set as published (github.com/mdeff/fma): the Echo Nest's features of 13,129 tracks of the Free Music Archive.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use echometer_engine::{Feature, PerFeature};

use super::table::Table;
use super::{cells, read_error};
use crate::data::row::{Row, Split};
use crate::data::source::{Listing, Source, SourceError};

/// Folders with the audio, in the order in which they are looked at.
const AUDIO: [&str; 4] = ["fma_large", UNTRIMMED, "fma_medium", "fma_small"];
/// Whole tracks; the others hold the 30 s from their middle.
const UNTRIMMED: &str = "fma_full";

/// Where the tables come from, for errors.
const KNOWN: &str = "those of fma_metadata.zip as published";

/// The folder into which `fma_metadata.zip` and at least one of the audio archives were unpacked.
#[derive(Debug)]
pub(crate) struct Fma {
    folder: PathBuf,
}

/// What `tracks.csv` says of a track.
struct Track {
    artist: String,
    split: Option<Split>,
    /// Length of the untrimmed track, seconds.
    duration: u32,
}

impl Fma {
    /// Fails where a table is missing or there is no folder with audio; reads nothing yet.
    pub(crate) fn open(folder: &Path) -> Result<Self, SourceError> {
        let fma = Self {
            folder: folder.to_owned(),
        };
        if !folder.is_dir() {
            return Err(read_error(folder, "there is no such folder"));
        }
        for table in [fma.table("echonest.csv"), fma.table("tracks.csv")] {
            if !table.is_file() {
                let reason = "there is no such file; unpack fma_metadata.zip beside the audio folders";
                return Err(read_error(&table, reason));
            }
        }
        if !AUDIO.iter().any(|audio| folder.join(audio).is_dir()) {
            let audio = AUDIO.join(", ");
            let reason = format!("none of {audio} is in it; unpack one of them here");
            return Err(read_error(folder, reason));
        }
        Ok(fma)
    }

    fn table(&self, name: &str) -> PathBuf {
        self.folder.join("fma_metadata").join(name)
    }

    /// The track's file and where the 30 s from its middle start in it, as they were cut for the trimmed audio.
    fn audio(&self, id: u32, duration: u32) -> Option<(PathBuf, f64)> {
        let name = format!("{id:06}.mp3");
        let (thousands, _) = name.split_at(3);
        AUDIO.iter().find_map(|&audio| {
            let path = self.folder.join(audio).join(thousands).join(&name);
            let start = if audio == UNTRIMMED && duration > 30 {
                duration / 2 - 15
            } else {
                0
            };
            path.is_file().then(|| (path, f64::from(start)))
        })
    }

    fn tracks(&self) -> Result<HashMap<u32, Track>, SourceError> {
        let path = self.table("tracks.csv");
        let mut table = Table::open(&path)?;
        let headers = Headers::read(&mut table, 2)?;
        let artist = headers.need(&table, &["artist", "name"])?;
        let split = headers.need(&table, &["set", "split"])?;
        let duration = headers.need(&table, &["track", "duration"])?;
        let mut tracks = HashMap::new();
        while let Some(row) = table.next()? {
            let Ok(id) = row.get(0).parse() else { continue };
            let found = row.get(split);
            let split = cells::split(&found).map_err(|rule| SourceError::Value {
                file: path.display().to_string(),
                row: row.row,
                column: "set/split".to_owned(),
                found: found.into_owned(),
                rule,
            })?;
            let track = Track {
                artist: row.get(artist).into_owned(),
                split,
                duration: row.get(duration).parse().unwrap_or(0),
            };
            tracks.insert(id, track);
        }
        Ok(tracks)
    }
}

/// Column names on several levels, as pandas writes them, with the name of the index on a line of its own.
struct Headers(Vec<Vec<String>>);

impl Headers {
    fn read(table: &mut Table, levels: usize) -> Result<Self, SourceError> {
        let names = (0..levels)
            .map(|_| table.header())
            .collect::<Result<Vec<_>, _>>()?;
        let index = table.header()?;
        if index.first().map(String::as_str) != Some("track_id") {
            return Err(table.no_column("track_id", &index, KNOWN));
        }
        Ok(Self(names))
    }

    /// The column under `names`, one a level.
    fn need(&self, table: &Table, names: &[&str]) -> Result<usize, SourceError> {
        let name = |column: usize| {
            let levels = self.0.iter().map(move |level| level.get(column));
            levels.map(|name| name.map_or("", String::as_str))
        };
        (0..self.width())
            .find(|&column| name(column).eq(names.iter().copied()))
            .ok_or_else(|| {
                let all: Vec<_> = (0..self.width())
                    .map(|column| name(column).collect::<Vec<_>>().join("/"))
                    .collect();
                table.no_column(&names.join("/"), &all, KNOWN)
            })
    }

    /// Cells of a row.
    fn width(&self) -> usize {
        self.0.last().map_or(0, Vec::len)
    }
}

impl Source for Fma {
    fn describe(&self) -> String {
        "FMA: tracks of the Free Music Archive, each under its own licence, with the Echo Nest's features from \
         echonest.csv (CC BY 4.0)"
            .to_owned()
    }

    fn list(&self) -> Result<Listing, SourceError> {
        let tracks = self.tracks()?;
        let mut table = Table::open(&self.table("echonest.csv"))?;
        let headers = Headers::read(&mut table, 3)?;
        let width = headers.width();
        let mut columns = PerFeature::default();
        for feature in Feature::ALL {
            // The Echo Nest's loudness was not published: it is measured instead.
            if feature != Feature::Loudness {
                let names = ["echonest", "audio_features", feature.name()];
                columns[feature] = Some(headers.need(&table, &names)?);
            }
        }
        let mut listing = Listing::default();
        let mut seen = HashSet::new();
        while let Some(cells) = table.next()? {
            let clip = cells.get(0).into_owned();
            let mut row = || {
                cells.is_whole(width)?;
                let id = clip
                    .parse()
                    .map_err(|_| format!("row {}: that is no track id", cells.row))?;
                if !seen.insert(id) {
                    return Err("listed before; its first row counts".to_owned());
                }
                let track = tracks.get(&id).ok_or("tracks.csv does not list it")?;
                let labels = cells.labels(&columns)?;
                let (path, start) = self
                    .audio(id, track.duration)
                    .ok_or_else(|| format!("no file {id:06}.mp3 in {}", AUDIO.join(", ")))?;
                Ok(Row {
                    labels,
                    measure_loudness: true,
                    split: track.split,
                    // The name, not the id: an artist listed under two ids stays on one side.
                    ..Row::new(path, start, &track.artist)
                })
            };
            let row = row();
            listing.add(&clip, row);
        }
        Ok(listing)
    }
}

#[cfg(test)]
#[path = "tests/fma.rs"]
mod tests;
