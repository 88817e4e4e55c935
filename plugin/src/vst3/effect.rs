//! One instance, as a host holds it: component, processor and controller in one object. Here are its life, its buses and
//! what a project saves of it.

use std::num::NonZeroU32;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use nice_plug::prelude::{AsyncExecutor, AudioIOLayout, BufferConfig, Plugin};
use parking_lot::{Mutex, MutexGuard};
use vst3::Steinberg::Vst::{
    BusDirection, BusDirections_, BusInfo, BusInfo_::BusFlags_, BusTypes_, IAudioProcessor, IComponent,
    IComponentTrait, IEditController, IProcessContextRequirements, IoMode, MediaType, MediaTypes_,
    RoutingInfo, SpeakerArr, SpeakerArrangement,
};
use vst3::Steinberg::{
    FUnknown, IBStream, IPluginBaseTrait, TBool, TUID, kInvalidArgument, kNoInterface, kResultFalse,
    kResultOk, tresult,
};
use vst3::{Class, ComRef};

use super::context::Activating;
use super::host::{Host, Message};
use super::state;
use super::table::Table;
use super::text::put_wide;
use super::{answer, assert_send_sync};
use crate::block::{MOST, Stage};
use crate::door::{Door, Inside};
use crate::editor::SizedEditor;
use crate::plugin::Echometer;
use crate::touched::{Touched, telling};

/// How long the host's main thread waits for a block to end that is being processed: a render's may wait for the model.
const LONGEST_BLOCK: Duration = Duration::from_secs(30);

/// What the audio thread works with.
pub(super) struct Engine {
    pub(super) plugin: Echometer,
    pub(super) stage: Stage,
    /// Sample frames a second, while it is active.
    pub(super) rate: Option<f32>,
}

/// What the instance and its windows share.
pub(super) struct Shared {
    pub(super) table: Table,
    pub(super) host: Arc<Host>,
    pub(super) editor: Option<SizedEditor>,
    /// Whether a window is open: there can be one at a time.
    pub(super) open: AtomicBool,
}

pub(super) struct Effect {
    /// Whoever works with the engine.
    door: Door,
    /// Only ever tried for, by whoever is inside the door: an unlock with nobody waiting calls no system.
    engine: Mutex<Engine>,
    pub(super) shared: Arc<Shared>,
    /// What the host said of its blocks.
    pub(super) setup: Mutex<Option<BufferConfig>>,
    /// The speakers of both buses.
    pub(super) speakers: AtomicU64,
    /// Both stay as they are while it is active.
    pub(super) active: AtomicBool,
}

/// The engine, for one thread.
pub(super) struct Held<'a> {
    engine: MutexGuard<'a, Engine>,
    // Left after the engine.
    _inside: Inside<'a>,
}

impl Deref for Held<'_> {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }
}

const _: () = assert_send_sync::<Effect>();

impl Class for Effect {
    type Interfaces = (
        IComponent,
        IAudioProcessor,
        IEditController,
        IProcessContextRequirements,
    );
}

impl Effect {
    pub(super) fn new() -> Self {
        let host = Arc::<Host>::default();
        let told = Arc::downgrade(&host);
        let tell = move |touched| {
            // Of values, hosts are told with the block that set them.
            if let (Touched::Saved, Some(host)) = (touched, told.upgrade()) {
                host.tell(Message::Dirty);
            }
        };
        let mut plugin = telling(Arc::new(tell), Echometer::default);
        let nothing = || Arc::new(|()| ()) as Arc<dyn Fn(()) + Send + Sync>;
        let shared = Shared {
            table: Table::new(plugin.params()),
            host,
            editor: plugin.editor(AsyncExecutor::new(nothing(), nothing())),
            open: AtomicBool::new(false),
        };
        Self {
            door: Door::default(),
            engine: Mutex::new(Engine {
                plugin,
                stage: Stage::default(),
                rate: None,
            }),
            shared: Arc::new(shared),
            setup: Mutex::new(None),
            speakers: AtomicU64::new(SpeakerArr::kStereo),
            active: AtomicBool::new(false),
        }
    }

    /// For the audio thread: never waits.
    pub(super) fn try_engine(&self) -> Option<Held<'_>> {
        self.held(self.door.try_enter()?)
    }

    /// For all other threads: waits for the block that is on. Hosts should not call then, but some do. What a block's own
    /// thread asks for, called back from inside of it, is refused at once: it would wait for itself.
    fn engine(&self) -> Option<Held<'_>> {
        self.held(self.door.enter_within(LONGEST_BLOCK)?)
    }

    fn held<'a>(&'a self, inside: Inside<'a>) -> Option<Held<'a>> {
        let engine = self.engine.try_lock()?;
        Some(Held {
            engine,
            _inside: inside,
        })
    }

    /// Channels of each bus.
    fn width(&self) -> u32 {
        self.speakers.load(Ordering::Relaxed).count_ones()
    }
}

/// Whether the plugin takes these speakers: as many as it can hear.
pub(super) fn takes(speakers: SpeakerArrangement) -> bool {
    (1..=MOST as u32).contains(&speakers.count_ones())
}

