//! Events to any number of outputs beside the primary one.
//!
//! Each has a thread and a bounded queue of its own. One that is slow or gone loses readings of its own and delays nobody;
//! only an output that must miss nothing holds up a file, as the primary one does.

mod primary;

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

use echometer_engine::Reading;

use super::Patience;
use crate::analysis::{Event, Part};
use crate::control::Control;
use crate::failure::Failure;
use primary::Primary;

/// Readings that may wait for one output: most of a minute of them.
const QUEUE: usize = 256;
/// How long the outputs may take to end, once the input did.
const END: Duration = Duration::from_secs(5);

/// An output beside the primary one. It has a thread of its own, so it may wait for whatever it sends to.
///
/// An error is told once and ends this output; the others go on, and the program fails at its end.
pub(crate) trait Output: Send {
    /// What messages call it, such as `OSC to 127.0.0.1:9000`.
    fn name(&self) -> String;

    /// Whether it gets every reading of a file, however long it takes. What a device says never waits.
    fn is_lossless(&self) -> bool {
        false
    }

    /// What the user should know at the start, such as where the output is found.
    fn greeting(&self) -> Option<String> {
        None
    }

    /// How often [`Output::pass`] is wanted at least, if at all.
    fn pace(&self) -> Option<Duration> {
        None
    }

    /// A part of the input begins; a device's connection is one, too.
    fn begins(&mut self, _part: &Part) -> Result<(), Failure> {
        Ok(())
    }

    /// A reading of the part; with `--once`, its only one.
    fn reading(&mut self, reading: &Reading, part: Option<&Part>) -> Result<(), Failure>;

    /// The device is gone, and waited for.
    fn lost(&mut self, _why: &str) -> Result<(), Failure> {
        Ok(())
    }

    /// Time passed.
    fn pass(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    /// Nothing more comes.
    fn ended(self: Box<Self>) -> Result<(), Failure> {
        Ok(())
    }
}

/// What an output is told.
enum Told {
    Begins(Part),
    Reading(Reading),
    Lost(String),
}

/// The outputs at work.
pub(crate) struct Fan {
    /// What is left for the primary output: everything.
    pub(crate) events: Receiver<Event>,
    ended: Receiver<Result<(), Failure>>,
}

impl Fan {
    /// Lets `outputs` take part in `events`. With `once`, the one reading of each part is what they get; where the primary output
    /// `shows` nothing, the input ends with the last of them.
    pub(crate) fn start(
        events: Receiver<Event>,
        outputs: Vec<Box<dyn Output>>,
        once: bool,
        shows: bool,
        control: &Arc<Control>,
    ) -> Result<Self, Failure> {
        let failed = |error| Failure::failed(format!("an output's thread could not start: {error}"));
        let (report, endings) = mpsc::channel();
        let lines = outputs
            .into_iter()
            .map(|output| Line::start(output, report.clone()))
            .collect::<std::io::Result<Vec<_>>>()
            .map_err(failed)?;
        let (primary, left) = mpsc::sync_channel(QUEUE);
        let (done, ended) = mpsc::channel();
        let spreader = Spreader {
            working: lines.len(),
            shows,
            lines,
            endings,
            failure: None,
            primary: Primary::new(primary),
            patient: true,
            once,
        };
        let control = Arc::clone(control);
        thread::Builder::new()
            .name("outputs".into())
            .spawn(move || {
                // Received unless the program ends without waiting for it.
                let _ = done.send(spreader.run(&events, &control));
            })
            .map_err(failed)?;
        Ok(Self { events: left, ended })
    }

    /// The events, for a primary output that takes them on another thread.
    pub(crate) fn take_events(&mut self) -> Receiver<Event> {
        std::mem::replace(&mut self.events, mpsc::channel().1)
    }

    /// Waits until all have ended; the first failure, if one failed.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        drop(self.events);
        self.ended.recv_timeout(2 * END).unwrap_or_else(|_| {
            Err(Failure::failed(format!(
                "an output did not end within {} s, and may lack readings",
                2 * END.as_secs()
            )))
        })
    }
}

/// The way to one output.
struct Line {
    name: String,
    lossless: bool,
    /// Until the output ended.
    queue: Option<SyncSender<Told>>,
    left_out: u64,
}

impl Line {
    fn start(output: Box<dyn Output>, report: mpsc::Sender<Result<(), Failure>>) -> std::io::Result<Self> {
        let (queue, told) = mpsc::sync_channel(QUEUE);
        let (name, lossless) = (output.name(), output.is_lossless());
        thread::Builder::new().name("output".into()).spawn(move || {
            // Heard unless the program ends first.
            let _ = report.send(follow(output, &told));
        })?;
        Ok(Self {
            name,
            lossless,
            queue: Some(queue),
            left_out: 0,
        })
    }

