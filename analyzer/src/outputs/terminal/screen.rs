//! Where pictures go and where keys come from, for as long as the terminal is there.

use std::io::{self, IsTerminal, Stdout, Write};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::tty;

/// How long a wait for keys is before the terminal is looked at again.
const LOOK: Duration = Duration::from_millis(50);

/// The screen, taken over.
pub(super) struct Screen {
    pub(super) terminal: Terminal<CrosstermBackend<Unfailing>>,
    pub(super) wishes: Receiver<io::Result<Wish>>,
    /// Whether standard input is a terminal as well; a closed one no longer says so.
    keys: bool,
}

impl Screen {
    /// Takes the screen over; [`tty::restore`] is for the caller.
    pub(super) fn take() -> io::Result<Self> {
        let keys = io::stdin().is_terminal();
        tty::restore_on_panic();
        tty::take()?;
        let terminal = Terminal::new(CrosstermBackend::new(Unfailing(io::stdout())))?;
        Ok(Self {
            terminal,
            wishes: listen(keys)?,
            keys,
        })
    }

    /// Whether the terminal was closed.
    pub(super) fn is_closed(&self) -> bool {
        tty::is_closed(&io::stdout()) || (self.keys && tty::is_closed(&io::stdin()))
    }
}

/// Standard output as one that takes everything. What fails there shows as a terminal that is closed; but ratatui would print it as
/// well, and where standard error is gone too, that panics.
pub(super) struct Unfailing(Stdout);

impl Write for Unfailing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(_) if tty::is_closed(&self.0) => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(_) if tty::is_closed(&self.0) => Ok(()),
            flushed => flushed,
        }
    }
}

/// What a key asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Leave,
    Reset,
}

/// Keys, from a thread of their own: crossterm never comes back from a terminal that is closed while it reads. The thread is not
/// waited for.
fn listen(keys: bool) -> io::Result<Receiver<io::Result<Wish>>> {
    let (sender, wishes) = mpsc::channel();
    thread::Builder::new().name("keys".into()).spawn(move || {
        // Beforehand, so that it hardly ever happens.
        while !(keys && tty::is_closed(&io::stdin())) {
            let read = match event::poll(LOOK) {
                Ok(true) => event::read().map(wish),
                Ok(false) => Ok(None),
                Err(error) => Err(error),
            };
            let failed = read.is_err();
            let heard = read.transpose().is_none_or(|said| sender.send(said).is_ok());
            if failed || !heard {
                break;
            }
        }
    })?;
    Ok(wishes)
}

fn wish(input: Input) -> Option<Wish> {
    match input {
        Input::Key(key) if key.kind != KeyEventKind::Release => wish_of(key),
        _ => None, // a new size shows in the next picture
    }
}

fn wish_of(key: KeyEvent) -> Option<Wish> {
    match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Wish::Leave),
        KeyCode::Char('q' | 'Q') | KeyCode::Esc => Some(Wish::Leave),
        KeyCode::Char('r' | 'R') => Some(Wish::Reset),
        _ => None,
    }
}
