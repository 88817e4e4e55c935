//! VST3: indexes, pointers, arrangements and states that make no sense.

use std::ffi::c_void;
use std::ptr;

use vst3::Steinberg::Vst::BusDirections_::{kInput, kOutput};
use vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, BusInfo, Event, IAudioProcessorTrait, IComponentTrait,
    IEditControllerTrait, IEventList, IEventListTrait, IUnitInfo, IUnitInfoTrait, MediaTypes_, ParameterInfo,
    ProgramListInfo, SpeakerArr, SpeakerArrangement, UnitInfo,
};
use vst3::Steinberg::{
    IBStream, IBStreamTrait, IPlugView, IPluginFactoryTrait, PClassInfo, kInvalidArgument, kResultOk, tresult,
};
use vst3::{Class, ComPtr, ComWrapper};

use crate::alone::alone;
use crate::hosts::audio::music;
use crate::hosts::vst3::{Vst3, factory, setup_of};
use crate::hosts::{Host, Setup};

fn zeroed<T>() -> T {
    // SAFETY: used for the format's plain structures only, of which all-zero is a value.
    unsafe { std::mem::zeroed() }
}

/// One past the end, further, and below.
fn outside(count: i32) -> [i32; 5] {
    [count, count + 1, i32::MAX, -1, i32::MIN]
}

#[test]
fn indexes_past_the_end_have_nothing() {
    alone("vst3_calls::indexes_past_the_end_have_nothing", || {
        let host = Vst3::new();
        let (audio, event) = (MediaTypes_::kAudio as i32, MediaTypes_::kEvent as i32);
        // SAFETY: the plugin may fill in structures of ours.
        unsafe {
            for index in outside(factory().countClasses()) {
                assert_ne!(
                    factory().getClassInfo(index, &mut zeroed::<PClassInfo>()),
                    kResultOk
                );
            }
            for index in outside(host.controller.getParameterCount()) {
                let mut info: ParameterInfo = zeroed();
                assert_ne!(
                    host.controller.getParameterInfo(index, &mut info),
                    kResultOk,
                    "{index}"
                );
            }
            for (kind, direction) in [
                (audio, kInput),
                (audio, kOutput),
                (event, kInput),
                (event, kOutput),
            ] {
                let direction = direction as i32;
                for index in outside(host.component.getBusCount(kind, direction)) {
                    let mut info: BusInfo = zeroed();
                    assert_ne!(
                        host.component.getBusInfo(kind, direction, index, &mut info),
                        kResultOk
                    );
                    assert_ne!(host.component.activateBus(kind, direction, index, 1), kResultOk);
                    if kind == audio {
                        let result = host.processor.getBusArrangement(direction, index, &mut 0);
                        assert_ne!(result, kResultOk, "{index}");
                    }
                }
            }
            assert_eq!(host.component.getBusCount(77, 0), 0);
            if let Some(units) = host.component.cast::<IUnitInfo>() {
                for index in outside(units.getUnitCount()) {
                    assert_ne!(units.getUnitInfo(index, &mut zeroed::<UnitInfo>()), kResultOk);
                }
                for index in outside(units.getProgramListCount()) {
                    assert_ne!(
                        units.getProgramListInfo(index, &mut zeroed::<ProgramListInfo>()),
                        kResultOk
                    );
                }
            }
        }
    });
}

