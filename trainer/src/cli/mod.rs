//! The command line.

mod shared;

use std::ffi::OsString;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

pub(crate) use shared::{ComputeArgs, DataArgs, Features, Part, parse_rate};

use crate::corpus::{FetchOptions, MixOptions};
use crate::eval::EvalOptions;
use crate::grid::{GridOptions, PaceOptions};
use crate::recipe::RecipeOptions;
use crate::report::ReportOptions;
use crate::training::rolling::TrainOptions;

/// Trains models on labelled clips for the analyzer and the plugin, and reproduces a thesis on Spotify's features.
///
/// Without a command it trains the rolling model: mel frames are computed once, the model is measured by cross-validation,
/// fitted to everything, exported, and checked in the engine.
///
/// DATA is one of
///   MANIFEST.csv or MANIFEST.parquet   columns `path` (relative to it) and `start` (seconds), any of the eight features,
///                                      and optionally `artist`, which keeps an artist's clips on one side of a split.
///                                      An empty cell is a missing label; a column FEATURE_trusted with `no` makes that
///                                      clip's label missing too; other columns are ignored
///   fma:DIR                            the FMA data set with its Echo Nest labels
///   spotify:FEATURES.csv               a table in the names of Spotify's API, of Exportify or of Kaggle's tables, with
///                                      files named by track id in --audio DIR
///   open                               the open corpus, once `trainer corpus fetch` has brought it
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    verbatim_doc_comment,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done, 1 something failed, 2 the command line is wrong, 130 stopped by Ctrl-C.\n\
                  RUST_LOG says what is told on standard error: warn, info (as usual) or debug."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) train: Option<TrainOptions>,
}

impl Cli {
    /// Reads the command line; shows help or an error and ends the process where that is due.
    pub(crate) fn read() -> Self {
        Self::try_read(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    pub(crate) fn try_read<T: Into<OsString> + Clone>(
        arguments: impl IntoIterator<Item = T>,
    ) -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches_from(arguments)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        if cli.command.is_none() {
            // Clap takes an optional group for absent where only arguments of groups inside it are given.
            cli.train = Some(TrainOptions::from_arg_matches(&matches)?);
        }
        Ok(cli)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Trains the thesis's 96 single-task and 4 multi-task networks, and ResNet-34 with eight heads
    Grid(GridOptions),
    /// Writes the thesis's tables and figures, with its numbers beside those of a folder of runs
    Report(ReportOptions),
    /// Measures any model on any data
    Eval(EvalOptions),
    /// Computes and caches mel frames, and does nothing else: for data that several machines share
    Cache(CacheOptions),
    /// Times a network's training step here
    Pace(PaceOptions),
    /// Makes a model that Echometer ships again, given its data
    Recipe(RecipeOptions),
    /// The open corpus: freely licensed music from Debian packages
    #[command(subcommand)]
    Corpus(CorpusCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum CorpusCommand {
    /// Brings tracks through apt-get, unpacks and verifies them, and writes a manifest with attribution
    Fetch(FetchOptions),
    /// Makes clips whose labels follow from how they are made: speech, and music before a crowd
    Mix(MixOptions),
}

/// What `trainer cache` is called with.
#[derive(Debug, Args)]
pub(crate) struct CacheOptions {
    #[command(flatten)]
    pub(crate) data: DataArgs,

    /// Whose mel frames: the rolling model's, or a profile's of the grid
    #[arg(long, value_enum, default_value_t = crate::grid::Profile::Thesis)]
    pub(crate) profile: crate::grid::Profile,

    /// Only every n-th clip, from the i-th on
    #[arg(long, value_name = "I/N", default_value = "1/1")]
    pub(crate) shard: Part,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_command_needs_nothing_of_training() {
        let cli = Cli::try_read(["trainer", "report", "--out", "x"]).unwrap();
        assert!(matches!(cli.command, Some(Command::Report(_))) && cli.train.is_none());
        let cli = Cli::try_read(["trainer", "--features", "all", "--data", "m.csv", "--out", "x"]).unwrap();
        assert!(cli.command.is_none() && cli.train.is_some());
        assert!(Cli::try_read(["trainer", "--features", "all"]).is_err());
    }
}
