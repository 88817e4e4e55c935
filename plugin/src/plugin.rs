//! What hosts call. The audio thread lives here: it passes audio through and feeds the tap, and does nothing else.

use std::num::NonZeroU32;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use echometer_automation::CcGlide;
use echometer_engine::tap::Tap;
use echometer_engine::{Feature, PerFeature};
use nice_plug::prelude::*;

use crate::editor::{SizedEditor, editor};
use crate::pace::{Pace, Patience};
use crate::params::EchometerParams;
use crate::station::Station;

/// Seconds of audio that the ring holds: rides out any delay of the analysis threads.
const RING_S: u32 = 2;

/// Sample frames in the largest ring: 128 MB, for hosts that announce blocks of any size.
const LARGEST_RING: u32 = 1 << 24;

/// Below this, about −120 dBFS, a sample is silence.
const SILENCE: f32 = 1e-6;

/// Seconds of silence after which a playing track is no longer fed: the whole window and the trunk's memory are silent
/// by then, so nothing is missed.
const SLEEP_AFTER_S: u32 = 40;

/// One instance.
pub struct Echometer {
    params: Arc<EchometerParams>,
    station: Arc<Station>,
    tap: Option<Tap>,
    rate: u32,
    pace: Pace,
    /// Sample frames of silence up to now.
    quiet: u64,
    /// Where the host has the speakers, as a mask; 0 where it does not say.
    speakers: u64,
    glide: CcGlide,
    /// Channel and number that each feature was last sent to; `None` where it is not sent.
    addresses: PerFeature<Option<(u8, u8)>>,
    /// Sample frames until the next controllers are due.
    until_cc: u32,
    /// A block ended in a panic: until the next activation, audio passes and nothing more.
    broken: bool,
}

impl Default for Echometer {
    fn default() -> Self {
        let params = EchometerParams::shared();
        Self {
            station: Station::new(Arc::clone(&params)),
            params,
            tap: None,
            rate: 48_000,
            pace: Pace::default(),
            quiet: 0,
            speakers: 0,
            glide: CcGlide::default(),
            addresses: PerFeature::default(),
            until_cc: 0,
            broken: false,
        }
    }
}

const fn layout(channels: u32, name: &'static str) -> AudioIOLayout {
    AudioIOLayout {
        main_input_channels: NonZeroU32::new(channels),
        main_output_channels: NonZeroU32::new(channels),
        names: PortNames {
            layout: Some(name),
            ..PortNames::const_default()
        },
        ..AudioIOLayout::const_default()
    }
}

impl Plugin for Echometer {
    const NAME: &'static str = "Echometer";
    const VENDOR: &'static str = "Echometer";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[
        layout(2, "Stereo"),
        layout(1, "Mono"),
        layout(3, "LCR"),
        layout(4, "Quad"),
        layout(5, "5.0"),
        layout(6, "5.1"),
        layout(7, "7.0"),
        layout(8, "7.1"),
        layout(10, "7.1.2"),
        layout(12, "7.1.4"),
        layout(16, "9.1.6"),
    ];
    const MIDI_OUTPUT: MidiConfig = MidiConfig::MidiCCs;

    type Editor = SizedEditor;
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        Arc::clone(&self.params) as Arc<dyn Params>
    }

    fn editor(&mut self, _executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        editor(Arc::clone(&self.params), Arc::clone(&self.station))
    }

    fn filter_state(state: &mut PluginState) {
        crate::params::filter_state(state, Self::VERSION);
    }

    fn activate(
        &mut self,
        layout: &AudioIOLayout,
        config: &BufferConfig,
        _context: &mut impl ActivateContext<Self>,
    ) -> bool {
        let channels = layout.main_input_channels.map_or(2, NonZeroU32::get) as u16;
        self.rate = config.sample_rate.round() as u32;
        self.broken = false;
        // Who says that it renders does; what is called playing may still be a render.
        let offline = config.process_mode == ProcessMode::Offline;
        self.pace = Pace::told(offline, offline);
        let room = RING_S
            .saturating_mul(self.rate)
            .max(config.max_buffer_size.saturating_mul(4))
            .min(LARGEST_RING);
        self.tap = self
            .station
            .open(channels, self.speakers, self.rate, room as usize);
        // Without meters the audio still passes; the window says what is wrong.
        true
    }

    fn reset(&mut self) {
        if let Some(tap) = &self.tap {
            tap.counters().reset();
        }
        self.station.outcome().targets.clear();
        self.glide.reset();
        (self.quiet, self.until_cc) = (0, 0);
    }

    fn deactivate(&mut self) {
        self.tap = None;
        self.station.close();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let peak = pass(buffer.as_slice());
        // The audio has passed: whatever goes wrong from here on, the host gets what it gave. A host whose call ends in a panic
        // would end, too.
        let listened = catch_unwind(AssertUnwindSafe(|| self.listen(buffer, peak, context)));
        if listened.is_err() {
            // What it was in the midst of may be in pieces.
            self.broken = true;
        }
        ProcessStatus::Normal
    }
}

