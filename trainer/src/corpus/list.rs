//! The list of tracks, and the labels that a teacher gave to some of them; both are part of the program.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use echometer_engine::{Feature, PerFeature};
use serde::Deserialize;

const TRACKS: &str = include_str!("../../data/open_tracks.csv");
const SOUNDS: &str = include_str!("../../data/open_sounds.csv");
const LABELS: &str = include_str!("../../data/open_pseudo_labels.csv");

/// A track in a Debian package.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Track {
    pub(crate) package: String,
    /// The package's version that was looked at.
    pub(crate) version: String,
    /// Where it is in the unpacked package. After an element `NAME.x` it goes on inside of the archive NAME.
    pub(crate) path: String,
    /// MD5 of the file, 32 lower-case hexadecimal digits.
    pub(crate) md5: String,
    /// Length in seconds.
    pub(crate) seconds: f64,
    /// `OggVorbis`, `MP3`, `module-xm`, …
    pub(crate) codec: String,
    /// As the package or the file states it; may be empty.
    pub(crate) licence: String,
    /// May be empty.
    pub(crate) title: String,
    /// May be empty.
    pub(crate) artist: String,
    /// `music`, `ambience/sfx` or `speech`; of sounds `voice` or `crowd`.
    pub(crate) kind: String,
    /// Its labelled clips, by their start.
    #[serde(skip)]
    pub(crate) clips: Vec<Clip>,
}

/// What the teacher says of a clip.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clip {
    /// Seconds from the track's start.
    pub(crate) start: f64,
    pub(crate) labels: PerFeature<f32>,
    /// What is assumed of it from its kind, for the two features of which the teacher knows least.
    pub(crate) assumed: [f32; 2],
}

/// The features of [`Clip::assumed`].
pub(crate) const ASSUMED: [Feature; 2] = [Feature::Instrumentalness, Feature::Speechiness];

/// An error in the lists, which are part of the program: a fault of the program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListError {
    #[error("{file}: {source}")]
    Csv { file: &'static str, source: csv::Error },
    #[error("{file}, row {row}: {column} is `{found}`, but must be {rule}")]
    Value {
        file: &'static str,
        row: usize,
        column: String,
        found: String,
        rule: String,
    },
}

const TRACKS_FILE: &str = "open_tracks.csv";
const LABELS_FILE: &str = "open_pseudo_labels.csv";

/// All tracks with their clips, in the list's order.
pub(crate) fn tracks() -> Result<Vec<Track>, ListError> {
    let mut tracks = parse_tracks(TRACKS)?;
    add_clips(&mut tracks, LABELS)?;
    Ok(tracks)
}

/// Recordings of voices and crowds to make clips of.
pub(crate) fn sounds() -> Result<Vec<Track>, ListError> {
    parse_tracks(SOUNDS)
}

/// Reads a list in the format of `open_tracks.csv`.
pub(crate) fn parse_tracks(text: &str) -> Result<Vec<Track>, ListError> {
    let mut tracks = Vec::new();
    for (i, track) in csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .enumerate()
    {
        let track: Track = track.map_err(|source| ListError::Csv {
            file: TRACKS_FILE,
            source,
        })?;
        let wrong = |column: &str, found: &str, rule: &str| ListError::Value {
            file: TRACKS_FILE,
            row: i + 2,
            column: column.to_owned(),
            found: found.to_owned(),
            rule: rule.to_owned(),
        };
        if !is_package(&track.package) {
            return Err(wrong("package", &track.package, "the name of a Debian package"));
        }
        if !is_inside(&track.path) {
            return Err(wrong("path", &track.path, "relative, without `..`"));
        }
        if track.md5.len() != 32 || !track.md5.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(wrong("md5", &track.md5, "32 lower-case hexadecimal digits"));
        }
        tracks.push(track);
    }
    Ok(tracks)
}

