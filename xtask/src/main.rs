//! Sets up, builds, runs, tests and installs Echometer: `cargo xtask --help`.

// A failed test is meant to panic.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod cargo;
mod deps;
mod download;
mod host;
mod index;
mod install;
mod libtorch;
mod onnxruntime;
mod packages;
mod wheel;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand, ValueEnum};

use crate::deps::Deps;
use crate::libtorch::Libtorch;

/// Sets up, builds, runs, tests and installs Echometer
#[derive(Debug, Parser)]
#[command(
    bin_name = "cargo xtask",
    after_help = "What is fetched lies in .deps (or in $ECHOMETER_DEPS) and is fetched once. A libtorch named by \
                  $LIBTORCH and an ONNX Runtime named by $ORT_DYLIB_PATH are used instead."
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Builds a program if need be and runs it: `cargo xtask run -- --input mic`
    Run {
        /// Which program
        #[arg(value_enum, default_value_t = Program::Analyzer)]
        program: Program,
        /// What the program is called with
        #[arg(last = true)]
        arguments: Vec<OsString>,
    },
    /// Installs what building the analyzer takes
    Setup {
        /// Also what building the trainer and running every test takes
        #[arg(long)]
        all: bool,
    },
    /// Runs all tests: `cargo xtask test -- --package echometer-engine`
    Test {
        /// What `cargo test` is called with
        #[arg(last = true)]
        arguments: Vec<OsString>,
    },
    /// Checks the formatting and runs clippy, taking every warning for an error
    Check,
    /// Builds the programs and puts them where the shell finds them
    Install {
        /// Only this program
        #[arg(long, value_enum)]
        only: Option<Program>,
        /// The folder whose `bin` gets the programs [default: where `cargo install` puts them]
        #[arg(long, value_name = "DIR")]
        root: Option<PathBuf>,
    },
}

/// The programs of this repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Program {
    /// Live meters
    Analyzer,
    /// Trains models; needs libtorch
    Trainer,
}

impl Program {
    /// The package and the program in it.
    fn name(self) -> &'static str {
        match self {
            Self::Analyzer => "analyzer",
            Self::Trainer => "trainer",
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match Workshop::new().and_then(|workshop| workshop.perform(arguments.task)) {
        Ok(code) => code,
        Err(error) => match error.downcast_ref::<cargo::Ended>() {
            Some(ended) => ExitCode::from(ended.0),
            None => {
                eprintln!("error: {error:#}");
                ExitCode::FAILURE
            }
        },
    }
}

/// The repository and what was fetched for it.
struct Workshop {
    repository: PathBuf,
    deps: Deps,
}

impl Workshop {
    fn new() -> Result<Self> {
        // Cargo says where xtask is now; where it was compiled is only right until the repository is moved.
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let repository = manifest
            .parent()
            .context("xtask has no folder above it; call it as `cargo xtask`")?;
        let deps = Deps::new(repository, std::env::var_os("ECHOMETER_DEPS"))?;
        Ok(Self {
            repository: repository.to_owned(),
            deps,
        })
    }

    fn perform(&self, task: Task) -> Result<ExitCode> {
        match task {
            Task::Run { program, arguments } => self.run(program, &arguments),
            Task::Setup { all } => self.setup(all),
            Task::Test { arguments } => self.test(&arguments),
            Task::Check => self.check(),
            Task::Install { only, root } => self.install(only, root),
        }
    }

    fn run(&self, program: Program, arguments: &[OsString]) -> Result<ExitCode> {
        let (path, libtorch) = self.build(program)?;
        let mut command = cargo::program(&path);
        command.args(arguments);
        if let Some(libtorch) = &libtorch {
            cargo::with_libtorch(&mut command, libtorch)?;
        }
        cargo::hand_over(command)
    }

    fn setup(&self, all: bool) -> Result<ExitCode> {
        if !all {
            self.ensure_packages(&[])?;
            eprintln!("Everything for building the analyzer is there: cargo xtask run -- --help");
            return Ok(ExitCode::SUCCESS);
        }
        let (libtorch, onnxruntime) = self.ensure_everything()?;
        eprintln!(
            "libtorch {}: {}",
            origin(libtorch.from_user, libtorch::VERSION),
            libtorch.folder.display()
        );
        eprintln!("ONNX Runtime: {}", onnxruntime.display());
        eprintln!("Everything for building and testing is there: cargo xtask test");
        Ok(ExitCode::SUCCESS)
    }

    fn test(&self, arguments: &[OsString]) -> Result<ExitCode> {
        let (libtorch, onnxruntime) = self.ensure_everything()?;
        let mut command = cargo::cargo(&self.repository);
        command.args(["test", "--locked"]);
        if !names_packages(arguments) {
            // Everything is built before anything runs, so the tests that start our programs need not build them again.
            command
                .args(["--workspace", "--no-fail-fast"])
                .env("ECHOMETER_BUILT", "1");
        }
        command.args(arguments).env("ORT_DYLIB_PATH", onnxruntime);
        cargo::with_libtorch(&mut command, &libtorch)?;
        cargo::hand_over(command)
    }

