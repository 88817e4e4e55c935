//! Many files at once: a thread a core, a model a thread.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use echometer_decode::Choice;
use echometer_engine::{Device, Model};

use super::row::Row;
use super::score::score;
use super::walk::Found;
use crate::control::Control;
use crate::failure::Failure;

/// Finished rows that wait to be written.
const WAITING: usize = 64;

/// How files are scored.
pub(crate) struct Work<'a> {
    pub(crate) model: Model,
    /// Loads the model once more: ONNX Runtime answers one question at a time.
    pub(crate) load: &'a (dyn Fn() -> Result<Model, Failure> + Sync),
    pub(crate) jobs: usize,
    /// Which decoders may be used.
    pub(crate) decoder: Choice,
    pub(crate) curves: bool,
    pub(crate) control: &'a Control,
}

impl Work<'_> {
    /// Scores `files` and hands each one's row to `done`, in the order in which they are ready.
    pub(crate) fn run(
        &self,
        files: &[&Found],
        mut done: impl FnMut(&Found, Row) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let next = AtomicUsize::new(0);
        let failed = Mutex::new(None);
        let (sender, rows) = mpsc::sync_channel(WAITING);
        thread::scope(|scope| {
            for i in 0..self.jobs.min(files.len()) {
                let (sender, next, failed) = (sender.clone(), &next, &failed);
                scope.spawn(move || {
                    let model = match self.model_for(i) {
                        Ok(model) => model,
                        Err(failure) => {
                            failed
                                .lock()
                                .unwrap_or_else(PoisonError::into_inner)
                                .get_or_insert(failure);
                            return self.control.stop();
                        }
                    };
                    while !self.control.is_stopped()
                        && let Some(found) = files.get(next.fetch_add(1, Ordering::Relaxed))
                        && let Some(row) = score(&model, found, self.decoder, self.curves, self.control)
                        && sender.send((*found, row)).is_ok()
                    {}
                });
            }
            drop(sender);
            let result = rows.iter().try_for_each(|(found, row)| done(found, row));
            if result.is_err() {
                self.control.stop();
            }
            // Whoever waits to hand over a row hears that nobody takes it.
            drop(rows);
            result
        })?;
        match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    fn model_for(&self, worker: usize) -> Result<Model, Failure> {
        if worker == 0 || self.model.runtime().device() == Device::Embedded {
            Ok(self.model.clone())
        } else {
            (self.load)()
        }
    }
}
