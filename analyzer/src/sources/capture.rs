//! Capturing from a device. What happens on the driver's thread is in [`super::callback`].

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{BufferSize, ErrorKind, FromSample, SampleFormat, SizedSample, StreamConfig, SupportedBufferSize};
use echometer_engine::tap::{Tap, TapReader, tap};

use super::callback::{self, Signs};
use super::channels::Channels;
use super::devices::{self, Selector};
use crate::failure::Failure;

/// Room in the ring: rides out any delay of the analysis.
const RING_S: usize = 2;
/// Blocks a second asked for. Left to itself, PulseAudio delivers 2 s at once.
const BLOCKS_HZ: u32 = 25;
/// A driver that does not answer for so long does not work.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a driver may hold what it calls after its stream was ended.
const LET_GO: Duration = Duration::from_secs(1);

/// A running capture; dropping it ends it.
pub(crate) struct Capture {
    /// The device's name.
    pub(crate) name: String,
    /// Samples a second.
    pub(crate) rate: u32,
    /// Channels heard.
    pub(crate) channels: u16,
    /// The analysis thread's end, until it is taken.
    pub(crate) tap: Option<TapReader>,
    home: Home,
    signs: Arc<Signs>,
    stream: Option<Running>,
}

impl Capture {
    /// Finds and opens a device in its own rate and channels, of which `chosen` are heard.
    pub(crate) fn open(selector: &Selector, chosen: &Channels) -> Result<Self, Failure> {
        let found = Found::find(selector, chosen)?;
        let (rate, channels) = (found.config.sample_rate, found.heard.len() as u16);
        let (writer, reader) = tap(channels, RING_S * rate as usize)
            .map_err(|error| Failure::failed(format!("{}: {error}", found.name)))?;
        let mut home = Home::new();
        home.spare = Some(writer);
        let (stream, signs) = found.listen(&mut home)?;
        tracing::info!(name = found.name, rate, channels, format = %found.format, "capturing");
        Ok(Self {
            name: found.name,
            rate,
            channels,
            tap: Some(reader),
            home,
            signs,
            stream: Some(stream),
        })
    }

    /// Opens a device again whose stream broke off, for the same analysis; `false` where it is not as it was.
    pub(crate) fn reopen(&mut self, selector: &Selector, chosen: &Channels) -> Result<bool, Failure> {
        self.stream = None;
        let found = Found::find(selector, chosen)?;
        let is = (&found.name, found.config.sample_rate, found.heard.len());
        if is != (&self.name, self.rate, usize::from(self.channels)) || !self.home.wait() {
            return Ok(false);
        }
        let (stream, signs) = found.listen(&mut self.home)?;
        tracing::info!(name = self.name, "capturing again");
        (self.stream, self.signs) = (Some(stream), signs);
        Ok(true)
    }

    /// Blocks delivered so far by the stream that is open.
    pub(crate) fn blocks(&self) -> u64 {
        self.signs.blocks()
    }

    /// Why the stream ended, if it did.
    pub(crate) fn lost(&mut self) -> Option<&'static str> {
        for (what, times) in self.signs.take_passing() {
            tracing::info!(device = self.name, what, times, "the driver says");
        }
        let let_go = self.home.is_back().then_some("its stream ended");
        self.signs.ending().or(let_go)
    }
}

/// A stream that is open.
struct Running(cpal::Stream);

impl Drop for Running {
    fn drop(&mut self) {
        // Ends the callbacks at once, also where dropping the stream has to wait for a driver that is gone.
        if let Err(error) = self.0.pause() {
            tracing::debug!(%error, "pausing");
        }
    }
}

/// Where the driver's end of the tap is while no stream has it.
struct Home {
    door: (Sender<Tap>, Receiver<Tap>),
    spare: Option<Tap>,
}

impl Home {
    fn new() -> Self {
        Self {
            door: mpsc::channel(),
            spare: None,
        }
    }

    /// Whether it is here.
    fn is_back(&mut self) -> bool {
        self.spare = self.spare.take().or_else(|| self.door.1.try_recv().ok());
        self.spare.is_some()
    }

    /// The same after a wait: a driver lets go of a stream a little after it was told to.
    fn wait(&mut self) -> bool {
        if !self.is_back() {
            self.spare = self.door.1.recv_timeout(LET_GO).ok();
        }
        self.spare.is_some()
    }

    fn lend(&mut self) -> Lent {
        Lent {
            tap: self.spare.take(),
            home: self.door.0.clone(),
        }
    }
}

