//! The meters in a terminal.

mod bar;
mod draw;
mod meter;
mod notices;
mod screen;
mod state;
pub(crate) mod theme;

use std::io::{self, IsTerminal};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::{About, table};
use crate::analysis::Event;
use crate::control::Control;
use crate::failure::Failure;
use crate::tty;
use screen::{Screen, Wish};
use state::State;
use theme::Theme;

/// Time between two pictures.
const FRAME: Duration = Duration::from_millis(50);

/// Shows the meters until the input ends, the user leaves or the terminal is closed; it is restored whatever happens.
///
/// What a finite input gave stays on the screen afterwards, as a table.
pub(crate) fn run(about: &About, events: &Receiver<Event>, control: &Control) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::failed(format!("the terminal cannot be used: {error}"));
    let theme = Theme::detect(io::stdout().is_terminal());
    let mut state = State::new(about);
    // Before it is: a signal must never find the screen taken and nobody to give it back.
    control.hold_screen(true);
    let shown = Screen::take().and_then(|mut screen| show(&mut screen, &mut state, &theme, events, control));
    control.stop();
    tty::restore();
    control.hold_screen(false);
    if tty::is_closed(&io::stdout()) {
        // Its user left, whatever it was that failed first; there is nobody to tell.
        return shown.unwrap_or(Ok(()));
    }
    let ended = shown.map_err(failed)?;
    for (part, reading) in &state.done {
        table::print(about, Some(part), reading)?;
    }
    state.said.for_each(super::notice);
    ended
}

fn show(
    screen: &mut Screen,
    state: &mut State<'_>,
    theme: &Theme,
    events: &Receiver<Event>,
    control: &Control,
) -> io::Result<Result<(), Failure>> {
    let mut next = Instant::now();
    loop {
        screen.terminal.draw(|frame| draw::draw(frame, state, theme))?;
        next = (next + FRAME).max(Instant::now());
        // Takes events as they come, so that a fast file is never held up by the picture.
        loop {
            match events.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(Event::Ended(result)) => return Ok(result),
                Ok(event) => state.take(event),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(Err(Failure::failed("the analysis ended without a word")));
                }
            }
            if Instant::now() >= next {
                break;
            }
        }
        while let Ok(wish) = screen.wishes.try_recv() {
            match wish? {
                Wish::Leave => return Ok(Ok(())),
                Wish::Reset => {
                    control.reset();
                    state.reset();
                }
            }
        }
        if control.is_stopped() || screen.is_closed() {
            return Ok(Ok(()));
        }
        state.pass();
    }
}
