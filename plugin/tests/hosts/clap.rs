//! A CLAP host.

use std::ffi::CStr;
use std::io::Cursor;
use std::slice;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use clack_extensions::audio_ports::{AudioPortInfoBuffer, PluginAudioPorts};
use clack_extensions::audio_ports_config::{AudioPortsConfigBuffer, PluginAudioPortsConfig};
use clack_extensions::latency::PluginLatency;
use clack_extensions::params::{ParamInfoBuffer, PluginParams};
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::PluginState;
use clack_host::events::EventFlags;
use clack_host::events::event_types::{MidiEvent, ParamValueEvent, TransportEvent, TransportFlags};
use clack_host::prelude::*;

use super::{Control, Host, Played, Setup};

pub(crate) const ID: &CStr = c"org.echometer.echometer";

/// What the plugin asked of the host.
#[derive(Default)]
pub(crate) struct Asked {
    callback: AtomicBool,
}

impl SharedHandler<'_> for Asked {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {
        self.callback.store(true, Ordering::Release);
    }
}

pub(crate) struct Handlers;

impl HostHandlers for Handlers {
    type Shared<'a> = Asked;
    type MainThread<'a> = ();
    type AudioProcessor<'a> = ();
}

/// The library, loaded once.
pub(crate) fn entry() -> &'static PluginEntry {
    static ENTRY: OnceLock<PluginEntry> = OnceLock::new();
    // SAFETY: the library is the plugin that was built with this test; loading it runs nothing else.
    ENTRY.get_or_init(|| unsafe { PluginEntry::load(super::library()) }.unwrap())
}

struct Param {
    id: ClapId,
    name: String,
    steps: f64,
}

/// The audio side, which may go to another thread.
pub(crate) struct Player {
    processor: StartedPluginAudioProcessor<Handlers>,
    transport: TransportEvent,
    pending: EventBuffer,
}

pub(crate) struct Clap {
    /// Declared before the instance: a processor must be gone first.
    player: Option<Player>,
    instance: PluginInstance<Handlers>,
    params: Vec<Param>,
    pending: Vec<ParamValueEvent>,
}

impl Player {
    /// See [`Host::process`].
    pub(crate) fn process(&mut self, input: &[&[f32]], in_place: bool) -> Played {
        let frames = input.first().map_or(0, |channel| channel.len());
        let mut input: Vec<_> = input.iter().map(|channel| channel.to_vec()).collect();
        // Nothing of this may be left where the plugin has written.
        let mut output = if in_place {
            input.clone()
        } else {
            vec![vec![0.123; frames]; input.len()]
        };
        let (mut ports_in, mut ports_out) =
            (AudioPorts::with_capacity(16, 1), AudioPorts::with_capacity(16, 1));
        let mut outputs = ports_out.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(output.iter_mut().map(Vec::as_mut_slice)),
        }]);
        let inputs = if in_place {
            let same = outputs.as_raw_buffers();
            // SAFETY: the same buffers, of `frames` each, live as long as `outputs`.
            unsafe {
                InputAudioBuffers::from_raw_buffers(slice::from_raw_parts(same.as_ptr(), 1), frames as u32)
            }
        } else {
            ports_in.with_input_buffers([AudioPortBuffer {
                latency: 0,
                channels: AudioPortBufferType::f32_input_only(input.iter_mut().map(InputChannel::variable)),
            }])
        };
        let mut events = EventBuffer::with_capacity(256);
        self.processor
            .process(
                &inputs,
                &mut outputs,
                &self.pending.as_input(),
                &mut events.as_output(),
                None,
                Some(&self.transport),
            )
            .unwrap();
        self.pending.clear();
        Played {
            audio: output,
            controls: events.iter().map(control).collect(),
        }
    }
}

fn control(event: &UnknownEvent) -> Control {
    let midi: &MidiEvent = event.as_event().expect("only MIDI comes out of this plugin");
    let [status, number, value] = midi.data();
    assert_eq!(status & 0xF0, 0xB0, "a control change");
    Control {
        offset: event.header().time(),
        channel: status & 0x0F,
        number,
        value,
    }
}

fn playing() -> TransportEvent {
    TransportEvent {
        header: EventHeader::new_core(0, EventFlags::empty()),
        flags: TransportFlags::IS_PLAYING,
        song_pos_beats: Default::default(),
        song_pos_seconds: Default::default(),
        tempo: 120.0,
        tempo_inc: 0.0,
        loop_start_beats: Default::default(),
        loop_end_beats: Default::default(),
        loop_start_seconds: Default::default(),
        loop_end_seconds: Default::default(),
        bar_start: Default::default(),
        bar_number: 0,
        time_signature_numerator: 4,
        time_signature_denominator: 4,
    }
}

impl Clap {
    /// An extension that the plugin must have.
    fn extension<
        E: clack_host::extensions::Extension<ExtensionSide = clack_host::extensions::PluginExtensionSide>,
    >(
        &self,
    ) -> E {
        self.instance.plugin_shared_handle().get_extension().unwrap()
    }

    fn param(&self, name: &str) -> &Param {
        let found = self.params.iter().find(|param| param.name == name);
        found.unwrap_or_else(|| panic!("no parameter {name}"))
    }

