//! What the window has to say to the host.
//!
//! The format wants it said on the host's main thread. On Linux the window has a thread of its own: what it says waits there
//! until the host's run loop comes for it. Elsewhere, and where a host has no run loop, it is said at once.

use std::collections::VecDeque;
#[cfg(target_os = "linux")]
use std::io::Write;
#[cfg(target_os = "linux")]
use std::os::unix::net::UnixStream;
use std::sync::Weak;

use nice_plug::context::PluginApi;
use nice_plug::context::gui::GuiContextInner;
use nice_plug::prelude::{ParamPtr, PluginState};
use parking_lot::Mutex;
use vst3::ComPtr;
use vst3::Steinberg::Vst::{IComponentHandler, IComponentHandlerTrait};

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
    /// The window wants to be called on the main thread.
    Window,
}

/// The host, as far as the window knows it.
#[derive(Default)]
pub(super) struct Host {
    handler: Mutex<Option<ComPtr<IComponentHandler>>>,
    waiting: Mutex<VecDeque<Message>>,
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
    }

    /// From here on messages wait, and `bell` is written to when there is one; without a bell they are said at once.
    #[cfg(target_os = "linux")]
    pub(super) fn ring(&self, bell: Option<UnixStream>) {
        *self.bell.lock() = bell;
    }

    /// Says it, now or as soon as the host comes for it. Never waits for the host.
    pub(super) fn tell(&self, message: Message) {
        #[cfg(target_os = "linux")]
        if let Some(bell) = &mut *self.bell.lock() {
            self.waiting.lock().push_back(message);
            // A bell that is full has been rung.
            let _rung = bell.write(&[1]);
            return;
        }
        self.say(message);
    }

    /// Says all that waits, on the main thread; `window` is done for what only the window can do.
    pub(super) fn deliver(&self, window: impl Fn()) {
        loop {
            // In a statement of its own: the host may call back, and must find no lock held.
            let message = self.waiting.lock().pop_front();
            match message {
                Some(Message::Window) => window(),
                Some(message) => self.say(message),
                None => return,
            }
        }
    }

    fn say(&self, message: Message) {
        let handler = self.handler.lock().clone();
        let Some(handler) = handler else {
            return;
        };
        // SAFETY: plain calls of the host's object, of which there is a reference.
        unsafe {
            match message {
                Message::Begin(number) => handler.beginEdit(number),
                Message::Perform(number, value) => handler.performEdit(number, value),
                Message::End(number) => handler.endEdit(number),
                Message::Window => return,
            };
        }
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
    use super::*;

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
        host.tell(Message::Window);
        let called = std::cell::Cell::new(0);
        host.deliver(|| called.set(called.get() + 1));
        assert_eq!((called.get(), host.waiting.lock().len()), (1, 0));
    }
}
