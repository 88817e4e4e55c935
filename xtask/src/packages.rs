//! Packages of the operating system: found missing by what they do, installed where that is allowed, and
//! otherwise named with the line to type.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// Something of the operating system that a build or a test needs.
#[derive(Debug)]
pub(crate) struct Need {
    /// What it is, for people whose system names its packages otherwise.
    what: &'static str,
    /// The Debian packages that bring it.
    packages: &'static [&'static str],
    /// Whether it is there. Not a question to dpkg: it may have come another way.
    is_met: fn() -> bool,
}

/// The linker for every Rust program, and the compiler for C parts.
pub(crate) const C_COMPILER: Need = Need {
    what: "a C compiler",
    packages: &["gcc", "libc6-dev"],
    is_met: || runs("cc", &["--version"]),
};

/// Builds libopus, with make.
pub(crate) const CMAKE: Need = Need {
    what: "CMake and make",
    packages: &["cmake", "make"],
    is_met: || runs("cmake", &["--version"]) && runs("make", &["--version"]),
};

/// Audio devices through ALSA, with PulseAudio and PipeWire behind it.
pub(crate) const ALSA: Need = Need {
    what: "the ALSA development files and pkg-config",
    packages: &["libasound2-dev", "pkg-config"],
    is_met: || {
        let pkg_config = std::env::var_os("PKG_CONFIG").unwrap_or_else(|| "pkg-config".into());
        succeeds(Command::new(pkg_config).args(["--exists", "alsa"]))
    },
};

/// The sound server that the standalone plugin can connect to.
pub(crate) const JACK: Need = Need {
    what: "the JACK development files",
    packages: &["libjack-jackd2-dev", "pkg-config"],
    is_met: || {
        let pkg_config = std::env::var_os("PKG_CONFIG").unwrap_or_else(|| "pkg-config".into());
        succeeds(Command::new(pkg_config).args(["--exists", "jack"]))
    },
};

/// The trainer's bindings to libtorch are compiled from C++; having the compiler does not mean having its library.
pub(crate) const CXX_COMPILER: Need = Need {
    what: "a C++ compiler with its standard library",
    packages: &["g++"],
    is_met: || {
        let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
        let mut command = Command::new(compiler);
        command.args(["-x", "c++", "-E", "-"]);
        feed(&mut command, b"#include <vector>\n").is_ok_and(|output| output.status.success())
    },
};

/// Downloads.
pub(crate) const CURL: Need = Need {
    what: "curl",
    packages: &["curl", "ca-certificates"],
    is_met: || runs("curl", &["--version"]),
};

/// Knows the package index and opens wheels. pip is not needed where PIP_INDEX_URL says what it would say.
pub(crate) const PYTHON: Need = Need {
    what: "Python 3 with pip",
    packages: &["python3", "python3-pip"],
    is_met: || {
        let index_is_set = std::env::var_os("PIP_INDEX_URL").is_some_and(|value| !value.is_empty());
        let modules = if index_is_set {
            "import zipfile"
        } else {
            "import zipfile, pip"
        };
        runs("python3", &["-c", modules])
    },
};

/// A sound server and its tools, for tests that capture from a real one.
pub(crate) const PULSEAUDIO: Need = Need {
    what: "the PulseAudio server and its tools",
    packages: &["pulseaudio", "pulseaudio-utils"],
    is_met: || runs("pulseaudio", &["--version"]) && runs("pactl", &["--version"]),
};

/// A display that nobody sees, for tests that open windows, and what draws on it without a graphics card.
pub(crate) const DISPLAY: Need = Need {
    what: "the X server Xvfb, with Mesa's drivers",
    packages: &["xvfb", "libgl1-mesa-dri", "libegl1"],
    is_met: || runs("Xvfb", &["-help"]),
};

