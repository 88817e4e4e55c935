//! Blocks: what nice-plug may read and write of them, and the events at which it would stumble.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::Ordering;

use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_PARAM_MOD, CLAP_EVENT_PARAM_VALUE, CLAP_EVENT_TRANSPORT,
    clap_event_header, clap_event_param_mod, clap_event_param_value, clap_event_transport, clap_input_events,
    clap_output_events,
};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_plugin_params};
use clap_sys::plugin::clap_plugin;
use clap_sys::process::{
    CLAP_PROCESS_CONTINUE_IF_NOT_QUIET, CLAP_PROCESS_ERROR, clap_process, clap_process_status,
};

use super::guard::Guard;
use super::{call, extensions};
use crate::block::{Block, Bus};

/// Most sample frames of a block whose channels lie in each other's way.
const LONGEST_SCRATCH: u32 = 1 << 16;

/// Memory of our own, for blocks whose channels lie in each other's way: nice-plug works in the host's, and takes an output
/// for no other channel's input.
#[derive(Default)]
pub(super) struct Scratch {
    channels: Vec<Vec<f32>>,
    /// Where each of them begins.
    pointers: Vec<*mut f32>,
}

impl Scratch {
    /// For blocks of `width` channels and at most `longest` frames, as far as that is sensible.
    pub(super) fn new(width: u32, longest: u32) -> Self {
        let mut channels = vec![vec![0.0; longest.min(LONGEST_SCRATCH) as usize]; width as usize];
        Self {
            pointers: channels.iter_mut().map(Vec::as_mut_ptr).collect(),
            channels,
        }
    }

    /// Takes a block's inputs over; `None` where it is too long.
    fn take(&mut self, block: &Block<f32>) -> Option<clap_audio_buffer> {
        for (index, channel) in self.channels.iter_mut().enumerate() {
            block.take(index, channel.get_mut(..block.frames())?);
        }
        Some(clap_audio_buffer {
            data32: self.pointers.as_mut_ptr(),
            data64: ptr::null_mut(),
            channel_count: self.channels.len() as u32,
            latency: 0,
            constant_mask: 0,
        })
    }

    /// Gives the host what became of them.
    fn give(&self, block: &Block<f32>) {
        for (index, channel) in self.channels.iter().enumerate() {
            block.give(index, channel);
        }
    }
}

/// Plays a block. Without samples, or without room for them, its events count all the same. Where it fails, what comes in goes
/// out, and silence where nothing comes in.
pub(super) unsafe extern "C" fn process(
    plugin: *const clap_plugin,
    process: *const clap_process,
) -> clap_process_status {
    // SAFETY: the invariants of this module.
    let (Some(guard), Some(given)) = (unsafe { (Guard::of(plugin), process.as_ref()) }) else {
        return CLAP_PROCESS_ERROR;
    };
    // SAFETY: the host's block.
    let played = unsafe { play(guard, given) };
    if played == CLAP_PROCESS_ERROR {
        // SAFETY: as above.
        unsafe { pass(guard, given) };
    }
    if given.audio_outputs_count > 0 {
        // SAFETY: null, or the host's for as long as the block.
        if let Some(output) = unsafe { given.audio_outputs.as_mut() } {
            // What the host may have left there counts for another block.
            output.constant_mask = 0;
        }
    }
    played
}

/// # Safety
///
/// The invariants of this module, for the block.
unsafe fn play(guard: &Guard, given: &clap_process) -> clap_process_status {
    let Some(_inside) = guard.audio.try_enter() else {
        return CLAP_PROCESS_ERROR;
    };
    if !guard.is_active() {
        return CLAP_PROCESS_ERROR;
    }
    if given.frames_count == 0 {
        pass_events(guard, given.in_events, given.out_events);
        return CLAP_PROCESS_CONTINUE_IF_NOT_QUIET;
    }
    let channels = guard.channels.load(Ordering::Acquire);
    // SAFETY: the host's ports, so many.
    let ports = unsafe {
        (
            main_port(given.audio_inputs, given.audio_inputs_count, channels),
            main_port(given.audio_outputs, given.audio_outputs_count, channels),
        )
    };
    let (Some(mut input), Some(mut output)) = ports else {
        pass_events(guard, given.in_events, given.out_events);
        return CLAP_PROCESS_ERROR;
    };
    // SAFETY: both have so many channels of the block's frames.
    let block = unsafe { block(&input, &output, given.frames_count) };
    let mut scratch = None;
    if !block.lie_apart(channels as usize) {
        // Nobody else wants it: this thread is inside of the audio door.
        let held = guard.scratch.try_lock();
        let Some((held, port)) = held.and_then(|mut held| held.take(&block).map(|port| (held, port))) else {
            pass_events(guard, given.in_events, given.out_events);
            return CLAP_PROCESS_ERROR;
        };
        (input, output) = (port, port);
        scratch = Some(held);
    }
    let events = Events::new(given.in_events, given.frames_count, &guard.ranges);
    let list = events.list();
    let process = clap_process {
        audio_inputs: &input,
        audio_outputs: &mut output,
        audio_inputs_count: 1,
        audio_outputs_count: 1,
        in_events: &list,
        // SAFETY: null or the host's list.
        out_events: unsafe { writable(given.out_events) },
        ..*given
    };
    let played = call!(guard.inner => process(guard.face(), &process), CLAP_PROCESS_ERROR);
    if let (Some(scratch), true) = (scratch, played != CLAP_PROCESS_ERROR) {
        scratch.give(&block);
    }
    played
}

