//! The terminal that the program runs on: taken over, given back, and noticed once it is closed.

use std::io;

use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

/// Takes over the screen of standard output and the keys; whatever comes of it, [`restore`] undoes it.
pub(crate) fn take() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen)
}

/// Gives the terminal back. One that is gone needs nothing, and there is nobody to tell: ratatui's own way prints what fails, and
/// where standard error is gone too, that panics.
pub(crate) fn restore() {
    let _ = disable_raw_mode();
    let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
}

/// Lets a panic be read: the terminal is given back before anything is told.
pub(crate) fn restore_on_panic() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        restore();
        told(panic);
    }));
}

/// Whether the terminal behind `stream` was closed: nothing will come from it and nothing can be written any more. A pipe whose writer
/// left and a socket look the same, so ask only of what is, or may have been, a terminal.
#[cfg(unix)]
pub(crate) fn is_closed(stream: &impl std::os::fd::AsFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut polled = [PollFd::new(stream, PollFlags::HUP)];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // Linux tells a hang-up unasked, macOS does not. A pipe that nobody reads has an error, but no hang-up.
    poll(&mut polled, Some(&at_once)).is_ok() && polled[0].revents().contains(PollFlags::HUP)
}

/// Elsewhere the system ends programs with their terminal.
#[cfg(not(unix))]
pub(crate) fn is_closed<T>(_: &T) -> bool {
    false
}

/// Whether an error of standard output says that nobody reads any more: a pipe's reader or a terminal is gone.
pub(crate) fn is_left(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe || is_closed(&io::stdout())
}
