//! Why the program ends without success: one line, a hint, an exit code.

use std::fmt::{self, Display};
use std::process::ExitCode;

use echometer_decode::DecodeError;

use crate::shown::{shown, shown_lines};

/// What kind of failure, as exit codes tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The input, the model or the machine: 1.
    Failed = 1,
    /// The command line: 2.
    Usage = 2,
    /// The input is not there or cannot be read: 3.
    Input = 3,
}

/// The text in one line.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A failure to tell the user.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    hint: Option<String>,
}

impl Failure {
    fn new(kind: Kind, message: impl Display) -> Self {
        Self {
            kind,
            // Whatever a library says.
            message: one_line(&message.to_string()),
            hint: None,
        }
    }

    /// Something went wrong: exit code 1.
    pub(crate) fn failed(message: impl Display) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// The command line is wrong: exit code 2.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// The input is missing or unreadable: exit code 3.
    pub(crate) fn input(message: impl Display) -> Self {
        Self::new(Kind::Input, message)
    }

    /// Adds what to do about it; may be several lines.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What happened, in one line.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Whether the input is missing or unreadable.
    pub(crate) fn is_input(&self) -> bool {
        self.kind == Kind::Input
    }

    /// The process's exit code.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }
}

/// For a terminal.
impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", shown(&self.message))?;
        self.hint
            .as_ref()
            .map_or(Ok(()), |hint| write!(f, "\nhint: {}", shown_lines(hint)))
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        let kind = if error.is_unreadable() {
            Kind::Input
        } else {
            Kind::Failed
        };
        Self::new(kind, &error).hint(error.hint())
    }
}

impl From<echometer_engine::ScoreError> for Failure {
    fn from(error: echometer_engine::ScoreError) -> Self {
        Self::failed(error)
    }
}
