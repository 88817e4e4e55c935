//! What the VST3 format asks of a plugin beyond playing: objects, buses, arrangements, setups, flushes.
// The whole file is tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unsafe_code,
    missing_docs
)]
// The format's constants are signed on Windows and unsigned elsewhere.
#![allow(clippy::unnecessary_cast)]

mod hosts;

use hosts::audio::{difference, music, part, slices};
use hosts::osc::{self, Ear, expected};
use hosts::vst3::{Vst3, factory, setup_of, speakers};
use hosts::{Host, Setup};
use vst3::Interface;
use vst3::Steinberg::Vst::BusDirections_::{kInput, kOutput};
use vst3::Steinberg::Vst::{
    BusInfo, BusTypes_, IAudioProcessor, IAudioProcessorTrait, IComponent, IComponentTrait, IEditController,
    IEditControllerTrait, MediaTypes_, ParameterInfo, ParameterInfo_::ParameterFlags_, SpeakerArr,
    SymbolicSampleSizes_,
};
use vst3::Steinberg::{FUnknown, IPluginFactoryTrait, PClassInfo, kInvalidArgument, kResultOk};

const LAYOUTS: [usize; 11] = [2, 1, 3, 4, 5, 6, 7, 8, 10, 12, 16];

fn zeroed<T>() -> T {
    // SAFETY: used for the format's plain structures only, of which all-zero is a value.
    unsafe { std::mem::zeroed() }
}

#[test]
fn the_factory_makes_this_class_and_no_other() {
    let factory = factory();
    let mut class: PClassInfo = zeroed();
    // SAFETY: the plugin fills in a structure of ours, or makes an object that it gives us a reference of.
    unsafe {
        assert_eq!(factory.countClasses(), 1);
        assert_eq!(factory.getClassInfo(0, &mut class), kResultOk);
        assert_eq!(factory.getClassInfo(1, &mut class), kInvalidArgument);
        assert_eq!(factory.getClassInfo(-1, &mut class), kInvalidArgument);
        let mut object = std::ptr::null_mut();
        let other = [0; 16];
        assert_ne!(
            factory.createInstance(other.as_ptr(), IComponent::IID.as_ptr().cast(), &mut object),
            kResultOk
        );
        assert!(object.is_null());
    }
    let id: Vec<_> = class.cid.iter().map(|byte| *byte as u8).collect();
    // Projects know the plugin by it. Windows has it in another byte order.
    assert!(cfg!(windows) || id == b"EchometerMetersA");
}

/// Component, processor and controller are one object: whatever is asked, the same identity answers.
#[test]
fn one_object_is_component_processor_and_controller() {
    let host = Vst3::new();
    let identity = host.component.cast::<FUnknown>().unwrap().as_ptr();
    let processor = host.component.cast::<IAudioProcessor>().unwrap();
    let controller = processor.cast::<IEditController>().unwrap();
    let component = controller.cast::<IComponent>().unwrap();
    assert_eq!(component.as_ptr(), host.component.as_ptr());
    for other in [processor.cast::<FUnknown>(), controller.cast(), component.cast()] {
        assert_eq!(other.unwrap().as_ptr(), identity);
    }
    let mut class = [0; 16];
    // SAFETY: the plugin may write a class id of sixteen bytes.
    let separate = unsafe { component.getControllerClassId(&mut class) };
    assert_ne!(separate, kResultOk, "there is no controller of its own");
}

#[test]
fn buses_follow_the_arrangement() {
    let mut host = Vst3::new();
    let (audio, event) = (MediaTypes_::kAudio as i32, MediaTypes_::kEvent as i32);
    for channels in LAYOUTS {
        assert_eq!(speakers(channels).count_ones() as usize, channels);
        host.set_channels(channels);
        for direction in [kInput as i32, kOutput as i32] {
            let (mut info, mut none, mut arrangement): (BusInfo, BusInfo, _) = (zeroed(), zeroed(), 0);
            // SAFETY: the plugin fills in structures of ours.
            unsafe {
                assert_eq!(host.component.getBusCount(audio, direction), 1);
                assert_eq!(
                    host.component.getBusInfo(audio, direction, 0, &mut info),
                    kResultOk
                );
                assert_eq!(
                    host.component.getBusInfo(audio, direction, 1, &mut none),
                    kInvalidArgument
                );
                assert_eq!(
                    host.processor.getBusArrangement(direction, 0, &mut arrangement),
                    kResultOk
                );
            }
            assert_eq!(info.channelCount as usize, channels);
            assert_eq!(info.busType, BusTypes_::kMain as i32);
            assert_eq!(arrangement.count_ones() as usize, channels);
        }
    }
    // SAFETY: plain calls.
    let events =
        unsafe { [kInput, kOutput].map(|direction| host.component.getBusCount(event, direction as i32)) };
    assert_eq!(events, [0, 1], "controllers go out, nothing comes in");
}

