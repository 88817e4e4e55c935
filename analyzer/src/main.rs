//! `analyzer`: eight live meters from a microphone, a file or standard input, in a terminal or as JSON lines.

#![forbid(unsafe_code)]

mod analysis;
mod cli;
mod control;
mod failure;
mod outputs;
mod sources;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use clap::Parser;
use echometer_engine::{Model, ModelFiles};

use analysis::{Event, Options};
use cli::{Args, Format};
use control::Control;
use failure::Failure;
use outputs::About;

/// Counts allocations where a test forbids them: on the driver's thread.
#[cfg(all(test, debug_assertions))]
#[global_allocator]
static ALLOCATOR: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;

/// Events on their way to the output. Bounded, so that a fast file waits for a slow reader.
const EVENTS: usize = 256;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(io::stderr(), "{failure}");
            failure.code()
        }
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    let screen = outputs::is_terminal(args.format)?;
    let meters = screen && !args.once;
    // Log lines would tear the meters apart, unless they go elsewhere.
    cli::init_logs(args.verbose, !meters || !io::stderr().is_terminal());
    sources::devices::quieten();
    if args.list_devices {
        return sources::devices::print_list();
    }
    let input = sources::open(args)?;
    let model = load(args)?;
    let about = About::new(&model, args.device, input.title());
    if !meters {
        about.tell_choice();
    }
    let control = Arc::new(Control::default());
    control.end_on_signals()?;
    let options = Options {
        reading_hz: args.rate,
        once: args.once,
        // JSON lines of a whole input end with its last window.
        whole: args.once || meters,
        paced: args.realtime || (meters && input.is_demo()),
    };
    let (sender, events) = mpsc::sync_channel(EVENTS);
    let theirs = Arc::clone(&control);
    // Never joined: it may be waiting for a silent standard input, and the process may end without it.
    thread::Builder::new()
        .name("analysis".into())
        .spawn(move || {
            let ended = analysis::run(&model, input, &options, &theirs, &sender);
            let _ = sender.send(Event::Ended(ended));
        })
        .map_err(|error| Failure::failed(format!("the analysis thread could not start: {error}")))?;
    match (screen, args.once) {
        (true, false) => outputs::terminal::run(&about, &events, &control),
        (true, true) => outputs::table::run(&about, &events, &control),
        (false, _) => outputs::jsonl::run(&about, &events, &control, args.once, args.format == Format::Auto),
    }
}

fn load(args: &Args) -> Result<Model, Failure> {
    let files = match &args.model {
        Some(folder) => ModelFiles::read(folder).map_err(|error| {
            Failure::failed(format!("model {}: {error}", folder.display()))
                .hint("--model takes a folder with card.json and the files it names; leave it out for the built-in model")
        })?,
        None => echometer_models::default_model(),
    };
    let model = Model::load(&files, args.device)
        .map_err(|error| Failure::failed(format!("the model cannot be used: {error}")))?;
    tracing::info!(
        model = model.title(),
        backend = model.runtime().name(),
        why = model.runtime().note()
    );
    Ok(model)
}