/// A block of these ports.
///
/// # Safety
///
/// Their channels must be null or hold so many samples as long as the block lives.
unsafe fn block(input: &clap_audio_buffer, output: &clap_audio_buffer, frames: u32) -> Block<f32> {
    // SAFETY: as the caller promises.
    unsafe {
        Block::new(
            Bus::new(input.data32, input.channel_count as usize),
            Bus::new(output.data32, output.channel_count as usize),
            frames as usize,
        )
    }
}

/// Gives out what comes in, as far as there is room, in samples of either kind.
///
/// # Safety
///
/// The invariants of this module, for the block.
unsafe fn pass(guard: &Guard, given: &clap_process) {
    let most = guard.channels.load(Ordering::Acquire);
    let nothing = clap_audio_buffer {
        data32: ptr::null_mut(),
        data64: ptr::null_mut(),
        channel_count: 0,
        latency: 0,
        constant_mask: 0,
    };
    let first = |ports: *const clap_audio_buffer, count: u32| {
        // SAFETY: null or so many ports. Of none, the pointer may be anything.
        let port = if count > 0 {
            unsafe { ports.as_ref() }
        } else {
            None
        };
        port.copied().unwrap_or(nothing)
    };
    let input = first(given.audio_inputs, given.audio_inputs_count);
    let output = first(given.audio_outputs, given.audio_outputs_count);
    let count = |port: &clap_audio_buffer| port.channel_count.min(most) as usize;
    let frames = given.frames_count as usize;
    // SAFETY: a port has a pointer for each of its channels, null or to the block's frames.
    unsafe {
        let (from, to) = (
            Bus::new(input.data32, count(&input)),
            Bus::new(output.data32, count(&output)),
        );
        Block::new(from, to, frames).pass();
        if output.data32.is_null() {
            let (from, to) = (
                Bus::new(input.data64, count(&input)),
                Bus::new(output.data64, count(&output)),
            );
            Block::<f64>::new(from, to, frames).pass();
        }
    }
}

/// Moves parameters without a block. While a block is played, that waits: the host should not, but may.
pub(super) unsafe extern "C" fn flush(
    plugin: *const clap_plugin,
    in_events: *const clap_input_events,
    out_events: *const clap_output_events,
) {
    // SAFETY: the invariants of this module.
    let Some(guard) = (unsafe { Guard::of(plugin) }) else {
        return;
    };
    if let Some(_inside) = guard.audio.enter() {
        pass_events(guard, in_events, out_events);
    }
}

/// Gives nice-plug events outside of a block. Only inside of the audio door.
fn pass_events(guard: &Guard, in_events: *const clap_input_events, out_events: *const clap_output_events) {
    let events = Events::new(in_events, 0, &guard.ranges);
    // SAFETY: null or the host's list.
    let out_events = unsafe { writable(out_events) };
    if let Some(table) = guard.table::<clap_plugin_params>(CLAP_EXT_PARAMS) {
        call!(table => flush(guard.face(), &events.list(), out_events), ());
    }
}

/// The list, or null if nothing can be written to it.
///
/// # Safety
///
/// `list` must be null or valid.
unsafe fn writable(list: *const clap_output_events) -> *const clap_output_events {
    // SAFETY: as the caller promises.
    match unsafe { list.as_ref() } {
        Some(given) if given.try_push.is_some() => list,
        _ => ptr::null(),
    }
}

/// The first of the ports, with exactly so many channels of 32-bit samples; `None` if the host gives less.
///
/// # Safety
///
/// `ports` must be null or point to `count` ports.
unsafe fn main_port(ports: *const clap_audio_buffer, count: u32, channels: u32) -> Option<clap_audio_buffer> {
    // SAFETY: as the caller promises.
    let port = *unsafe { ports.as_ref() }.filter(|_| count > 0)?;
    if port.data32.is_null() || port.channel_count < channels {
        return None;
    }
    // SAFETY: a port has a pointer for each of its channels.
    let channel = |index: u32| unsafe { *port.data32.add(index as usize) };
    let there = (0..channels).all(|index| !channel(index).is_null() && channel(index).is_aligned());
    there.then_some(clap_audio_buffer {
        channel_count: channels,
        ..port
    })
}

