//! One instance's analysis: its model, its stream and what they came to.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use echometer_engine::frontend::Scale;
use echometer_engine::tap::{ChannelsError, Downmix, Layout, Tap, TapCounters, TapReader, tap_with};
use echometer_engine::{Live, Model, Pool};
use echometer_meters::Record;
use echometer_meters::errand::Errands;
use parking_lot::{Condvar, Mutex};

use crate::listener::{Outcome, Outlet};
use crate::models;
use crate::pace::Patience;
use crate::params::{CustomModel, EchometerParams};

/// Readings a second of input.
const READING_HZ: f64 = 10.0;

/// Longest a render waits for the model: it is there in a fraction of a second, or not at all.
const LONGEST_LOAD: Duration = Duration::from_secs(20);

/// How so many channels of a host are folded: as its speakers stand, where it says so. Of those that do not, 7 channels are
/// 7.0, where files have 6.1.
fn downmix(channels: u16, speakers: u64) -> Result<Downmix, ChannelsError> {
    let said = u32::try_from(speakers).ok();
    let layout = said.and_then(|mask| Layout::of_mask(mask, channels));
    let usual = || Layout::of_mask(SEVEN_0, channels).filter(|_| channels == 7);
    match layout.or_else(usual) {
        Some(layout) => Ok(Downmix::of(layout)),
        None => Downmix::new(channels),
    }
}

/// 7.0 as a WAVE channel mask: left, right, centre, back pair, side pair.
const SEVEN_0: u32 = 0x637;

/// How far an instance is.
#[derive(Clone)]
pub(crate) enum Phase {
    /// The model is being loaded.
    Loading,
    /// It is there.
    Ready(Model),
    /// There is none, and why.
    Failed(String),
}

/// What the host feeds, until a stream takes it over.
struct Input {
    reader: Option<TapReader>,
    counters: Arc<TapCounters>,
    rate: u32,
}

struct Inner {
    phase: Phase,
    /// What the parameters were like when they were last looked at.
    mark: Option<((bool, u64), u64)>,
    /// The model that is loaded or being loaded, once one was asked for.
    asked: Option<Option<CustomModel>>,
    input: Option<Input>,
    live: Option<Arc<Live>>,
    /// Kept as long as the instance, so that threads do not come and go with its streams.
    pool: Option<Arc<Pool>>,
    loaders: Vec<JoinHandle<()>>,
    /// The instance is ending: nothing new is begun.
    closed: bool,
    /// Why there can be no stream of this input.
    trouble: Option<String>,
    notice: Option<String>,
    /// What the user must know about the model in use.
    model_notice: Option<String>,
}

/// See the module. Shared by the audio side, the editor and the thread that loads models.
pub(crate) struct Station {
    inner: Mutex<Inner>,
    loaded: Condvar,
    outcome: Arc<Outcome>,
    errands: Errands,
    /// Whether what is pushed to the tap is or will be heard. Read by the audio thread.
    listening: AtomicBool,
}

