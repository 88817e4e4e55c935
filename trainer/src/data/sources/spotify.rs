//! Spotify's features from a table, with the audio in a folder under the tracks' ids. Knows the column names of Spotify's
//! API, of Exportify and of the tables published on Kaggle.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use echometer_engine::{Feature, PerFeature};

use super::table::{Cells, Table};
use super::{file_name, read_error};
use crate::data::row::Row;
use crate::data::source::{Listing, Source, SourceError};

/// Names of the column with the track's id, URI or address, best first, as [`plain`] writes them.
const IDS: [&str; 10] = [
    "trackid",
    "spotifyid",
    "spotifytrackid",
    "trackuri",
    "spotifyuri",
    "spotifytrackuri",
    "id",
    "uri",
    "trackurl",
    "spotifyurl",
];
/// Names of the column with the artists, best first.
const ARTISTS: [&str; 5] = ["artistnames", "artists", "artistname", "trackartist", "artist"];
/// Columns, for errors.
const KNOWN: &str =
    "id, Track ID, track_id, Spotify ID, Track URI, uri; the eight features; artists, Artist Name(s)";
/// Extensions of audio files, best first.
const EXTENSIONS: [&str; 5] = ["mp3", "ogg", "m4a", "flac", "wav"];

/// Characters of a track id, letters and digits.
const ID_LENGTH: usize = 22;
type Id = [u8; ID_LENGTH];

/// A table of features and a folder of audio.
#[derive(Debug)]
pub(crate) struct Spotify {
    table: PathBuf,
    audio: PathBuf,
}

impl Spotify {
    /// Fails where the table or the folder is missing; reads nothing yet.
    pub(crate) fn open(table: &Path, audio: &Path) -> Result<Self, SourceError> {
        if !table.is_file() {
            return Err(read_error(table, "there is no such table"));
        }
        if !audio.is_dir() {
            return Err(read_error(audio, "there is no such folder of audio"));
        }
        Ok(Self {
            table: table.to_owned(),
            audio: audio.to_owned(),
        })
    }

    /// The audio files by track id. Read at once: a question for each of a million rows would take minutes.
    fn files(&self) -> Result<HashMap<Id, PathBuf>, SourceError> {
        let folder_error = |error| read_error(&self.audio, error);
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.audio).map_err(folder_error)? {
            let path = entry.map_err(folder_error)?.path();
            let extension = path.extension().unwrap_or_default();
            let rank = EXTENSIONS
                .iter()
                .position(|known| extension.eq_ignore_ascii_case(known));
            let id = path.file_stem().and_then(OsStr::to_str).and_then(track_id);
            if let (Some(rank), Some(id)) = (rank, id)
                && path.is_file()
            {
                found.push((rank, path, id));
            }
        }
        // The best comes last and stays.
        found.sort_unstable();
        let files = found.into_iter().rev();
        Ok(files.map(|(_, path, id)| (id, path)).collect())
    }
}

impl Source for Spotify {
    fn describe(&self) -> String {
        let table = file_name(&self.table);
        format!("Spotify's audio features from {table}, with audio supplied by the user")
    }

    fn list(&self) -> Result<Listing, SourceError> {
        let mut files = self.files()?;
        let mut table = Table::open(&self.table)?;
        let columns = Columns::read(&mut table)?;
        let mut listing = Listing::default();
        let mut seen = HashSet::new();
        while let Some(cells) = table.next()? {
            let text = cells.get(columns.id);
            let id = track_id(&text);
            let mut row = || {
                cells.is_whole(columns.width)?;
                let id = id.ok_or_else(|| {
                    let row = cells.row;
                    format!(
                        "row {row}: that is no Spotify track id, which has {ID_LENGTH} letters and digits"
                    )
                })?;
                if !seen.insert(id) {
                    return Err("listed before; its first row counts".to_owned());
                }
                let path = files.remove(&id).ok_or("no audio file")?;
                columns.clip(&cells, path)
            };
            let row = row();
            let clip = id.as_ref().map_or(text, |id| String::from_utf8_lossy(id));
            listing.add(&clip, row);
        }
        Ok(listing)
    }
}

struct Columns {
    id: usize,
    artist: Option<usize>,
    labels: PerFeature<Option<usize>>,
    width: usize,
}

impl Columns {
    fn read(table: &mut Table) -> Result<Self, SourceError> {
        let headers = table.header()?;
        let names: Vec<_> = headers.iter().map(|header| plain(header)).collect();
        let find = |name: &str| names.iter().position(|known| known == name);
        let id = IDS
            .iter()
            .find_map(|name| find(name))
            .ok_or_else(|| table.no_column("id", &headers, KNOWN))?;
        let labels = PerFeature::from_fn(|feature| find(feature.name()));
        if Feature::ALL.iter().all(|&feature| labels[feature].is_none()) {
            return Err(table.no_column("danceability … loudness", &headers, KNOWN));
        }
        Ok(Self {
            id,
            artist: ARTISTS.iter().find_map(|name| find(name)),
            labels,
            width: headers.len(),
        })
    }

    fn clip(&self, cells: &Cells<'_>, path: PathBuf) -> Result<Row, String> {
        let artists = self.artist.map(|column| cells.get(column)).unwrap_or_default();
        Ok(Row {
            labels: cells.labels(&self.labels)?,
            ..Row::new(path, 0.0, &first_artist(&artists))
        })
    }
}

/// A header in small letters and digits: `Artist Name(s)` and `artist_names` are one.
fn plain(header: &str) -> String {
    let letters = header.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// The id in `4uLU6hMCjMI75M1A2tKUQC`, `spotify:track:…` or `https://open.spotify.com/track/…?si=…`.
fn track_id(text: &str) -> Option<Id> {
    let text = match text.split_once("/track/") {
        Some((site, rest)) if site.contains("open.spotify.com") => rest.split(['?', '#', '/']).next()?,
        Some(_) => return None,
        None => text.strip_prefix("spotify:track:").unwrap_or(text),
    };
    let id = Id::try_from(text.as_bytes()).ok()?;
    id.iter().all(u8::is_ascii_alphanumeric).then_some(id)
}

/// The artist whom a split keeps together: the first one named. Cut at commas too, which may be part of a name, so that an
/// artist has the same group with and without guests.
fn first_artist(artists: &str) -> String {
    let artists = artists.trim();
    let Some(list) = artists.strip_prefix('[') else {
        let first = artists.split([';', ',']).next().unwrap_or_default();
        return first.trim_end_matches('\\').trim().to_owned();
    };
    // A list as Python prints it: the quotes are those that the name does not hold, else `\` is before them.
    let mut letters = list.trim_start().chars();
    let Some(quote @ ('\'' | '"')) = letters.next() else {
        return String::new();
    };
    let mut name = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => name.extend(letters.next()),
            _ if letter == quote => break,
            _ => name.push(letter),
        }
    }
    name
}

#[cfg(test)]
#[path = "tests/spotify.rs"]
mod tests;
