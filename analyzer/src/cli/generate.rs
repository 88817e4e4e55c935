//! What is made from the command line's definition: shell completions and the manual page.

use std::io::{self, Write};

use clap::CommandFactory;
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

fn render(page: &mut Vec<u8>) -> io::Result<()> {
    let mut command = Args::command();
    // Names subcommands in full.
    command.build();
    Man::new(command.clone()).render(page)?;
    for subcommand in command.get_subcommands() {
        let name = subcommand.get_name();
        if !["scan", "completions"].contains(&name) {
            continue;
        }
        writeln!(page, ".SH \"ANALYZER {}\"", name.to_uppercase())?;
        let man = Man::new(subcommand.clone());
        man.render_description_section(page)?;
        man.render_synopsis_section(page)?;
        man.render_options_section(page)?;
    }
    Ok(())
}
