//! Cargo, and the programs it builds.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::libtorch::Libtorch;

/// A command that has already told the user what is wrong; nothing is left but to pass its exit code on.
#[derive(Debug)]
pub(crate) struct Ended(pub(crate) u8);

impl std::fmt::Display for Ended {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "a command ended with exit code {}", self.0)
    }
}

impl std::error::Error for Ended {}

/// Cargo in the repository at `repository`, as if it had been called from outside of cargo.
pub(crate) fn cargo(repository: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(repository);
    remove_own_variables(&mut command);
    command
}

/// Cargo describes xtask to xtask in variables, and puts folders of its own on the library path. Nothing started
/// from here must see that: programs would run otherwise than when called by name, and build scripts would run
/// again whenever the way of calling changes.
fn remove_own_variables(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_BIN_NAME" {
            command.env_remove(&name);
        }
    }
    match std::env::join_paths(library_path()) {
        Ok(paths) if !paths.is_empty() => command.env(LIBRARY_PATH, paths),
        _ => command.env_remove(LIBRARY_PATH),
    };
}

/// A program that was built, to be run as if it had been called by name.
pub(crate) fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    remove_own_variables(&mut command);
    command
}

/// Where programs look for libraries before they look anywhere else.
const LIBRARY_PATH: &str = if cfg!(windows) {
    "PATH"
} else if cfg!(target_os = "macos") {
    "DYLD_FALLBACK_LIBRARY_PATH"
} else {
    "LD_LIBRARY_PATH"
};

/// The user's own library path: without what cargo and rustup put in front of it to run xtask.
fn library_path() -> Vec<PathBuf> {
    let xtask = std::env::current_exe().ok();
    let own = xtask.as_deref().and_then(Path::parent);
    let cargo = std::env::var_os("CARGO").map(PathBuf::from);
    let toolchain = cargo.as_deref().and_then(Path::parent).and_then(Path::parent);
    let value = std::env::var_os(LIBRARY_PATH).unwrap_or_default();
    std::env::split_paths(&value)
        .filter(|path| is_the_users(path, own, toolchain))
        .collect()
}

fn is_the_users(path: &Path, own: Option<&Path>, toolchain: Option<&Path>) -> bool {
    // On Windows this is the path to programs as well, cargo's among them.
    let from_cargo =
        |folder: Option<&Path>| !cfg!(windows) && folder.is_some_and(|folder| path.starts_with(folder));
    !path.as_os_str().is_empty()
        && !from_cargo(own)
        && !from_cargo(toolchain.map(|folder| folder.join("lib")).as_deref())
}

/// Gives `command` what building with and running on `libtorch` takes.
pub(crate) fn with_libtorch(command: &mut Command, libtorch: &Libtorch) -> Result<()> {
    let lib = libtorch.lib();
    let paths =
        std::env::join_paths(std::iter::once(lib.clone()).chain(library_path())).with_context(|| {
            format!(
                "{} cannot stand in {LIBRARY_PATH}, because it holds its separator; choose another folder",
                lib.display()
            )
        })?;
    command.env("LIBTORCH", &libtorch.folder).env(LIBRARY_PATH, paths);
    Ok(())
}

/// Builds the program of `package` for use and returns where it is.
pub(crate) fn build(repository: &Path, package: &str, libtorch: Option<&Libtorch>) -> Result<PathBuf> {
    let mut command = release(repository, package);
    if let Some(libtorch) = libtorch {
        with_libtorch(&mut command, libtorch)?;
    }
    made(command, &format!("program {package}"), |message| {
        executable(message, package)
    })
}

/// Builds the library of `package` that others load, with `arguments` for cargo, and returns the one of cargo's
/// files for it that ends in `extension`.
pub(crate) fn build_library(
    repository: &Path,
    package: &str,
    arguments: &[OsString],
    extension: &str,
) -> Result<PathBuf> {
    let mut command = release(repository, package);
    command.arg("--lib").args(arguments);
    made(command, &format!("library {package} (.{extension})"), |message| {
        library(message, package, extension)
    })
}