/// A block's events as nice-plug can bear them: parameters in their ranges, times in order and within the block, and
/// something harmless in the place of everything else. Nothing but parameters and the transport comes in here.
struct Events<'a> {
    given: *const clap_input_events,
    /// The last time in the block.
    last: u32,
    ranges: &'a [(u32, f64)],
    /// The time of the latest event.
    latest: Cell<u32>,
    // What was handed out last, until the next one.
    harmless: Cell<clap_event_header>,
    value: Cell<Option<clap_event_param_value>>,
    shift: Cell<Option<clap_event_param_mod>>,
}

impl<'a> Events<'a> {
    fn new(given: *const clap_input_events, frames: u32, ranges: &'a [(u32, f64)]) -> Self {
        Self {
            given,
            last: frames.saturating_sub(1),
            ranges,
            latest: Cell::new(0),
            harmless: Cell::new(clap_event_header {
                size: size_of::<clap_event_header>() as u32,
                time: 0,
                space_id: u16::MAX,
                type_: u16::MAX,
                flags: 0,
            }),
            value: Cell::new(None),
            shift: Cell::new(None),
        }
    }

    /// The list for nice-plug. It points here, so it must not outlive this.
    fn list(&self) -> clap_input_events {
        clap_input_events {
            ctx: ptr::from_ref(self).cast_mut().cast::<c_void>(),
            size: Some(size),
            get: Some(get),
        }
    }

    /// The event in the place of one of the host's; valid until the next one.
    ///
    /// # Safety
    ///
    /// `event` must be null or point to as many bytes as its header says.
    unsafe fn mended(&self, event: *const clap_event_header) -> *const clap_event_header {
        // SAFETY: as the caller promises.
        let Some(header) = (unsafe { event.as_ref() }) else {
            return self.nothing();
        };
        let size = header.size as usize;
        match (header.space_id, header.type_) {
            (CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_PARAM_VALUE)
                if size >= size_of::<clap_event_param_value>() =>
            {
                // SAFETY: of this type and size.
                let mut value = unsafe { *event.cast::<clap_event_param_value>() };
                let Some(most) = self.most(value.param_id).filter(|_| value.value.is_finite()) else {
                    return self.nothing();
                };
                value.header.time = self.time(header.time);
                value.value = value.value.clamp(0.0, most);
                put(&self.value, value)
            }
            (CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_PARAM_MOD) if size >= size_of::<clap_event_param_mod>() => {
                // SAFETY: of this type and size.
                let mut shift = unsafe { *event.cast::<clap_event_param_mod>() };
                let Some(most) = self.most(shift.param_id).filter(|_| shift.amount.is_finite()) else {
                    return self.nothing();
                };
                shift.header.time = self.time(header.time);
                shift.amount = shift.amount.clamp(-most, most);
                put(&self.shift, shift)
            }
            // As it is, for it is looked at until the end of the block: which is cut at its time.
            (CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_TRANSPORT)
                if size >= size_of::<clap_event_transport>()
                    && (self.latest.get()..=self.last).contains(&header.time) =>
            {
                self.latest.set(header.time);
                event
            }
            _ => self.nothing(),
        }
    }

    /// A time that is not before the latest one, and within the block.
    fn time(&self, time: u32) -> u32 {
        self.latest.set(time.min(self.last).max(self.latest.get()));
        self.latest.get()
    }

    fn nothing(&self) -> *const clap_event_header {
        let mut harmless = self.harmless.get();
        harmless.time = self.latest.get();
        self.harmless.set(harmless);
        self.harmless.as_ptr()
    }

    /// The largest value of a parameter.
    fn most(&self, id: u32) -> Option<f64> {
        extensions::most(self.ranges, id)
    }
}

/// Keeps an event, whose header is its first field, and says where.
fn put<T: Copy>(place: &Cell<Option<T>>, event: T) -> *const clap_event_header {
    place.set(Some(event));
    // SAFETY: nothing else looks at the place while nice-plug looks at the event, and it was filled just now.
    match unsafe { &*place.as_ptr() } {
        Some(event) => ptr::from_ref(event).cast(),
        None => ptr::null(),
    }
}

/// The events behind a list.
///
/// # Safety
///
/// `list` must be an [`Events::list`] whose events are still there.
unsafe fn of<'a>(list: *const clap_input_events) -> &'a Events<'a> {
    // SAFETY: as the caller promises.
    unsafe { &*(*list).ctx.cast::<Events<'a>>() }
}

unsafe extern "C" fn size(list: *const clap_input_events) -> u32 {
    // SAFETY: nice-plug passes the list that it was given; the host's is null or valid.
    let given = unsafe { of(list).given.as_ref() };
    match given {
        Some(given) if given.get.is_some() => call!(given => size(given), 0),
        _ => 0,
    }
}

unsafe extern "C" fn get(list: *const clap_input_events, index: u32) -> *const clap_event_header {
    // SAFETY: as in `size`; the host's events are as long as they say.
    unsafe {
        let events = of(list);
        let event = match events.given.as_ref() {
            Some(given) => call!(given => get(given, index), ptr::null()),
            None => ptr::null(),
        };
        events.mended(event)
    }
}
