//! Capturing from a device. What happens on the driver's thread is in [`super::callback`].

use std::sync::Arc;
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
    signs: Arc<Signs>,
    stream: cpal::Stream,
}

impl Capture {
    /// Finds and opens a device in its own rate and channels, of which `chosen` are heard.
    pub(crate) fn open(selector: &Selector, chosen: &Channels) -> Result<Self, Failure> {
        let (device, name) = selector.device()?;
        let failed = |error: cpal::Error| {
            Failure::input(format!("{name} cannot be listened to: {error}"))
                .hint("another program may hold it; --list-devices shows what there is")
        };
        let supported = devices::format(&device).map_err(failed)?;
        let rate = supported.sample_rate();
        let heard = chosen.of(supported.channels(), &name)?;
        let channels = heard.len() as u16;
        let mut config = supported.config();
        let wanted = rate / BLOCKS_HZ;
        if let SupportedBufferSize::Range { min, max } = *supported.buffer_size()
            && min <= max
        {
            config.buffer_size = BufferSize::Fixed(wanted.clamp(min, max));
        }
        let format = supported.sample_format();
        let open = |config| Opened::new(&device, config, format, &heard);
        // Some drivers promise a block size that they then refuse.
        let opened = match open(config) {
            Err(Refused::Device(error)) if error.kind() == ErrorKind::UnsupportedConfig => {
                open(StreamConfig {
                    buffer_size: BufferSize::Default,
                    ..config
                })
            }
            opened => opened,
        };
        let Opened { stream, tap, signs } = opened.map_err(|refused| match refused {
            Refused::Device(error) => failed(error),
            Refused::Channels(error) => Failure::failed(format!("{name}: {error}")),
        })?;
        stream.play().map_err(failed)?;
        tracing::info!(name, rate, channels, %format, "capturing");
        Ok(Self {
            name,
            rate,
            channels,
            tap: Some(tap),
            signs,
            stream,
        })
    }

    /// Blocks delivered so far.
    pub(crate) fn blocks(&self) -> u64 {
        self.signs.blocks()
    }

    /// Why the device is gone, if it is.
    pub(crate) fn lost(&self) -> Option<&'static str> {
        for (what, times) in self.signs.take_passing() {
            tracing::info!(device = self.name, what, times, "the driver says");
        }
        self.signs.ending()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // Ends the callbacks at once, also where dropping the stream has to wait for a driver that is gone.
        if let Err(error) = self.stream.pause() {
            tracing::debug!(%error, "pausing");
        }
    }
}

struct Opened {
    stream: cpal::Stream,
    tap: TapReader,
    signs: Arc<Signs>,
}

enum Refused {
    Device(cpal::Error),
    Channels(echometer_engine::tap::ChannelsError),
}

impl Opened {
    fn new(
        device: &cpal::Device,
        config: StreamConfig,
        format: SampleFormat,
        heard: &[usize],
    ) -> Result<Self, Refused> {
        let (writer, reader) =
            tap(heard.len() as u16, RING_S * config.sample_rate as usize).map_err(Refused::Channels)?;
        let signs = Arc::new(Signs::default());
        let (theirs, heard) = (Arc::clone(&signs), heard.to_vec());
        let stream = match format {
            SampleFormat::I8 => stream::<i8>(device, config, heard, writer, theirs),
            SampleFormat::I16 => stream::<i16>(device, config, heard, writer, theirs),
            SampleFormat::I24 => stream::<cpal::I24>(device, config, heard, writer, theirs),
            SampleFormat::I32 => stream::<i32>(device, config, heard, writer, theirs),
            SampleFormat::I64 => stream::<i64>(device, config, heard, writer, theirs),
            SampleFormat::U8 => stream::<u8>(device, config, heard, writer, theirs),
            SampleFormat::U16 => stream::<u16>(device, config, heard, writer, theirs),
            SampleFormat::U24 => stream::<cpal::U24>(device, config, heard, writer, theirs),
            SampleFormat::U32 => stream::<u32>(device, config, heard, writer, theirs),
            SampleFormat::U64 => stream::<u64>(device, config, heard, writer, theirs),
            SampleFormat::F32 => stream::<f32>(device, config, heard, writer, theirs),
            SampleFormat::F64 => stream::<f64>(device, config, heard, writer, theirs),
            other => Err(cpal::Error::with_message(
                ErrorKind::UnsupportedOperation,
                format!("its samples are {other}, but must be integers or floats"),
            )),
        };
        Ok(Self {
            stream: stream.map_err(Refused::Device)?,
            tap: reader,
            signs,
        })
    }
}

fn stream<T>(
    device: &cpal::Device,
    config: StreamConfig,
    heard: Vec<usize>,
    mut tap: Tap,
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
            callback::block(block, channels, &heard, &mut tap, &theirs);
        },
        // On most hosts this runs on the audio thread too, and the stream may go on: an overrun, for one.
        move |error: cpal::Error| signs.error(error.kind()),
        Some(PATIENCE),
    )
}
