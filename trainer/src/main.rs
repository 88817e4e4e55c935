//! Trains Echometer models: a manifest of labelled clips in, a trunk-and-head pair with its card out.

#![forbid(unsafe_code)]

mod cli;
mod corpus;
mod data;
mod export;
mod network;
mod report;
mod runs;
mod training;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("ECHOMETER_LOG")
        .unwrap_or_else(|_| "info,ort=warn".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_writer(std::io::stderr)
        .init();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &cli::Cli) -> anyhow::Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(130); // The second Ctrl-C means now.
        }
        eprintln!(
            "\nstopping after this batch; finished epochs are kept, and the same command goes on from there"
        );
    })
    .context("cannot listen for Ctrl-C")?;
    training::pipeline::train(cli, &stop)
}
