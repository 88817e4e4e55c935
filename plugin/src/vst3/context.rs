//! What the plugin may ask of a VST3 host while it is activated and while it processes.

use nice_plug::context::PluginApi;
use nice_plug::context::process::SendEventError;
use nice_plug::prelude::{ActivateContext, NoteEvent, Plugin, PluginNoteEvent, ProcessContext, Transport};
use vst3::ComRef;
use vst3::Steinberg::Vst::{
    Event, Event_::EventTypes_, Event__type0, IEventList, IEventListTrait, LegacyMIDICCOutEvent,
    ProcessContext as Place, ProcessContext_::StatesAndFlags_,
};
use vst3::Steinberg::kResultOk;

use crate::plugin::Echometer;

/// While it is activated: nothing is asked.
pub(super) struct Activating;

impl ActivateContext<Echometer> for Activating {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Vst3
    }

    fn execute(&self, (): ()) {}

    fn set_latency_samples(&self, _samples: u32) {}

    fn set_current_voice_capacity(&self, _capacity: u32) {}
}

/// While it processes: where the song is, and events that go out.
pub(super) struct Processing<'a> {
    pub(super) transport: Transport,
    /// Where the host takes events.
    pub(super) events: Option<ComRef<'a, IEventList>>,
    /// Where in the host's block the plugin's block begins.
    pub(super) offset: u32,
}

/// What an analyser needs of the host's transport: whether it runs.
pub(super) fn transport(rate: f32, place: Option<&Place>) -> Transport {
    let mut transport = Transport::new(rate);
    transport.playing = place.is_some_and(|place| place.state & StatesAndFlags_::kPlaying as u32 != 0);
    transport
}

impl ProcessContext<Echometer> for Processing<'_> {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Vst3
    }

    fn execute_background(&self, (): ()) {}

    fn execute_gui(&self, (): ()) {}

    fn transport(&self) -> &Transport {
        &self.transport
    }

    fn next_event(&mut self) -> Option<PluginNoteEvent<Echometer>> {
        None
    }

    fn try_send_event(
        &mut self,
        event: PluginNoteEvent<Echometer>,
    ) -> Result<(), (PluginNoteEvent<Echometer>, SendEventError)> {
        let NoteEvent::MidiCC {
            timing,
            channel,
            cc,
            value,
        } = event
        else {
            let midi_output_config = Echometer::MIDI_OUTPUT;
            return Err((event, SendEventError::InvalidEvent { midi_output_config }));
        };
        let Some(events) = self.events else {
            return Err((event, SendEventError::NoOutputBuffer));
        };
        let mut out = Event {
            busIndex: 0,
            sampleOffset: self.offset.saturating_add(timing) as i32,
            ppqPosition: 0.0,
            flags: 0,
            r#type: EventTypes_::kLegacyMIDICCOutEvent as u16,
            __field0: Event__type0 {
                midiCCOut: LegacyMIDICCOutEvent {
                    controlNumber: cc,
                    channel: channel as i8,
                    value: (value * 127.0).round() as i8,
                    value2: 0,
                },
            },
        };
        // SAFETY: the host copies the event before it returns.
        if unsafe { events.addEvent(&mut out) } == kResultOk {
            Ok(())
        } else {
            Err((event, SendEventError::HostBufferFull))
        }
    }

    fn set_latency_samples(&self, _samples: u32) {}

    fn request_restart(&self) {}

    fn set_current_voice_capacity(&self, _capacity: u32) {}
}
