//! No output is the input, by whatever name.

use std::fs;
use std::path::Path;

use same_file::Handle;

use super::file::is_audio_name;
use crate::cli::Live;
use crate::failure::Failure;

/// Refuses outputs that would write into what is listened to, and a table of readings in the place of music.
pub(super) fn check(args: &Live) -> Result<(), Failure> {
    let input = if args.input == "-" {
        Handle::stdin()
            .ok()
            .filter(|stdin| stdin.as_file().metadata().is_ok_and(|it| it.is_file()))
    } else {
        handle(Path::new(&args.input))
    };
    let is_input = |output: Option<Handle>| output.is_some() && output == input;
    let another = "name another file: what is listened to is never written";
    if let Some(path) = &args.csv {
        let refused = |why: &str| Err(Failure::usage(format!("--csv {}: {why}", path.display())));
        if is_input(handle(path)) {
            return refused("it is the input").map_err(|failure| failure.hint(another));
        }
        let real = fs::canonicalize(path);
        if path.is_file() && (is_audio_name(path) || real.is_ok_and(|real| is_audio_name(&real))) {
            return refused("the file exists and is named like audio").map_err(|failure| {
                failure.hint("name another file: music is not replaced, also not with --force")
            });
        }
    }
    if is_input(Handle::stdout().ok()) {
        return Err(Failure::usage("standard output is the input").hint(another));
    }
    Ok(())
}

/// What is at `path`, links followed, if it is a regular file: others are not kept, and opening them may wait.
fn handle(path: &Path) -> Option<Handle> {
    path.is_file().then(|| Handle::from_path(path).ok())?
}
