//! The manifest: one row a clip, with its labels.

use std::path::{Path, PathBuf};

use echometer_engine::{Feature, PerFeature};

/// One row of a manifest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The audio file.
    pub(crate) path: PathBuf,
    /// Where the clip starts in it, in seconds.
    pub(crate) start: f64,
    /// Clips of one group stay on one side of a split: the artist, or the clip's own path where there is none.
    pub(crate) group: String,
    /// Whether the group is an artist.
    pub(crate) has_artist: bool,
    /// Labels; `None` where missing or not trusted.
    pub(crate) labels: PerFeature<Option<f32>>,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManifestError {
    #[error("{file}: {source}")]
    Csv { file: String, source: csv::Error },
    #[error(
        "{file}: no column `{column}`; found {found}. Known are path, start, artist, the eight features and FEATURE_trusted"
    )]
    Column {
        file: String,
        column: &'static str,
        found: String,
    },
    #[error("{file}, row {row}: {column} is `{found}`, but must be {rule}")]
    Value {
        file: String,
        row: usize,
        column: String,
        found: String,
        rule: String,
    },
    #[error("{file}: no clip has a label for {features}")]
    Empty { file: String, features: String },
}

/// Reads a manifest; `features` are those that at least one row must have.
pub(crate) fn read(path: &Path, features: &[Feature]) -> Result<Vec<Row>, ManifestError> {
    let file = path.display().to_string();
    let csv_error = |source| ManifestError::Csv {
        file: file.clone(),
        source,
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(csv_error)?;
    let headers = reader.headers().map_err(csv_error)?.clone();
    let columns = Columns::find(&file, &headers)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut rows = Vec::new();
    for (i, record) in reader.records().enumerate() {
        let record = record.map_err(csv_error)?;
        rows.push(columns.row(&file, i + 2, &record, folder)?);
    }
    let labelled = |row: &Row| features.iter().any(|&feature| row.labels[feature].is_some());
    if !rows.iter().any(labelled) {
        let names: Vec<_> = features.iter().map(|feature| feature.name()).collect();
        return Err(ManifestError::Empty {
            file,
            features: names.join(", "),
        });
    }
    Ok(rows)
}

struct Columns {
    path: usize,
    start: usize,
    artist: Option<usize>,
    labels: PerFeature<Option<usize>>,
    trusted: PerFeature<Option<usize>>,
}

impl Columns {
    fn find(file: &str, headers: &csv::StringRecord) -> Result<Self, ManifestError> {
        let find = |name: &str| {
            headers
                .iter()
                .position(|header| header.eq_ignore_ascii_case(name))
        };
        let need = |column: &'static str| {
            find(column).ok_or_else(|| ManifestError::Column {
                file: file.to_owned(),
                column,
                found: headers.iter().collect::<Vec<_>>().join(", "),
            })
        };
        Ok(Self {
            path: need("path")?,
            start: need("start")?,
            artist: find("artist"),
            labels: PerFeature::from_fn(|feature| find(feature.name())),
            trusted: PerFeature::from_fn(|feature| find(&format!("{feature}_trusted"))),
        })
    }

    fn row(
        &self,
        file: &str,
        row: usize,
        record: &csv::StringRecord,
        folder: &Path,
    ) -> Result<Row, ManifestError> {
        let cell = |column: usize| record.get(column).unwrap_or("");
        let wrong = |column: &str, found: &str, rule: String| ManifestError::Value {
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
        let mut labels = PerFeature::default();
        for feature in Feature::ALL {
            let Some(text) = self.labels[feature].map(cell).filter(|text| !text.is_empty()) else {
                continue;
            };
            let (low, high) = feature.range();
            // Spotify's loudness goes a little above full scale; such a label is kept at the range's edge.
            let slack = if feature == Feature::Loudness { 10.0 } else { 0.0 };
            let value: f32 = text
                .parse()
                .ok()
                .filter(|value| (low - slack..=high + slack).contains(value))
                .ok_or_else(|| {
                    wrong(
                        feature.name(),
                        text,
                        format!("empty or a number from {low} to {high}"),
                    )
                })?;
            let trusted = self.trusted[feature].is_none_or(|column| !is_no(cell(column)));
            labels[feature] = trusted.then(|| feature.clamp(value));
        }
        let artist = self.artist.map_or("", cell).to_lowercase();
        let group = if artist.is_empty() {
            format!("path {path}")
        } else {
            format!("artist {artist}")
        };
        Ok(Row {
            path: folder.join(path),
            start,
            group,
            has_artist: !artist.is_empty(),
            labels,
        })
    }
}

fn is_no(cell: &str) -> bool {
    matches!(cell.to_ascii_lowercase().as_str(), "no" | "false" | "0" | "n")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn parse(text: &[u8]) -> Result<Vec<Row>, ManifestError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        read(file.path(), &Feature::ALL)
    }

    #[test]
    fn reads_partial_and_untrusted_labels() {
        let rows = parse(
            b"path,start,artist,energy,loudness,loudness_trusted,mood\na.wav,1.5,X,0.5,-9,no,x\nb.wav,,,,-7,yes,\n",
        )
        .unwrap();
        assert_eq!(rows[0].labels[Feature::Energy], Some(0.5));
        assert_eq!(rows[0].labels[Feature::Loudness], None);
        assert_eq!(rows[0].start, 1.5);
        assert_eq!(rows[1].labels[Feature::Energy], None);
        assert_eq!(rows[1].labels[Feature::Loudness], Some(-7.0));
        assert_eq!(
            (rows[0].group.as_str(), rows[1].group.as_str()),
            ("artist x", "path b.wav")
        );
    }

    #[test]
    fn errors_name_file_row_and_rule() {
        let error = parse(b"path,energy\na.wav,0.5\n").unwrap_err().to_string();
        assert!(
            error.contains("no column `start`") && error.contains("path, energy"),
            "{error}"
        );
        let error = parse(b"path,start,energy\na.wav,0,0.5\nb.wav,0,1.5\n")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("row 3: energy is `1.5`") && error.contains("from 0 to 1"),
            "{error}"
        );
        let error = parse(b"path,start,energy\na.wav,-1,0.5\n")
            .unwrap_err()
            .to_string();
        assert!(error.contains("row 2: start is `-1`"), "{error}");
        let error = parse(b"path,start,energy\na.wav,0,\n").unwrap_err().to_string();
        assert!(error.contains("no clip has a label"), "{error}");
        assert!(parse(b"path,start,energy\na.wav,0,NaN\n").is_err());
    }

    proptest! {
        #[test]
        fn random_bytes_give_errors_only(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&bytes);
            let mut headed = b"path,start,energy\n".to_vec();
            headed.extend(&bytes);
            let _ = parse(&headed);
        }
    }
}
