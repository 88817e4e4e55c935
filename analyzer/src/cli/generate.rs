//! What is made from the command line's definition: shell completions and the manual page.

use std::io::{self, Write};

use clap::CommandFactory;
use clap::builder::Resettable;
use clap_complete::Shell;
use clap_mangen::Man;

use super::Args;
use crate::failure::Failure;

/// What makes `shell` complete the flags.
pub(crate) fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "analyzer", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page, with a part for each subcommand that has flags of its own.
pub(crate) fn man() -> Result<String, Failure> {
    let mut page = Vec::new();
    render(&mut page).map_err(|error| Failure::failed(format!("the manual page: {error}")))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// What stands after the help, in its lines.
fn notes(page: &mut Vec<u8>, command: &clap::Command) -> io::Result<()> {
    let Some(text) = command.get_after_help() else {
        return Ok(());
    };
    writeln!(page, ".SH \"NOTES\"\n.nf")?;
    for line in text.to_string().lines() {
        // A backslash and a line's first point or apostrophe are roff's own.
        let line = line.replace('\\', "\\\\").replace('-', "\\-");
        let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
        writeln!(page, "{guard}{line}")?;
    }
    writeln!(page, ".fi")
}

fn render(page: &mut Vec<u8>) -> io::Result<()> {
    let mut command = Args::command();
    // Names subcommands in full.
    command.build();
    Man::new(command.clone().after_help(Resettable::Reset)).render(page)?;
    notes(page, &command)?;
    for subcommand in command.get_subcommands() {
        let name = subcommand.get_name();
        if !["scan", "config", "completions"].contains(&name) {
            continue;
        }
        writeln!(page, ".SH \"ANALYZER {}\"", name.to_uppercase())?;
        let man = Man::new(subcommand.clone());
        man.render_description_section(page)?;
        man.render_synopsis_section(page)?;
        man.render_options_section(page)?;
        notes(page, subcommand)?;
    }
    Ok(())
}
