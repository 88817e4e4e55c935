//! The installed ffmpeg, and how it is called.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use super::Like;

/// Names the program instead of looking for it on the PATH; empty, there is none.
const VARIABLE: &str = "ECHOMETER_FFMPEG";

/// Formats that it may take: all that are one file with sound and have a beginning to be known by. Lists that name other files are not
/// among them, and neither is what is only known by a name, as which anything can be taken.
const FORMATS: &str = "aa,aac,aax,ac3,ac4,ads,adx,aea,aiff,amr,ape,asf,asf_o,ast,au,avi,avr,bonk,brstm,bfstm,caf,dsf,dts,dtshd,dv,ea,eac3,\
epaf,flac,flv,hca,iamf,iff,ircam,iss,laf,loas,live_flv,matroska,mca,mlp,mmf,mov,mp3,mpc,mpc8,mpeg,mpegts,mtaf,musx,\
mxf,nistsphere,nut,ogg,oma,osq,paf,pvf,qcp,qoa,rm,rso,sds,shn,smjpeg,sox,svag,svs,tak,truehd,tta,vag,voc,vqf,w64,wav,\
wsd,wtv,wv,wve,xa,xma,xvag,xwma,mp4,m4a,3gp,3g2,mj2,webm,dxa";

/// How long it may take to say what it is, and how much it may say.
const ANSWER_TIME: Duration = Duration::from_secs(30);
const LONGEST_ANSWER: u64 = 1 << 20;

/// Memory and processor time that it may take, in bytes and seconds.
#[cfg(target_os = "linux")]
const LIMITS: (u64, u64) = (4 << 30, 3600);

/// An installed ffmpeg.
pub(crate) struct Program {
    path: PathBuf,
    /// As it says, such as `7.1`.
    pub(crate) version: String,
    /// Whether it reads an open file by its number, and can seek in it.
    reads_numbers: bool,
}

/// The installed ffmpeg; looked for once.
pub(crate) fn program() -> Option<&'static Program> {
    static FOUND: OnceLock<Option<Program>> = OnceLock::new();
    let find = || Program::ask(env::var_os(VARIABLE).map_or_else(|| "ffmpeg".into(), PathBuf::from));
    FOUND.get_or_init(find).as_ref()
}

/// What the user named instead of what would be found, if anything.
pub(crate) fn named() -> Option<PathBuf> {
    env::var_os(VARIABLE)
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
}

impl Program {
    /// Asks a program what it is; `None` where there is none, or it is no ffmpeg.
    pub(super) fn ask(path: PathBuf) -> Option<Self> {
        if path.as_os_str().is_empty() {
            return None;
        }
        let says = |arguments: &[&str]| says(quiet(Command::new(&path)).args(arguments));
        let version = says(&["-version"])?;
        let version = version
            .strip_prefix("ffmpeg version ")?
            .split_whitespace()
            .next()?;
        // Builds add where they come from: 5.1.9-0+deb12u1, n7.1-12-g0123456.
        let version = version.split(['-', '+']).next().unwrap_or(version);
        let version = version.strip_prefix('n').unwrap_or(version).to_owned();
        let reads_numbers = cfg!(unix)
            && says(&["-hide_banner", "-protocols"])
                .is_some_and(|protocols| protocols.lines().any(|line| line.trim() == "fd"));
        Some(Self {
            path,
            version,
            reads_numbers,
        })
    }

    /// To decode the file that is its standard input, and is at this path.
    pub(super) fn command_for_file(&self, path: &Path) -> Command {
        if self.reads_numbers {
            return self.command("fd", OsStr::new("fd:"));
        }
        let mut address = OsString::from("file:");
        address.push(path);
        self.command("file", &address)
    }

    /// To decode what comes on its standard input.
    pub(super) fn command_for_stream(&self) -> Command {
        self.command("pipe", OsStr::new("pipe:0"))
    }

