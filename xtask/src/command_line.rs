//! What can be typed after `cargo xtask`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Sets up, builds, runs, tests and installs Echometer
#[derive(Debug, Parser)]
#[command(
    bin_name = "cargo xtask",
    after_help = "What is fetched lies in .deps (or in $ECHOMETER_DEPS) and is fetched once. A libtorch named by \
                  $LIBTORCH and an ONNX Runtime named by $ORT_DYLIB_PATH are used instead."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
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
    /// Measures, and ends with one line a figure that has a goal. Set ECHOMETER_PYTHON to compare with other libraries
    Bench {
        /// A glance: under a minute once everything is built
        #[arg(long)]
        quick: bool,
    },
    /// Builds the plugin and bundles it for hosts: Echometer.clap and Echometer.vst3
    Bundle {
        /// What to build for, like x86_64-apple-darwin [default: this machine]
        #[arg(long, value_name = "TRIPLE")]
        target: Option<String>,
        /// The folder that gets the bundles [default: bundled in cargo's target folder]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Also the plugin as a program of its own, on JACK or the system's audio
        #[arg(long)]
        standalone: bool,
    },
    /// Builds programs and plugin and puts them where the shell and hosts find them
    Install {
        /// Only this part
        #[arg(long, value_enum)]
        only: Option<Part>,
        /// Without the plugin
        #[arg(long, conflicts_with = "only")]
        no_plugin: bool,
        /// The folder whose `bin` gets the programs [default: where `cargo install` puts them]. The plugin goes to
        /// this user's plugin folders in any case
        #[arg(long, value_name = "DIR")]
        root: Option<PathBuf>,
    },
}

/// What can be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Live meters in the terminal
    Analyzer,
    /// Trains models; needs libtorch
    Trainer,
    /// Live meters in hosts: CLAP and VST3
    Plugin,
}

impl Part {
    /// The parts that are asked for, in the order in which they are installed.
    pub(crate) fn chosen(only: Option<Self>, no_plugin: bool) -> Vec<Self> {
        // The trainer last: it may have half a gigabyte to fetch.
        [Self::Analyzer, Self::Plugin, Self::Trainer]
            .into_iter()
            .filter(|part| only.is_none_or(|only| only == *part))
            .filter(|part| !no_plugin || *part != Self::Plugin)
            .collect()
    }
}

/// The programs of this repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Program {
    /// Live meters
    Analyzer,
    /// Trains models; needs libtorch
    Trainer,
}

impl Program {
    /// The package and the program in it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Analyzer => "analyzer",
            Self::Trainer => "trainer",
        }
    }
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
    fn everything_is_installed_unless_a_part_is_chosen() {
        let parts = |line: &[&str]| {
            let Task::Install { only, no_plugin, .. } = parse(&[&["install"], line].concat()) else {
                panic!("not install")
            };
            Part::chosen(only, no_plugin)
        };
        assert_eq!(parts(&[]), [Part::Analyzer, Part::Plugin, Part::Trainer]);
        assert_eq!(parts(&["--no-plugin"]), [Part::Analyzer, Part::Trainer]);
        assert_eq!(parts(&["--only", "plugin"]), [Part::Plugin]);
        assert_eq!(parts(&["--only", "analyzer"]), [Part::Analyzer]);
        let both = ["xtask", "install", "--only", "plugin", "--no-plugin"];
        assert!(Arguments::try_parse_from(both).is_err());
    }
}