fn add_clips(tracks: &mut [Track], text: &str) -> Result<(), ListError> {
    let csv_error = |source| ListError::Csv {
        file: LABELS_FILE,
        source,
    };
    let index: BTreeMap<(String, String), usize> = tracks
        .iter()
        .enumerate()
        .map(|(i, track)| ((track.package.clone(), track.path.clone()), i))
        .collect();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().map_err(csv_error)?.clone();
    for (i, record) in reader.records().enumerate() {
        let record = record.map_err(csv_error)?;
        let cell = |name: &str| {
            let column = headers.iter().position(|header| header == name);
            column.and_then(|column| record.get(column)).unwrap_or("")
        };
        let wrong = |column: &str, rule: String| ListError::Value {
            file: LABELS_FILE,
            row: i + 2,
            column: column.to_owned(),
            found: cell(column).to_owned(),
            rule,
        };
        let number = |column: &str, low: f64, high: f64| {
            let value = cell(column).parse::<f64>().ok();
            value
                .filter(|value| (low..=high).contains(value))
                .ok_or_else(|| wrong(column, format!("a number from {low} to {high}")))
        };
        let key = (cell("package").to_owned(), cell("path").to_owned());
        let Some(&track) = index.get(&key) else {
            return Err(wrong("path", format!("in {TRACKS_FILE}")));
        };
        let mut labels = PerFeature::default();
        for feature in Feature::ALL {
            let (low, high) = feature.range();
            labels[feature] = number(feature.name(), f64::from(low), f64::from(high))? as f32;
        }
        let mut assumed = [0.0; 2];
        for (feature, value) in ASSUMED.into_iter().zip(&mut assumed) {
            *value = number(&format!("{feature}_assumed"), 0.0, 1.0)? as f32;
        }
        let start = number("start_s", 0.0, tracks[track].seconds)?;
        tracks[track].clips.push(Clip {
            start,
            labels,
            assumed,
        });
    }
    for track in tracks {
        track.clips.sort_by(|a, b| a.start.total_cmp(&b.start));
    }
    Ok(())
}

/// Debian's rule for names of packages: nothing in them could be an option or a path.
fn is_package(name: &str) -> bool {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.');
    name.len() > 1 && name.bytes().all(legal) && name.as_bytes()[0].is_ascii_alphanumeric()
}

fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
}

/// Where a track is in its package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    File(&'a str),
    /// The entry of a zip file.
    Zip {
        archive: &'a str,
        entry: &'a str,
    },
    /// One of the streams of a Qt resource file, which only its MD5 tells.
    Resource {
        archive: &'a str,
    },
}

