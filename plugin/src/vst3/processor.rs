//! The audio thread's calls.

use std::sync::atomic::Ordering;

use nice_plug::prelude::{AuxiliaryBuffers, BufferConfig, Plugin, ProcessMode};
use vst3::ComRef;
use vst3::Steinberg::Vst::{
    AudioBusBuffers, BusDirection, BusDirections_, IAudioProcessorTrait, IParamValueQueue,
    IParamValueQueueTrait, IParameterChanges, IParameterChangesTrait, IProcessContextRequirements_::Flags_,
    IProcessContextRequirementsTrait, ProcessData, ProcessModes_, ProcessSetup, SpeakerArrangement,
    SymbolicSampleSizes_,
};
use vst3::Steinberg::{TBool, kInvalidArgument, kResultFalse, kResultOk, tresult};

use super::answer;
use super::context::{Processing, transport};
use super::effect::{Effect, takes};
use super::table::{Row, Table};
use crate::block::{Block, Bus, Sample};

/// Most changes of one parameter that are looked at in a block: no host has more, and a wrong count ends there.
const MOST_CHANGES: i32 = 4096;

/// Sample rates that can be meant.
const RATES: std::ops::RangeInclusive<f64> = 1.0..=10_000_000.0;

impl IAudioProcessorTrait for Effect {
    unsafe fn setBusArrangements(
        &self,
        inputs: *mut SpeakerArrangement,
        input_count: i32,
        outputs: *mut SpeakerArrangement,
        output_count: i32,
    ) -> tresult {
        if (input_count, output_count) != (1, 1) {
            return kResultFalse;
        }
        // SAFETY: null, or one arrangement each.
        let (Some(input), Some(output)) = (unsafe { (inputs.as_ref(), outputs.as_ref()) }) else {
            return kInvalidArgument;
        };
        if input != output || !takes(*input) {
            return kResultFalse;
        }
        if self.active.load(Ordering::Acquire) {
            // Only what is so already.
            let same = self.speakers.load(Ordering::Relaxed) == *input;
            return if same { kResultOk } else { kResultFalse };
        }
        self.speakers.store(*input, Ordering::Relaxed);
        kResultOk
    }

    unsafe fn getBusArrangement(
        &self,
        direction: BusDirection,
        index: i32,
        arrangement: *mut SpeakerArrangement,
    ) -> tresult {
        let known = [BusDirections_::kInput as i32, BusDirections_::kOutput as i32].contains(&direction);
        // SAFETY: null, or the host's to fill in.
        match unsafe { arrangement.as_mut() } {
            Some(arrangement) if known && index == 0 => {
                *arrangement = self.speakers.load(Ordering::Relaxed);
                kResultOk
            }
            _ => kInvalidArgument,
        }
    }

    unsafe fn canProcessSampleSize(&self, size: i32) -> tresult {
        if is_size(size) { kResultOk } else { kResultFalse }
    }

    unsafe fn getLatencySamples(&self) -> u32 {
        0
    }

    unsafe fn setupProcessing(&self, setup: *mut ProcessSetup) -> tresult {
        // SAFETY: null, or a structure that the host filled in.
        let Some(setup) = (unsafe { setup.as_ref() }) else {
            return kInvalidArgument;
        };
        if !is_size(setup.symbolicSampleSize) || !RATES.contains(&setup.sampleRate) {
            return kInvalidArgument;
        }
        let config = BufferConfig {
            sample_rate: setup.sampleRate as f32,
            min_buffer_size: None,
            max_buffer_size: u32::try_from(setup.maxSamplesPerBlock).unwrap_or(0),
            process_mode: match setup.processMode {
                mode if mode == ProcessModes_::kOffline as i32 => ProcessMode::Offline,
                mode if mode == ProcessModes_::kPrefetch as i32 => ProcessMode::Buffered,
                _ => ProcessMode::Realtime,
            },
        };
        let mut known = self.setup.lock();
        if self.active.load(Ordering::Acquire) {
            // Only what is so already.
            return if *known == Some(config) {
                kResultOk
            } else {
                kResultFalse
            };
        }
        *known = Some(config);
        kResultOk
    }

    unsafe fn setProcessing(&self, _on: TBool) -> tresult {
        // Nothing begins or ends: what was heard stays on the meters, however often a host stops between two blocks.
        kResultOk
    }

    unsafe fn process(&self, data: *mut ProcessData) -> tresult {
        // SAFETY: null, or the host's for as long as this call lasts.
        let Some(data) = (unsafe { data.as_ref() }) else {
            return kInvalidArgument;
        };
        unallocating(|| {
            answer(|| {
                // SAFETY: null, or the host's for as long as this call lasts.
                if let Some(changes) = unsafe { ComRef::from_raw(data.inputParameterChanges) } {
                    // SAFETY: as above.
                    let back = unsafe { ComRef::from_raw(data.outputParameterChanges) };
                    move_parameters(&self.shared.table, changes, back);
                }
                // SAFETY: the samples are of the kind that the block says.
                unsafe {
                    if data.symbolicSampleSize == SymbolicSampleSizes_::kSample64 as i32 {
                        self.play::<f64>(data);
                    } else {
                        self.play::<f32>(data);
                    }
                }
                sounds(data);
                kResultOk
            })
        })
    }

    unsafe fn getTailSamples(&self) -> u32 {
        0
    }
}

/// Samples as the format's buses have them.
trait InBus: Sample {
    /// The channels of a bus of such samples.
    fn channels(bus: &AudioBusBuffers) -> *mut *mut Self;
}