    /// Passes it on, waiting only if `patient` and all must arrive. A word about the first one that does not.
    fn tell(&mut self, told: Told, patient: bool) -> Option<String> {
        let queue = self.queue.as_ref()?;
        let sent = if patient && self.lossless {
            queue.send(told).map_err(|_| true)
        } else {
            queue
                .try_send(told)
                .map_err(|error| matches!(error, TrySendError::Disconnected(_)))
        };
        match sent {
            Ok(()) => return None,
            Err(true) => self.queue = None,
            Err(false) => self.left_out += 1,
        }
        (self.left_out == 1).then(|| format!("{} does not keep up and misses readings", self.name))
    }
}

/// What an output's thread does.
fn follow(mut output: Box<dyn Output>, told: &Receiver<Told>) -> Result<(), Failure> {
    let mut part = None;
    let pace = output.pace();
    loop {
        let heard = match pace {
            Some(pace) => told.recv_timeout(pace),
            None => told.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match heard {
            Ok(Told::Begins(begun)) => {
                output.begins(&begun)?;
                part = Some(begun);
            }
            Ok(Told::Reading(reading)) => output.reading(&reading, part.as_ref())?,
            Ok(Told::Lost(why)) => output.lost(&why)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return output.ended(),
        }
        if pace.is_some() {
            output.pass()?;
        }
    }
}

/// Takes events and passes them to everyone.
struct Spreader {
    lines: Vec<Line>,
    /// How many of them have not ended.
    working: usize,
    /// Whether the primary output is one.
    shows: bool,
    endings: Receiver<Result<(), Failure>>,
    failure: Option<Failure>,
    primary: Primary,
    /// Whether the input waits for those who take it: a file does, a device does not.
    patient: bool,
    once: bool,
}

impl Spreader {
    fn run(mut self, events: &Receiver<Event>, control: &Control) -> Result<(), Failure> {
        let mut patience = Patience::default();
        loop {
            match patience.next(events, control) {
                Some(event @ Event::Ended(_)) => {
                    self.end(event);
                    return self.failure.map_or(Ok(()), Err);
                }
                Some(event) => self.spread(event),
                None => {}
            }
            while let Ok(ending) = self.endings.try_recv() {
                self.note(ending);
                if self.is_in_vain() {
                    control.stop();
                }
            }
            if !self.primary.flush() {
                control.stop();
            }
        }
    }

    fn spread(&mut self, event: Event) {
        if let Event::Begins(part) = &event {
            self.patient = !part.live;
        }
        for i in 0..self.lines.len() {
            let told = match &event {
                Event::Begins(part) => Told::Begins(part.clone()),
                Event::Reading(reading) if !self.once => Told::Reading(reading.clone()),
                Event::Whole(reading) if self.once => Told::Reading(reading.clone()),
                Event::Lost(why) => Told::Lost(why.clone()),
                _ => break,
            };
            if let Some(text) = self.lines[i].tell(told, self.patient) {
                self.primary.pass(Event::Notice(text), self.patient);
            }
        }
        self.primary.pass(event, self.patient);
    }

    /// Whether nobody gets anything any more.
    fn is_in_vain(&self) -> bool {
        self.working == 0 && !self.shows
    }

    /// Keeps the first failure, and tells each that is not the end of all.
    fn note(&mut self, ended: Result<(), Failure>) {
        self.working = self.working.saturating_sub(1);
        if let Err(failure) = ended {
            if !self.is_in_vain() || self.failure.is_some() {
                let text = format!("{}; the other outputs go on", failure.message());
                self.primary.pass(Event::Notice(text), self.patient);
            }
            self.failure.get_or_insert(failure);
        }
    }

    /// Lets everyone end, and tells the primary output last, which ends the program.
    fn end(&mut self, end: Event) {
        for line in &mut self.lines {
            line.queue = None;
            if line.left_out > 0 {
                let text = format!("{} readings did not reach {}", line.left_out, line.name);
                self.primary.pass(Event::Notice(text), true);
            }
        }
        let deadline = Instant::now() + END;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.endings.recv_timeout(left) {
                Ok(ending) => self.note(ending),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let text = format!("an output did not end within {} s", END.as_secs());
                    self.note(Err(Failure::failed(text)));
                    break;
                }
            }
        }
        self.primary.pass(end, true);
    }
}

#[cfg(test)]
mod tests {
    use echometer_engine::{Levels, PerFeature};

