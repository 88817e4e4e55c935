//! The host's main thread, on Linux: hosts watch a socket there for their plugins.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Weak;

use vst3::Steinberg::Linux::{FileDescriptor, IEventHandler, IEventHandlerTrait, IRunLoop, IRunLoopTrait};
use vst3::Steinberg::kResultOk;
use vst3::{Class, ComPtr, ComWrapper};

use super::answer;
use super::pane::Pane;

/// What the host calls. It does not keep the window: a host may let go of the view and forget this.
struct Handler(Weak<Pane>);

impl Class for Handler {
    type Interfaces = (IEventHandler,);
}

impl IEventHandlerTrait for Handler {
    unsafe fn onFDIsSet(&self, _descriptor: FileDescriptor) {
        // Kept until all is said: the host may let go of the view while it is called.
        if let Some(pane) = self.0.upgrade() {
            answer(|| {
                pane.come();
                kResultOk
            });
        }
    }
}

/// A socket that the host watches. It does so until this is dropped.
pub(super) struct Watch {
    run_loop: ComPtr<IRunLoop>,
    handler: ComPtr<IEventHandler>,
    socket: UnixStream,
}

impl Watch {
    /// Lets a host watch for `pane`; `None` where it does not. Also returned is the end to write to.
    pub(super) fn begin(run_loop: ComPtr<IRunLoop>, pane: Weak<Pane>) -> Option<(Self, UnixStream)> {
        let handler = ComWrapper::new(Handler(pane)).to_com_ptr::<IEventHandler>()?;
        // A socket, for not every host watches other things.
        let (socket, bell) = UnixStream::pair().ok()?;
        socket.set_nonblocking(true).ok()?;
        bell.set_nonblocking(true).ok()?;
        // SAFETY: the handler lives as long as it is registered.
        let registered = unsafe { run_loop.registerEventHandler(handler.as_ptr(), socket.as_raw_fd()) };
        (registered == kResultOk).then_some((
            Self {
                run_loop,
                handler,
                socket,
            },
            bell,
        ))
    }

    /// Takes what the bell has rung.
    pub(super) fn heard(&self) {
        let mut rung = [0; 256];
        while (&self.socket).read(&mut rung).is_ok_and(|bytes| bytes > 0) {}
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // SAFETY: it was registered, and still lives.
        unsafe { self.run_loop.unregisterEventHandler(self.handler.as_ptr()) };
    }
}