impl Engine {
    fn start(&mut self, speakers: SpeakerArrangement, config: &BufferConfig) -> bool {
        self.stop();
        let width = speakers.count_ones();
        self.stage = Stage::new(width as usize, config.max_buffer_size as usize);
        let channels = NonZeroU32::new(width);
        let layout = AudioIOLayout {
            main_input_channels: channels,
            main_output_channels: channels,
            ..AudioIOLayout::const_default()
        };
        self.plugin.placed(speakers);
        let started = self.plugin.activate(&layout, config, &mut Activating);
        self.rate = started.then_some(config.sample_rate);
        started
    }

    fn stop(&mut self) {
        if self.rate.take().is_some() {
            self.plugin.deactivate();
        }
    }
}

impl IPluginBaseTrait for Effect {
    unsafe fn initialize(&self, _context: *mut FUnknown) -> tresult {
        kResultOk
    }

    unsafe fn terminate(&self) -> tresult {
        answer(|| {
            self.shared.host.leave();
            kResultOk
        })
    }
}

/// Whether there is such a bus: one of audio each way, and one of events out.
fn is_bus(media: MediaType, direction: BusDirection, index: i32) -> bool {
    index == 0
        && match direction {
            _ if direction == BusDirections_::kInput as i32 => media == MediaTypes_::kAudio as i32,
            _ if direction == BusDirections_::kOutput as i32 => {
                [MediaTypes_::kAudio as i32, MediaTypes_::kEvent as i32].contains(&media)
            }
            _ => false,
        }
}

impl IComponentTrait for Effect {
    unsafe fn getControllerClassId(&self, _class: *mut TUID) -> tresult {
        // This object is its own controller.
        kNoInterface
    }

    unsafe fn setIoMode(&self, _mode: IoMode) -> tresult {
        kResultOk
    }

    unsafe fn getBusCount(&self, media: MediaType, direction: BusDirection) -> i32 {
        is_bus(media, direction, 0).into()
    }

    unsafe fn getBusInfo(
        &self,
        media: MediaType,
        direction: BusDirection,
        index: i32,
        bus: *mut BusInfo,
    ) -> tresult {
        // SAFETY: null, or a structure of the host's to fill in.
        let Some(bus) = (unsafe { bus.as_mut() }) else {
            return kInvalidArgument;
        };
        if !is_bus(media, direction, index) {
            return kInvalidArgument;
        }
        let audio = media == MediaTypes_::kAudio as i32;
        *bus = BusInfo {
            mediaType: media,
            direction,
            // Events: the channels of MIDI.
            channelCount: if audio { self.width() as i32 } else { 16 },
            name: [0; 128],
            busType: BusTypes_::kMain as i32,
            flags: BusFlags_::kDefaultActive as u32,
        };
        let input = direction == BusDirections_::kInput as i32;
        put_wide(
            &mut bus.name,
            match (audio, input) {
                (true, true) => "Input",
                (true, false) => "Output",
                (false, _) => "MIDI Output",
            },
        );
        kResultOk
    }

    unsafe fn getRoutingInfo(&self, input: *mut RoutingInfo, output: *mut RoutingInfo) -> tresult {
        // SAFETY: null, or structures of the host's.
        let (Some(input), Some(output)) = (unsafe { (input.as_ref(), output.as_mut()) }) else {
            return kInvalidArgument;
        };
        if input.mediaType != MediaTypes_::kAudio as i32 || input.busIndex != 0 {
            return kResultFalse;
        }
        *output = *input;
        kResultOk
    }

    unsafe fn activateBus(
        &self,
        media: MediaType,
        direction: BusDirection,
        index: i32,
        _on: TBool,
    ) -> tresult {
        // Nothing to do: what is not connected comes without channels.
        if is_bus(media, direction, index) {
            kResultOk
        } else {
            kInvalidArgument
        }
    }

    unsafe fn setActive(&self, on: TBool) -> tresult {
        answer(|| {
            let Some(mut engine) = self.engine() else {
                return kResultFalse;
            };
            if on == 0 {
                engine.stop();
                self.active.store(false, Ordering::Release);
                return kResultOk;
            }
            let setup = *self.setup.lock();
            let started =
                setup.is_some_and(|config| engine.start(self.speakers.load(Ordering::Relaxed), &config));
            self.active.store(started, Ordering::Release);
            if started { kResultOk } else { kResultFalse }
        })
    }

    unsafe fn setState(&self, stream: *mut IBStream) -> tresult {
        answer(|| {
            // SAFETY: null, or a stream that lives until this returns.
            let Some(stream) = (unsafe { ComRef::from_raw(stream) }) else {
                return kInvalidArgument;
            };
            let taken = state::read(stream).is_some_and(|bytes| state::load(&self.shared.table, &bytes));
            if taken { kResultOk } else { kResultFalse }
        })
    }

    unsafe fn getState(&self, stream: *mut IBStream) -> tresult {
        answer(|| {
            // SAFETY: as above.
            let Some(stream) = (unsafe { ComRef::from_raw(stream) }) else {
                return kInvalidArgument;
            };
            let saved = state::save(&self.shared.table).is_some_and(|bytes| state::write(stream, &bytes));
            if saved { kResultOk } else { kResultFalse }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_changes_waits_for_the_host() {
        let effect = Effect::new();
        effect.engine().unwrap().plugin.touch();
        assert_eq!(
            effect.shared.host.waiting(),
            usize::from(cfg!(target_os = "linux"))
        );
    }
}