    /// Takes the audio side out, to use on another thread.
    pub(crate) fn take_player(&mut self) -> Player {
        self.player.take().unwrap()
    }

    pub(crate) fn put_player(&mut self, player: Player) {
        self.player = Some(player);
    }

    /// Channels of the main input and output, as the plugin says.
    pub(crate) fn channels(&mut self) -> [u32; 2] {
        let ports: PluginAudioPorts = self.extension();
        let handle = self.instance.plugin_handle();
        [true, false].map(|input| {
            assert_eq!(ports.count(&handle, input), 1);
            let mut buffer = AudioPortInfoBuffer::new();
            ports.get(&handle, 0, input, &mut buffer).unwrap().channel_count
        })
    }

    fn callback(&mut self) {
        while self
            .instance
            .access_shared_handler(|asked| asked.callback.swap(false, Ordering::AcqRel))
        {
            self.instance.call_on_main_thread_callback();
        }
    }
}

impl Host for Clap {
    // nice-plug writes the length before the JSON.
    const STATE_HEADER: fn(&[u8]) -> Vec<u8> = |json| (json.len() as u64).to_le_bytes().to_vec();

    fn new() -> Self {
        let info = HostInfo::new("Echometer's tests", "", "", "1").unwrap();
        let mut instance = PluginInstance::new(|()| Asked::default(), |_| (), entry(), ID, &info).unwrap();
        let extension: PluginParams = instance.plugin_shared_handle().get_extension().unwrap();
        let handle = instance.plugin_handle();
        let param = |index| {
            let mut buffer = ParamInfoBuffer::new();
            let info = extension.get_info(&handle, index, &mut buffer).unwrap();
            assert_eq!(info.min_value, 0.0);
            Param {
                id: info.id,
                name: String::from_utf8(info.name.to_vec()).unwrap(),
                steps: info.max_value,
            }
        };
        let params = (0..extension.count(&handle)).map(param).collect();
        Self {
            player: None,
            instance,
            params,
            pending: Vec::new(),
        }
    }

    fn set_channels(&mut self, channels: usize) {
        let configs: PluginAudioPortsConfig = self.extension();
        let handle = self.instance.plugin_handle();
        let id = (0..configs.count(&handle)).find_map(|index| {
            let mut buffer = AudioPortsConfigBuffer::new();
            let config = configs.get(&handle, index, &mut buffer).unwrap();
            let main = config.main_input.unwrap().channel_count;
            (main as usize == channels).then_some(config.id)
        });
        configs.select(&handle, id.unwrap()).unwrap();
    }

    fn activate(&mut self, setup: Setup) {
        let render: PluginRender = self.extension();
        let mode = if setup.offline {
            RenderMode::Offline
        } else {
            RenderMode::Realtime
        };
        render.set(&self.instance.plugin_handle(), mode).unwrap();
        let configuration = PluginAudioConfiguration {
            sample_rate: setup.rate.into(),
            min_frames_count: 1,
            max_frames_count: setup.longest as u32,
        };
        let stopped = self.instance.activate(|_, _| (), configuration).unwrap();
        self.player = Some(Player {
            processor: stopped.start_processing().ok().unwrap(),
            transport: playing(),
            pending: EventBuffer::with_capacity(256),
        });
    }

    fn deactivate(&mut self) {
        let player = self.player.take().unwrap();
        self.instance.deactivate(player.processor.stop_processing());
        self.callback();
    }

    fn reset(&mut self) {
        self.player.as_mut().unwrap().processor.reset();
    }

    fn process(&mut self, input: &[&[f32]], in_place: bool) -> Played {
        let player = self.player.as_mut().unwrap();
        player.pending.push_all(&self.pending);
        self.pending.clear();
        let played = player.process(input, in_place);
        self.callback();
        played
    }

    fn set(&mut self, name: &str, value: f64) {
        let param = self.param(name);
        let event = ParamValueEvent::new(0, param.id, Pckn::match_all(), value * param.steps);
        self.pending.push(event);
    }

    fn get(&mut self, name: &str) -> f64 {
        let params: PluginParams = self.extension();
        let (id, steps) = (self.param(name).id, self.param(name).steps);
        params.get_value(&self.instance.plugin_handle(), id).unwrap() / steps
    }

    fn names(&self) -> Vec<String> {
        self.params.iter().map(|param| param.name.clone()).collect()
    }

    fn latency(&mut self) -> u32 {
        let latency: PluginLatency = self.extension();
        latency.get(&self.instance.plugin_handle())
    }

    fn load(&mut self, bytes: &[u8]) -> bool {
        let state: PluginState = self.extension();
        let taken = state
            .load(&self.instance.plugin_handle(), &mut Cursor::new(bytes))
            .is_ok();
        self.callback();
        taken
    }

    fn save(&mut self) -> Vec<u8> {
        let state: PluginState = self.extension();
        let mut bytes = Vec::new();
        state.save(&self.instance.plugin_handle(), &mut bytes).unwrap();
        bytes
    }
}

impl Drop for Clap {
    fn drop(&mut self) {
        if self.player.is_some() {
            self.deactivate();
        }
    }
}
