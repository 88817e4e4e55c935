//! What the window has to say to the host.
//!
//! The format wants it said on the host's main thread. On Linux the window has a thread of its own: what it says waits there
//! until the host's run loop comes for it. Elsewhere it is said at once. Where a host has no run loop, against the format, the
//! edits are said at once, too, for they are timed; the rest waits until the host does something with the view.

use std::collections::VecDeque;
#[cfg(target_os = "linux")]
use std::io::Write;
#[cfg(target_os = "linux")]
use std::os::unix::net::UnixStream;
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering};

use nice_plug::context::PluginApi;
use nice_plug::context::gui::GuiContextInner;
use nice_plug::prelude::{ParamPtr, PluginState};
use parking_lot::Mutex;
use vst3::ComPtr;
#[cfg(target_os = "linux")]
use vst3::Steinberg::Linux::IRunLoop;
use vst3::Steinberg::Vst::{
    IComponentHandler, IComponentHandler2, IComponentHandler2Trait, IComponentHandlerTrait,
};

use super::effect::Shared;
use super::state;
use super::table::Row;

/// One thing to say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Message {
    /// The user takes hold of a parameter,
    Begin(u32),
    /// moves it,
    Perform(u32, f64),
    /// and lets go.
    End(u32),
    /// Something else changed that is saved.
    Dirty,
}

/// The host, as far as the window knows it.
#[derive(Default)]
pub(super) struct Host {
    handler: Mutex<Option<ComPtr<IComponentHandler>>>,
    waiting: Mutex<VecDeque<Message>>,
    /// The window wants to be called on the main thread.
    window: AtomicBool,
    /// The run loop of the host itself, for frames that have none.
    #[cfg(target_os = "linux")]
    pub(super) run_loop: Mutex<Option<ComPtr<IRunLoop>>>,
    /// Rings at the run loop.
    #[cfg(target_os = "linux")]
    bell: Mutex<Option<UnixStream>>,
}

impl Host {
    /// Takes the object that parameters are told to.
    pub(super) fn meet(&self, handler: Option<ComPtr<IComponentHandler>>) {
        // Let go outside the lock: it is the host's object.
        let _old = std::mem::replace(&mut *self.handler.lock(), handler);
    }

    pub(super) fn leave(&self) {
        self.meet(None);
        #[cfg(target_os = "linux")]
        {
            // Let go outside the lock, as above.
            let _run_loop = self.run_loop.lock().take();
        }
    }

    /// From here on messages wait, and `bell` is written to when there is one; without a bell they are said at once.
    #[cfg(target_os = "linux")]
    pub(super) fn ring(&self, bell: Option<UnixStream>) {
        *self.bell.lock() = bell;
    }

    /// Says it, now or as soon as the host comes for it. Never waits for the host.
    pub(super) fn tell(&self, message: Message) {
        #[cfg(target_os = "linux")]
        {
            let mut bell = self.bell.lock();
            if bell.is_some() || message == Message::Dirty {
                self.waiting.lock().push_back(message);
                return rung(&mut bell);
            }
        }
        self.say(message);
    }

    /// The window is to be called on the main thread.
    pub(super) fn call_window(&self) {
        self.window.store(true, Ordering::Release);
        #[cfg(target_os = "linux")]
        rung(&mut self.bell.lock());
    }

    /// Says all that waits, on the main thread. `window` is done where the window wants to be called; whether it was.
    pub(super) fn deliver(&self, window: impl Fn() -> bool) {
        loop {
            // In a statement of its own: the host may call back, and must find no lock held.
            let message = self.waiting.lock().pop_front();
            match message {
                Some(message) => self.say(message),
                None => break,
            }
        }
        if self.window.swap(false, Ordering::AcqRel) && !window() {
            self.window.store(true, Ordering::Release);
        }
    }

    fn say(&self, message: Message) {
        let handler = self.handler.lock().clone();
        let Some(handler) = handler else {
            return;
        };
        if message == Message::Dirty {
            // Many hosts have no such interface.
            if let Some(handler) = handler.cast::<IComponentHandler2>() {
                // SAFETY: a plain call of the host's object, of which there is a reference.
                unsafe { handler.setDirty(1) };
            }
            return;
        }
        // SAFETY: plain calls of the host's object, of which there is a reference.
        unsafe {
            match message {
                Message::Begin(number) => handler.beginEdit(number),
                Message::Perform(number, value) => handler.performEdit(number, value),
                Message::End(number) => handler.endEdit(number),
                Message::Dirty => return,
            };
        }
    }
}

/// Rings, where there is a bell. One that is full has been rung.
#[cfg(target_os = "linux")]
fn rung(bell: &mut Option<UnixStream>) {
    if let Some(bell) = bell {
        let _rung = bell.write(&[1]);
    }
}

