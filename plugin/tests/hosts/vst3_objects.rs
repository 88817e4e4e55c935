//! What a VST3 host lends the plugin: streams, parameter changes, lists of events.

// The format's constants are signed on Windows and unsigned elsewhere.
#![allow(clippy::unnecessary_cast)]

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr;

use vst3::Steinberg::Vst::{
    Event, Event_::EventTypes_, IEventList, IEventListTrait, IParamValueQueue, IParamValueQueueTrait,
    IParameterChanges, IParameterChangesTrait,
};
use vst3::Steinberg::{
    IBStream, IBStream_, IBStreamTrait, kInvalidArgument, kResultFalse, kResultOk, tresult,
};
use vst3::{Class, ComPtr, ComWrapper};

use super::Control;

/// Tells the plugin `value` if it wants to know.
///
/// # Safety
///
/// `place` must be null or valid.
unsafe fn put<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: as the caller promises.
        unsafe { place.write(value) };
    }
}

/// A state in memory.
pub(crate) struct Stream {
    bytes: RefCell<Vec<u8>>,
    at: Cell<usize>,
}

impl Stream {
    pub(crate) fn of(bytes: &[u8]) -> ComWrapper<Self> {
        ComWrapper::new(Self {
            bytes: RefCell::new(bytes.to_vec()),
            at: Cell::new(0),
        })
    }

    pub(crate) fn take(&self) -> Vec<u8> {
        self.bytes.take()
    }
}

impl Class for Stream {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Stream {
    unsafe fn read(&self, buffer: *mut c_void, wanted: i32, read: *mut i32) -> tresult {
        let bytes = self.bytes.borrow();
        let rest = &bytes[self.at.get().min(bytes.len())..];
        let length = rest.len().min(wanted.max(0) as usize);
        // SAFETY: the caller's buffer has room for `wanted` bytes, and `read` is null or its own.
        unsafe {
            ptr::copy_nonoverlapping(rest.as_ptr(), buffer.cast(), length);
            put(read, length as i32);
        }
        self.at.set(self.at.get() + length);
        kResultOk
    }

    unsafe fn write(&self, buffer: *mut c_void, length: i32, written: *mut i32) -> tresult {
        // SAFETY: the caller's buffer holds `length` bytes, and `written` is null or its own.
        unsafe {
            let given = std::slice::from_raw_parts(buffer.cast::<u8>(), length as usize);
            self.bytes.borrow_mut().extend(given);
            put(written, length);
        }
        self.at.set(self.at.get() + length as usize);
        kResultOk
    }

    unsafe fn seek(&self, to: i64, mode: i32, result: *mut i64) -> tresult {
        let base = match mode as u32 {
            m if m == IBStream_::IStreamSeekMode_::kIBSeekSet as u32 => 0,
            m if m == IBStream_::IStreamSeekMode_::kIBSeekCur as u32 => self.at.get(),
            _ => self.bytes.borrow().len(),
        };
        self.at.set((base as i64 + to).max(0) as usize);
        // SAFETY: null or the caller's own.
        unsafe { put(result, self.at.get() as i64) };
        kResultOk
    }

    unsafe fn tell(&self, at: *mut i64) -> tresult {
        // SAFETY: null or the caller's own.
        unsafe { put(at, self.at.get() as i64) };
        kResultOk
    }
}

/// Parameter changes at the start of a block.
pub(crate) struct Changes {
    queues: Vec<ComPtr<IParamValueQueue>>,
    /// Runs whenever the plugin asks how many there are, which it does while processing.
    asked: Option<Box<dyn Fn()>>,
}

impl Changes {
    pub(crate) fn of(changes: impl Iterator<Item = (u32, f64)>) -> ComWrapper<Self> {
        let queue = |(id, value)| ComWrapper::new(Queue { id, value }).to_com_ptr().unwrap();
        let queues = changes.map(queue).collect();
        ComWrapper::new(Self { queues, asked: None })
    }

    /// No changes, but a host that does something of its own when the plugin looks for them.
    pub(crate) fn meddling(asked: impl Fn() + 'static) -> ComWrapper<Self> {
        ComWrapper::new(Self {
            queues: Vec::new(),
            asked: Some(Box::new(asked)),
        })
    }
}

impl Class for Changes {
    type Interfaces = (IParameterChanges,);
}

impl IParameterChangesTrait for Changes {
    unsafe fn getParameterCount(&self) -> i32 {
        if let Some(asked) = &self.asked {
            asked();
        }
        self.queues.len() as i32
    }

    unsafe fn getParameterData(&self, index: i32) -> *mut IParamValueQueue {
        self.queues
            .get(index as usize)
            .map_or(ptr::null_mut(), ComPtr::as_ptr)
    }

    unsafe fn addParameterData(&self, _id: *const u32, _index: *mut i32) -> *mut IParamValueQueue {
        ptr::null_mut()
    }
}

struct Queue {
    id: u32,
    value: f64,
}

impl Class for Queue {
    type Interfaces = (IParamValueQueue,);
}

impl IParamValueQueueTrait for Queue {
    unsafe fn getParameterId(&self) -> u32 {
        self.id
    }

    unsafe fn getPointCount(&self) -> i32 {
        1
    }

    unsafe fn getPoint(&self, index: i32, offset: *mut i32, value: *mut f64) -> tresult {
        if index != 0 {
            return kInvalidArgument;
        }
        // SAFETY: the caller's own.
        unsafe { (*offset, *value) = (0, self.value) };
        kResultOk
    }

    unsafe fn addPoint(&self, _offset: i32, _value: f64, _index: *mut i32) -> tresult {
        kResultFalse
    }
}

/// What comes out of a block.
#[derive(Default)]
pub(crate) struct Events(RefCell<Vec<Control>>);

impl Events {
    pub(crate) fn take(&self) -> Vec<Control> {
        self.0.take()
    }
}

impl Class for Events {
    type Interfaces = (IEventList,);
}

impl IEventListTrait for Events {
    unsafe fn getEventCount(&self) -> i32 {
        0
    }

    unsafe fn getEvent(&self, _index: i32, _event: *mut Event) -> tresult {
        kInvalidArgument
    }

    unsafe fn addEvent(&self, event: *mut Event) -> tresult {
        // SAFETY: the caller's event, and the field that its type says.
        unsafe {
            let event = &*event;
            assert_eq!(event.r#type, EventTypes_::kLegacyMIDICCOutEvent as u16);
            let midi = event.__field0.midiCCOut;
            self.0.borrow_mut().push(Control {
                offset: event.sampleOffset as u32,
                channel: midi.channel as u8,
                number: midi.controlNumber,
                value: midi.value as u8,
            });
        }
        kResultOk
    }
}