/// How packages can be installed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// This user is root and there is apt-get.
    Root,
    /// There is apt-get, and sudo asks for no password.
    Sudo,
    /// There is apt-get, for somebody who may use it.
    ByHand,
    /// Some other system.
    NoApt,
}

/// Installs what is missing of `needs`, or says what to type and fails.
pub(crate) fn ensure(needs: &[&Need]) -> Result<()> {
    let missing = missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    let way = way();
    if !matches!(way, Way::Root | Way::Sudo) {
        bail!("{}", instructions(&missing, way));
    }
    install(&missing, way)?;
    if let Some(need) = missing.iter().find(|need| !(need.is_met)()) {
        bail!(
            "apt-get says that {} is installed, but {} still does not work here; look at what PATH finds first, \
             and run it by hand to see why",
            need.packages.join(" "),
            need.what
        );
    }
    Ok(())
}

/// Installs `need` if it is missing and that is possible; otherwise one line tells of the `consequence`.
pub(crate) fn ensure_optional(need: &Need, consequence: &str) {
    if (need.is_met)() {
        return;
    }
    let way = way();
    let reason = match way {
        Way::Root | Way::Sudo => match install(&[need], way) {
            Ok(()) => return,
            Err(error) => format!("{error:#}").replace('\n', " "),
        },
        Way::ByHand => format!("to have it: {}", line(&[need])),
        Way::NoApt => format!("to have it, install {}", need.what),
    };
    eprintln!("{consequence}: {} is missing ({reason})", need.what);
}

fn missing<'a>(needs: &[&'a Need]) -> Vec<&'a Need> {
    needs.iter().filter(|need| !(need.is_met)()).copied().collect()
}

fn packages(needs: &[&Need]) -> Vec<&'static str> {
    needs
        .iter()
        .flat_map(|need| need.packages.iter().copied())
        .collect()
}

/// What a user with a password types.
fn line(needs: &[&Need]) -> String {
    format!(
        "sudo apt-get install -y --no-install-recommends {}",
        packages(needs).join(" ")
    )
}

/// What to do where nothing may be installed from here.
fn instructions(missing: &[&Need], way: Way) -> String {
    let what = missing
        .iter()
        .map(|need| need.what)
        .collect::<Vec<_>>()
        .join(", ");
    let how = match way {
        Way::NoApt => format!(
            "Install that with this system's package manager (on Debian the packages are called {}).",
            packages(missing).join(", ")
        ),
        _ => format!("Type:\n    {}", line(missing)),
    };
    format!("this machine lacks {what}.\n{how}\nThen run the same command again.")
}

fn way() -> Way {
    if !runs("apt-get", &["--version"]) {
        return Way::NoApt;
    }
    let user = Command::new("id").arg("-u").stdin(Stdio::null()).output();
    if user.is_ok_and(|output| output.stdout.trim_ascii() == b"0") {
        return Way::Root;
    }
    if runs("sudo", &["-n", "true"]) {
        Way::Sudo
    } else {
        Way::ByHand
    }
}

fn install(needs: &[&Need], way: Way) -> Result<()> {
    let packages = packages(needs);
    let mut plan = plan(&packages, way)?;
    if plan.is_none() {
        // The package lists are missing or too old to know a package.
        eprintln!("Updating apt-get's package lists");
        apt(way, &["update"])?;
        plan = self::plan(&packages, way)?;
    }
    let plan = plan.map(|plan| format!(" ({plan})")).unwrap_or_default();
    eprintln!("Installing with apt-get: {}{plan}", packages.join(" "));
    let arguments = [["install", "-y", "--no-install-recommends"].as_slice(), &packages].concat();
    if apt(way, &arguments).is_ok() {
        return Ok(());
    }
    // Lists that know a package may still name a version that the servers have replaced.
    eprintln!("Updating apt-get's package lists");
    apt(way, &["update"])?;
    apt(way, &arguments)
}

