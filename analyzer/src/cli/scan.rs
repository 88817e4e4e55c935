//! `analyzer scan`: its flags.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use echometer_decode::Choice;

use crate::failure::Failure;
use crate::scan::shard::Shard;
use crate::scan::table::TableFormat;
use crate::scan::write_tags::Style;
use crate::{cli, live, scan};

/// Scores folders of music into one table
///
/// A row a track, with Spotify's names and scales. A table that is there is brought up to date: what did not change
/// is not scored again, what is gone leaves. A scan that was ended in any way goes on where it was.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Scan {
    /// Folders and files; with --merge, tables
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Also score the files that FILE lists, one a line or each ended by NUL; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "merge")]
    pub(crate) from: Option<PathBuf>,

    /// The table: .csv, .jsonl or .parquet; without it, JSON lines go to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// The table's format, where its name does not say it
    #[arg(short, long, value_enum)]
    pub(crate) format: Option<TableFormat>,

    /// Also keep a reading a second of each track, in the column `curve`
    #[arg(long)]
    pub(crate) curves: bool,

    /// Score everything again
    #[arg(long)]
    pub(crate) again: bool,

    /// Keep the rows of files that are gone
    #[arg(long)]
    pub(crate) keep_missing: bool,

    /// Only part I of N, for N machines; --merge puts the tables together
    #[arg(long, value_name = "I/N", conflicts_with = "merge")]
    pub(crate) shard: Option<Shard>,

    /// Put tables together instead of scoring
    #[arg(long)]
    pub(crate) merge: bool,

    /// Show what the scores are as tags of the files; --apply writes them
    #[arg(long, value_enum, value_name = "STYLE", conflicts_with = "merge")]
    pub(crate) write_tags: Option<Style>,

    /// With --write-tags: change the files
    #[arg(long)]
    pub(crate) apply: bool,

    /// What decodes files and streams: auto (the built-in decoders, and ffmpeg for the rest), builtin, ffmpeg
    #[arg(long, value_name = "DECODER", default_value_t = Choice::Auto)]
    pub(crate) decoder: Choice,

    /// Files at once [default: one a core]
    #[arg(short, long, value_name = "COUNT", value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// The model.
    #[command(flatten)]
    pub(crate) inference: cli::Inference,

    /// Tell on standard error what happens; twice for more. RUST_LOG refines it
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

const AFTER_HELP: &str = "\
Examples:
  analyzer scan ~/Music --out features.csv           a row a track; run it again for what is new
  analyzer scan song.flac                            one JSON line
  analyzer scan ~/Music --out f.parquet --curves     with a reading a second of each track
  analyzer scan ~/Music --write-tags 1t              what would be written into the files
  analyzer scan /data --shard 3/8 --out part3.parquet
  analyzer scan --merge part*.parquet --out all.parquet

A file that cannot be scored is a row with its `error`. Exit codes: 0 done, 1 failed or stopped, 2 wrong usage,
3 input not found or unreadable.";

fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "it must be a whole number from 1; leave it out for one a core".to_owned())
}

/// Scans, or merges.
pub(crate) fn run(args: &Scan) -> Result<(), Failure> {
    cli::init_logs(args.verbose, true);
    scan::run(args, &|| live::load(&args.inference, true))
}