/// Numbers that no parameter has, and values that none can have.
#[test]
fn parameters_that_are_not_there_do_no_harm() {
    alone("vst3_calls::parameters_that_are_not_there_do_no_harm", || {
        let mut host = Vst3::new();
        let known = host.id("MIDI Rate");
        // SAFETY: the plugin may write a text and a number of ours.
        unsafe {
            for id in [known, 0, 1, 0x7FFF_FFFF, 0x8000_0000, u32::MAX] {
                for value in [0.0, 1.0, -7.0, 1e300, f64::NAN, f64::INFINITY] {
                    let mut text = [1u16; 128];
                    host.controller.getParamStringByValue(id, value, &mut text);
                    host.controller.setParamNormalized(id, value);
                    host.controller.normalizedParamToPlain(id, value);
                    host.controller.plainParamToNormalized(id, value);
                    let now = host.controller.getParamNormalized(id);
                    assert!((0.0..=1.0).contains(&now), "{id} became {now} at {value}");
                }
                let texts = [
                    "",
                    "1",
                    "-2147483648",
                    "2147483647",
                    "1e400",
                    "NaN",
                    "\u{1F600}",
                    &"9".repeat(5000),
                ];
                for text in texts {
                    let mut text: Vec<u16> = text.encode_utf16().chain([0]).collect();
                    let mut value = 0.5;
                    let result = host
                        .controller
                        .getParamValueByString(id, text.as_mut_ptr(), &mut value);
                    assert!(result != kResultOk || (0.0..=1.0).contains(&value), "{value}");
                }
            }
            // Half of a pair.
            let mut half = [0xD800, 0];
            host.controller
                .getParamValueByString(known, half.as_mut_ptr(), &mut 0.0);
        }
        host.activate(Setup::playing(48_000, 64));
        for value in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
            host.set("MIDI Rate", value);
            host.process(&[&[0.5; 64], &[0.5; 64]], false);
            assert!((0.0..=1.0).contains(&host.get("MIDI Rate")), "{value}");
        }
    });
}

#[test]
fn null_pointers_are_refused() {
    alone("vst3_calls::null_pointers_are_refused", || {
        let host = Vst3::new();
        let audio = MediaTypes_::kAudio as i32;
        // SAFETY: what the plugin must bear.
        unsafe {
            let known = host.id("MIDI Rate");
            assert_ne!(factory().getClassInfo(0, ptr::null_mut()), kResultOk);
            assert_ne!(host.controller.getParameterInfo(0, ptr::null_mut()), kResultOk);
            assert_ne!(
                host.controller.getParamStringByValue(known, 0.5, ptr::null_mut()),
                kResultOk
            );
            assert_ne!(
                host.controller
                    .getParamValueByString(known, ptr::null_mut(), &mut 0.0),
                kResultOk
            );
            assert_ne!(host.component.getBusInfo(audio, 0, 0, ptr::null_mut()), kResultOk);
            assert_ne!(host.processor.getBusArrangement(0, 0, ptr::null_mut()), kResultOk);
            assert_ne!(
                host.processor
                    .setBusArrangements(ptr::null_mut(), 1, ptr::null_mut(), 1),
                kResultOk
            );
            assert_ne!(host.processor.setupProcessing(ptr::null_mut()), kResultOk);
            assert_ne!(host.processor.process(ptr::null_mut()), kResultOk);
            assert_ne!(
                IComponentTrait::setState(&host.component, ptr::null_mut()),
                kResultOk
            );
            assert_ne!(
                IComponentTrait::getState(&host.component, ptr::null_mut()),
                kResultOk
            );
            host.controller.setComponentState(ptr::null_mut());
            host.controller.setComponentHandler(ptr::null_mut());
            // No name may be taken for the only one there is.
            drop(ComPtr::<IPlugView>::from_raw(
                host.controller.createView(ptr::null()),
            ));
            assert!(host.controller.createView(c"nonsense".as_ptr()).is_null());
        }
    });
}

