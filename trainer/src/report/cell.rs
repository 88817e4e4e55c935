//! A place of the grid, and what the run there came to.

use echometer_engine::Feature;

use crate::runs::read::{Run, State};
use crate::runs::record::{Errors, Failure, Outcome};

/// A place of the grid.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell<'a> {
    Missing,
    Unfinished(&'a Run),
    Failed(&'a Run, &'a Failure),
    Finished(&'a Run, &'a Outcome),
}

impl<'a> Cell<'a> {
    /// The run, if there is one.
    pub(crate) fn run(self) -> Option<&'a Run> {
        match self {
            Self::Missing => None,
            Self::Unfinished(run) | Self::Failed(run, _) | Self::Finished(run, _) => Some(run),
        }
    }

    /// Validation errors of a finished run.
    pub(crate) fn validation(self, feature: Feature) -> Option<Errors> {
        match self {
            Self::Finished(_, outcome) => outcome.validation.get(&feature).copied(),
            _ => None,
        }
    }

    /// Test errors of a finished run that was chosen.
    pub(crate) fn test(self, feature: Feature) -> Option<Errors> {
        match self {
            Self::Finished(_, outcome) => outcome.test.get(&feature).copied(),
            _ => None,
        }
    }

    /// One word for tables and files.
    pub(crate) fn state(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unfinished(_) => "unfinished",
            Self::Failed(..) => "failed",
            Self::Finished(..) => "finished",
        }
    }

    /// The place of a run by its state.
    pub(super) fn of(run: &'a Run) -> Self {
        match &run.state {
            State::Finished(outcome) => Self::Finished(run, outcome),
            State::Failed(failure) => Self::Failed(run, failure),
            State::Unfinished => Self::Unfinished(run),
        }
    }

    /// Between two runs for the same place, the finished one goes first.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::Unfinished(_) => 1,
            Self::Failed(..) => 2,
            Self::Finished(..) => 3,
        }
    }
}
