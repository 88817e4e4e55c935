//! The manifest, a table that somebody wrote for their own clips: what is wrong in it is an error, nothing is guessed.

use std::path::{Path, PathBuf};

use csv::StringRecord;
use echometer_engine::{Feature, PerFeature};

use super::cells::{self, listed};
use super::parquet_records;
use super::{file_name, read_error};
use crate::data::row::Row;
use crate::data::source::{Listing, Source, SourceError};

/// Columns of a manifest, for errors.
const KNOWN: &str = "path, start, artist, split, the eight features, FEATURE_trusted and aux_NAME";

/// How the names of auxiliary columns begin: numbers that a trunk learns beside its teachers.
const AUXILIARY: &str = "aux_";

/// A manifest, CSV or Parquet by its extension; paths in it are relative to its folder.
#[derive(Debug)]
pub(crate) struct Manifest {
    path: PathBuf,
}

/// Rows as text, whatever the file's format.
pub(super) struct Records {
    pub(super) headers: StringRecord,
    pub(super) rows: Box<dyn Iterator<Item = Result<StringRecord, SourceError>>>,
}

impl Manifest {
    /// Fails where there is no such file; reads nothing yet.
    pub(crate) fn open(path: &Path) -> Result<Self, SourceError> {
        if !path.is_file() {
            return Err(read_error(path, "there is no such manifest"));
        }
        Ok(Self {
            path: path.to_owned(),
        })
    }

    fn records(&self) -> Result<Records, SourceError> {
        let extension = self.path.extension().unwrap_or_default();
        if extension.eq_ignore_ascii_case("parquet") {
            return parquet_records::read(&self.path, is_known);
        }
        let csv_error = |error| read_error(&self.path, error);
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_path(&self.path)
            .map_err(csv_error)?;
        let headers = reader.headers().map_err(csv_error)?.clone();
        let path = self.path.clone();
        let rows = reader
            .into_records()
            .map(move |record| record.map_err(|error| read_error(&path, error)));
        Ok(Records {
            headers,
            rows: Box::new(rows),
        })
    }
}

impl Source for Manifest {
    fn describe(&self) -> String {
        format!("clips listed in {}", file_name(&self.path))
    }

    fn list(&self) -> Result<Listing, SourceError> {
        let file = self.path.display().to_string();
        let Records { headers, rows } = self.records()?;
        let columns = Columns::find(&file, &headers)?;
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let mut listing = Listing::default();
        for (i, record) in rows.enumerate() {
            let record = record?;
            let row = columns.row(&file, i + 2, &record, folder)?;
            let clip = record.get(columns.path).unwrap_or_default();
            let there = row.path.is_file();
            listing.add(
                clip,
                there.then_some(row).ok_or_else(|| "no such file".to_owned()),
            );
        }
        Ok(listing)
    }
}

/// Whether a manifest's reader looks at a column of this name.
fn is_known(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let feature = name.strip_suffix("_trusted").unwrap_or(&name);
    matches!(name.as_str(), "path" | "start" | "artist" | "split")
        || name.starts_with(AUXILIARY)
        || Feature::ALL.iter().any(|known| known.name() == feature)
}

struct Columns {
    path: usize,
    start: usize,
    artist: Option<usize>,
    split: Option<usize>,
    labels: PerFeature<Option<usize>>,
    trusted: PerFeature<Option<usize>>,
    auxiliary: Vec<(String, usize)>,
}

impl Columns {
    fn find(file: &str, headers: &StringRecord) -> Result<Self, SourceError> {
        let find = |name: &str| {
            headers
                .iter()
                .position(|header| header.eq_ignore_ascii_case(name))
        };
        let need = |column: &str| {
            find(column).ok_or_else(|| SourceError::Column {
                file: file.to_owned(),
                column: column.to_owned(),
                found: listed(headers),
                known: KNOWN.to_owned(),
            })
        };
        Ok(Self {
            path: need("path")?,
            start: need("start")?,
            artist: find("artist"),
            split: find("split"),
            labels: PerFeature::from_fn(|feature| find(feature.name())),
            trusted: PerFeature::from_fn(|feature| find(&format!("{feature}_trusted"))),
            auxiliary: headers
                .iter()
                .enumerate()
                .filter_map(|(i, header)| {
                    let name = header.to_ascii_lowercase();
                    Some((name.strip_prefix(AUXILIARY)?.to_owned(), i))
                })
                .collect(),
        })
    }

