//! One download: resumed when broken off, verified before it is used.

use std::fs::{self, File};
use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// What the finished file must be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    /// Size in bytes.
    pub(crate) bytes: u64,
    /// SHA-256 in lower-case hexadecimal digits.
    pub(crate) sha256: &'static str,
}

/// Where to download from, and how to get there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    /// The address. It may hold a password of the user's package index, so it is never printed.
    pub(crate) url: String,
    /// A file with the certificates to trust, instead of the system's.
    pub(crate) certificates: Option<String>,
    /// A proxy, on top of those that the environment names.
    pub(crate) proxy: Option<String>,
}

impl Source {
    /// What curl reads from its standard input: on its command line every user of the machine could read it.
    pub(crate) fn curl_config(&self) -> Result<String> {
        let mut config = String::new();
        let options = [
            ("url", Some(&self.url)),
            ("cacert", self.certificates.as_ref()),
            ("proxy", self.proxy.as_ref()),
        ];
        for (option, value) in options {
            let Some(value) = value else { continue };
            if value.chars().any(char::is_control) {
                bail!(
                    "the {option} from pip's configuration holds a control character; it must be one line: \
                     see `pip config debug`"
                );
            }
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            config.push_str(&format!("{option} = \"{quoted}\"\n"));
        }
        Ok(config)
    }
}

/// Downloads that end without one new byte before giving up. Any progress starts the count again: a line that
/// breaks off every few megabytes still gets there.
const FRUITLESS_TRIES: u32 = 5;

/// Brings `source` to `target`, going on from `target.part` where an earlier try broke off. `pause` is how long
/// to wait after the first fruitless try; the wait doubles with each.
pub(crate) fn download(source: &Source, target: &Path, expected: Expected, pause: Duration) -> Result<()> {
    let name = file_name(target);
    if target.exists() {
        return verify(target, expected);
    }
    let part = target.with_file_name(format!("{name}.part"));
    let mut fruitless = 0;
    loop {
        let before = size(&part);
        if before == expected.bytes {
            break;
        }
        if before > expected.bytes {
            // Not what was asked for: going on from it could never end well.
            remove(&part)?;
            continue;
        }
        let failure = curl(source, &part)?;
        let after = size(&part);
        let Some(failure) = failure else {
            // The server says that this is all; the hash says whether it is right.
            break;
        };
        if after > before {
            fruitless = 0;
            continue;
        }
        fruitless += 1;
        if before > 0 && failure.cannot_resume() {
            // This server cannot go on where it stopped: begin again.
            remove(&part)?;
        }
        if fruitless >= FRUITLESS_TRIES || failure.is_final() {
            bail!(
                "downloading {name} stopped at {after} of {} bytes: {}\n\
                 Check the network and `pip config list` (the address comes from pip's configuration), then run \
                 the same command again: it goes on from there.",
                expected.bytes,
                failure.message
            );
        }
        std::thread::sleep(pause * 2_u32.pow(fruitless - 1));
    }
    verify(&part, expected)?;
    fs::rename(&part, target)
        .with_context(|| format!("cannot rename {} to {}", part.display(), target.display()))
}

/// Fails, and deletes the file, if it is not what is expected.
pub(crate) fn verify(file: &Path, expected: Expected) -> Result<()> {
    let found = sha256(file)?;
    if found == expected.sha256 {
        return Ok(());
    }
    let bytes = size(file);
    remove(file)?;
    bail!(
        "{} is not the file that this version of Echometer was made for.\n\
         SHA-256 found:    {found} ({bytes} bytes)\n\
         SHA-256 expected: {} ({} bytes)\n\
         The file was deleted. Run the same command again; if it happens again, the package index in \
         `pip config list` serves another file.",
        file_name(file).trim_end_matches(".part"),
        expected.sha256,
        expected.bytes,
    )
}

/// The SHA-256 of a file in lower-case hexadecimal digits.
fn sha256(path: &Path) -> Result<String> {
    let mut file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = file
            .read(&mut buffer)
            .with_context(|| format!("cannot read {}", path.display()))?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Why curl stopped.
struct Failure {
    /// Curl's own number for it; `None` if it was killed.
    code: Option<i32>,
    /// The server's answer, or 0 if none came.
    http: u16,
    message: String,
}

impl Failure {
    /// 33: the server knows no ranges; 36: the file does not fit the one on the server; 416: the range is past
    /// the end there.
    fn cannot_resume(&self) -> bool {
        matches!(self.code, Some(33 | 36)) || self.http == 416
    }

    /// Trying again cannot help: a bad address (3), no file of that name or no right to it (a 4xx other than
    /// those that pass), a full disk (23), a bad certificate (60, 77).
    fn is_final(&self) -> bool {
        let refused = (400..500).contains(&self.http) && !matches!(self.http, 408 | 416 | 429);
        refused || matches!(self.code, None | Some(3 | 23 | 60 | 77))
    }
}

/// One run of curl, appending to `part`. `None`: it finished.
fn curl(source: &Source, part: &Path) -> Result<Option<Failure>> {
    let mut command = Command::new("curl");
    // A .curlrc could change the meaning of these options, so --disable comes first.
    command.args([
        "--disable",
        "--fail",
        "--location",
        "--continue-at",
        "-",
        "--connect-timeout",
        "30",
    ]);
    // A connection that stands still counts as broken.
    command.args(["--speed-limit", "1000", "--speed-time", "60"]);
    let bar = std::io::stderr().is_terminal();
    command.arg(if bar { "--progress-bar" } else { "--silent" });
    // What went wrong comes on standard output: standard error belongs to the bar.
    command.args(["--write-out", "%{http_code} %{errormsg}"]);
    command.args(["--config", "-", "--output"]).arg(part);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let output = feed(command, &source.curl_config()?)?;
    if output.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let (http, message) = text.split_once(' ').unwrap_or((&text, ""));
    let message = match message.trim() {
        "" => format!("curl ended with {}", output.status),
        message => message.to_owned(),
    };
    Ok(Some(Failure {
        code: output.status.code(),
        http: http.parse().unwrap_or(0),
        message,
    }))
}

/// Fetches a small page; `accept` goes into the request's header.
pub(crate) fn page(source: &Source, accept: &str) -> Result<String> {
    let mut command = Command::new("curl");
    command.args([
        "--disable",
        "--fail",
        "--location",
        "--silent",
        "--show-error",
        "--compressed",
    ]);
    command.args([
        "--connect-timeout",
        "30",
        "--max-time",
        "300",
        "--retry",
        "4",
        "--header",
    ]);
    command.arg(format!("Accept: {accept}")).args(["--config", "-"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = feed(command, &source.curl_config()?)?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).context("the page is not UTF-8 text")
}

/// Runs curl with `config` on its standard input.
fn feed(mut command: Command, config: &str) -> Result<std::process::Output> {
    let mut child = command.spawn().context(
        "cannot start curl; install it (Debian, Ubuntu: `sudo apt-get install -y curl ca-certificates`)",
    )?;
    if let Some(mut stdin) = child.stdin.take() {
        // If curl ended at once, its exit status says more than a broken pipe.
        let _ = stdin.write_all(config.as_bytes());
    }
    child.wait_with_output().context("cannot wait for curl")
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |data| data.len())
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).with_context(|| format!("cannot delete {}", path.display()))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
