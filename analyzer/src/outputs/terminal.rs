//! The meters in a terminal.

mod bar;
mod draw;
mod meter;
mod notices;
mod state;
pub(crate) mod theme;

use std::io::{self, IsTerminal};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{About, table};
use crate::analysis::Event;
use crate::control::Control;
use crate::failure::Failure;
use state::State;
use theme::Theme;

/// Time between two pictures.
const FRAME: Duration = Duration::from_millis(50);

/// Shows the meters until the input ends or the user leaves; the terminal is restored whatever happens.
///
/// What a finite input gave stays on the screen afterwards, as a table.
pub(crate) fn run(about: &About, events: &Receiver<Event>, control: &Control) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::failed(format!("the terminal cannot be used: {error}"));
    let theme = Theme::detect(io::stdout().is_terminal());
    let mut state = State::new(about);
    // Before it is: a signal must never find the screen taken and nobody to give it back.
    control.hold_screen(true);
    // Also installs a panic hook that restores the terminal first.
    let shown =
        ratatui::try_init().and_then(|mut terminal| show(&mut terminal, &mut state, &theme, events, control));
    control.stop();
    ratatui::restore();
    control.hold_screen(false);
    let ended = shown.map_err(failed)?;
    for (part, reading) in &state.done {
        table::print(about, Some(part), reading)?;
    }
    state.said.for_each(super::notice);
    ended
}

fn show(
    terminal: &mut DefaultTerminal,
    state: &mut State<'_>,
    theme: &Theme,
    events: &Receiver<Event>,
    control: &Control,
) -> io::Result<Result<(), Failure>> {
    let mut next = Instant::now();
    loop {
        terminal.draw(|frame| draw::draw(frame, state, theme))?;
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
        while event::poll(Duration::ZERO)? {
            match event::read()? {
                Input::Key(key) if key.kind != KeyEventKind::Release => match wish(key) {
                    Some(Wish::Leave) => return Ok(Ok(())),
                    Some(Wish::Reset) => {
                        control.reset();
                        state.reset();
                    }
                    None => {}
                },
                _ => {} // a new size shows in the next picture
            }
        }
        if control.is_stopped() {
            return Ok(Ok(()));
        }
        state.pass();
    }
}

/// What a key asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    Leave,
    Reset,
}

fn wish(key: KeyEvent) -> Option<Wish> {
    match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Wish::Leave),
        KeyCode::Char('q' | 'Q') | KeyCode::Esc => Some(Wish::Leave),
        KeyCode::Char('r' | 'R') => Some(Wish::Reset),
        _ => None,
    }
}