    fn check(&self) -> Result<ExitCode> {
        let mut format = cargo::cargo(&self.repository);
        let status = format
            .args(["fmt", "--all", "--", "--check"])
            .status()
            .context("cannot start `cargo fmt`")?;
        if !status.success() {
            eprintln!("error: the code is not formatted as rustfmt.toml says; type: cargo fmt --all");
            return Ok(ExitCode::from(cargo::code(status.code())));
        }
        let libtorch = self.ensure_libtorch()?;
        let mut clippy = cargo::cargo(&self.repository);
        clippy.args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]);
        cargo::with_libtorch(&mut clippy, &libtorch)?;
        cargo::hand_over(clippy)
    }

    fn install(&self, only: Option<Program>, root: Option<PathBuf>) -> Result<ExitCode> {
        let root = install::root(root)?;
        let mut obstacles = Vec::new();
        for program in [Program::Analyzer, Program::Trainer] {
            if only.is_some_and(|only| only != program) {
                continue;
            }
            let (built, libtorch) = self.build(program)?;
            if let Some(libtorch) = &libtorch {
                let place = install::put_libtorch(libtorch, &root)?;
                eprintln!("libtorch for the trainer: {}", place.display());
            }
            let place = install::put_program(&built, &root)?;
            eprintln!("Installed {}", place.display());
            obstacles.extend(install::obstacle(&place, std::env::var_os("PATH")));
        }
        obstacles.dedup();
        for obstacle in obstacles {
            eprintln!("{obstacle}");
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Builds `program` after making sure of what that takes.
    fn build(&self, program: Program) -> Result<(PathBuf, Option<Libtorch>)> {
        let libtorch = match program {
            Program::Analyzer => {
                self.ensure_packages(&[])?;
                None
            }
            Program::Trainer => Some(self.ensure_libtorch()?),
        };
        let path = cargo::build(&self.repository, program.name(), libtorch.as_ref())?;
        Ok((path, libtorch))
    }

    /// What every build takes, and `more`. Other systems than Linux bring their audio interfaces with them.
    fn ensure_packages(&self, more: &[&packages::Need]) -> Result<()> {
        if !cfg!(target_os = "linux") {
            return Ok(());
        }
        let needs = [[&packages::C_COMPILER, &packages::ALSA].as_slice(), more].concat();
        packages::ensure(&needs)
    }

    /// The packages for building the trainer, and those for fetching wheels if that is still to be done.
    fn ensure_trainer_packages(&self, fetching: bool) -> Result<()> {
        let mut more = vec![&packages::CXX_COMPILER];
        if fetching {
            more.extend(FETCHING);
        }
        self.ensure_packages(&more)
    }

    /// What building the trainer takes.
    fn ensure_libtorch(&self) -> Result<Libtorch> {
        let present = libtorch::present(&self.deps, std::env::var_os("LIBTORCH"))?;
        self.ensure_trainer_packages(present.is_none())?;
        present.map_or_else(|| libtorch::ensure(&self.deps), Ok)
    }

    /// What building everything and running all tests takes.
    fn ensure_everything(&self) -> Result<(Libtorch, PathBuf)> {
        // Both first: a wrong setting should not be found only after half a gigabyte has come in.
        let libtorch = libtorch::present(&self.deps, std::env::var_os("LIBTORCH"))?;
        let onnxruntime = onnxruntime::present(&self.deps, std::env::var_os("ORT_DYLIB_PATH"))?;
        self.ensure_trainer_packages(libtorch.is_none() || onnxruntime.is_none())?;
        let libtorch = libtorch.map_or_else(|| libtorch::ensure(&self.deps), Ok)?;
        let onnxruntime = onnxruntime.map_or_else(|| onnxruntime::ensure(&self.deps), Ok)?;
        if cfg!(target_os = "linux") {
            packages::ensure_optional(
                &packages::PULSEAUDIO,
                "The tests that capture from a PulseAudio server are skipped",
            );
        }
        Ok((libtorch, onnxruntime))
    }
}

/// What fetching a wheel takes, besides the network.
const FETCHING: [&packages::Need; 2] = [&packages::CURL, &packages::PYTHON];

fn origin(from_user: bool, version: &str) -> &str {
    if from_user { "(from LIBTORCH)" } else { version }
}

/// Whether the arguments of `cargo test` choose packages themselves, which `--workspace` would override.
fn names_packages(arguments: &[OsString]) -> bool {
    arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .filter_map(|argument| argument.to_str())
        .any(|argument| {
            argument.starts_with("-p") || argument == "--package" || argument.starts_with("--package=")
        })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    fn parse(line: &[&str]) -> Task {
        Arguments::try_parse_from([["xtask"].as_slice(), line].concat())
            .unwrap()
            .task
    }

    #[test]
    fn arguments_reach_the_program_untouched() {
        let Task::Run { program, arguments } = parse(&["run", "--", "--input", "mic", "--", "-x"]) else {
            panic!("not run")
        };
        assert_eq!(program, Program::Analyzer);
        assert_eq!(arguments, ["--input", "mic", "--", "-x"]);
        let Task::Run { program, arguments } = parse(&["run", "trainer", "--", "--help"]) else {
            panic!("not run")
        };
        assert_eq!(program, Program::Trainer);
        assert_eq!(arguments, ["--help"]);
        assert!(matches!(
            parse(&["run"]),
            Task::Run {
                program: Program::Analyzer,
                ..
            }
        ));
    }

    #[test]
    fn chosen_packages_replace_the_workspace() {
        let arguments = |line: &[&str]| line.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(names_packages(&arguments(&["-p", "xtask"])));
        assert!(names_packages(&arguments(&["--package=xtask"])));
        assert!(!names_packages(&arguments(&["rolling", "--", "-p"])));
        assert!(!names_packages(&[]));
    }
}
