//! What every kind of data set gives: its clips, and those that cannot be used before any sound is heard.

use super::row::Row;

/// A data set in some published format.
pub(crate) trait Source {
    /// What the data is, in words, for reports and model cards: kind, file names without folders, terms where known.
    fn describe(&self) -> String;

    /// Reads the labels and finds the audio files; decodes nothing.
    fn list(&self) -> Result<Listing, SourceError>;
}

/// The clips of a data set.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Clips with a file, labelled or not.
    pub(crate) rows: Vec<Row>,
    /// What was left out, in the data's order.
    pub(crate) rejected: Vec<Rejected>,
}

impl Listing {
    /// Adds a clip, or why it is left out; `clip` is what the data calls it.
    pub(crate) fn add(&mut self, clip: &str, row: Result<Row, String>) {
        match row {
            Ok(row) => self.rows.push(row),
            Err(reason) => self.rejected.push(Rejected {
                clip: clip.to_owned(),
                reason,
            }),
        }
    }
}

/// A clip that cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejected {
    /// What the data calls it: its path, or its id where there is no file.
    pub(crate) clip: String,
    /// Why it is left out.
    pub(crate) reason: String,
}

impl Rejected {
    /// A clip that is left out, and why; the reason need not name its file again.
    pub(crate) fn new(row: &Row, reason: String) -> Self {
        let file = format!("{}: ", row.path.display());
        Self {
            clip: row.name(),
            reason: reason.strip_prefix(&file).map_or(reason.clone(), str::to_owned),
        }
    }
}

/// Why a data set cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("{file}: {reason}")]
    Read { file: String, reason: String },
    #[error("{file}: no column `{column}`; found {found}. Known are {known}")]
    Column {
        file: String,
        column: String,
        found: String,
        known: String,
    },
    #[error("{file}, row {row}: {column} is `{found}`, but must be {rule}")]
    Value {
        file: String,
        /// As a spreadsheet numbers it: the header is row 1.
        row: usize,
        column: String,
        found: String,
        rule: String,
    },
    #[error("{data}: no clip has a label for {features}{left_out}")]
    Empty {
        data: String,
        features: String,
        /// Clips that are there all the same.
        clips: usize,
        /// Empty, or how many clips were left out and why the first was.
        left_out: String,
    },
}