/// Passes audio: every sample stays as it is, but subnormal ones – some −760 dBFS – become zero, for they slow down
/// whatever comes after. Returns the largest absolute sample.
fn pass(channels: &mut [&mut [f32]]) -> f32 {
    let mut peak = 0.0f32;
    for channel in channels {
        for sample in channel.iter_mut() {
            if sample.is_subnormal() {
                *sample = 0.0;
            }
            peak = peak.max(sample.abs());
        }
    }
    peak
}

impl Echometer {
    /// Where the host has the speakers, a bit for each, from the next activation on. The format's bits are those of a WAVE
    /// channel mask, as far as that goes.
    pub(crate) fn placed(&mut self, speakers: u64) {
        self.speakers = speakers;
    }

    /// What a block is looked at for.
    fn listen(&mut self, buffer: &mut Buffer, peak: f32, context: &mut impl ProcessContext<Self>) {
        if self.broken {
            return;
        }
        let frames = buffer.samples();
        if self.params.take_reset() {
            self.reset();
        }
        let playing = context.transport().playing;
        let fill = self.tap.as_ref().map_or(0.0, Tap::fill);
        let lasts = Duration::from_secs_f64(frames as f64 / f64::from(self.rate.max(1)));
        let renders = self
            .pace
            .renders(lasts, fill, Instant::now)
            .then(|| self.pace.patience(lasts, Instant::now));
        let heard = !self.params.bypass.value() && self.wants(frames, peak, playing, renders.is_some());
        if let (Some(patience), true) = (renders, heard) {
            // For a model that was asked for since the last block: this one is its.
            self.catch_up(patience);
        }
        let mut from = 0;
        while let Some(due) = self.controllers_due(frames) {
            // In a render, controllers follow all audio before them: block sizes do not show in what they say.
            if renders.is_some() && heard {
                self.feed(buffer, from..due, renders);
                from = due;
            }
            self.send_controllers(due as u32, context);
        }
        if heard {
            self.feed(buffer, from..frames, renders);
        }
    }

    /// Whether the meters should hear this block. They should not where the host is stopped and sends silence: what was
    /// heard last stays on the meters; nor after a long silence, where they would hear nothing new.
    fn wants(&mut self, frames: usize, peak: f32, playing: bool, renders: bool) -> bool {
        if peak > SILENCE {
            self.quiet = 0;
        } else {
            self.quiet += frames as u64;
            let asleep = !playing || self.quiet > u64::from(SLEEP_AFTER_S) * u64::from(self.rate);
            // A render hears all of the song, or its times would not be the song's.
            if asleep && !renders {
                return false;
            }
        }
        self.station.listens()
    }

    /// Gives the meters these frames of a block. A render waits for them, as long as it has the patience.
    fn feed(&mut self, buffer: &mut Buffer, frames: Range<usize>, renders: Option<Patience>) {
        if frames.is_empty() {
            return;
        }
        let channels = buffer.as_slice_immutable();
        if let Some(tap) = &mut self.tap {
            tap.push_with(frames.len(), |frame, channel| {
                channels
                    .get(channel)
                    .map_or(0.0, |samples| samples[frames.start + frame])
            });
        }
        if let Some(patience) = renders {
            self.catch_up(patience);
        }
    }

    /// Nobody listens to a render: it waits for the meters, so that they follow the song and not the clock.
    fn catch_up(&self, patience: Patience) {
        // Waiting allocates where a lock is contended.
        util::permit_alloc(|| self.station.catch_up(patience));
    }

