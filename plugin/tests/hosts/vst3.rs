//! A VST3 host.

// The format's constants are signed on Windows and unsigned elsewhere.
#![allow(clippy::unnecessary_cast)]

use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;

use libloading::{Library, Symbol};
use vst3::Steinberg::Vst::BusDirections_::{kInput, kOutput};
use vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, IAudioProcessor, IAudioProcessorTrait, IComponent,
    IComponentTrait, IEditController, IEditControllerTrait, MediaTypes_, ParameterInfo, ProcessContext,
    ProcessContext_, ProcessData, ProcessModes_, ProcessSetup, SpeakerArr, SpeakerArrangement,
    SymbolicSampleSizes_,
};
use vst3::Steinberg::{
    IPluginBaseTrait, IPluginFactory, IPluginFactoryTrait, PClassInfo, kResultOk, tresult,
};
use vst3::{ComPtr, ComWrapper, Interface};

use super::vst3_objects::{Changes, Events, Stream};
use super::{Host, Played, Setup};

/// The library, which the caller may close again.
pub(crate) fn load() -> Library {
    // SAFETY: the library is the plugin that was built with this test; loading it runs nothing else.
    unsafe { Library::new(super::library()) }.unwrap()
}

/// The factory of the library that is loaded once.
pub(crate) fn factory() -> ComPtr<IPluginFactory> {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    factory_of(LIBRARY.get_or_init(load))
}

/// A library's factory.
pub(crate) fn factory_of(library: &Library) -> ComPtr<IPluginFactory> {
    // SAFETY: this is the entry point's signature, and it returns a factory that is ours to release.
    unsafe {
        let get: Symbol<unsafe extern "system" fn() -> *mut c_void> =
            library.get(b"GetPluginFactory\0").unwrap();
        ComPtr::from_raw(get().cast()).unwrap()
    }
}

pub(crate) struct Vst3 {
    pub(crate) component: ComPtr<IComponent>,
    pub(crate) processor: ComPtr<IAudioProcessor>,
    pub(crate) controller: ComPtr<IEditController>,
    params: Vec<(u32, String)>,
    pending: Vec<(u32, f64)>,
    active: bool,
    offline: bool,
}

/// The speakers that hosts use for so many channels.
pub(crate) fn speakers(channels: usize) -> SpeakerArrangement {
    match channels {
        1 => SpeakerArr::kMono,
        2 => SpeakerArr::kStereo,
        3 => SpeakerArr::k30Cine,
        4 => SpeakerArr::k40Music,
        5 => SpeakerArr::k50,
        6 => SpeakerArr::k51,
        7 => SpeakerArr::k70Cine,
        8 => SpeakerArr::k71CineFullRear,
        10 => SpeakerArr::k71_2,
        12 => SpeakerArr::k71_4,
        16 => SpeakerArr::k91_6,
        other => panic!("no speakers for {other} channels"),
    }
}

impl Vst3 {
    pub(crate) fn made_by(factory: &ComPtr<IPluginFactory>) -> Self {
        // SAFETY: all-zero is a valid value of these plain structures, which the plugin fills in; the object it makes
        // comes with a reference that is ours.
        unsafe {
            let mut class: PClassInfo = std::mem::zeroed();
            assert_eq!(factory.getClassInfo(0, &mut class), kResultOk);
            let mut object = ptr::null_mut();
            let made =
                factory.createInstance(class.cid.as_ptr(), IComponent::IID.as_ptr().cast(), &mut object);
            assert_eq!(made, kResultOk);
            let component: ComPtr<IComponent> = ComPtr::from_raw(object.cast()).unwrap();
            assert_eq!(component.initialize(ptr::null_mut()), kResultOk);
            let controller: ComPtr<IEditController> = component.cast().unwrap();
            let param = |index| {
                let mut info: ParameterInfo = std::mem::zeroed();
                assert_eq!(controller.getParameterInfo(index, &mut info), kResultOk);
                let end = info.title.iter().position(|unit| *unit == 0).unwrap();
                (info.id, String::from_utf16(&info.title[..end]).unwrap())
            };
            let params = (0..controller.getParameterCount()).map(param).collect();
            Self {
                processor: component.cast().unwrap(),
                component,
                controller,
                params,
                pending: Vec::new(),
                active: false,
                offline: false,
            }
        }
    }