/// Builds the program `name` of `package`, with `arguments` for cargo, and returns where it is.
pub(crate) fn build_program(
    repository: &Path,
    package: &str,
    name: &str,
    arguments: &[OsString],
) -> Result<PathBuf> {
    let mut command = release(repository, package);
    command.args(["--bin", name]).args(arguments);
    made(command, &format!("program {name}"), |message| {
        executable(message, name)
    })
}

/// `cargo build` of `package`, for use.
fn release(repository: &Path, package: &str) -> Command {
    let mut command = cargo(repository);
    command.args([
        "build",
        "--release",
        "--locked",
        "--package",
        package,
        "--message-format",
        "json-render-diagnostics",
    ]);
    command
}

/// Runs a `cargo build` and returns what `find` finds in the messages on what was built; `what` names it. Cargo's
/// words to the user are passed on, save for the line that says there was nothing to do.
fn made(mut command: Command, what: &str, find: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if std::io::stderr().is_terminal() {
        // Cargo sees a pipe and would leave out colours and the progress bar.
        let defaults = [
            ("CARGO_TERM_COLOR", "always"),
            ("CARGO_TERM_PROGRESS_WHEN", "always"),
            ("CARGO_TERM_PROGRESS_WIDTH", "78"),
        ];
        for (name, value) in defaults {
            if std::env::var_os(name).is_none() {
                command.env(name, value);
            }
        }
    }
    let mut child = command.spawn().context("cannot start cargo")?;
    let (Some(stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
        bail!("cannot read what cargo says");
    };
    let messages = std::thread::spawn(move || pass_on(&mut stderr, &mut std::io::stderr()));
    let mut found = None;
    for line in BufReader::new(stdout).lines() {
        let line = line.context("cannot read what cargo says")?;
        found = find(&line).or(found);
    }
    let status = child.wait().context("cannot wait for cargo")?;
    let held_back = messages.join().unwrap_or_default();
    if !status.success() {
        eprint!("{}", String::from_utf8_lossy(&held_back));
        return Err(Ended(code(status.code())).into());
    }
    found.with_context(|| {
        format!("cargo was done but named no {what}; the package's Cargo.toml must define it")
    })
}

/// The program in one of cargo's messages, if it is about the one of `package`.
fn executable(message: &str, package: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    (message["reason"] == "compiler-artifact" && message["target"]["name"] == package)
        .then(|| message["executable"].as_str().map(PathBuf::from))
        .flatten()
}

/// The file of a library in one of cargo's messages, if it is about the one of `package`.
fn library(message: &str, package: &str, extension: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    (message["reason"] == "compiler-artifact" && message["target"]["name"] == *package.replace('-', "_"))
        .then(|| message["filenames"].as_array())
        .flatten()?
        .iter()
        .filter_map(|name| name.as_str().map(PathBuf::from))
        .find(|path| path.extension().is_some_and(|found| found == extension))
}

/// Passes everything on at once, unless the first thing said is that cargo is finished: then there was nothing to
/// do, and the text is returned instead.
fn pass_on(from: &mut impl Read, to: &mut impl Write) -> Vec<u8> {
    let mut held = Vec::new();
    let mut open = false;
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        held.extend_from_slice(&buffer[..count]);
        open = open || !may_be_finished(&held);
        if open {
            // With standard error gone there is nobody to tell; the build goes on.
            let _ = to.write_all(&held).and_then(|()| to.flush());
            held.clear();
        }
    }
    held
}

/// Whether `text` begins, or can still come to begin, with cargo's word for having finished.
fn may_be_finished(text: &[u8]) -> bool {
    let mut visible = Vec::new();
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            // A colour: everything up to its closing letter.
            0x1b => drop(bytes.by_ref().find(u8::is_ascii_alphabetic)),
            byte if byte.is_ascii_whitespace() && visible.is_empty() => {}
            byte => visible.push(byte),
        }
    }
    let word = b"Finished";
    let shared = visible.len().min(word.len());
    visible[..shared] == word[..shared]
}