/// The host as the window's framework knows it.
pub(super) struct Remote(pub(super) Weak<Shared>);

impl Remote {
    /// Does it for a parameter, as long as there is an instance.
    fn with(&self, param: ParamPtr, work: impl FnOnce(&Shared, &Row)) {
        let shared = self.0.upgrade();
        if let Some((shared, row)) = shared
            .as_ref()
            .and_then(|shared| Some((shared, shared.table.of(param)?)))
        {
            work(shared, row);
        }
    }
}

impl GuiContextInner for Remote {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Vst3
    }

    unsafe fn raw_begin_set_parameter(&self, param: ParamPtr) {
        self.with(param, |shared, row| shared.host.tell(Message::Begin(row.number)));
    }

    unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, normalized: f32) {
        self.with(param, |shared, row| {
            row.set(normalized.into());
            shared.host.tell(Message::Perform(row.number, normalized.into()));
        });
    }

    unsafe fn raw_end_set_parameter(&self, param: ParamPtr) {
        self.with(param, |shared, row| shared.host.tell(Message::End(row.number)));
    }

    fn get_state(&self) -> PluginState {
        let shared = self.0.upgrade();
        shared.map_or_else(
            || PluginState {
                version: String::new(),
                params: Default::default(),
                fields: Default::default(),
            },
            |shared| state::object(&shared.table),
        )
    }

    fn set_state(&self, state: PluginState) {
        if let Some(shared) = self.0.upgrade() {
            state::take_over(&shared.table, state);
        }
    }

    fn request_restart(&self) {}
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use vst3::Steinberg::{FIDString, TBool, kResultOk, tresult};
    use vst3::{Class, ComWrapper};

    use super::*;

    impl Host {
        pub(in crate::vst3) fn waiting(&self) -> usize {
            self.waiting.lock().len()
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn messages_wait_for_the_main_thread_in_their_order() {
        let host = Host::default();
        let (bell, mut heard) = UnixStream::pair().unwrap();
        bell.set_nonblocking(true).unwrap();
        host.ring(Some(bell));
        // More than a socket holds: telling never waits.
        for number in 0..100_000 {
            host.tell(Message::Begin(number));
        }
        let mut byte = [0];
        std::io::Read::read_exact(&mut heard, &mut byte).unwrap();
        assert_eq!(host.waiting.lock().len(), 100_000);
        assert_eq!(host.waiting.lock().front(), Some(&Message::Begin(0)));
        host.call_window();
        let called = std::cell::Cell::new(0);
        let call = |there: bool| {
            host.deliver(|| {
                called.set(called.get() + 1);
                there
            });
            called.get()
        };
        assert_eq!((call(false), host.waiting.lock().len()), (1, 0));
        // It waits for the window's own thread, and is done once.
        assert_eq!((call(true), call(true)), (2, 2));
    }

    /// A host that counts how often a project was changed.
    #[derive(Default)]
    struct Counting(AtomicU32);

    impl Class for Counting {
        type Interfaces = (IComponentHandler, IComponentHandler2);
    }

    impl IComponentHandlerTrait for Counting {
        unsafe fn beginEdit(&self, _id: u32) -> tresult {
            kResultOk
        }

        unsafe fn performEdit(&self, _id: u32, _value: f64) -> tresult {
            kResultOk
        }

        unsafe fn endEdit(&self, _id: u32) -> tresult {
            kResultOk
        }

        unsafe fn restartComponent(&self, _flags: i32) -> tresult {
            kResultOk
        }
    }

    impl IComponentHandler2Trait for Counting {
        unsafe fn setDirty(&self, on: TBool) -> tresult {
            self.0.fetch_add(on.into(), Ordering::Relaxed);
            kResultOk
        }

        unsafe fn requestOpenEditor(&self, _name: FIDString) -> tresult {
            kResultOk
        }

        unsafe fn startGroupEdit(&self) -> tresult {
            kResultOk
        }

        unsafe fn finishGroupEdit(&self) -> tresult {
            kResultOk
        }
    }

    #[test]
    fn a_project_is_changed_on_the_main_thread() {
        let (host, counting) = (Host::default(), ComWrapper::new(Counting::default()));
        host.meet(counting.to_com_ptr());
        host.tell(Message::Dirty);
        let waits = u32::from(cfg!(target_os = "linux"));
        assert_eq!(counting.0.load(Ordering::Relaxed), 1 - waits);
        host.deliver(|| true);
        assert_eq!(counting.0.load(Ordering::Relaxed), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_not_timed_waits_for_the_main_thread_without_a_bell() {
        let host = Host::default();
        host.tell(Message::Begin(1));
        host.tell(Message::Dirty);
        assert_eq!(*host.waiting.lock(), [Message::Dirty]);
    }
}