    fn command(&self, protocol: &str, address: &OsStr) -> Command {
        let mut command = quiet(Command::new(&self.path));
        command
            .args([
                "-nostdin",
                "-hide_banner",
                "-nostats",
                "-v",
                "level+info",
                "-threads",
                "1",
            ])
            .args(["-protocol_whitelist", protocol, "-format_whitelist", FORMATS])
            .arg("-i")
            .arg(address);
        // What it may say in colours or write into reports is for others.
        command.env_remove("FFREPORT").env("AV_LOG_FORCE_NOCOLOR", "1");
        command
    }

    /// Asks for samples as a WAV on its standard output.
    pub(super) fn ask_for_samples(&self, command: &mut Command, like: Option<Like>) {
        command.args(["-vn", "-sn", "-dn", "-map_metadata", "-1", "-threads", "1"]);
        if let Some(Like { rate, channels }) = like {
            command.args(["-ar", &rate.to_string(), "-ac", &channels.to_string()]);
        }
        command.args(["-fflags", "+bitexact", "-c:a", "pcm_f32le", "-f", "wav", "pipe:1"]);
    }
}

/// What a program says on its standard output, if it says all of it and ends well before long; it may be any program at all.
fn says(command: &mut Command) -> Option<String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let (sender, said) = mpsc::channel();
    let stdout = child.stdout.take()?.take(LONGEST_ANSWER);
    super::spawn("ffmpeg-asked", move || {
        let mut bytes = Vec::new();
        let read = { stdout }.read_to_end(&mut bytes);
        // Nobody waits any longer, perhaps.
        let _ = sender.send(read.map(|_| bytes));
    })
    .ok()?;
    let answer = said.recv_timeout(ANSWER_TIME).ok().and_then(Result::ok);
    let ended = answer.as_ref().and_then(|_| {
        child
            .try_wait()
            .ok()
            .flatten()
            .or_else(|| wait_a_moment(&mut child))
    });
    if ended.is_none() {
        kill(&mut child);
        let _ = child.wait();
    }
    let answer = answer.filter(|_| ended.is_some_and(|status| status.success()))?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// Waits for a process that has closed its output and should end at once.
fn wait_a_moment(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..100 {
        thread::sleep(Duration::from_millis(10));
        if let Some(status) = child.try_wait().ok()? {
            return Some(status);
        }
    }
    None
}

/// In a group of its own, so that Ctrl-C reaches it through us alone; without a window where programs have one.
fn quiet(mut command: Command) -> Command {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    }
    #[cfg(windows)]
    {
        use std::os::windows::process::CommandExt;
        const CREATE_NO_WINDOW: u32 = 0x0800_0000;
        command.creation_flags(CREATE_NO_WINDOW);
    }
    command
}

/// Ends a child, and with it whatever it began: it may be a script around the program.
#[cfg(unix)]
pub(super) fn kill(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    // Once it was waited for, its number may be another's.
    if let Ok(None) = child.try_wait()
        && let Some(group) = Pid::from_raw(child.id().cast_signed())
    {
        // Its group is its own.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
}

/// Ends a child.
#[cfg(not(unix))]
pub(super) fn kill(child: &mut Child) {
    // It may have ended already.
    let _ = child.kill();
}

/// Limits what a child may take.
#[cfg(target_os = "linux")]
pub(super) fn limit(child: &Child) {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let Some(pid) = Pid::from_raw(child.id().cast_signed()) else {
        return;
    };
    for (resource, most) in [(Resource::As, LIMITS.0), (Resource::Cpu, LIMITS.1)] {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        // It may have ended already; a system that allows less has its own limits.
        if let Err(error) = prlimit(Some(pid), resource, limit) {
            tracing::debug!(%error, "ffmpeg runs without this limit");
        }
    }
}

/// Other systems have no limits for a process that runs already.
#[cfg(not(target_os = "linux"))]
pub(super) fn limit(_: &Child) {}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_ffmpeg_is_none_and_is_not_waited_for() {
        for name in ["", "/no/such/program", "/bin/true", "/dev/null"] {
            assert!(Program::ask(name.into()).is_none(), "{name}");
        }
        // Says the same for ever.
        assert_eq!(says(Command::new("yes").arg("ffmpeg version 9")), None);
        assert_eq!(
            says(Command::new("echo").arg("ffmpeg version 9")).as_deref(),
            Some("ffmpeg version 9\n")
        );
    }
}