    use super::*;

    /// More than wait anywhere.
    const MANY: usize = 3 * QUEUE;

    /// Tells what it gets, and takes it only when it may.
    struct Probe {
        may: Option<Receiver<()>>,
        got: mpsc::Sender<f64>,
        lossless: bool,
    }

    impl Output for Probe {
        fn name(&self) -> String {
            "probe".into()
        }

        fn is_lossless(&self) -> bool {
            self.lossless
        }

        fn reading(&mut self, reading: &Reading, _part: Option<&Part>) -> Result<(), Failure> {
            if let Some(may) = &self.may {
                may.recv().map_err(|_| Failure::failed("broken"))?;
            }
            let _ = self.got.send(reading.time);
            Ok(())
        }
    }

    fn begins(live: bool) -> Event {
        Event::Begins(Part {
            title: "x".into(),
            rate: 44_100,
            channels: 2,
            duration_s: None,
            live,
            one_of_many: false,
            connection: 1,
        })
    }

    fn reading(i: usize) -> Event {
        Event::Reading(Reading {
            time: i as f64,
            coverage: 1.0,
            silent: false,
            values: PerFeature::default(),
            sd: PerFeature::default(),
            levels: Levels::default(),
            dropped: 0,
            replaced: 0,
        })
    }

    fn fan(outputs: Vec<Box<dyn Output>>) -> (SyncSender<Event>, Fan) {
        let (sender, events) = mpsc::sync_channel(1);
        let fan = Fan::start(events, outputs, false, true, &Arc::default()).unwrap();
        (sender, fan)
    }

    /// Readings and notices until the end.
    fn all(fan: &Fan) -> (usize, Vec<String>) {
        let (mut readings, mut notices) = (0, Vec::new());
        for event in &fan.events {
            match event {
                Event::Reading(_) => readings += 1,
                Event::Notice(text) => notices.push(text),
                Event::Ended(_) => break,
                _ => {}
            }
        }
        (readings, notices)
    }

    #[test]
    fn a_stuck_output_delays_nobody_and_is_told_of() {
        let (let_go, may) = mpsc::channel();
        let (got, stuck) = mpsc::channel();
        let lossless = true;
        let may = Some(may);
        let (sender, fan) = fan(vec![Box::new(Probe { may, got, lossless })]);
        let all = thread::spawn(move || (all(&fan), fan));
        // A device: nothing waits, not even for an output that wants everything.
        sender.send(begins(true)).unwrap();
        for i in 0..MANY {
            sender.send(reading(i)).unwrap();
        }
        drop(let_go);
        sender.send(Event::Ended(Ok(()))).unwrap();
        let ((_, notices), fan) = all.join().unwrap();
        for said in ["probe does not keep up", "did not reach probe", "broken"] {
            assert!(
                notices.iter().any(|text| text.contains(said)),
                "{said}: {notices:?}"
            );
        }
        assert!(fan.finish().is_err());
        assert_eq!(stuck.iter().count(), 0);
    }

    #[test]
    fn a_stuck_face_delays_no_output() {
        let (got, heard) = mpsc::channel();
        let lossless = false;
        let (sender, fan) = fan(vec![Box::new(Probe {
            may: None,
            got,
            lossless,
        })]);
        sender.send(begins(true)).unwrap();
        for i in 0..MANY {
            sender.send(reading(i)).unwrap();
            assert_eq!(heard.recv().unwrap(), i as f64);
        }
        thread::spawn(move || sender.send(Event::Ended(Ok(()))).unwrap());
        let (readings, notices) = all(&fan);
        assert!(
            readings < MANY && notices[0].contains("missed"),
            "{readings}: {notices:?}"
        );
        fan.finish().unwrap();
    }

    #[test]
    fn a_file_waits_for_an_output_that_wants_everything() {
        let (let_go, may) = mpsc::channel();
        let (got, heard) = mpsc::channel();
        let lossless = true;
        let may = Some(may);
        let (sender, fan) = fan(vec![Box::new(Probe { may, got, lossless })]);
        let all = thread::spawn(move || all(&fan));
        let file = thread::spawn(move || {
            sender.send(begins(false)).unwrap();
            for i in 0..MANY {
                sender.send(reading(i)).unwrap();
            }
            sender.send(Event::Ended(Ok(()))).unwrap();
        });
        for i in 0..MANY {
            let_go.send(()).unwrap();
            assert_eq!(heard.recv().unwrap(), i as f64);
        }
        file.join().unwrap();
        assert_eq!(all.join().unwrap(), (MANY, Vec::new()));
    }
}