/// How much would come in, for the announcement; `None` if apt-get's lists do not know a package.
fn plan(packages: &[&str], way: Way) -> Result<Option<String>> {
    // Not --assume-no: where apt-get sees nothing to ask about, it installs.
    let arguments = [
        ["install", "--print-uris", "-qq", "--no-install-recommends"].as_slice(),
        packages,
    ]
    .concat();
    let output = apt_command(way, &arguments)
        .output()
        .context("cannot start apt-get")?;
    Ok(output
        .status
        .success()
        .then(|| describe_plan(&String::from_utf8_lossy(&output.stdout))))
}

/// Each line names an address in quotes, a file and its size in bytes.
fn describe_plan(text: &str) -> String {
    let sizes: Vec<u64> = text
        .lines()
        .filter(|line| line.starts_with('\''))
        .filter_map(|line| line.split_whitespace().nth(2)?.parse().ok())
        .collect();
    if sizes.is_empty() {
        return "nothing to download".to_owned();
    }
    let kilobytes = sizes.iter().sum::<u64>().div_ceil(1000);
    format!(
        "{} packages with what they need, {kilobytes} kB to download",
        sizes.len()
    )
}

fn apt_command(way: Way, arguments: &[&str]) -> Command {
    let mut command = if way == Way::Sudo {
        let mut command = Command::new("sudo");
        command.args(["-n", "env"]);
        command
    } else {
        Command::new("env")
    };
    command.args([
        "DEBIAN_FRONTEND=noninteractive",
        "LC_ALL=C",
        "apt-get",
        "-o",
        "DPkg::Lock::Timeout=300",
    ]);
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs apt-get; its many lines are shown only if it fails.
fn apt(way: Way, arguments: &[&str]) -> Result<()> {
    let output = apt_command(way, arguments)
        .output()
        .context("cannot start apt-get")?;
    if output.status.success() {
        return Ok(());
    }
    bail!(
        "apt-get {} ended with {}:\n{}",
        arguments.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    )
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    succeeds(Command::new(program).args(arguments))
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs `command` with `input` on its standard input.
fn feed(command: &mut Command, input: &[u8]) -> std::io::Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A compiler that does not read its input fails, which is the answer.
        let _ = stdin.write_all(input);
    }
    child.wait_with_output()
}

#[cfg(test)]
mod tests {
    use super::*;

    const THERE: Need = Need {
        what: "something there",
        packages: &["there"],
        is_met: || true,
    };
    const NOT_THERE: Need = Need {
        what: "something else",
        packages: &["one", "two"],
        is_met: || false,
    };

    #[test]
    fn nothing_happens_when_nothing_is_missing() {
        assert!(missing(&[&THERE]).is_empty());
        ensure(&[&THERE]).unwrap();
    }

    #[test]
    fn the_line_to_type_names_exactly_what_is_missing() {
        let missing = missing(&[&THERE, &NOT_THERE]);
        let text = instructions(&missing, Way::ByHand);
        assert!(text.contains("lacks something else"), "{text}");
        assert!(
            text.contains("\n    sudo apt-get install -y --no-install-recommends one two\n"),
            "{text}"
        );
        assert!(!text.contains("there"), "{text}");
    }

    #[test]
    fn systems_without_apt_get_are_told_what_it_is() {
        let text = instructions(&[&NOT_THERE], Way::NoApt);
        assert!(
            text.contains("something else") && text.contains("one, two"),
            "{text}"
        );
        assert!(!text.contains("sudo"), "{text}");
    }

    #[test]
    fn the_announcement_is_read_from_a_plan() {
        let text = "'http://mirror.example/a_1%2b1_amd64.deb' a_1+1_amd64.deb 13212 SHA256:00\n\
                    'http://mirror.example/b_2_all.deb' b_2_all.deb 1000000 SHA256:11\n";
        assert_eq!(
            describe_plan(text),
            "2 packages with what they need, 1014 kB to download"
        );
        assert_eq!(describe_plan(""), "nothing to download");
    }
}
