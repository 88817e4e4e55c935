//! `analyzer`: eight live meters from a microphone, a file or standard input, in a terminal or as JSON lines.

mod analysis;
mod cli;
mod control;
mod failure;
mod live;
mod naming;
mod outputs;
mod scan;
mod shown;
mod sources;
mod tty;
mod whole;

use std::io::{self, Write};
use std::process::ExitCode;

use cli::{Args, Command};
use echometer_engine::QUIET;
use failure::Failure;

/// Counts allocations where a test forbids them: on the driver's thread.
#[cfg(all(test, debug_assertions))]
#[global_allocator]
static ALLOCATOR: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;

fn main() -> ExitCode {
    #[expect(unsafe_code, reason = "the environment is changed")]
    // SAFETY: no other thread looks at the environment, for there is none yet: what is linked starts none before `main`.
    unsafe {
        std::env::set_var(QUIET.0, QUIET.1);
    }
    match cli::parse().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(io::stderr(), "{failure}");
            failure.code()
        }
    }
}

fn run(args: Args) -> Result<(), Failure> {
    match args.command {
        None => live::run(&args.live),
        Some(Command::Scan(scan)) => cli::scan::run(&scan),
        Some(Command::Config(keep)) => keep.run(&args.effective, args.config.as_deref()),
        Some(Command::Completions { shell }) => cli::print(&cli::generate::completions(shell)),
        Some(Command::Man) => cli::print(&cli::generate::man()?),
    }
}
