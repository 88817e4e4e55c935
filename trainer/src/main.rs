//! Trains Echometer models: labelled clips in, models for the analyzer and the plugin out; and the thesis's whole grid.

mod cli;
mod corpus;
mod data;
mod distil;
mod eval;
mod export;
mod files;
mod grid;
mod network;
mod panics;
mod recipe;
mod report;
mod runs;
mod told;
mod training;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use cli::{Command, CorpusCommand};
use echometer_engine::QUIET;

fn main() -> ExitCode {
    #[expect(unsafe_code, reason = "the environment is changed")]
    // SAFETY: no other thread looks at the environment, for there is none yet: what is linked starts none before `main`.
    unsafe {
        std::env::set_var(QUIET.0, QUIET.1);
    }
    let cli = cli::Cli::read();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "info,ort=warn,symphonia=warn".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .with_writer(std::io::stderr)
        .init();
    panics::quiet();
    let stop = Arc::new(AtomicBool::new(false));
    match run(&cli, &stop) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", told::told(&error));
            match stop.load(Ordering::Relaxed) {
                true => STOPPED.into(),
                false => ExitCode::FAILURE,
            }
        }
    }
}

/// Exit code of a command that Ctrl-C kept from its end, as shells have it.
const STOPPED: u8 = 130;

fn run(cli: &cli::Cli, stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
    let asked = Arc::clone(stop);
    ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(STOPPED.into()); // The second Ctrl-C means now.
        }
        eprintln!(
            "\nstopping after this step; what is finished is kept, and the same command goes on from there"
        );
    })
    .context("cannot listen for Ctrl-C")?;
    match (&cli.command, &cli.train) {
        (Some(Command::Grid(options)), _) => grid::grid(options, stop),
        (Some(Command::Report(options)), _) => report::write(options),
        (Some(Command::Eval(options)), _) => eval::eval(options, stop),
        (Some(Command::Cache(options)), _) => data::prepare::cache(options, stop),
        (Some(Command::Pace(options)), _) => grid::pace(options),
        (Some(Command::Recipe(options)), _) => recipe::cook(options, stop),
        (Some(Command::Corpus(CorpusCommand::Fetch(options))), _) => corpus::fetch(options, stop),
        (Some(Command::Corpus(CorpusCommand::Mix(options))), _) => corpus::mix(options, stop),
        (None, Some(options)) => training::rolling::train(options, stop),
        (None, None) => Ok(()), // Clap has shown the help.
    }
}