    /// Where in a block of `frames` controllers are due next, where they are switched on. Counts on to the next block after
    /// the last of them.
    fn controllers_due(&mut self, frames: usize) -> Option<usize> {
        if !self.params.sends_midi() {
            self.until_cc = 0;
            // Whoever listens next time does not know where the controllers stand.
            self.glide.reset();
            return None;
        }
        let due = self.until_cc as usize;
        if due < frames {
            return Some(due);
        }
        self.until_cc -= frames as u32;
        None
    }

    /// Sends the controllers, at this frame of the block.
    fn send_controllers(&mut self, timing: u32, context: &mut impl ProcessContext<Self>) {
        let hz = self.params.rate.value().max(1) as u32;
        self.until_cc += (self.rate / hz).max(1);
        let channel = (self.params.channel.value() - 1).clamp(0, 15) as u8;
        for feature in Feature::ALL {
            let cc = self.params.cc(feature);
            let number = cc.number.value().clamp(0, 127) as u8;
            let address = cc.on.value().then_some((channel, number));
            if self.addresses[feature] != address {
                self.addresses[feature] = address;
                self.glide.resend(feature);
            }
            let target = self
                .station
                .outcome()
                .targets
                .get(feature)
                .filter(|_| address.is_some());
            let Some(value) = self.glide.step(feature, target, 1.0 / hz as f32) else {
                continue;
            };
            let sent = context.try_send_event(NoteEvent::MidiCC {
                timing,
                channel,
                cc: number,
                value: f32::from(value) / 127.0,
            });
            if sent.is_err() {
                // A host that takes no more events in this block gets it with the next ones.
                self.glide.resend(feature);
            }
        }
    }
}

impl Drop for Echometer {
    fn drop(&mut self) {
        self.tap = None;
        self.station.shut_down();
    }
}

impl ClapPlugin for Echometer {
    const CLAP_ID: &'static str = "org.echometer.echometer";
    const CLAP_DESCRIPTION: Option<&'static str> =
        Some("Danceability, energy, liveness and five more of the last 30 seconds, live");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[
        ClapFeature::AudioEffect,
        ClapFeature::Analyzer,
        ClapFeature::Utility,
        ClapFeature::Mono,
        ClapFeature::Stereo,
        ClapFeature::Surround,
    ];
}

#[cfg(test)]
mod tests {
    use nice_plug::context::process::SendEventError;

    use super::*;

    impl Echometer {
        /// As the window does.
        pub(crate) fn touch(&self) {
            self.params.touch();
        }
    }

    /// A host that panics when it is asked where the song is.
    struct Panicking;

    impl ProcessContext<Echometer> for Panicking {
        fn plugin_api(&self) -> PluginApi {
            PluginApi::Clap
        }

        fn execute_background(&self, (): ()) {}

        fn execute_gui(&self, (): ()) {}

        fn transport(&self) -> &Transport {
            panic!("there is no song");
        }

        fn next_event(&mut self) -> Option<PluginNoteEvent<Echometer>> {
            None
        }

        fn try_send_event(
            &mut self,
            _event: PluginNoteEvent<Echometer>,
        ) -> Result<(), (PluginNoteEvent<Echometer>, SendEventError)> {
            unimplemented!("no controllers are sent")
        }

        fn set_latency_samples(&self, _samples: u32) {}

        fn request_restart(&self) {}

        fn set_current_voice_capacity(&self, _capacity: u32) {}
    }

    #[test]
    fn audio_passes_whatever_happens_to_the_meters() {
        let mut plugin = Echometer::default();
        for block in 0..3 {
            let mut samples = vec![vec![0.25f32, 1e-40, -1.0]; 2];
            let mut buffer = Buffer::default();
            // SAFETY: both channels have three samples, and outlive the buffer.
            unsafe {
                buffer.set_slices(3, |slices| {
                    *slices = samples.iter_mut().map(Vec::as_mut_slice).collect();
                });
            }
            let mut aux = AuxiliaryBuffers {
                inputs: &mut [],
                outputs: &mut [],
            };
            let played = plugin.process(&mut buffer, &mut aux, &mut Panicking);
            assert!(matches!(played, ProcessStatus::Normal), "block {block}");
            assert_eq!(samples, [[0.25, 0.0, -1.0]; 2], "block {block}");
            assert!(plugin.broken);
        }
    }
}
