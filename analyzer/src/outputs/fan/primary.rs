//! What is left for the primary output: everything, except what a device says while nobody takes it.

use std::collections::VecDeque;
use std::sync::mpsc::{SyncSender, TrySendError};

use super::QUEUE;
use crate::analysis::Event;

/// The way to the primary output.
pub(super) struct Primary {
    queue: SyncSender<Event>,
    /// What must arrive, while there is no room for it. Readings of a device are of the moment, and never wait.
    waiting: VecDeque<Event>,
    left_out: u64,
    gone: bool,
}

impl Primary {
    pub(super) fn new(queue: SyncSender<Event>) -> Self {
        Self {
            queue,
            waiting: VecDeque::new(),
            left_out: 0,
            gone: false,
        }
    }

    /// Passes `event` on, after those that wait; unless `patient`, readings that find no room are left out.
    pub(super) fn pass(&mut self, event: Event, patient: bool) {
        self.waiting.push_back(event);
        if patient {
            for event in self.waiting.drain(..) {
                self.gone |= self.queue.send(event).is_err();
            }
            return;
        }
        self.flush();
        let passing = |event: &mut Event| {
            matches!(
                event,
                Event::Reading(_) | Event::Frames(_) | Event::Peak(_) | Event::Heard(_)
            )
        };
        if let Some(Event::Reading(_)) = self.waiting.pop_back_if(passing) {
            self.left_out += 1;
        }
        if self.waiting.len() > QUEUE {
            self.waiting.pop_front();
        }
    }

    /// Passes on what waits, as far as there is room; `false` once nobody is there any more.
    pub(super) fn flush(&mut self) -> bool {
        while let Some(event) = self.waiting.pop_front() {
            match self.queue.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => {
                    self.waiting.push_front(event);
                    return !self.gone;
                }
                Err(TrySendError::Disconnected(_)) => self.gone = true,
            }
        }
        if self.left_out > 0 {
            let text = format!(
                "standard output did not keep up and missed {} readings",
                self.left_out
            );
            self.left_out = 0;
            self.waiting.push_back(Event::Notice(text));
        }
        !self.gone
    }
}
