//! Sets up, builds, runs, tests and installs Echometer: `cargo xtask --help`.

// A failed test is meant to panic.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod bench;
mod bundle;
mod cargo;
mod command_line;
mod deps;
mod download;
mod ffmpeg;
mod host;
mod index;
mod install;
mod libtorch;
mod mutagen;
mod onnx;
mod onnxruntime;
mod packages;
mod pedalboard;
mod plugin;
mod python;
mod wheel;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use crate::command_line::{Arguments, Part, Program, Task};
use crate::deps::Deps;
use crate::libtorch::Libtorch;

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
            Task::Bench { quick } => self.bench(quick),
            Task::Bundle {
                target,
                out,
                standalone,
            } => {
                self.bundle(target.as_deref(), out, standalone)?;
                Ok(ExitCode::SUCCESS)
            }
            Task::Install {
                only,
                no_plugin,
                root,
            } => self.install(&Part::chosen(only, no_plugin), root),
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
        for package in [&pedalboard::PACKAGE, &onnx::PACKAGE, &mutagen::PACKAGE] {
            if let Some(folder) = package.ensure_optional(&self.deps) {
                eprintln!("{}: {}", package.name, folder.display());
            }
        }
        if let Some(program) = ffmpeg::ensure_optional(&self.deps) {
            eprintln!("ffmpeg: {}", program.display());
        }
        eprintln!("Everything for building and testing is there: cargo xtask test");
        Ok(ExitCode::SUCCESS)
    }

    fn test(&self, arguments: &[OsString]) -> Result<ExitCode> {
        let (libtorch, onnxruntime) = self.ensure_everything()?;
        let mut command = cargo::cargo(&self.repository);
        command.args(["test", "--locked"]);
        if !choose(arguments, &PACKAGES) {
            command.args(["--workspace", "--no-fail-fast"]);
            if !choose(arguments, &TARGETS) {
                // Everything is built before anything runs, so the tests that start our programs need not build them again.
                command.env("ECHOMETER_BUILT", "1");
            }
        }
        command.args(arguments).env("ORT_DYLIB_PATH", onnxruntime);
        for (package, variable) in [
            (&pedalboard::PACKAGE, "ECHOMETER_PEDALBOARD"),
            (&onnx::PACKAGE, "ECHOMETER_ONNX"),
            (&mutagen::PACKAGE, "ECHOMETER_MUTAGEN"),
        ] {
            if let Some(folder) = package.ensure_optional(&self.deps) {
                command.env(variable, folder);
            }
        }
        if std::env::var_os("ECHOMETER_FFMPEG").is_none()
            && let Some(program) = ffmpeg::ensure_optional(&self.deps)
        {
            command.env("ECHOMETER_FFMPEG", program);
        }
        cargo::with_libtorch(&mut command, &libtorch)?;
        cargo::hand_over(command)
    }

    fn bench(&self, quick: bool) -> Result<ExitCode> {
        let (_, onnxruntime) = self.ensure_everything()?;
        if let Some(hint) = bench::hint(std::env::var_os("ECHOMETER_PYTHON").as_deref()) {
            eprintln!("{hint}");
        }
        bench::bench(&self.repository, &onnxruntime, quick)
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

    fn install(&self, parts: &[Part], root: Option<PathBuf>) -> Result<ExitCode> {
        let root = install::root(root)?;
        let mut obstacles = Vec::new();
        for part in parts {
            let program = match part {
                Part::Analyzer => Program::Analyzer,
                Part::Trainer => Program::Trainer,
                Part::Plugin => {
                    self.install_plugin()?;
                    continue;
                }
            };
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
        let needs = [
            [&packages::C_COMPILER, &packages::CMAKE, &packages::ALSA].as_slice(),
            more,
        ]
        .concat();
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
            packages::ensure_optional(&packages::DISPLAY, "The tests that open windows are skipped");
        }
        Ok((libtorch, onnxruntime))
    }
}

/// What fetching a wheel takes, besides the network.
const FETCHING: [&packages::Need; 2] = [&packages::CURL, &packages::PYTHON];

fn origin(from_user: bool, version: &str) -> &str {
    if from_user { "(from LIBTORCH)" } else { version }
}

/// How `cargo test` is told to keep to some packages, which `--workspace` would override.
const PACKAGES: [&str; 2] = ["-p", "--package"];
/// How it is told to keep to some of what the workspace builds, in full or in plural.
const TARGETS: [&str; 7] = [
    "--test",
    "--bin",
    "--lib",
    "--bench",
    "--example",
    "--doc",
    "--exclude",
];

/// Whether one of the arguments of `cargo test` itself begins with one of `options`.
fn choose(arguments: &[OsString], options: &[&str]) -> bool {
    arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .filter_map(|argument| argument.to_str())
        .any(|argument| options.iter().any(|option| argument.starts_with(option)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_packages_and_targets_are_known() {
        let choose = |line: &[&str], options: &[&str]| {
            let arguments: Vec<_> = line.iter().map(OsString::from).collect();
            super::choose(&arguments, options)
        };
        assert!(choose(&["-p", "xtask"], &PACKAGES));
        assert!(choose(&["--package=xtask"], &PACKAGES));
        assert!(!choose(&["rolling", "--", "-p"], &PACKAGES));
        assert!(!choose(&[], &PACKAGES));
        assert!(choose(&["--no-fail-fast", "--test", "rolling"], &TARGETS));
        assert!(choose(&["--bins"], &TARGETS));
        assert!(choose(&["--exclude", "xtask"], &TARGETS) && !choose(&["--exclude", "xtask"], &PACKAGES));
        assert!(!choose(&["--release", "--", "--test-threads=1"], &TARGETS));
    }
}