/// The driver's end of the tap, which comes back when the driver lets go of what it calls.
struct Lent {
    tap: Option<Tap>,
    home: Sender<Tap>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(tap) = self.tap.take() {
            // Nobody waits for it where the capture has ended.
            let _ = self.home.send(tap);
        }
    }
}

/// A device that can be opened.
struct Found {
    device: cpal::Device,
    name: String,
    config: StreamConfig,
    format: SampleFormat,
    /// The channels that are heard, counted from 0.
    heard: Vec<usize>,
}

impl Found {
    fn find(selector: &Selector, chosen: &Channels) -> Result<Self, Failure> {
        let (device, name) = selector.device()?;
        let supported = devices::format(&device).map_err(|error| failed(&name, &error))?;
        let heard = chosen.of(supported.channels(), &name)?;
        let mut config = supported.config();
        let wanted = supported.sample_rate() / BLOCKS_HZ;
        if let SupportedBufferSize::Range { min, max } = *supported.buffer_size()
            && min <= max
        {
            config.buffer_size = BufferSize::Fixed(wanted.clamp(min, max));
        }
        Ok(Self {
            device,
            name,
            config,
            format: supported.sample_format(),
            heard,
        })
    }

    /// Lets it write into the tap that is at home.
    fn listen(&self, home: &mut Home) -> Result<(Running, Arc<Signs>), Failure> {
        let open = |home: &mut Home, config| {
            let signs = Arc::new(Signs::default());
            let stream = self.stream(config, home.lend(), Arc::clone(&signs))?;
            Ok((Running(stream), signs))
        };
        let opened = match open(home, self.config) {
            // Some drivers promise a block size that they then refuse.
            Err(error) if cpal::Error::kind(&error) == ErrorKind::UnsupportedConfig => {
                // What was lent comes back with the refusal.
                home.wait();
                let config = StreamConfig {
                    buffer_size: BufferSize::Default,
                    ..self.config
                };
                open(home, config)
            }
            opened => opened,
        };
        let (stream, signs) = opened.map_err(|error| failed(&self.name, &error))?;
        stream.0.play().map_err(|error| failed(&self.name, &error))?;
        Ok((stream, signs))
    }

    fn stream(
        &self,
        config: StreamConfig,
        tap: Lent,
        signs: Arc<Signs>,
    ) -> Result<cpal::Stream, cpal::Error> {
        let (device, heard) = (&self.device, self.heard.clone());
        match self.format {
            SampleFormat::I8 => stream::<i8>(device, config, heard, tap, signs),
            SampleFormat::I16 => stream::<i16>(device, config, heard, tap, signs),
            SampleFormat::I24 => stream::<cpal::I24>(device, config, heard, tap, signs),
            SampleFormat::I32 => stream::<i32>(device, config, heard, tap, signs),
            SampleFormat::I64 => stream::<i64>(device, config, heard, tap, signs),
            SampleFormat::U8 => stream::<u8>(device, config, heard, tap, signs),
            SampleFormat::U16 => stream::<u16>(device, config, heard, tap, signs),
            SampleFormat::U24 => stream::<cpal::U24>(device, config, heard, tap, signs),
            SampleFormat::U32 => stream::<u32>(device, config, heard, tap, signs),
            SampleFormat::U64 => stream::<u64>(device, config, heard, tap, signs),
            SampleFormat::F32 => stream::<f32>(device, config, heard, tap, signs),
            SampleFormat::F64 => stream::<f64>(device, config, heard, tap, signs),
            other => Err(cpal::Error::with_message(
                ErrorKind::UnsupportedOperation,
                format!("its samples are {other}, but must be integers or floats"),
            )),
        }
    }
}

fn failed(name: &str, error: &cpal::Error) -> Failure {
    Failure::input(format!("{name} cannot be listened to: {error}"))
        .hint("another program may hold it; --list-devices shows what there is")
}

fn stream<T>(
    device: &cpal::Device,
    config: StreamConfig,
    heard: Vec<usize>,
    mut tap: Lent,
    signs: Arc<Signs>,
) -> Result<cpal::Stream, cpal::Error>
where
    T: SizedSample + Send + 'static,
    f32: FromSample<T>,
{
    let channels = usize::from(config.channels);
    let theirs = Arc::clone(&signs);
    device.build_input_stream(
        config,
        move |block: &[T], _: &cpal::InputCallbackInfo| {
            if let Some(tap) = &mut tap.tap {
                callback::block(block, channels, &heard, tap, &theirs);
            }
        },
        // On most hosts this runs on the audio thread too, and the stream may go on: an overrun, for one.
        move |error: cpal::Error| signs.error(error.kind()),
        Some(PATIENCE),
    )
}