/// What is accepted is what is answered afterwards, channel by channel.
#[test]
fn an_arrangement_that_is_accepted_is_answered() {
    alone("vst3_calls::an_arrangement_that_is_accepted_is_answered", || {
        let host = Vst3::new();
        // The constants of the format, and what hosts make of twelve channels. Each once.
        let arrangements: [SpeakerArrangement; 22] = [
            SpeakerArr::kMono,
            SpeakerArr::kStereo,
            SpeakerArr::kStereoSurround,
            SpeakerArr::k30Cine,
            SpeakerArr::k30Music,
            SpeakerArr::k40Cine,
            SpeakerArr::k40Music,
            SpeakerArr::k50,
            SpeakerArr::k51,
            SpeakerArr::k60Cine,
            SpeakerArr::k60Music,
            SpeakerArr::k61Cine,
            SpeakerArr::k70Cine,
            SpeakerArr::k70Music,
            SpeakerArr::k71Cine,
            SpeakerArr::k71CineFullRear,
            SpeakerArr::k71Music,
            SpeakerArr::k71_2,
            SpeakerArr::k51_4,
            SpeakerArr::k71_4,
            SpeakerArr::k91_6,
            0x2d63f,
        ];
        let ask = |direction| {
            let mut answered = 0;
            // SAFETY: the plugin fills in a number of ours.
            let result = unsafe {
                host.processor
                    .getBusArrangement(direction as i32, 0, &mut answered)
            };
            assert_eq!(result, kResultOk);
            answered
        };
        let mut accepted = Vec::new();
        for wanted in arrangements {
            let before = ask(kInput);
            let (mut input, mut output) = (wanted, wanted);
            // SAFETY: one arrangement each, which the plugin only reads.
            let result = unsafe { host.processor.setBusArrangements(&mut input, 1, &mut output, 1) };
            if result == kResultOk {
                accepted.push(wanted);
                assert_eq!([ask(kInput), ask(kOutput)], [wanted; 2], "{wanted:#x}");
            } else {
                assert_eq!(
                    [ask(kInput), ask(kOutput)],
                    [before; 2],
                    "{wanted:#x} was refused"
                );
            }
        }
        let needed = [
            SpeakerArr::kMono,
            SpeakerArr::kStereo,
            SpeakerArr::k51,
            SpeakerArr::k70Music,
            SpeakerArr::k71Music,
            SpeakerArr::k71_4,
            0x2d63f,
        ];
        for needed in needed {
            assert!(accepted.contains(&needed), "{needed:#x} is refused");
        }
        for (mut inputs, mut outputs, ins, outs) in [
            (SpeakerArr::kStereo, SpeakerArr::kStereo, 0, 0),
            (SpeakerArr::kStereo, SpeakerArr::kStereo, -1, 1),
            (SpeakerArr::kStereo, SpeakerArr::kStereo, 1, i32::MIN),
            (SpeakerArr::kStereo, SpeakerArr::kMono, 1, 1),
        ] {
            // SAFETY: counts that are not so must not be believed.
            let result = unsafe {
                host.processor
                    .setBusArrangements(&mut inputs, ins, &mut outputs, outs)
            };
            assert_ne!(result, kResultOk, "{ins}, {outs}");
        }
    });
}

/// A stream that gives so many bytes at a time, and then what it likes.
struct Pieces {
    bytes: Vec<u8>,
    at: std::cell::Cell<usize>,
    piece: usize,
    fails: bool,
}

impl Class for Pieces {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Pieces {
    unsafe fn read(&self, buffer: *mut c_void, wanted: i32, read: *mut i32) -> tresult {
        if self.fails {
            return kInvalidArgument;
        }
        let rest = &self.bytes[self.at.get()..];
        let length = rest.len().min(wanted.max(0) as usize).min(self.piece);
        // SAFETY: the caller's buffer has room for `wanted` bytes, and `read` is null or its own.
        unsafe {
            ptr::copy_nonoverlapping(rest.as_ptr(), buffer.cast(), length);
            if !read.is_null() {
                *read = length as i32;
            }
        }
        self.at.set(self.at.get() + length);
        kResultOk
    }

    unsafe fn write(&self, _buffer: *mut c_void, _length: i32, _written: *mut i32) -> tresult {
        kInvalidArgument
    }

    unsafe fn seek(&self, _to: i64, _mode: i32, _result: *mut i64) -> tresult {
        // Some hosts' streams cannot.
        kInvalidArgument
    }

