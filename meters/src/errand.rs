//! What takes longer than a picture of the window: scoring a file to compare with, and writing a session down. Each is done on a
//! thread of its own, and told of in words.

#[cfg(test)]
mod tests;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use echometer_decode::{Choice, Decoder};
use echometer_engine::tap::Layout;
use echometer_engine::{InputFormat, Model, Scorer};

use crate::{Reference, Session, table};

/// As rare as readings can be asked for: only the whole counts.
const LEAST_RATE: f64 = 1e-6;

/// Letters of a file's name that are kept.
const NAME: usize = 60;

/// How far an errand is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// What to tell the user; empty where there is nothing.
    pub words: String,
    /// Whether it is still being done.
    pub busy: bool,
    /// The share that is done, where that is known.
    pub share: Option<f32>,
    /// Whether it failed.
    pub failed: bool,
}

/// The errands of one window, one at a time: a new one takes the place of the last.
#[derive(Default)]
pub struct Errands {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    progress: Progress,
    /// What came of a file.
    reference: Option<Reference>,
    /// Tells the present errand to stop.
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    ended: bool,
}

/// One errand, as its thread sees it.
struct Errand {
    shared: Arc<Mutex<Shared>>,
    stop: Arc<AtomicBool>,
}

/// What an errand comes to: what to tell, and a reference.
type Outcome = Result<(String, Option<Reference>), String>;

impl Errands {
    /// How far the last errand is.
    pub fn progress(&self) -> Progress {
        lock(&self.shared).progress.clone()
    }

    /// The reference that was made since the last call.
    pub fn take_reference(&self) -> Option<Reference> {
        lock(&self.shared).reference.take()
    }

    /// Scores the file at `path` to compare with.
    pub fn score(&self, path: PathBuf, model: Model) {
        let name = name_of(&path);
        self.begin(format!("Scoring {name}…"), move |errand| {
            errand.score(&path, &model, &name)
        });
    }

    /// Writes `session` as CSV to `path`, where there must be no file yet.
    pub fn save(&self, path: PathBuf, session: Session, model: String, backend: String) {
        let words = format!("Writing {}…", path.display());
        self.begin(words, move |_| save(&path, &session, &model, &backend));
    }

    /// Tells of something that did not come to an errand.
    pub fn refuse(&self, words: impl Into<String>) {
        let mut shared = lock(&self.shared);
        shared.stop.store(true, Ordering::Relaxed);
        shared.progress = Progress {
            words: words.into(),
            failed: true,
            ..Progress::default()
        };
    }

    /// Stops the present errand, and says nothing more of it.
    pub fn stop(&self) {
        let mut shared = lock(&self.shared);
        shared.stop.store(true, Ordering::Relaxed);
        shared.progress = Progress::default();
    }

    /// Stops everything. Once this returns, no thread of it runs, and none begins.
    pub fn end(&self) {
        self.stop();
        let threads = {
            let mut shared = lock(&self.shared);
            shared.ended = true;
            std::mem::take(&mut shared.threads)
        };
        for thread in threads {
            // It catches its panics.
            let _ = thread.join();
        }
    }

    fn begin(&self, words: String, work: impl FnOnce(&Errand) -> Outcome + Send + 'static) {
        let mut shared = lock(&self.shared);
        if shared.ended {
            return;
        }
        shared.stop.store(true, Ordering::Relaxed);
        let errand = Errand {
            shared: Arc::clone(&self.shared),
            stop: Arc::default(),
        };
        shared.stop = Arc::clone(&errand.stop);
        shared.progress = Progress {
            words,
            busy: true,
            ..Progress::default()
        };
        shared.threads.retain(|thread| !thread.is_finished());
        let thread = thread::Builder::new()
            .name("echometer errand".into())
            .spawn(move || {
                let outcome = catch_unwind(AssertUnwindSafe(|| work(&errand)))
                    .unwrap_or_else(|_| Err("This ended in a panic; the meters go on.".into()));
                errand.tell(outcome);
            });
        match thread {
            Ok(thread) => shared.threads.push(thread),
            Err(error) => {
                shared.progress = Progress {
                    words: format!("No thread could be started for this: {error}"),
                    failed: true,
                    ..Progress::default()
                };
            }
        }
    }
}

