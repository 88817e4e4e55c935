//! Which devices there are, and which one a name means.

use std::fmt::{self, Display};
use std::io::{self, Write};

use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{ErrorKind, Host, HostId};

use crate::failure::Failure;
use crate::naming;
use crate::shown::shown;
use crate::tty;

/// ALSA names its converters like devices, and bridges to servers that complain aloud where these are not running.
const NO_DEVICES: [&str; 9] = [
    "null",
    "lavrate",
    "samplerate",
    "speexrate",
    "speex",
    "upmix",
    "vdownmix",
    "oss",
    "jack",
];

/// What PulseAudio and PipeWire put after the name of an output for what plays on it.
const MONITOR: &str = ".monitor";

/// The device to listen to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selector {
    /// Whatever the system's default is when it is opened.
    Default,
    /// What plays on the system's default output when it is opened.
    Output,
    /// One device, by what its host calls it.
    Named {
        /// Its host.
        host: HostId,
        /// The host's name for it, which stays when it is unplugged and comes back.
        id: String,
    },
}

impl Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default microphone"),
            Self::Output => f.write_str("what plays on the default output"),
            Self::Named { id, .. } => f.write_str(id),
        }
    }
}

impl Selector {
    /// The device and its name, if it is there now.
    pub(super) fn device(&self) -> Result<(cpal::Device, String), Failure> {
        match self {
            Self::Default => hosts()
                .find_map(|(_, host)| host.default_input_device().filter(is_there))
                .map(|device| {
                    let name = id(&device).unwrap_or_else(|| self.to_string());
                    (device, name)
                })
                .ok_or_else(|| {
                    Failure::input("there is no microphone: the system offers no default input")
                        .hint("plug one in, name another device (--list-devices), or try --input demo")
                }),
            Self::Output => hosts()
                .find_map(|(_, host)| playing(&host))
                .ok_or_else(|| {
                    Failure::input("what plays here cannot be listened to: no sound server offers its output")
                        .hint("PulseAudio, PipeWire and Windows do; elsewhere a loopback device may be installed (--list-devices)")
                }),
            Self::Named { host, id: wanted } => cpal::host_from_id(*host)
                .ok()
                .and_then(|host| {
                    listenable(&host)
                        .ok()?
                        .into_iter()
                        .find(|device| id(device).as_ref() == Some(wanted))
                })
                .map(|device| (device, wanted.clone()))
                .ok_or_else(|| Failure::input(format!("{wanted} is not there"))),
        }
    }
}

/// A device that can be listened to.
struct Found {
    host: HostId,
    id: String,
    /// What its host calls it in words.
    called: String,
    /// The same, but in our words where it is no microphone: `what plays on Speakers`.
    description: String,
    /// Whether `mic` and `output` open it.
    opened_by: [bool; 2],
    device: cpal::Device,
}

/// Keeps ALSA's library from writing to standard error on this thread; what it says comes as errors anyway.
pub(crate) fn quieten() {
    #[cfg(target_os = "linux")]
    if let Err(error) = alsa::Output::local_error_handler() {
        tracing::debug!(%error, "ALSA keeps its error output");
    }
}

/// Hosts that answer, sound servers before drivers: where a server runs, it is what the user hears.
fn hosts() -> impl Iterator<Item = (HostId, Host)> {
    let mut ids = cpal::available_hosts();
    let rank = |id: &HostId| match id.name().to_ascii_lowercase().as_str() {
        "pipewire" => 0,
        "pulseaudio" => 1,
        "jack" => 3,
        _ => 2,
    };
    ids.sort_by_key(rank);
    ids.into_iter().filter_map(|id| match cpal::host_from_id(id) {
        Ok(host) => Some((id, host)),
        Err(error) => {
            tracing::debug!(host = id.name(), %error, "no answer");
            None
        }
    })
}

/// Whether there is something behind a default device. ALSA always names one.
fn is_there(device: &cpal::Device) -> bool {
    let missing = [ErrorKind::DeviceNotAvailable, ErrorKind::HostUnavailable];
    device
        .default_input_config()
        .err()
        .is_none_or(|error| !missing.contains(&error.kind()))
}

/// What a device of `host` can be listened to. On Windows these are its outputs, too: WASAPI then gives what plays on them
/// (untried).
fn listenable(host: &Host) -> Result<Vec<cpal::Device>, cpal::Error> {
    let mut devices: Vec<_> = host.input_devices()?.collect();
    if cfg!(windows) {
        devices.extend(host.output_devices()?);
    }
    Ok(devices)
}

/// The format in which a device is heard.
pub(super) fn format(device: &cpal::Device) -> Result<cpal::SupportedStreamConfig, cpal::Error> {
    if cfg!(windows) && device.supports_output() {
        return device.default_output_config();
    }
    device.default_input_config()
}

/// What plays on the host's default output, and its name.
fn playing(host: &Host) -> Option<(cpal::Device, String)> {
    let output = id(&host.default_output_device()?)?;
    let wanted = if cfg!(windows) { output } else { output + MONITOR };
    let device = listenable(host)
        .ok()?
        .into_iter()
        .find(|device| id(device).as_ref() == Some(&wanted))?;
    Some((device, wanted))
}

/// A device in words that say what is heard.
fn described(id: &str, called: &str, is_output: bool) -> String {
    let output = match id.strip_suffix(MONITOR) {
        Some(output) => called.strip_prefix("Monitor of ").unwrap_or(output),
        None if is_output => called,
        None => return called.to_owned(),
    };
    format!("what plays on {output}")
}