impl Track {
    pub(crate) fn place(&self) -> Place<'_> {
        match self.path.split_once(".x/") {
            None => Place::File(&self.path),
            Some((archive, _)) if archive.ends_with(".rcc") => Place::Resource { archive },
            Some((archive, entry)) => Place::Zip { archive, entry },
        }
    }

    /// Where the track lies in the corpus's folder.
    pub(crate) fn stored(&self) -> PathBuf {
        Path::new("audio").join(&self.package).join(&self.path)
    }

    /// What it has in common with others: its artist, or its package where none is known, for themes recur within one.
    pub(crate) fn group(&self) -> &str {
        if self.artist.trim().is_empty() {
            &self.package
        } else {
            &self.artist
        }
    }

    /// Why the track is never fetched, if so.
    pub(crate) fn unusable(&self) -> Option<&'static str> {
        let unstated = ["", "package:", "Used with permission"];
        if self.codec.starts_with("module-") {
            Some("skipped: tracker module, which needs a module player")
        } else if self.codec == "OggOpus" {
            Some("skipped: Opus, which Echometer does not decode")
        } else if unstated.contains(&self.licence.trim()) {
            Some("skipped: its licence is not stated")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "package,version,path,md5,seconds,codec,licence,title,artist,kind\n";

    fn parse(row: &str) -> Result<Vec<Track>, ListError> {
        parse_tracks(&format!("{HEAD}{row}\n"))
    }

    #[test]
    fn the_lists_in_the_program_are_whole() {
        let tracks = tracks().unwrap();
        assert_eq!(tracks.len(), 1156);
        assert_eq!(tracks.iter().map(|track| track.clips.len()).sum::<usize>(), 1104);
        assert!(
            tracks
                .iter()
                .all(|track| track.clips.is_empty() || track.kind == "music")
        );
        let modules = tracks
            .iter()
            .filter(|track| track.unusable().is_some_and(|why| why.contains("module")));
        assert_eq!(modules.count(), 177);
        let stored: std::collections::BTreeSet<_> = tracks.iter().map(Track::stored).collect();
        assert_eq!(stored.len(), tracks.len());
    }

    #[test]
    fn sounds_are_voices_and_crowds_that_can_be_fetched() {
        let sounds = sounds().unwrap();
        let count = |kind: &str| sounds.iter().filter(|sound| sound.kind == kind).count();
        assert_eq!((count("voice"), count("crowd"), sounds.len()), (894, 34, 928));
        assert!(sounds.iter().all(|sound| sound.unusable().is_none()));
    }

    #[test]
    fn hostile_rows_are_refused() {
        let md5 = "0123456789abcdef0123456789abcdef";
        assert_eq!(
            parse(&format!("a-b,1,usr/x.ogg,{md5},1,MP3,GPL,,,music"))
                .unwrap()
                .len(),
            1
        );
        for (package, path, digest) in [
            ("a-b", "../x.ogg", md5),
            ("a-b", "usr/../../x.ogg", md5),
            ("a-b", "/etc/x.ogg", md5),
            ("a-b", "", md5),
            ("-oDebug=1", "x.ogg", md5),
            ("a/b", "x.ogg", md5),
            ("..", "x.ogg", md5),
            ("a-b", "x.ogg", "0123"),
        ] {
            let error = parse(&format!("{package},1,{path},{digest},1,MP3,GPL,,,music"))
                .unwrap_err()
                .to_string();
            assert!(error.contains("row 2") && error.contains("must be"), "{error}");
        }
    }

    #[test]
    fn clips_must_belong_to_a_track_and_be_in_range() {
        let md5 = "0123456789abcdef0123456789abcdef";
        let mut tracks = parse(&format!("ab,1,x.ogg,{md5},60,MP3,GPL,,,music")).unwrap();
        let head = "package,path,start_s,danceability,energy,speechiness,acousticness,instrumentalness,liveness,valence,loudness,instrumentalness_assumed,speechiness_assumed\n";
        let row = |row: &str| format!("{head}{row}\n");
        let error = |tracks: &mut [Track], text: &str| add_clips(tracks, &row(text)).unwrap_err().to_string();
        assert!(
            error(&mut tracks, "ab,y.ogg,0,0,0,0,0,0,0,0,0,0,0")
                .contains("`y.ogg`, but must be in open_tracks.csv")
        );
        assert!(error(&mut tracks, "ab,x.ogg,0,0,1.5,0,0,0,0,0,0,0,0").contains("energy is `1.5`"));
        assert!(error(&mut tracks, "ab,x.ogg,61,0,0,0,0,0,0,0,0,0,0").contains("start_s is `61`"));
        add_clips(&mut tracks, &row("ab,x.ogg,30,.1,.2,.3,.4,.5,.6,.7,-8,.8,.03")).unwrap();
        assert_eq!(tracks[0].clips[0].labels[Feature::Loudness], -8.0);
        assert_eq!(tracks[0].clips[0].assumed, [0.8, 0.03]);
        assert_eq!(tracks[0].clips[0].start, 30.0);
    }

    #[test]
    fn places_follow_the_archives_names() {
        let md5 = "0123456789abcdef0123456789abcdef";
        let track = |path: &str| {
            parse(&format!("ab,1,{path},{md5},60,MP3,GPL,,,music"))
                .unwrap()
                .remove(0)
        };
        assert_eq!(track("usr/a.ogg").place(), Place::File("usr/a.ogg"));
        assert_eq!(
            track("usr/p.pk3.x/m/a.ogg").place(),
            Place::Zip {
                archive: "usr/p.pk3",
                entry: "m/a.ogg"
            }
        );
        assert_eq!(
            track("usr/p.rcc.x/00.ogg").place(),
            Place::Resource { archive: "usr/p.rcc" }
        );
    }
}
