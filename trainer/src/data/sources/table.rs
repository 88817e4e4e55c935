//! Published CSV tables: large, read row by row, and with some odd rows, which do not spoil the others.

use std::borrow::Cow;
use std::fs::File;
use std::path::{Path, PathBuf};

use echometer_engine::PerFeature;

use super::cells::{is_missing, label, listed};
use super::read_error;
use crate::data::source::SourceError;

/// A table that is being read; one row is in memory at a time.
pub(super) struct Table {
    path: PathBuf,
    reader: csv::Reader<File>,
    record: csv::ByteRecord,
    /// Rows read so far.
    row: usize,
}

impl Table {
    pub(super) fn open(path: &Path) -> Result<Self, SourceError> {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_path(path)
            .map_err(|error| read_error(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            reader,
            record: csv::ByteRecord::new(),
            row: 0,
        })
    }

    /// The next row as names of columns; empty at the end of the file.
    pub(super) fn header(&mut self) -> Result<Vec<String>, SourceError> {
        let Some(cells) = self.next()? else {
            return Ok(Vec::new());
        };
        Ok((0..cells.record.len())
            .map(|column| cells.get(column).into_owned())
            .collect())
    }

    /// The next row, `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Cells<'_>>, SourceError> {
        let more = self
            .reader
            .read_byte_record(&mut self.record)
            .map_err(|error| read_error(&self.path, error))?;
        self.row += 1;
        Ok(more.then_some(Cells {
            record: &self.record,
            row: self.row,
        }))
    }

    /// The error of a table without `column`.
    pub(super) fn no_column(&self, column: &str, found: &[String], known: &str) -> SourceError {
        SourceError::Column {
            file: self.path.display().to_string(),
            column: column.to_owned(),
            found: listed(found.iter().map(String::as_str)),
            known: known.to_owned(),
        }
    }
}

/// A row of a table.
pub(super) struct Cells<'a> {
    record: &'a csv::ByteRecord,
    /// As a spreadsheet numbers it.
    pub(super) row: usize,
}

impl<'a> Cells<'a> {
    /// A cell without the space around it; empty where the row is too short. Bytes that are no UTF-8 are replaced.
    pub(super) fn get(&self, column: usize) -> Cow<'a, str> {
        let cell = self.record.get(column).unwrap_or_default();
        String::from_utf8_lossy(cell.trim_ascii())
    }

    /// Fails unless the row has `width` cells: with one more or fewer, values would land in the wrong columns.
    pub(super) fn is_whole(&self, width: usize) -> Result<(), String> {
        let found = self.record.len();
        if found == width {
            return Ok(());
        }
        Err(format!(
            "row {} has {found} cells, but must have {width}",
            self.row
        ))
    }

    /// The labels in `columns`; fails on the first that is no number in its range.
    pub(super) fn labels(
        &self,
        columns: &PerFeature<Option<usize>>,
    ) -> Result<PerFeature<Option<f32>>, String> {
        let mut labels = PerFeature::default();
        for (feature, column) in columns.iter() {
            let Some(text) = column.map(|column| self.get(column)) else {
                continue;
            };
            if is_missing(&text) {
                continue;
            }
            let row = self.row;
            let value = label(feature, &text)
                .map_err(|rule| format!("row {row}: {feature} is `{text}`, but must be {rule}"))?;
            labels[feature] = Some(value);
        }
        Ok(labels)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use echometer_engine::Feature;
    use proptest::prelude::*;

    use super::*;

    fn table(bytes: &[u8]) -> Table {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        Table::open(file.path()).unwrap()
    }

    #[test]
    fn byte_order_mark_line_ends_quotes_and_foreign_bytes() {
        let text = b"\xEF\xBB\xBFid, energy \r\n\"a,\"\"b\"\"\nc\", 0.5 \r\n\r\ncaf\xE9,NaN\r\nx\r\n";
        let mut table = table(text);
        assert_eq!(table.header().unwrap(), ["id", "energy"]);
        let columns = PerFeature::from_fn(|feature| (feature == Feature::Energy).then_some(1));
        let cells = table.next().unwrap().unwrap();
        assert_eq!(cells.get(0), "a,\"b\"\nc");
        assert_eq!(cells.labels(&columns).unwrap()[Feature::Energy], Some(0.5));
        let cells = table.next().unwrap().unwrap();
        assert_eq!(cells.get(0), "caf\u{FFFD}");
        assert_eq!(cells.labels(&columns).unwrap()[Feature::Energy], None);
        let cells = table.next().unwrap().unwrap();
        assert_eq!(
            cells.is_whole(2).unwrap_err(),
            "row 4 has 1 cells, but must have 2"
        );
        assert!(table.next().unwrap().is_none());
    }

    proptest! {
        #[test]
        fn random_bytes_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut table = table(&bytes);
            table.header().unwrap();
            let columns = PerFeature::from_fn(|feature| Some(feature as usize));
            while let Some(cells) = table.next().unwrap() {
                let _ = (cells.is_whole(3), cells.labels(&columns), cells.get(1000));
            }
        }
    }
}
