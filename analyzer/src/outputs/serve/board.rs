//! What the server knows now, and how its clients hear of what is new.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::ws::Utf8Bytes;
use echometer_engine::Reading;
use tokio::sync::broadcast::{self, error::RecvError};

/// Readings kept for a client that is busy. One that is further behind loses all of them and goes on with the next.
const KEPT: usize = 256;

/// The last reading, and a channel for what comes.
pub(super) struct Board(Mutex<State>);

struct State {
    now: Now,
    /// None once the server ends.
    news: Option<broadcast::Sender<Utf8Bytes>>,
}

/// What there is at one moment.
#[derive(Clone)]
pub(super) struct Now {
    /// The last reading as JSON; none before the first, and while the device is gone.
    pub(super) line: Option<Utf8Bytes>,
    /// The same as numbers.
    pub(super) reading: Option<Reading>,
    /// When it came, since 1970.
    pub(super) at: Duration,
    /// Readings so far.
    pub(super) readings: u64,
    /// What is listened to.
    pub(super) title: String,
    /// Whether it is there.
    pub(super) listening: bool,
}

impl Board {
    /// Nothing was heard of `title` yet.
    pub(super) fn new(title: String) -> Self {
        let now = Now {
            line: None,
            reading: None,
            at: Duration::ZERO,
            readings: 0,
            title,
            listening: false,
        };
        Self(Mutex::new(State {
            now,
            news: Some(broadcast::Sender::new(KEPT)),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that holds it can leave it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A part begins: nothing was heard of it yet.
    pub(super) fn begins(&self, title: &str) {
        let now = &mut self.lock().now;
        now.title = title.into();
        now.listening = true;
        (now.line, now.reading) = (None, None);
    }

    /// A reading, and its JSON.
    pub(super) fn reading(&self, reading: &Reading, line: String) {
        let line = Utf8Bytes::from(line);
        let mut state = self.lock();
        let now = &mut state.now;
        now.readings += 1;
        now.at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        now.reading = Some(reading.clone());
        now.line = Some(line.clone());
        if let Some(news) = &state.news {
            // There may be no client.
            let _ = news.send(line);
        }
    }

    /// The device is gone: what it said last is no longer so.
    pub(super) fn lost(&self) {
        let now = &mut self.lock().now;
        now.listening = false;
        (now.line, now.reading) = (None, None);
    }

    /// Nothing more comes: every client is sent home.
    pub(super) fn end(&self) {
        self.lock().news = None;
    }

    /// What there is now.
    pub(super) fn now(&self) -> Now {
        self.lock().now.clone()
    }

    /// The last reading at once, then all that come; `None` when the server ends.
    pub(super) fn subscribe(&self) -> Option<News> {
        let state = self.lock();
        Some(News {
            first: state.now.line.clone(),
            next: state.news.as_ref()?.subscribe(),
        })
    }
}

/// One client's readings.
pub(super) struct News {
    first: Option<Utf8Bytes>,
    next: broadcast::Receiver<Utf8Bytes>,
}

impl News {
    /// The next reading as JSON; `None` when the server ends. Can be dropped at any time without losing one.
    pub(super) async fn next(&mut self) -> Option<Utf8Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            match self.next.recv().await {
                Ok(line) => return Some(line),
                // Old readings are of no use to somebody who could not follow.
                Err(RecvError::Lagged(_)) => self.next = self.next.resubscribe(),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use echometer_engine::{Levels, PerFeature};

    use super::*;

    fn reading() -> Reading {
        Reading {
            time: 1.0,
            coverage: 0.1,
            silent: false,
            values: PerFeature::default(),
            sd: PerFeature::default(),
            levels: Levels::default(),
            dropped: 0,
            replaced: 0,
        }
    }

    #[test]
    fn who_lags_goes_on_with_what_is_new_and_nobody_waits() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let board = Board::new("input".into());
        runtime.block_on(async {
            board.reading(&reading(), "first".into());
            let mut news = board.subscribe().unwrap();
            board.reading(&reading(), "second".into());
            assert_eq!(
                news.next().await.as_deref(),
                Some("first"),
                "the last one at once"
            );
            assert_eq!(news.next().await.as_deref(), Some("second"));
            for i in 0..=KEPT {
                board.reading(&reading(), format!("missed {i}"));
            }
            let (heard, ()) = tokio::join!(news.next(), async {
                tokio::task::yield_now().await;
                board.reading(&reading(), "new".into());
            });
            assert_eq!(heard.as_deref(), Some("new"));
            board.end();
            assert_eq!(news.next().await, None);
            assert!(board.subscribe().is_none());
        });
        assert_eq!(board.now().readings, KEPT as u64 + 4);
    }

    #[test]
    fn what_a_lost_device_said_is_no_longer_told() {
        let board = Board::new("input".into());
        board.begins("device");
        board.reading(&reading(), "line".into());
        assert!(board.now().listening && board.now().line.is_some());
        board.lost();
        let now = board.now();
        assert!(!now.listening && now.line.is_none() && now.reading.is_none());
        assert_eq!((now.readings, now.title.as_str()), (1, "device"));
    }
}