impl Station {
    pub(crate) fn new(params: Arc<EchometerParams>) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::new(Inner {
                phase: Phase::Loading,
                mark: None,
                asked: None,
                input: None,
                live: None,
                pool: None,
                loaders: Vec::new(),
                closed: false,
                model_notice: None,
                trouble: None,
                notice: None,
            }),
            loaded: Condvar::new(),
            outcome: Arc::new(Outcome {
                record: Mutex::new(Record::new(1, Scale::Power, 1.0)),
                targets: Default::default(),
                params,
            }),
            errands: Errands::default(),
            listening: AtomicBool::new(true),
        })
    }

    /// What the window's user asked for that takes a while.
    pub(crate) fn errands(&self) -> &Errands {
        &self.errands
    }

    pub(crate) fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Opens a stream of `channels`, whose speakers stand where the mask says, at `rate` Hz with room for `frames`; the audio
    /// thread gets the other end.
    pub(crate) fn open(
        self: &Arc<Self>,
        channels: u16,
        speakers: u64,
        rate: u32,
        frames: usize,
    ) -> Option<Tap> {
        self.close();
        self.sync();
        let mut inner = self.inner.lock();
        inner.trouble = None;
        match downmix(channels, speakers) {
            Ok(downmix) => {
                let (tap, reader) = tap_with(downmix, frames);
                inner.input = Some(Input {
                    counters: Arc::clone(reader.counters()),
                    reader: Some(reader),
                    rate,
                });
                self.listening.store(true, Ordering::Relaxed);
                self.start(&mut inner);
                Some(tap)
            }
            Err(error) => {
                self.give_up(&mut inner, error.to_string());
                None
            }
        }
    }

    /// Ends the stream. What it came to stays on the meters.
    pub(crate) fn close(&self) {
        let (live, input) = {
            let mut inner = self.inner.lock();
            (inner.live.take(), inner.input.take())
        };
        // Outside the lock: ending a stream waits for the block it is in, and its listener may want the lock.
        drop((live, input));
    }

    /// Loads the model that the parameters ask for, unless it is there or on its way. Never waits for it.
    pub(crate) fn sync(self: &Arc<Self>) {
        self.sync_locked(&mut self.inner.lock());
    }

    /// [`Self::sync`] for listeners: leaves it for the next time where somebody is at it, who may be waiting for them.
    pub(crate) fn try_sync(self: &Arc<Self>) {
        if let Some(mut inner) = self.inner.try_lock() {
            self.sync_locked(&mut inner);
        }
    }

    fn sync_locked(self: &Arc<Self>, inner: &mut Inner) {
        if inner.closed {
            return;
        }
        let mark = (
            self.outcome.params.model_mark(),
            self.outcome.params.refused.changes(),
        );
        let old = inner.mark.replace(mark);
        if old == Some(mark) {
            return;
        }
        let wanted = self.outcome.params.wanted_model();
        let refused = self.outcome.params.refused.get();
        if let Some(version) = refused.filter(|_| old.map_or(0, |(_, refused)| refused) != mark.1) {
            inner.notice = Some(format!(
                "This project was saved by Echometer {version}, which is newer: its settings were not taken over."
            ));
        }
        if inner.asked.as_ref() == Some(&wanted) {
            return;
        }
        inner.asked = Some(wanted.clone());
        inner.phase = Phase::Loading;
        let station = Arc::downgrade(self);
        let loader = thread::Builder::new()
            .name("echometer model".into())
            .spawn(move || {
                let loaded = catch_unwind(AssertUnwindSafe(|| models::load(wanted.as_ref()))).map_or_else(
                    |_| Err("loading the model ended in a panic".to_owned()),
                    |loaded| loaded.map_err(|error| error.to_string()),
                );
                // An instance that is gone, or that wants another model by now, has no use for it.
                if let Some(station) = station.upgrade() {
                    station.take(&wanted, loaded);
                }
            });
        match loader {
            Ok(loader) => {
                inner.loaders.retain(|loader| !loader.is_finished());
                inner.loaders.push(loader);
            }
            Err(error) => inner.phase = Phase::Failed(format!("no thread to load the model: {error}")),
        }
    }

    fn take(self: &Arc<Self>, wanted: &Option<CustomModel>, loaded: Result<models::Loaded, String>) {
        let mut inner = self.inner.lock();
        if inner.closed || inner.asked.as_ref() != Some(wanted) {
            return;
        }
        // A stream with another model hands its input over.
        let reader = inner.live.take().and_then(|live| live.take_tap());
        if let Some(input) = &mut inner.input {
            input.reader = input.reader.take().or(reader);
        }
        match loaded {
            Ok(models::Loaded { model, notice }) => {
                inner.model_notice = notice;
                inner.phase = Phase::Ready(model);
                self.start(&mut inner);
            }
            Err(error) => {
                tracing::error!(error, "no model");
                inner.phase = Phase::Failed(error);
                self.listening.store(false, Ordering::Relaxed);
            }
        }
        self.loaded.notify_all();
    }

    fn give_up(&self, inner: &mut Inner, trouble: String) {
        tracing::error!(trouble, "no meters for this input");
        inner.trouble = Some(trouble);
        self.listening.store(false, Ordering::Relaxed);
    }

    /// Starts the stream once there are both a model and an input.
    fn start(self: &Arc<Self>, inner: &mut Inner) {
        let Phase::Ready(model) = inner.phase.clone() else {
            return;
        };
        let Some(input) = &mut inner.input else {
            return;
        };
        let Some(reader) = input.reader.take() else {
            return;
        };
        *self.outcome.record.lock() = Record::of(&model.card().front_end);
        self.outcome.targets.clear();
        let outlet = Outlet::new(Arc::clone(&self.outcome), Arc::downgrade(self));
        let started = models::pool().and_then(|pool| {
            let live = Live::start_on(&pool, &model, reader, input.rate, READING_HZ, outlet)?;
            inner.pool = Some(pool);
            Ok(live)
        });
        match started {
            Ok(live) => {
                inner.live = Some(Arc::new(live));
                self.listening.store(true, Ordering::Relaxed);
            }
            Err(error) => self.give_up(inner, error.to_string()),
        }
    }

    /// Whether pushing to the tap has any use. Real-time safe.
    pub(crate) fn listens(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    /// Waits until everything pushed so far is on the meters, scored by the model that is asked for now. For renders only.
    pub(crate) fn catch_up(self: &Arc<Self>, patience: Patience) {
        let longest = match patience {
            Patience::Endless => None,
            Patience::Until(end) => Some(end.saturating_duration_since(Instant::now())),
        };
        let inner = match patience {
            Patience::Endless => Some(self.inner.lock()),
            Patience::Until(_) => self.inner.try_lock(),
        };
        let Some(mut inner) = inner else {
            return;
        };
        self.sync_locked(&mut inner);
        // Without a model nothing is heard at all: whatever the patience, it is waited for once.
        let loading = |inner: &mut Inner| inner.input.is_some() && matches!(inner.phase, Phase::Loading);
        let waited = self.loaded.wait_while_for(&mut inner, loading, LONGEST_LOAD);
        if waited.timed_out() {
            inner.phase = Phase::Failed("the model takes too long to load".into());
        }
        let live = inner.live.clone();
        drop(inner);
        if let Some(live) = live {
            live.catch_up(longest);
        }
    }

    /// Forgets all input.
    pub(crate) fn reset(&self) {
        let inner = self.inner.lock();
        match (&inner.live, &inner.input) {
            (Some(live), _) => live.reset(),
            (None, Some(input)) => input.counters.reset(),
            (None, None) => self.outcome.record.lock().clear(),
        }
    }

    /// How far it is.
    pub(crate) fn phase(&self) -> Phase {
        let inner = self.inner.lock();
        let failed = inner.live.as_ref().and_then(|live| live.failure());
        let trouble = inner.trouble.clone().or(failed).map(Phase::Failed);
        trouble.unwrap_or_else(|| inner.phase.clone())
    }

    /// The stream's counters, while there is one.
    pub(crate) fn counters(&self) -> Option<Arc<TapCounters>> {
        let inner = self.inner.lock();
        inner.input.as_ref().map(|input| Arc::clone(&input.counters))
    }

    /// Share of one core that the analysis takes.
    pub(crate) fn load(&self) -> f32 {
        self.inner.lock().live.as_ref().map_or(0.0, |live| live.load())
    }

    /// What the user must know.
    pub(crate) fn notice(&self) -> Option<String> {
        let inner = self.inner.lock();
        inner.notice.clone().or_else(|| inner.model_notice.clone())
    }

    /// The user has read the notice.
    pub(crate) fn dismiss_notice(&self) {
        let mut inner = self.inner.lock();
        if inner.notice.take().is_none() {
            inner.model_notice = None;
        }
    }

    /// Loads the model anew with the next [`Self::sync`], even if it is the one that was asked for before.
    pub(crate) fn load_anew(&self) {
        let mut inner = self.inner.lock();
        (inner.mark, inner.asked) = (None, None);
    }

    /// Ends everything. Once this returns, no thread of this instance runs: the host may unload the plugin.
    pub(crate) fn shut_down(&self) {
        self.inner.lock().closed = true;
        self.close();
        self.errands.end();
        let (loaders, pool) = {
            let mut inner = self.inner.lock();
            (std::mem::take(&mut inner.loaders), inner.pool.take())
        };
        for loader in loaders {
            // A panic was reported by the panic hook.
            let _ = loader.join();
        }
        drop(pool);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_of_7_0_is_heard() {
        let seven = downmix(7, 0).unwrap();
        for channel in 0..7 {
            let folded = seven.fold(|c| if c == channel { 1.0 } else { 0.0 }, &mut 0);
            assert_ne!(folded, [0.0; 2], "{channel}");
        }
        assert_eq!(downmix(6, 0).unwrap().layout(), Layout::of_count(6));
        assert_eq!(downmix(16, 0).unwrap().layout(), None);
    }

    #[test]
    fn speakers_are_folded_as_the_host_has_them() {
        // 7.1 with a side pair, and with two more speakers behind the screen.
        for mask in [0x63F, 0xFF] {
            assert_eq!(
                downmix(8, mask).unwrap().layout(),
                Layout::of_mask(mask as u32, 8)
            );
        }
        assert_ne!(Layout::of_mask(0x63F, 8), Layout::of_mask(0xFF, 8));
        // Speakers that a WAVE mask does not know, and more of them than it holds.
        for mask in [0xC00_00FF, 1 << 40 | 0x7F] {
            assert_eq!(downmix(8, mask).unwrap().layout(), Layout::of_count(8));
        }
    }
}