fn id(device: &cpal::Device) -> Option<String> {
    device.id().ok().map(|id| id.id().to_owned())
}

/// All input devices of all hosts. They are not opened: that may take long, or disturb.
fn all() -> Vec<Found> {
    let mut found = Vec::new();
    // Only the first host that has one gives what `mic` and `output` open.
    let (mut mic, mut output) = (None, None);
    for (host, answering) in hosts() {
        let devices = match listenable(&answering) {
            Ok(devices) => devices,
            Err(error) => {
                tracing::info!(host = host.name(), %error, "cannot list its devices");
                continue;
            }
        };
        let with_host = |id: String| (host, id);
        mic = mic.or_else(|| id(&answering.default_input_device()?).map(with_host));
        output = output.or_else(|| playing(&answering).map(|(_, id)| with_host(id)));
        for device in devices {
            let Some(id) = id(&device).filter(|id| !NO_DEVICES.contains(&id.as_str())) else {
                continue;
            };
            let is = |default: &Option<(HostId, String)>| {
                default
                    .as_ref()
                    .is_some_and(|(at, name)| *at == host && *name == id)
            };
            let called = device
                .description()
                .map(|about| about.name().to_owned())
                .unwrap_or_default();
            found.push(Found {
                host,
                opened_by: [is(&mic), is(&output)],
                description: described(&id, &called, cfg!(windows) && device.supports_output()),
                id,
                called,
                device,
            });
        }
    }
    found
}

/// Devices with the rate and channels they deliver; those that cannot be opened are left out. Numbers count these.
fn listed() -> Vec<(Found, u32, u16)> {
    let formats = all().into_iter().filter_map(|found| match format(&found.device) {
        Ok(config) => Some((found, config.sample_rate(), config.channels())),
        Err(error) => {
            tracing::debug!(device = found.id, %error, "not listed");
            None
        }
    });
    formats.collect()
}

/// What `--input TEXT` means among the devices: a number of the list, a name, or a part of one.
pub(super) fn find(text: &str) -> Result<Selector, Failure> {
    let select = |found: &Found| {
        Ok(Selector::Named {
            host: found.host,
            id: found.id.clone(),
        })
    };
    if let Ok(number) = text.parse::<usize>() {
        let devices = listed();
        return match number.checked_sub(1).and_then(|index| devices.get(index)) {
            Some((found, ..)) => select(found),
            None => Err(not_found(text, devices.iter().map(|(found, ..)| found))),
        };
    }
    let devices = all();
    let matching = naming::fitting(text, &devices, |found| {
        [found.id.as_str(), &found.called, &found.description]
    });
    match matching.as_slice() {
        [] => Err(not_found(text, devices.iter())),
        // One name may be known to several hosts; the first is what the user hears.
        [found, others @ ..] if others.iter().all(|other| other.id == found.id) => select(found),
        several => Err(
            Failure::usage(format!("input `{text}` fits {} devices", several.len()))
                .hint(format!("say which:{}", names(several.iter().copied()))),
        ),
    }
}

fn not_found<'a>(text: &str, there: impl Iterator<Item = &'a Found>) -> Failure {
    let names = names(there);
    let failure = Failure::input(format!(
        "input `{text}` not found: there is neither such a file nor such a device"
    ));
    if names.is_empty() {
        failure.hint("there is no device at all; check the path of a file, or try --input demo")
    } else {
        failure.hint(format!("there are:{names}"))
    }
}

fn names<'a>(devices: impl Iterator<Item = &'a Found>) -> String {
    devices
        .map(|found| {
            let (id, description) = (shown(&found.id), shown(&found.description));
            format!("\n  {id}  ({description}, {})", found.host.name())
        })
        .collect()
}

/// Prints the table of `--list-devices`.
pub(crate) fn print_list() -> Result<(), Failure> {
    let devices = listed();
    let mut out = io::stdout().lock();
    let printed = if devices.is_empty() {
        writeln!(
            out,
            "No device can be listened to. Files, standard input and --input demo work without one."
        )
    } else {
        print_table(&mut out, &devices)
    };
    match printed {
        Err(error) if !tty::is_left(&error) => Err(Failure::failed(format!("standard output: {error}"))),
        _ => Ok(()),
    }
}

fn print_table(out: &mut impl Write, devices: &[(Found, u32, u16)]) -> io::Result<()> {
    let width = |title: &str, texts: &mut dyn Iterator<Item = usize>| texts.fold(title.len(), usize::max);
    let host = width(
        "HOST",
        &mut devices.iter().map(|(found, ..)| found.host.name().len()),
    );
    let name = width(
        "NAME",
        &mut devices.iter().map(|(found, ..)| shown(&found.id).chars().count()),
    );
    writeln!(
        out,
        "   {:>3}  {:host$}  {:name$}  {:>9}  {:>8}  DESCRIPTION",
        "NO", "HOST", "NAME", "RATE", "CHANNELS"
    )?;
    for (i, (found, rate, channels)) in devices.iter().enumerate() {
        let mark = match found.opened_by {
            [true, true] => "*>",
            [true, false] => "* ",
            [false, true] => " >",
            [false, false] => "  ",
        };
        let line = format!(
            "{mark} {:>3}  {:host$}  {:name$}  {rate:>6} Hz  {channels:>8}  {}",
            i + 1,
            found.host.name(),
            shown(&found.id),
            shown(&found.description),
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(
        out,
        "\n* is what --input mic opens, > what --input output opens. NO, NAME or a part of NAME or DESCRIPTION will do."
    )
}