/// Arrangements that are not on offer are refused and change nothing.
#[test]
fn other_arrangements_are_refused() {
    let mut host = Vst3::new();
    host.set_channels(6);
    let refused = [
        (SpeakerArr::kStereo, SpeakerArr::kMono),
        (SpeakerArr::kMono, SpeakerArr::k51),
        (SpeakerArr::kEmpty, SpeakerArr::kEmpty),
        ((1 << 25) - 1, (1 << 25) - 1),
        (u64::MAX, u64::MAX),
    ];
    for (mut input, mut output) in refused {
        // SAFETY: one arrangement each, which the plugin only reads.
        let result = unsafe { host.processor.setBusArrangements(&mut input, 1, &mut output, 1) };
        assert_ne!(result, kResultOk, "{input:b} and {output:b}");
    }
    let mut arrangement = 0;
    // SAFETY: the plugin fills in a number of ours.
    let result = unsafe {
        host.processor
            .getBusArrangement(kInput as i32, 0, &mut arrangement)
    };
    assert_eq!((result, arrangement), (kResultOk, SpeakerArr::k51));
}

#[test]
fn samples_are_of_32_or_64_bits() {
    let mut host = Vst3::new();
    let sizes = [SymbolicSampleSizes_::kSample32, SymbolicSampleSizes_::kSample64].map(|size| size as i32);
    // SAFETY: plain calls.
    unsafe {
        for size in sizes {
            assert_eq!(host.processor.canProcessSampleSize(size), kResultOk);
            let mut setup = setup_of(Setup::playing(96_000, 1024));
            setup.symbolicSampleSize = size;
            assert_eq!(host.processor.setupProcessing(&mut setup), kResultOk);
        }
        for other in [-1, 2, i32::MAX] {
            assert_ne!(host.processor.canProcessSampleSize(other), kResultOk);
        }
        assert_eq!(host.processor.getLatencySamples(), 0);
        assert_eq!(host.processor.getTailSamples(), 0);
    }
    host.activate(Setup::playing(48_000, 16));
    host.process(&[&[0.25; 16], &[0.25; 16]], false);
}

/// Blocks without samples, with buses and without, move parameters, and so do blocks with samples.
#[test]
fn parameters_move_with_any_block() {
    let mut host = Vst3::new();
    host.activate(Setup::playing(48_000, 64));
    for (i, name) in ["Freeze", "Hold Peaks", "Send MIDI CC"].into_iter().enumerate() {
        assert_eq!(host.get(name), 0.0);
        host.set(name, 1.0);
        match i {
            0 => assert_eq!(host.flush(), kResultOk),
            1 => assert!(host.process(&[&[], &[]], false).audio.iter().all(Vec::is_empty)),
            _ => {
                let block = [[0.5; 64], [-0.5; 64]].map(|channel| channel.to_vec());
                let played = host.process(&slices(&block), false);
                assert_eq!(difference(&slices(&block), &played.audio), None);
            }
        }
        assert_eq!(host.get(name), 1.0, "{name}");
        assert_eq!(host.save_json()["version"], env!("CARGO_PKG_VERSION"));
    }
    // An identifier that no parameter has.
    host.set_id(0x1234_5678, 1.0);
    host.process(&[&[0.0; 8], &[0.0; 8]], false);
    // Out of range: hosts should not, and it must not leave the range.
    host.set("MIDI Rate", 7.5);
    host.process(&[&[0.0; 8], &[0.0; 8]], false);
    assert_eq!(host.get("MIDI Rate"), 1.0);
}

#[test]
fn parameters_say_what_they_are() {
    let host = Vst3::new();
    let (mut bypasses, mut lists) = (0, Vec::new());
    // SAFETY: the plugin fills in a structure of ours.
    let count = unsafe { host.controller.getParameterCount() };
    for index in 0..count {
        let mut info: ParameterInfo = zeroed();
        // SAFETY: as above.
        unsafe { assert_eq!(host.controller.getParameterInfo(index, &mut info), kResultOk) };
        assert!((0.0..=1.0).contains(&info.defaultNormalizedValue));
        assert!(info.stepCount > 0, "all are switches or whole numbers");
        bypasses += i32::from(info.flags & ParameterFlags_::kIsBypass != 0);
        if info.flags & ParameterFlags_::kIsList != 0 {
            lists.push(info.id);
        }
    }
    assert_eq!((count, bypasses), (25, 1));
    assert_eq!(lists, [host.id("Model")], "its values have names");
}

/// A render that counts as playing at first loses nothing: nobody may have announced it.
#[test]
fn a_render_that_was_not_announced_loses_nothing() {
    let music = music("dance", 20.0);
    let ear = Ear::new();
    let mut host = Vst3::new();
    assert!(host.load_json(&ear.state()));
    // SAFETY: plain calls in the order that the format asks for.
    unsafe {
        let mut setup = setup_of(Setup::playing(music.rate, 512));
        assert_eq!(host.processor.setupProcessing(&mut setup), kResultOk);
        assert_eq!(host.component.setActive(1), kResultOk);
        assert_eq!(host.processor.setProcessing(1), kResultOk);
    }
    let mut found = Vec::new();
    for start in (0..music.channels[0].len()).step_by(512) {
        let end = music.channels[0].len().min(start + 512);
        let block = part(&music.channels, start..end);
        host.process(&block, false);
        // A socket holds a few seconds of readings, no more.
        found.extend(ear.heard());
    }
    found.extend(ear.heard_at_least(200usize.saturating_sub(found.len())));
    assert_eq!(osc::difference(&found, &expected(&music), 1e-6), None);
}