impl InBus for f32 {
    fn channels(bus: &AudioBusBuffers) -> *mut *mut Self {
        // SAFETY: both fields of the union are pointers, and any bits are a pointer.
        unsafe { bus.__field0.channelBuffers32 }
    }
}

impl InBus for f64 {
    fn channels(bus: &AudioBusBuffers) -> *mut *mut Self {
        // SAFETY: as above.
        unsafe { bus.__field0.channelBuffers64 }
    }
}

/// The first of `count` buses; none where there is none.
///
/// # Safety
///
/// `buses` must be null or point to `count` buses of such samples, which live as long as what is made of them.
unsafe fn first<S: InBus>(buses: *mut AudioBusBuffers, count: i32) -> Bus<S> {
    // SAFETY: the caller's own. Of no buses, the pointer may be anything.
    unsafe {
        let bus = if count > 0 { buses.as_ref() } else { None };
        let channels = bus.map_or(std::ptr::null_mut(), S::channels);
        let count = bus.map_or(0, |bus| usize::try_from(bus.numChannels).unwrap_or(0));
        Bus::new(channels, count)
    }
}

impl Effect {
    /// # Safety
    ///
    /// All pointers of `data` must be null or live until this returns; its samples must be of `S`.
    unsafe fn play<S: InBus>(&self, data: &ProcessData) {
        // SAFETY: the caller's own.
        let buses = unsafe {
            (
                first::<S>(data.inputs, data.numInputs),
                first(data.outputs, data.numOutputs),
            )
        };
        let block = Block::new(buses.0, buses.1, usize::try_from(data.numSamples).unwrap_or(0));
        if block.is_empty() {
            return;
        }
        let engine = self.try_engine();
        let Some((mut engine, rate)) = engine.and_then(|engine| engine.rate.map(|rate| (engine, rate)))
        else {
            // Not active, or just being activated: the audio passes all the same.
            return block.pass();
        };
        // SAFETY: null, or the host's for as long as the block.
        let (place, events) = unsafe { (data.processContext.as_ref(), ComRef::from_raw(data.outputEvents)) };
        let mut context = Processing {
            transport: transport(rate, place),
            events,
            offset: 0,
        };
        let engine = &mut *engine;
        engine.stage.play(&block, |buffer, offset| {
            context.offset = offset as u32;
            let mut none = AuxiliaryBuffers {
                inputs: &mut [],
                outputs: &mut [],
            };
            engine.plugin.process(buffer, &mut none, &mut context);
        });
    }
}

/// Says that what went out may be heard: a host may have left the flags of another block there.
fn sounds(data: &ProcessData) {
    if data.numOutputs > 0 {
        // SAFETY: null, or the host's for as long as the block.
        if let Some(output) = unsafe { data.outputs.as_mut() } {
            output.silenceFlags = 0;
        }
    }
}

fn is_size(size: i32) -> bool {
    [
        SymbolicSampleSizes_::kSample32 as i32,
        SymbolicSampleSizes_::kSample64 as i32,
    ]
    .contains(&size)
}

/// Takes a block's parameter changes over, all of them at its start: none of ours is heard.
fn move_parameters(
    table: &Table,
    changes: ComRef<'_, IParameterChanges>,
    back: Option<ComRef<'_, IParameterChanges>>,
) {
    // SAFETY: plain calls of the host's object; a queue lives as long as the changes.
    let queues = unsafe { changes.getParameterCount() };
    for index in 0..queues.min(MOST_CHANGES) {
        // SAFETY: as above.
        let queue: Option<ComRef<'_, IParamValueQueue>> =
            unsafe { ComRef::from_raw(changes.getParameterData(index)) };
        let Some(queue) = queue else {
            continue;
        };
        // SAFETY: as above.
        let (number, points) = unsafe { (queue.getParameterId(), queue.getPointCount()) };
        let Some(row) = table.numbered(number) else {
            continue;
        };
        for point in 0..points.min(MOST_CHANGES) {
            let (mut offset, mut value) = (0, 0.0);
            // SAFETY: the host fills in two numbers of ours.
            let read = unsafe { queue.getPoint(point, &mut offset, &mut value) } == kResultOk;
            let kept = !read || row.set(value);
            if let (false, Some(back)) = (kept, back) {
                tell_back(back, row);
            }
        }
    }
}

/// Tells the host the value that a parameter has: not the one that it was given.
fn tell_back(back: ComRef<'_, IParameterChanges>, row: &Row) {
    let (mut place, mut point) = (0, 0);
    // SAFETY: the host reads and fills in numbers of ours; a queue lives as long as the changes.
    unsafe {
        let queue: Option<ComRef<'_, IParamValueQueue>> =
            ComRef::from_raw(back.addParameterData(&row.number, &mut place));
        if let Some(queue) = queue {
            queue.addPoint(0, row.get(), &mut point);
        }
    }
}

/// In debug builds, ends the process where `work` allocates or frees: the audio thread must not.
#[cfg(debug_assertions)]
fn unallocating<T>(work: impl FnOnce() -> T) -> T {
    nice_assert_no_alloc::assert_no_alloc(work)
}

#[cfg(not(debug_assertions))]
fn unallocating<T>(work: impl FnOnce() -> T) -> T {
    work()
}

impl IProcessContextRequirementsTrait for Effect {
    unsafe fn getProcessContextRequirements(&self) -> u32 {
        Flags_::kNeedTransportState as u32
    }
}