    /// Moves parameters without any audio, not even buses: what hosts do where nothing plays.
    pub(crate) fn flush(&mut self) -> tresult {
        let mut data = self.data(0);
        let changes = Changes::of(self.pending.drain(..));
        data.inputParameterChanges = changes.as_com_ref().unwrap().as_ptr();
        // SAFETY: all pointers are null or live until the call returns.
        unsafe { self.processor.process(&mut data) }
    }

    /// [`Host::process`] with these parameter changes.
    pub(crate) fn process_with(
        &self,
        input: &[&[f32]],
        in_place: bool,
        changes: ComWrapper<Changes>,
    ) -> Played {
        let frames = input.first().map_or(0, |channel| channel.len());
        let mut input: Vec<_> = input.iter().map(|channel| channel.to_vec()).collect();
        // Nothing of this may be left where the plugin has written.
        let mut output = if in_place {
            input.clone()
        } else {
            vec![vec![0.123f32; frames]; input.len()]
        };
        let mut outputs: Vec<_> = output.iter_mut().map(Vec::as_mut_ptr).collect();
        let mut inputs: Vec<_> = input.iter_mut().map(Vec::as_mut_ptr).collect();
        let bus = |channels: &mut Vec<*mut f32>| AudioBusBuffers {
            numChannels: channels.len() as i32,
            // What another block left there: the plugin must not let its sound pass for silence.
            silenceFlags: u64::MAX,
            __field0: AudioBusBuffers__type0 {
                channelBuffers32: channels.as_mut_ptr(),
            },
        };
        let mut bus_in = bus(if in_place { &mut outputs } else { &mut inputs });
        let mut bus_out = bus(&mut outputs);
        let events = ComWrapper::new(Events::default());
        // SAFETY: all-zero is a valid value of this plain structure.
        let mut context: ProcessContext = unsafe { std::mem::zeroed() };
        context.state = ProcessContext_::StatesAndFlags_::kPlaying as u32;
        let mut data = self.data(frames);
        (data.numInputs, data.numOutputs) = (1, 1);
        (data.inputs, data.outputs) = (&mut bus_in, &mut bus_out);
        data.inputParameterChanges = changes.as_com_ref().unwrap().as_ptr();
        data.outputEvents = events.as_com_ref().unwrap().as_ptr();
        data.processContext = &mut context;
        // SAFETY: all pointers live until the call returns.
        assert_eq!(unsafe { self.processor.process(&mut data) }, kResultOk);
        assert_eq!(bus_out.silenceFlags, 0);
        Played {
            audio: output,
            controls: events.take(),
        }
    }

    /// A block without buses, changes and events; for hosts that fill in what they like.
    pub(crate) fn data(&self, frames: usize) -> ProcessData {
        ProcessData {
            processMode: mode(self.offline),
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
            numSamples: frames as i32,
            numInputs: 0,
            numOutputs: 0,
            inputs: ptr::null_mut(),
            outputs: ptr::null_mut(),
            inputParameterChanges: ptr::null_mut(),
            outputParameterChanges: ptr::null_mut(),
            inputEvents: ptr::null_mut(),
            outputEvents: ptr::null_mut(),
            processContext: ptr::null_mut(),
        }
    }

    /// [`Host::set`] by the parameter's number.
    pub(crate) fn set_id(&mut self, id: u32, value: f64) {
        self.pending.push((id, value));
    }

    pub(crate) fn id(&self, name: &str) -> u32 {
        let found = self.params.iter().find(|(_, other)| other == name);
        found.unwrap_or_else(|| panic!("no parameter {name}")).0
    }
}