    fn row(&self, file: &str, row: usize, record: &StringRecord, folder: &Path) -> Result<Row, SourceError> {
        let cell = |column: usize| record.get(column).unwrap_or("");
        let wrong = |column: &str, found: &str, rule: String| SourceError::Value {
            file: file.to_owned(),
            row,
            column: column.to_owned(),
            found: found.to_owned(),
            rule,
        };
        let path = cell(self.path);
        if path.is_empty() {
            return Err(wrong("path", path, "the name of an audio file".into()));
        }
        let start = match cell(self.start) {
            "" => 0.0,
            text => text
                .parse()
                .ok()
                .filter(|start| (0.0..1e6).contains(start))
                .ok_or_else(|| wrong("start", text, "seconds from 0 on".into()))?,
        };
        let mut clip = Row::new(folder.join(path), start, self.artist.map_or("", cell));
        let split = self.split.map_or("", cell);
        clip.split = cells::split(split).map_err(|rule| wrong("split", split, rule))?;
        for feature in Feature::ALL {
            let Some(text) = self.labels[feature].map(cell).filter(|text| !text.is_empty()) else {
                continue;
            };
            let value = cells::label(feature, text).map_err(|rule| wrong(feature.name(), text, rule))?;
            let trusted = self.trusted[feature].is_none_or(|column| !cells::is_no(cell(column)));
            clip.labels[feature] = trusted.then_some(value);
        }
        for (name, column) in &self.auxiliary {
            let text = cell(*column);
            if text.is_empty() {
                continue;
            }
            let value = text.parse().ok().filter(|value: &f32| value.is_finite());
            let value = value
                .ok_or_else(|| wrong(&format!("{AUXILIARY}{name}"), text, "a number, or empty".into()))?;
            clip.auxiliary.insert(name.clone(), value);
        }
        Ok(clip)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::data::row::Split;
    use crate::data::source::Rejected;

    /// Lists a manifest beside the empty files `a.wav` and `b.wav`.
    fn list(text: &[u8]) -> Result<Listing, SourceError> {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.wav", "b.wav"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let path = folder.path().join("manifest.csv");
        fs::write(&path, text).unwrap();
        Manifest::open(&path).unwrap().list()
    }

    #[test]
    fn auxiliary_columns_are_numbers_of_any_name() {
        let rows = list(b"path,start,aux_crowd,AUX_tempo\na.wav,0,0.5,120\nb.wav,0,,90\n")
            .unwrap()
            .rows;
        assert_eq!(rows[0].auxiliary["crowd"], 0.5);
        assert_eq!(rows[0].auxiliary["tempo"], 120.0);
        assert_eq!(rows[1].auxiliary.keys().collect::<Vec<_>>(), ["tempo"]);
        let error = list(b"path,start,aux_crowd\na.wav,0,much\n")
            .unwrap_err()
            .to_string();
        assert!(error.contains("row 2: aux_crowd is `much`"), "{error}");
    }

    #[test]
    fn reads_partial_and_untrusted_labels() {
        let text = b"path,start,artist,energy,loudness,loudness_trusted,mood\na.wav,1.5,X,0.5,-9,no,x\nb.wav,,,,-7,yes,\n";
        let rows = list(text).unwrap().rows;
        assert_eq!(rows[0].labels[Feature::Energy], Some(0.5));
        assert_eq!(rows[0].labels[Feature::Loudness], None);
        assert_eq!(rows[0].start, 1.5);
        assert_eq!(rows[0].group, "artist x");
        assert_eq!(rows[0].split, None);
        assert_eq!(rows[1].labels[Feature::Energy], None);
        assert_eq!(rows[1].labels[Feature::Loudness], Some(-7.0));
        assert!(rows[1].group.starts_with("path ") && rows[1].group.ends_with("b.wav"));
        assert!(!rows[1].has_artist && !rows[1].measure_loudness);
    }

    #[test]
    fn a_spreadsheet_may_have_written_it() {
        let text = b"\xEF\xBB\xBFPath,Start,Split,Valence\r\n\"a.wav\",0,val,0.25\r\nb.wav,0,Training,\r\n";
        let rows = list(text).unwrap().rows;
        assert_eq!(rows[0].labels[Feature::Valence], Some(0.25));
        assert_eq!(rows[0].split, Some(Split::Validation));
        assert_eq!(rows[1].split, Some(Split::Training));
    }

    #[test]
    fn a_missing_file_costs_its_row_only() {
        let listing = list(b"path,start,energy\nsub/no.wav,0,0.5\na.wav,0,0.5\n").unwrap();
        assert_eq!(listing.rows.len(), 1);
        assert_eq!(
            listing.rejected,
            [Rejected {
                clip: "sub/no.wav".into(),
                reason: "no such file".into()
            }]
        );
    }

    #[test]
    fn errors_name_file_row_and_rule() {
        for (text, words) in [
            (
                "path,energy\na.wav,0.5\n",
                "no column `start`; found path, energy. Known are path, start",
            ),
            (
                "path,start,energy\na.wav,0,0.5\nb.wav,0,1.5\n",
                "row 3: energy is `1.5`",
            ),
            (
                "path,start,energy\na.wav,0,1.5\n",
                "empty or a number from 0 to 1",
            ),
            ("path,start,energy\na.wav,0,NaN\n", "row 2: energy is `NaN`"),
            ("path,start,energy\na.wav,-1,0.5\n", "row 2: start is `-1`"),
            ("path,start,energy\n,0,0.5\n", "row 2: path is ``"),
            (
                "path,start,split\na.wav,0,dev\n",
                "row 2: split is `dev`, but must be empty, training",
            ),
            ("path,start,energy\na.wav,0\n", "found record with 2 fields"),
        ] {
            let error = list(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words) && error.contains("manifest.csv"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn random_bytes_give_errors_only(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = list(&bytes);
            let mut headed = b"path,start,energy\n".to_vec();
            headed.extend(&bytes);
            let _ = list(&headed);
        }
    }
}
