//! An installed ffmpeg as the last reader: a process of its own that gets one file or stream, and gives samples.
//!
//! It may open nothing else: no network, and no file that another names. It ends when it is no longer listened to, when it gives nothing
//! for a minute, and, on Linux, when it takes too much memory or time.

mod program;
mod said;
mod watch;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::builtin::{self, Builtin, JOINED, SHORT};
use crate::error::DecodeError;
use crate::input::{Input, Stream};
pub(crate) use program::{Program, named, program};
use said::Said;
use watch::Watch;

/// How long it may give nothing of a file while it is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long it may take to end once nothing more is read of it.
const FAREWELL: Duration = Duration::from_secs(2);
/// A longer line is several.
const LONGEST_LINE: u64 = 4096;

/// A file or stream being decoded by ffmpeg.
pub(crate) struct Ffmpeg {
    pub(crate) program: &'static Program,
    pub(crate) samples: Builtin,
    running: Arc<Running>,
    /// What the file's structure says.
    known: Vec<String>,
    /// How it ended, once it did.
    ended: Option<ExitStatus>,
}

/// A process that ends with whoever holds it.
struct Running {
    child: Mutex<Child>,
    said: Mutex<Said>,
    /// Whether it has said all.
    is_silent: AtomicBool,
}

impl Running {
    fn new(child: Child) -> Self {
        Self {
            child: Mutex::new(child),
            said: Mutex::default(),
            is_silent: AtomicBool::new(false),
        }
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn said(&self) -> Said {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends it, and what it began.
    fn end(&self) {
        program::kill(&mut self.child());
    }

    /// How it ended, once nothing more is read of it: it has nothing left to do, and is ended if it goes on.
    fn finish(&self) -> Option<ExitStatus> {
        let deadline = Instant::now() + FAREWELL;
        let mut ended = None;
        // Never waited for under the lock: whoever would end it needs that as well.
        while Instant::now() < deadline {
            ended = ended.or_else(|| self.child().try_wait().ok().flatten());
            // Its last words, which say what was lost, come by another thread.
            if ended.is_some() && self.is_silent.load(Ordering::Acquire) {
                return ended;
            }
            thread::sleep(Duration::from_millis(5));
        }
        if ended.is_none() {
            self.end();
            ended = self.child().wait().ok();
        }
        ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        // It may have ended already; waited for, so that nothing of it stays.
        program::kill(child);
        let _ = child.wait();
    }
}

/// What samples shall be like, where they go on from others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Like {
    pub(crate) rate: u32,
    pub(crate) channels: u16,
}

impl Ffmpeg {
    /// Decodes a file.
    pub(crate) fn file(
        program: &'static Program,
        path: &Path,
        name: &str,
        like: Option<Like>,
    ) -> Result<Self, DecodeError> {
        let file = File::open(path).map_err(|source| DecodeError::Open {
            name: name.to_owned(),
            source,
        })?;
        let mut command = program.command_for_file(path);
        // What cannot be looked at is ffmpeg's to judge.
        let look = file
            .try_clone()
            .and_then(Input::file)
            .and_then(|mut input| builtin::look(&mut input));
        // Both are at the same place of one open file.
        (&file).rewind().map_err(|source| DecodeError::Read {
            name: name.to_owned(),
            source,
        })?;
        command.stdin(Stdio::from(file));
        let mut ffmpeg = Self::start(program, command, None, name, like)?;
        ffmpeg.known = look.unwrap_or_default();
        Ok(ffmpeg)
    }

    /// Decodes what comes from a stream.
    pub(crate) fn stream(program: &'static Program, stream: Stream, name: &str) -> Result<Self, DecodeError> {
        let mut command = program.command_for_stream();
        command.stdin(Stdio::piped());
        Self::start(program, command, Some(stream), name, None)
    }