/// Ends this program in favour of `command`: signals, standard streams and the exit code are then the command's
/// own. Returns only where the system cannot do that, or on failure.
pub(crate) fn hand_over(mut command: Command) -> Result<ExitCode> {
    let name = command.get_program().to_owned();
    let failure = |name: OsString| format!("cannot start {}", name.display());
    #[cfg(unix)]
    {
        let error = std::os::unix::process::CommandExt::exec(&mut command);
        Err(error).with_context(|| failure(name))
    }
    #[cfg(not(unix))]
    {
        let status = command.status().with_context(|| failure(name))?;
        Ok(ExitCode::from(code(status.code())))
    }
}

/// An exit code to pass on; a process that ended without one was killed.
pub(crate) fn code(code: Option<i32>) -> u8 {
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_with_nothing_to_do_is_silent() {
        for text in [
            "    Finished `release` profile [optimized] target(s) in 0.1s\n",
            "\x1b[1m\x1b[92m    Finished\x1b[0m `release` profile\n",
            "",
        ] {
            let mut shown = Vec::new();
            let held = pass_on(&mut text.as_bytes(), &mut shown);
            assert_eq!(String::from_utf8_lossy(&shown), "");
            assert_eq!(held, text.as_bytes());
        }
    }

    #[test]
    fn everything_else_is_passed_on_whole() {
        /// Gives one byte at a time, as a slow cargo might.
        struct Slow<'a>(&'a [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let count = self.0.len().min(1);
                buffer[..count].copy_from_slice(&self.0[..count]);
                self.0 = &self.0[count..];
                Ok(count)
            }
        }
        for text in [
            "   Compiling a v0.1.0\n    Finished `release` profile\n",
            "\x1b[1m\x1b[96m    Building\x1b[0m [=> ] 1/9: a\r\x1b[K    Finished\n",
            "warning: unused\n    Finished\n",
            "    Final words\n",
        ] {
            let mut shown = Vec::new();
            assert!(pass_on(&mut Slow(text.as_bytes()), &mut shown).is_empty());
            assert_eq!(String::from_utf8_lossy(&shown), text);
        }
    }

    #[test]
    fn only_the_users_library_path_is_passed_on() {
        let own = Some(Path::new("/repo/target/xtask"));
        let toolchain = Some(Path::new("/rust/stable"));
        for path in [
            "/repo/target/xtask/deps",
            "/rust/stable/lib",
            "/rust/stable/lib/rustlib/x/lib",
            "",
        ] {
            assert!(
                cfg!(windows) || !is_the_users(Path::new(path), own, toolchain),
                "{path}"
            );
        }
        for path in ["/opt/cuda/lib64", "/rust/other/lib", "/repo/target"] {
            assert!(is_the_users(Path::new(path), own, toolchain), "{path}");
        }
        assert!(is_the_users(Path::new("/x"), None, None));
    }

    #[test]
    fn the_program_is_read_from_cargos_messages() {
        let message =
            r#"{"reason":"compiler-artifact","target":{"name":"analyzer"},"executable":"/t/analyzer"}"#;
        assert_eq!(
            executable(message, "analyzer"),
            Some(PathBuf::from("/t/analyzer"))
        );
        assert_eq!(executable(message, "trainer"), None);
        assert_eq!(
            executable(r#"{"reason":"build-finished","success":true}"#, "analyzer"),
            None
        );
        assert_eq!(executable("no JSON", "analyzer"), None);
    }

    #[test]
    fn the_library_is_read_from_cargos_messages() {
        let message = r#"{"reason":"compiler-artifact","target":{"name":"echometer_plugin"},
            "filenames":["/t/echometer_plugin.dll","/t/echometer_plugin.dll.lib","/t/libechometer_plugin.rlib"]}"#;
        assert_eq!(
            library(message, "echometer-plugin", "dll"),
            Some(PathBuf::from("/t/echometer_plugin.dll"))
        );
        assert_eq!(library(message, "echometer-plugin", "so"), None);
        assert_eq!(library(message, "echometer-engine", "dll"), None);
    }
}