    unsafe fn tell(&self, _at: *mut i64) -> tresult {
        kInvalidArgument
    }
}

#[test]
fn states_come_in_pieces_or_not_at_all() {
    alone("vst3_calls::states_come_in_pieces_or_not_at_all", || {
        let mut host = Vst3::new();
        host.activate(Setup::playing(48_000, 64));
        let play = |host: &mut Vst3| drop(host.process(&[&[0.5; 64], &[0.5; 64]], false));
        host.set("MIDI Rate", 1.0);
        play(&mut host);
        let state = host.save();
        let load = |host: &Vst3, bytes: &[u8], piece, fails| {
            let stream = ComWrapper::new(Pieces {
                bytes: bytes.to_vec(),
                at: 0.into(),
                piece,
                fails,
            });
            let stream = stream.as_com_ref::<IBStream>().unwrap().as_ptr();
            // SAFETY: the stream lives until the call returns.
            unsafe { IComponentTrait::setState(&host.component, stream) == kResultOk }
        };
        for piece in [1, 17, usize::MAX] {
            host.set("MIDI Rate", 0.0);
            play(&mut host);
            assert!(load(&host, &state, piece, false), "{piece} bytes at a time");
            play(&mut host);
            assert_eq!(host.get("MIDI Rate"), 1.0, "{piece}");
        }
        // Some hosts fill up.
        for filling in [&[0; 100][..], b" \n", b"{\"params\": 7}", &[0xFF; 3]] {
            host.set("MIDI Rate", 0.0);
            play(&mut host);
            assert!(load(&host, &[&state, filling].concat(), 17, false));
            assert_eq!(host.get("MIDI Rate"), 1.0, "{filling:?}");
        }
        assert!(!load(&host, &state, 17, true));
        for end in 0..state.len() {
            load(&host, &state[..end], 17, false);
        }
        play(&mut host);
        assert_eq!(host.get("MIDI Rate"), 1.0);
    });
}

/// Orders that make no sense.
#[test]
fn orders_that_make_no_sense_do_no_harm() {
    alone("vst3_calls::orders_that_make_no_sense_do_no_harm", || {
        let mut host = Vst3::new();
        let sound = [&[0.5; 64][..], &[0.25; 64]];
        let passes = |host: &mut Vst3, when| assert_eq!(host.process(&sound, false).audio, sound, "{when}");
        // SAFETY: plain calls.
        unsafe {
            assert_eq!(host.processor.process(&mut host.data(0)), kResultOk, "not active");
            passes(&mut host, "not active");
            host.processor.setProcessing(1);
            passes(&mut host, "not active, but said to process");
            host.processor.setProcessing(0);
            host.component.setActive(0);
            assert_ne!(host.component.setActive(1), kResultOk, "nothing is set up");
            passes(&mut host, "nothing is set up");
            for (rate, longest, known) in [
                (f64::NAN, 64, false),
                (0.0, 64, false),
                (-1.0, 64, false),
                (1e300, 64, false),
                (48_000.0, -1, true),
                (1.0, 1, true),
            ] {
                let mut setup = setup_of(Setup::playing(48_000, 64));
                (setup.sampleRate, setup.maxSamplesPerBlock) = (rate, longest);
                let set = host.processor.setupProcessing(&mut setup) == kResultOk;
                assert_eq!(set, known, "{rate}");
                assert_eq!(host.component.setActive(1) == kResultOk, known, "{rate}");
                passes(&mut host, "an odd setup");
                host.component.setActive(0);
            }
        }
        host.activate(Setup::playing(48_000, 64));
        // SAFETY: plain calls.
        unsafe {
            assert_eq!(host.component.setActive(1), kResultOk, "twice");
        }
        passes(&mut host, "active twice");
    });
}

/// What a block is set up for stays until it is over: a change is refused, and what is so already is not.
#[test]
fn nothing_is_set_up_while_it_is_active() {
    alone("vst3_calls::nothing_is_set_up_while_it_is_active", || {
        let mut host = Vst3::new();
        host.activate(Setup::playing(48_000, 64));
        let set = |host: &Vst3, setup| {
            // SAFETY: the plugin only reads it.
            unsafe { host.processor.setupProcessing(&mut setup_of(setup)) }
        };
        let arrange = |host: &Vst3, wanted: SpeakerArrangement| {
            let (mut input, mut output) = (wanted, wanted);
            // SAFETY: one arrangement each, which the plugin only reads.
            unsafe { host.processor.setBusArrangements(&mut input, 1, &mut output, 1) }
        };
        for other in [
            Setup::playing(44_100, 64),
            Setup::playing(48_000, 128),
            Setup::rendering(48_000, 64),
        ] {
            assert_ne!(set(&host, other), kResultOk);
        }
        assert_eq!(set(&host, Setup::playing(48_000, 64)), kResultOk);
        assert_ne!(arrange(&host, SpeakerArr::kMono), kResultOk);
        assert_eq!(arrange(&host, SpeakerArr::kStereo), kResultOk);
        host.deactivate();
        assert_eq!(set(&host, Setup::playing(44_100, 64)), kResultOk);
        assert_eq!(arrange(&host, SpeakerArr::kMono), kResultOk);
        host.activate(Setup::playing(44_100, 64));
        assert_eq!(host.process(&[&[0.5; 64]], false).audio, [[0.5; 64]]);
    });
}

/// A list of events that calls the host, whenever one comes.
struct Meddling<F>(F);

impl<F: Fn() + 'static> Class for Meddling<F> {
    type Interfaces = (IEventList,);
}

