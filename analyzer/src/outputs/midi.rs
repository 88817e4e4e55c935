//! Readings as MIDI control changes to one port.

use std::time::{Duration, Instant};

use echometer_automation::{CcGlide, DEFAULT_NUMBERS};
use echometer_engine::{PerFeature, Reading};
use midir::{MidiOutput, MidiOutputConnection};

use super::fan::Output;
use crate::analysis::Part;
use crate::failure::Failure;
use crate::naming;
use crate::shown::shown;

/// What other programs see.
const CLIENT: &str = "Echometer";
/// The port name that makes a port of our own, which other programs connect to.
const VIRTUAL: &str = "virtual";
/// Steps of a glide from one reading to the next: smooth to the eye.
const STEP: Duration = Duration::from_millis(20);
/// The status byte of a control change on the first channel.
const CONTROL_CHANGE: u8 = 0xB0;

/// One port that controllers go to.
pub(super) struct Midi {
    port: MidiOutputConnection,
    name: String,
    /// Status byte, channel included.
    status: u8,
    glide: CcGlide,
    targets: PerFeature<Option<f32>>,
    stepped: Instant,
}

impl Midi {
    /// Opens the port whose name is or holds `text`, or makes one; `channel` counts from 1.
    pub(super) fn open(text: &str, channel: u8) -> Result<Self, Failure> {
        let output = MidiOutput::new(CLIENT).map_err(|error| {
            Failure::failed(format!(
                "--midi {text}: this system has no MIDI to send to: {error}"
            ))
            .hint("on Linux it is the ALSA sequencer, `modprobe snd-seq`; containers seldom have it")
        })?;
        let (port, called) = if text == VIRTUAL {
            (make(output)?, format!("port {CLIENT}"))
        } else {
            connect(output, text)?
        };
        Ok(Self {
            port,
            name: format!("MIDI to {called}"),
            status: CONTROL_CHANGE | (channel - 1),
            glide: CcGlide::default(),
            targets: PerFeature::default(),
            stepped: Instant::now(),
        })
    }
}

/// Connects to the one port that `text` means.
fn connect(output: MidiOutput, text: &str) -> Result<(MidiOutputConnection, String), Failure> {
    let ports: Vec<_> = output
        .ports()
        .into_iter()
        .filter_map(|port| Some((output.port_name(&port).ok()?, port)))
        .collect();
    let names = |ports: &mut dyn Iterator<Item = &String>| -> String {
        ports.map(|name| format!("\n  {}", shown(name))).collect()
    };
    match naming::fitting(text, &ports, |(name, _)| [name.as_str()]).as_slice() {
        [(name, port)] => match output.connect(port, CLIENT) {
            Ok(connection) => Ok((connection, name.clone())),
            Err(error) => Err(Failure::failed(format!("--midi {text}: {name}: {error}"))
                .hint("another program may hold it")),
        },
        [] if ports.is_empty() => Err(Failure::failed(format!("--midi {text}: there is no MIDI port"))
            .hint("start what should receive, or take --midi virtual and connect to it")),
        [] => Err(
            Failure::failed(format!("--midi {text}: there is no such MIDI port")).hint(format!(
                "there are:{}",
                names(&mut ports.iter().map(|(name, _)| name))
            )),
        ),
        several => Err(
            Failure::usage(format!("--midi {text} fits {} ports", several.len())).hint(format!(
                "say which:{}",
                names(&mut several.iter().map(|(name, _)| name))
            )),
        ),
    }
}

/// A port of our own, where the system has such.
#[cfg(unix)]
fn make(output: MidiOutput) -> Result<MidiOutputConnection, Failure> {
    use midir::os::unix::VirtualOutput;

    output
        .create_virtual(CLIENT)
        .map_err(|error| Failure::failed(format!("--midi {VIRTUAL}: a port cannot be made: {error}")))
}

#[cfg(not(unix))]
fn make(_output: MidiOutput) -> Result<MidiOutputConnection, Failure> {
    Err(
        Failure::usage(format!("--midi {VIRTUAL}: this system has no virtual ports"))
            .hint("install a loopback driver and name its port"),
    )
}

impl Output for Midi {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn pace(&self) -> Option<Duration> {
        Some(STEP)
    }

    fn reading(&mut self, reading: &Reading, _part: Option<&Part>) -> Result<(), Failure> {
        for (feature, _) in DEFAULT_NUMBERS {
            let value = reading.values[feature];
            self.targets[feature] = value.map(|value| feature.position(value));
        }
        Ok(())
    }

    fn pass(&mut self) -> Result<(), Failure> {
        let seconds = self.stepped.elapsed().as_secs_f32();
        self.stepped = Instant::now();
        for (feature, number) in DEFAULT_NUMBERS {
            if let Some(value) = self.glide.step(feature, self.targets[feature], seconds) {
                self.port
                    .send(&[self.status, number, value])
                    .map_err(|error| Failure::failed(format!("{}: {error}", self.name)))?;
            }
        }
        Ok(())
    }
}