fn mode(offline: bool) -> i32 {
    if offline {
        ProcessModes_::kOffline as i32
    } else {
        ProcessModes_::kRealtime as i32
    }
}

pub(crate) fn setup_of(setup: Setup) -> ProcessSetup {
    ProcessSetup {
        processMode: mode(setup.offline),
        symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
        maxSamplesPerBlock: setup.longest as i32,
        sampleRate: setup.rate.into(),
    }
}

impl Host for Vst3 {
    const STATE_HEADER: fn(&[u8]) -> Vec<u8> = |_| Vec::new();

    fn new() -> Self {
        Self::made_by(&factory())
    }

    fn set_channels(&mut self, channels: usize) {
        let (mut input, mut output) = (speakers(channels), speakers(channels));
        // SAFETY: one arrangement each, which the plugin only reads.
        let result = unsafe { self.processor.setBusArrangements(&mut input, 1, &mut output, 1) };
        assert_eq!(result, kResultOk, "{channels} channels");
    }

    fn activate(&mut self, setup: Setup) {
        let audio = MediaTypes_::kAudio as i32;
        // SAFETY: plain calls in the order that the format asks for.
        unsafe {
            assert_eq!(self.processor.setupProcessing(&mut setup_of(setup)), kResultOk);
            assert_eq!(self.component.activateBus(audio, kInput as i32, 0, 1), kResultOk);
            assert_eq!(self.component.activateBus(audio, kOutput as i32, 0, 1), kResultOk);
            assert_eq!(self.component.setActive(1), kResultOk);
            assert_eq!(self.processor.setProcessing(1), kResultOk);
        }
        (self.active, self.offline) = (true, setup.offline);
    }

    fn deactivate(&mut self) {
        // SAFETY: plain calls in the order that the format asks for.
        unsafe {
            assert_eq!(self.processor.setProcessing(0), kResultOk);
            assert_eq!(self.component.setActive(0), kResultOk);
        }
        self.active = false;
    }

    fn reset(&mut self) {
        // SAFETY: plain calls; hosts reset a plugin by stopping and starting it.
        unsafe {
            assert_eq!(self.processor.setProcessing(0), kResultOk);
            assert_eq!(self.component.setActive(0), kResultOk);
            assert_eq!(self.component.setActive(1), kResultOk);
            assert_eq!(self.processor.setProcessing(1), kResultOk);
        }
    }

    fn process(&mut self, input: &[&[f32]], in_place: bool) -> Played {
        let changes = Changes::of(self.pending.drain(..));
        self.process_with(input, in_place, changes)
    }

    fn set(&mut self, name: &str, value: f64) {
        self.set_id(self.id(name), value);
    }

    fn get(&mut self, name: &str) -> f64 {
        // SAFETY: a plain call.
        unsafe { self.controller.getParamNormalized(self.id(name)) }
    }

    fn names(&self) -> Vec<String> {
        self.params.iter().map(|(_, name)| name.clone()).collect()
    }

    fn latency(&mut self) -> u32 {
        // SAFETY: a plain call.
        unsafe { self.processor.getLatencySamples() }
    }

    fn load(&mut self, bytes: &[u8]) -> bool {
        let stream = Stream::of(bytes);
        // SAFETY: the stream lives until the call returns. The component has a `setState` of its own, as the controller.
        unsafe {
            IComponentTrait::setState(&self.component, stream.as_com_ref().unwrap().as_ptr()) == kResultOk
        }
    }

    fn save(&mut self) -> Vec<u8> {
        let stream = Stream::of(&[]);
        // SAFETY: as in `load`.
        let saved =
            unsafe { IComponentTrait::getState(&self.component, stream.as_com_ref().unwrap().as_ptr()) };
        assert_eq!(saved, kResultOk);
        stream.take()
    }
}

impl Drop for Vst3 {
    fn drop(&mut self) {
        if self.active {
            self.deactivate();
        }
        // SAFETY: the last call to this object but for the release of its references.
        unsafe { self.component.terminate() };
    }
}