impl Drop for Errands {
    fn drop(&mut self) {
        self.end();
    }
}

impl Errand {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn tell(&self, outcome: Outcome) {
        let mut shared = lock(&self.shared);
        if self.stopped() {
            return;
        }
        let failed = outcome.is_err();
        let (words, reference) = outcome.unwrap_or_else(|words| (words, None));
        shared.progress = Progress {
            words,
            failed,
            ..Progress::default()
        };
        if reference.is_some() {
            shared.reference = reference;
        }
    }

    fn reach(&self, share: f64) {
        let mut shared = lock(&self.shared);
        if !self.stopped() {
            shared.progress.share = Some(share.clamp(0.0, 1.0) as f32);
        }
    }

    /// The same engine as the live meters', on the whole of the file. No other program is started for it.
    fn score(&self, path: &Path, model: &Model, name: &str) -> Outcome {
        let failed = |error: &dyn std::fmt::Display| format!("{name} cannot be a reference: {error}");
        let found = fs::metadata(path).map_err(|error| failed(&format!("{}: {error}", path.display())))?;
        if !found.is_file() {
            return Err(failed(&"it is no file; name an audio file"));
        }
        let mut decoder = Decoder::open_with(path, Choice::Builtin).map_err(|error| failed(&error))?;
        if self.stopped() {
            return Err(String::new());
        }
        let (rate, channels) = (decoder.rate(), decoder.channels());
        let layout = decoder
            .channel_mask()
            .and_then(|mask| Layout::of_mask(mask, channels));
        let format = InputFormat {
            rate,
            channels,
            layout,
        };
        let mut scorer = Scorer::new(model, format, LEAST_RATE)
            .and_then(|scorer| scorer.for_track().with_levels())
            .map_err(|error| failed(&error))?;
        let (mut samples, mut heard) = (Vec::new(), 0u64);
        // A decoder may give a great deal at once; whoever ends waits for no more than a second of it.
        let second = rate.max(1) as usize * usize::from(channels.max(1));
        while decoder.next(&mut samples).map_err(|error| failed(&error))? {
            for piece in samples.chunks(second) {
                if self.stopped() {
                    return Err(String::new());
                }
                scorer
                    .push(piece, &mut Vec::new())
                    .map_err(|error| failed(&error))?;
            }
            heard += samples.len() as u64 / u64::from(channels.max(1));
            samples.clear();
            if let Some(duration_s) = decoder.duration_s() {
                self.reach(heard as f64 / f64::from(rate) / duration_s);
            }
        }
        if self.stopped() {
            return Err(String::new());
        }
        let whole = scorer.track().map_err(|error| failed(&error))?;
        let whole = whole.ok_or_else(|| failed(&"it holds no audio"))?;
        if whole.silent {
            return Err(failed(&"nothing in it is above \u{2212}70 LUFS"));
        }
        let mut words = format!("{name} is the reference.");
        for note in decoder.notes() {
            words += &format!(" Note: {note}.");
        }
        Ok((words, Some(Reference::of(name, &whole))))
    }
}

fn save(path: &Path, session: &Session, model: &str, backend: &str) -> Outcome {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("{} exists already: choose another name.", path.display())
        }
        _ => format!("{} cannot be written: {error}", path.display()),
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(failed)?;
    let text = table::csv(session, model, backend);
    if let Err(error) = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()) {
        // Half a table is none; what is in the way of removing it is in the way of everything.
        let _ = fs::remove_file(path);
        return Err(failed(error));
    }
    let rows = session.readings().len();
    Ok((format!("{rows} rows are in {}", path.display()), None))
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a file is called, short enough for a window.
fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let clean: Vec<char> = name
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if clean.len() <= NAME {
        return clean.into_iter().collect();
    }
    clean.into_iter().take(NAME - 1).chain(['…']).collect()
}
