//! A stream that can be read again from its beginning, as long as it is recorded.

use std::io::{self, Cursor, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::input::Stream;

/// What is kept of a stream; one that is not understood after so much is not read again.
const LONGEST: usize = 64 << 20;

struct Inside {
    stream: Stream,
    /// What was read, while it is kept.
    kept: Option<Vec<u8>>,
}

/// A stream that is recorded.
#[derive(Clone)]
pub(super) struct Tape(Arc<Mutex<Inside>>);

impl Tape {
    pub(super) fn new(stream: Stream) -> Self {
        Self(Arc::new(Mutex::new(Inside {
            stream,
            kept: Some(Vec::new()),
        })))
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the stream, and keeps what it reads.
    pub(super) fn recorder(&self) -> impl Read + Send + Sync + use<> {
        Rest(self.clone())
    }

    /// Keeps no more.
    pub(super) fn stop(self) {
        self.inside().kept = None;
    }

    /// Whether nothing is kept: nothing was read so far, or too much.
    pub(super) fn is_empty(&self) -> bool {
        self.inside().kept.as_ref().is_none_or(Vec::is_empty)
    }

    /// The stream from its beginning.
    pub(super) fn replay(self) -> impl Read + Send + Sync {
        let kept = self.inside().kept.take().unwrap_or_default();
        Cursor::new(kept).chain(Rest(self))
    }
}

struct Rest(Tape);

impl Read for Rest {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut inside = self.0.inside();
        let read = inside.stream.read(buffer)?;
        if inside
            .kept
            .as_ref()
            .is_some_and(|kept| kept.len() + read > LONGEST)
        {
            inside.kept = None;
        }
        if let Some(kept) = &mut inside.kept {
            kept.extend_from_slice(&buffer[..read]);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_comes_again_before_the_rest() {
        let tape = Tape::new(Box::new(Cursor::new(b"one two".to_vec())));
        let mut four = [0; 4];
        tape.recorder().read_exact(&mut four).unwrap();
        let mut all = String::new();
        tape.replay().read_to_string(&mut all).unwrap();
        assert_eq!((&four[..], all.as_str()), (&b"one "[..], "one two"));
    }
}
