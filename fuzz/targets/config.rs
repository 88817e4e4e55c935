//! The analyzer's configuration file, on a command line with a flag of every kind. The analyzer's own file is taken in by
//! its path: the analyzer is a program, not a library.
#![no_main]
#![allow(dead_code, unreachable_pub, reason = "the analyzer uses more of them")]

#[path = "../../analyzer/src/cli/config.rs"]
mod config;
#[path = "../../analyzer/src/failure.rs"]
mod failure;
#[path = "../../analyzer/src/shown.rs"]
mod shown;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use clap::builder::RangedU64ValueParser;
use clap::{Arg, ArgAction, Command, value_parser};
use libfuzzer_sys::fuzz_target;

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("echometer-fuzz-{}.toml", std::process::id())));

/// The analyzer's kinds of flags: texts, numbers in ranges, choices, lists, switches, counts, and a subcommand's own.
fn command() -> Command {
    let flag = |name: &'static str| Arg::new(name).long(name);
    let live = |command: Command| {
        command.args([
            flag("input").value_parser(value_parser!(std::ffi::OsString)).default_value("mic"),
            flag("rate").value_parser(value_parser!(f64)).default_value("5"),
            flag("format").value_parser(["auto", "terminal", "jsonl", "none"]).default_value("auto"),
            flag("channels").value_delimiter(',').value_parser(value_parser!(u16)).action(ArgAction::Append),
            flag("osc").action(ArgAction::Append),
            flag("midi-channel").value_parser(RangedU64ValueParser::<u8>::new().range(1..=16)).default_value("1"),
            flag("csv").value_parser(value_parser!(PathBuf)),
            flag("once").action(ArgAction::SetTrue),
            flag("window").action(ArgAction::SetTrue).conflicts_with("once"),
            flag("verbose").action(ArgAction::Count),
        ])
    };
    let scan = Command::new("scan").args([
        flag("out").value_parser(value_parser!(PathBuf)),
        flag("jobs").value_parser(value_parser!(u32)),
        flag("apply").action(ArgAction::SetTrue),
    ]);
    let config = live(Command::new("config"));
    let all = live(Command::new("analyzer"));
    config::with_undoing(all)
        .subcommand(config::with_undoing(scan))
        .subcommand(config::with_undoing(config))
}

/// What `analyzer config` prints with this file; `None` where the file is refused.
fn printed(path: &Path, line: &[&str]) -> Option<String> {
    let given = command().try_get_matches_from(line).ok()?;
    let file = config::find(Some(path)).ok()??;
    let changed = file.apply(command(), &given).ok()?;
    let given = changed.clone().try_get_matches_from(line).ok()?;
    let settings = given.subcommand_matches("config");
    Some(settings.map_or_else(String::new, |settings| config::print(&command(), &changed, settings).expect("what was applied parses")))
}

fuzz_target!(|data: &[u8]| {
    std::fs::write(&*FILE, data).expect("the configuration file");
    for line in [&["analyzer", "config"][..], &["analyzer", "--no-once"], &["analyzer", "scan", "--no-apply"]] {
        let text = printed(&FILE, line);
        if let (["analyzer", "config"], Some(text)) = (line, text) {
            // What is printed is a file that says the same.
            std::fs::write(&*FILE, &text).expect("the printed file");
            assert_eq!(printed(&FILE, line).as_ref(), Some(&text));
            std::fs::write(&*FILE, data).expect("the configuration file");
        }
    }
});