impl<F: Fn()> IEventListTrait for Meddling<F> {
    unsafe fn getEventCount(&self) -> i32 {
        0
    }

    unsafe fn getEvent(&self, _index: i32, _event: *mut Event) -> tresult {
        kInvalidArgument
    }

    unsafe fn addEvent(&self, _event: *mut Event) -> tresult {
        (self.0)();
        kResultOk
    }
}

/// A host that ends the processing from inside of a block is refused: the block would wait for itself.
#[test]
fn a_block_is_not_ended_from_inside() {
    alone("vst3_calls::a_block_is_not_ended_from_inside", || {
        let mut music = music("dance", 6.0);
        let mut host = Vst3::new();
        host.activate(Setup::rendering(music.rate, 1024));
        host.set("Send MIDI CC", 1.0);
        host.flush();
        let component = host.component.clone();
        let asked = std::rc::Rc::new(std::cell::Cell::new(0));
        let count = std::rc::Rc::clone(&asked);
        let events = ComWrapper::new(Meddling(move || {
            count.set(count.get() + 1);
            // SAFETY: plain calls.
            unsafe {
                assert_ne!(component.setActive(0), kResultOk);
                assert_ne!(component.setActive(1), kResultOk);
            }
        }));
        let length = music.channels[0].len();
        for start in (0..length).step_by(1024) {
            let frames = length.min(start + 1024) - start;
            let mut channels: Vec<_> = music
                .channels
                .iter_mut()
                .map(|channel| channel[start..].as_mut_ptr())
                .collect();
            let mut bus = AudioBusBuffers {
                numChannels: 2,
                silenceFlags: 0,
                __field0: AudioBusBuffers__type0 {
                    channelBuffers32: channels.as_mut_ptr(),
                },
            };
            let mut output = bus;
            let mut data = host.data(frames);
            (data.numInputs, data.numOutputs) = (1, 1);
            (data.inputs, data.outputs) = (&mut bus, &mut output);
            data.outputEvents = events.as_com_ref::<IEventList>().unwrap().as_ptr();
            // SAFETY: all pointers are null or live until the call returns.
            assert_eq!(unsafe { host.processor.process(&mut data) }, kResultOk);
        }
        assert!(asked.get() > 0, "no controller was sent");
    });
}