    fn start(
        program: &'static Program,
        mut command: Command,
        feed: Option<Stream>,
        name: &str,
        like: Option<Like>,
    ) -> Result<Self, DecodeError> {
        program.ask_for_samples(&mut command, like);
        let failed = |error: io::Error| DecodeError::Unsupported {
            name: name.to_owned(),
            reason: format!("ffmpeg cannot be started: {error}"),
        };
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        program::limit(&child);
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let running = Arc::new(Running::new(child));
        let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
            return Err(failed(io::ErrorKind::BrokenPipe.into()));
        };
        let listener = Arc::downgrade(&running);
        spawn("ffmpeg-said", move || {
            let mut stderr = BufReader::new(stderr);
            let mut line = Vec::new();
            while matches!(
                (&mut stderr).take(LONGEST_LINE).read_until(b'\n', &mut line),
                Ok(1..)
            ) {
                let Some(running) = listener.upgrade() else { return };
                let mut said = running.said.lock().unwrap_or_else(PoisonError::into_inner);
                said.take(&String::from_utf8_lossy(&line));
                line.clear();
            }
            if let Some(running) = listener.upgrade() {
                running.is_silent.store(true, Ordering::Release);
            }
        })
        .map_err(failed)?;
        // A live stream may be silent for as long as it likes.
        let patience = feed.is_none().then_some(PATIENCE);
        if let (Some(mut feed), Some(mut stdin)) = (feed, stdin) {
            spawn("ffmpeg-feed", move || {
                // It may end before its input does.
                let _ = io::copy(&mut feed, &mut stdin);
            })
            .map_err(failed)?;
        }
        let output = Output {
            stdout,
            watch: Watch::start(&running, patience).map_err(failed)?,
        };
        match builtin::open(Input::stream(Box::new(output)), name, true) {
            Ok(samples) => Ok(Self {
                program,
                samples,
                running,
                known: Vec::new(),
                ended: None,
            }),
            Err(error) => {
                running.finish();
                let reason = running
                    .said()
                    .last_error()
                    .cloned()
                    .unwrap_or_else(|| error.to_string());
                Err(DecodeError::Unsupported {
                    name: name.to_owned(),
                    reason: format!("ffmpeg {} cannot read it: {reason}", program.version),
                })
            }
        }
    }

    /// Appends the next interleaved samples; `false` at the end.
    pub(crate) fn next(&mut self, samples: &mut Vec<f32>) -> Result<bool, DecodeError> {
        let more = self.samples.next(samples)?;
        if !more && self.ended.is_none() {
            // What it wrote is read to the end: it has nothing left to do.
            self.ended = self.running.finish();
        }
        Ok(more)
    }

    /// The file's length in seconds, where ffmpeg knows or guesses.
    pub(crate) fn duration_s(&self) -> Option<f64> {
        self.running.said().length_s().0
    }

    /// What should be known of what was heard, once it ended.
    pub(crate) fn notes(&self) -> Vec<String> {
        let said = self.running.said();
        // It may well go on with a file that is joined to another.
        let mut notes: Vec<_> = self
            .known
            .iter()
            .filter(|note| *note != JOINED)
            .cloned()
            .collect();
        notes.extend(said.notes());
        // It rounds lengths to a hundredth of a second, and tells them with what encoders padded.
        if let (Some(length_s), false) = said.length_s() {
            notes.extend(self.samples.note_short(length_s, SHORT));
        }
        if self.ended.is_some_and(|status| !status.success()) {
            notes.push("ffmpeg stopped before the end, and what is behind was not heard".into());
        }
        notes
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.into()).spawn(work).map(drop)
}

/// What it writes, watched.
struct Output {
    stdout: ChildStdout,
    watch: Watch,
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.watch.waiting();
        let read = self.stdout.read(buffer);
        self.watch.served();
        if matches!(read, Ok(0)) && self.watch.gave_up() {
            let text = "ffmpeg gave nothing for a minute and was ended";
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        }
        read
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A script in its place: no file can be made that ffmpeg speaks of late enough.
    #[test]
    fn what_it_says_last_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8_000,
            bits_per_sample: 32,
            sample_format: hound::SampleFormat::Float,
        };
        let mut wav = hound::WavWriter::create(at("a.wav"), spec).unwrap();
        (0..800).for_each(|_| wav.write_sample(0.5f32).unwrap());
        wav.finalize().unwrap();
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in *-version*) echo ffmpeg version 9; exit;; esac\n\
             cat {}\n(exec >&-; sleep 0.3; echo '[error] and then it broke' >&2) &\n",
            at("a.wav").display()
        );
        fs::write(at("ffmpeg"), script).unwrap();
        fs::set_permissions(at("ffmpeg"), fs::Permissions::from_mode(0o755)).unwrap();
        let program: &'static Program = Box::leak(Box::new(Program::ask(at("ffmpeg")).unwrap()));
        let mut decoder = Ffmpeg::file(program, &at("a.wav"), "a.wav", None).unwrap();
        let mut samples = Vec::new();
        while decoder.next(&mut samples).unwrap() {}
        assert_eq!(samples.len(), 800);
        assert_eq!(decoder.notes(), ["ffmpeg says: and then it broke"]);
    }
}
