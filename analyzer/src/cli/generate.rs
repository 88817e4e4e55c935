//! What is made from the command line's definition: shell completions and the manual page.

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

/// The manual page, subcommands included.
pub(crate) fn man() -> Result<String, Failure> {
    let mut page = Vec::new();
    Man::new(Args::command())
        .render(&mut page)
        .map_err(|error| Failure::failed(format!("the manual page: {error}")))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
