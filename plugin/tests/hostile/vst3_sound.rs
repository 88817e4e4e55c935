//! VST3: blocks without samples or room, of 64 bits, with stops and starts around each; values that must not get lost.

use std::ptr;

use vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, IAudioProcessorTrait, IComponentTrait, IEditControllerTrait,
    ProcessContext, ProcessContext_, ProcessSetup, SymbolicSampleSizes_,
};
use vst3::Steinberg::kResultOk;

use crate::alone::alone;
use crate::hosts::audio::{Music, Random, difference, music, part, slices};
use crate::hosts::osc::{self, Ear, expected};
use crate::hosts::vst3::{Vst3, setup_of};
use crate::hosts::vst3_objects::Changes;
use crate::hosts::{Host, Setup};

fn zeroed<T>() -> T {
    // SAFETY: used for the format's plain structures only, of which all-zero is a value.
    unsafe { std::mem::zeroed() }
}

fn bus(channels: &mut [*mut f32]) -> AudioBusBuffers {
    AudioBusBuffers {
        numChannels: channels.len() as i32,
        silenceFlags: 0,
        __field0: AudioBusBuffers__type0 {
            channelBuffers32: channels.as_mut_ptr(),
        },
    }
}

/// Whatever is wrong with the samples, nothing is read or written there, what is there passes, and the block's parameters
/// count.
#[test]
fn blocks_without_room_do_no_harm() {
    alone("vst3_sound::blocks_without_room_do_no_harm", || {
        const FRAMES: usize = 64;
        const OLD: f32 = 0.7;
        let mut host = Vst3::new();
        host.activate(Setup::playing(48_000, FRAMES));
        let sound = |channel: usize| 0.25 * (channel + 1) as f32;
        let mut ins: Vec<_> = (0..3).map(|channel| vec![sound(channel); FRAMES]).collect();
        let mut outs = vec![vec![OLD; FRAMES]; 3];
        // Which channels a bus has, and what else is odd about it.
        let odd: [(&[usize], Oddity); 7] = [
            (&[0, 1], Oddity::None),
            (&[], Oddity::NoList),
            (&[0], Oddity::Hole),
            (&[0], Oddity::None),
            (&[], Oddity::None),
            (&[], Oddity::Negative),
            (&[0, 1, 2], Oddity::None),
        ];
        let id = host.id("Freeze");
        let mut on = 0.0;
        let mut play = |frames: i32, counts: (i32, i32), which: [(&[usize], Oddity); 2], gives: bool| {
            on = 1.0 - on;
            let changes = Changes::of([(id, on)].into_iter());
            outs.iter_mut().for_each(|channel| channel.fill(OLD));
            let (mut from, mut to) = (pointers(&mut ins), pointers(&mut outs));
            let mut input = which[0].1.bus(&mut from, which[0].0.len());
            let mut output = which[1].1.bus(&mut to, which[1].0.len());
            let mut data = host.data(0);
            data.numSamples = frames;
            (data.numInputs, data.numOutputs) = counts;
            if gives {
                (data.inputs, data.outputs) = (&mut input, &mut output);
            }
            data.inputParameterChanges = changes.as_com_ref().unwrap().as_ptr();
            // SAFETY: all pointers are null or live until the call returns.
            assert_eq!(unsafe { host.processor.process(&mut data) }, kResultOk);
            assert_eq!(host.get("Freeze"), on);
            let what = format!("{frames} frames, buses {counts:?}, {which:?}, {gives}");
            let length = usize::try_from(frames).unwrap_or(0);
            let has = |bus: usize, count: i32, channel| gives && count > 0 && which[bus].0.contains(&channel);
            for (channel, out) in outs.iter().enumerate() {
                let expected = match (has(1, counts.1, channel), has(0, counts.0, channel)) {
                    (false, _) => OLD,
                    (true, true) => sound(channel),
                    (true, false) => 0.0,
                };
                assert!(
                    out[..length].iter().all(|sample| *sample == expected),
                    "{what}: {channel}"
                );
                assert!(
                    out[length..].iter().all(|sample| *sample == OLD),
                    "{what}: {channel}"
                );
            }
            for (channel, input) in ins.iter().enumerate() {
                assert!(input.iter().all(|sample| *sample == sound(channel)), "{what}");
            }
        };
        let whole = odd[0];
        for frames in [FRAMES as i32, 0] {
            for odd in odd {
                play(frames, (1, 1), [odd, whole], true);
                play(frames, (1, 1), [whole, odd], true);
                play(frames, (1, 1), [odd, odd], true);
            }
            for counts in [(0, 0), (0, 1), (1, 0), (-1, -1)] {
                play(frames, counts, [whole; 2], true);
            }
            play(frames, (1, 1), [whole; 2], false);
        }
        play(-64, (1, 1), [whole; 2], true);
        let after = host.process(&[&[0.5; FRAMES], &[0.5; FRAMES]], false);
        assert_eq!(after.audio, [[0.5; FRAMES]; 2]);
    });
}

fn pointers(channels: &mut [Vec<f32>]) -> Vec<*mut f32> {
    channels.iter_mut().map(Vec::as_mut_ptr).collect()
}

/// What is odd about a bus, besides how many channels it has.
#[derive(Debug, Clone, Copy)]
enum Oddity {
    None,
    NoList,
    /// The second of two channels is not there.
    Hole,
    Negative,
}

impl Oddity {
    fn bus(self, channels: &mut [*mut f32], count: usize) -> AudioBusBuffers {
        let mut bus = bus(&mut channels[..count]);
        match self {
            Self::None => {}
            Self::NoList => {
                bus.numChannels = 2;
                bus.__field0.channelBuffers32 = ptr::null_mut();
            }
            Self::Hole => {
                channels[1] = ptr::null_mut();
                bus.numChannels = 2;
            }
            Self::Negative => bus.numChannels = -2,
        }
        bus
    }
}

/// Plays the whole of `music` as 64-bit samples, and says where anything came out otherwise.
fn play_double(host: &Vst3, channels: &[Vec<f64>], mut each: impl FnMut()) {
    for start in (0..channels[0].len()).step_by(512) {
        let end = channels[0].len().min(start + 512);
        let mut input: Vec<_> = channels
            .iter()
            .map(|channel| channel[start..end].to_vec())
            .collect();
        let mut output = vec![vec![0.123; end - start]; channels.len()];
        let mut ins: Vec<_> = input.iter_mut().map(Vec::as_mut_ptr).collect();
        let mut outs: Vec<_> = output.iter_mut().map(Vec::as_mut_ptr).collect();
        let bus = |channels: &mut Vec<*mut f64>| AudioBusBuffers {
            numChannels: channels.len() as i32,
            silenceFlags: 0,
            __field0: AudioBusBuffers__type0 {
                channelBuffers64: channels.as_mut_ptr(),
            },
        };
        let (mut bus_in, mut bus_out) = (bus(&mut ins), bus(&mut outs));
        let mut context: ProcessContext = zeroed();
        context.state = ProcessContext_::StatesAndFlags_::kPlaying as u32;
        let mut data = host.data(end - start);
        data.symbolicSampleSize = SymbolicSampleSizes_::kSample64 as i32;
        (data.numInputs, data.numOutputs) = (1, 1);
        (data.inputs, data.outputs) = (&mut bus_in, &mut bus_out);
        data.processContext = &mut context;
        // SAFETY: all pointers live until the call returns.
        assert_eq!(unsafe { host.processor.process(&mut data) }, kResultOk);
        for (c, (input, output)) in input.iter().zip(&output).enumerate() {
            for (i, (x, y)) in input.iter().zip(output).enumerate() {
                assert_eq!(
                    x.to_bits(),
                    y.to_bits(),
                    "channel {c}, frame {}: {x} became {y}",
                    start + i
                );
            }
        }
        each();
    }
}

fn double(setup: Setup) -> ProcessSetup {
    ProcessSetup {
        symbolicSampleSize: SymbolicSampleSizes_::kSample64 as i32,
        ..setup_of(setup)
    }
}

/// 64-bit samples pass bit by bit, and are heard.
#[test]
fn samples_of_64_bits_pass_and_are_heard() {
    alone("vst3_sound::samples_of_64_bits_pass_and_are_heard", || {
        let Music { rate, channels } = music("dance", 4.0);
        let ear = Ear::new();
        let mut host = Vst3::new();
        assert!(host.load_json(&ear.state()));
        let wide: Vec<Vec<f64>> = channels
            .iter()
            .map(|channel| channel.iter().map(|sample| f64::from(*sample)).collect())
            .collect();
        // SAFETY: plain calls in the order that the format asks for.
        unsafe {
            let size = SymbolicSampleSizes_::kSample64 as i32;
            assert_eq!(host.processor.canProcessSampleSize(size), kResultOk);
            assert_ne!(host.processor.canProcessSampleSize(2), kResultOk);
        }
        let start = |host: &mut Vst3, setup| {
            host.activate(setup);
            // SAFETY: as above.
            unsafe {
                host.processor.setProcessing(0);
                host.component.setActive(0);
                assert_eq!(host.processor.setupProcessing(&mut double(setup)), kResultOk);
                assert_eq!(host.component.setActive(1), kResultOk);
                host.processor.setProcessing(1);
            }
        };
        start(&mut host, Setup::rendering(rate, 512));
        let mut found = Vec::new();
        play_double(&host, &wide, || found.extend(ear.heard()));
        let music = Music { rate, channels };
        let expected = expected(&music);
        found.extend(ear.heard_at_least(expected.len().saturating_sub(found.len())));
        assert_eq!(osc::difference(&found, &expected, 1e-6), None);
        // Bits that 32 cannot hold.
        let mut random = Random::new(1);
        let mut channel = || {
            (0..4000)
                .map(|_| random.bits() as f64 / u64::MAX as f64 - 0.5)
                .collect()
        };
        let noise: Vec<Vec<f64>> = vec![channel(), channel()];
        host.deactivate();
        start(&mut host, Setup::playing(48_000, 512));
        play_double(&host, &noise, || ());
    });
}

/// The meters read the song as if nothing had been stopped.
#[test]
fn stops_and_starts_around_each_block_lose_nothing() {
    alone(
        "vst3_sound::stops_and_starts_around_each_block_lose_nothing",
        || {
            let music = music("dance", 6.0);
            let ear = Ear::new();
            let mut host = Vst3::new();
            assert!(host.load_json(&ear.state()));
            host.activate(Setup::rendering(music.rate, 1024));
            let mut found = Vec::new();
            for start in (0..music.channels[0].len()).step_by(1024) {
                let end = music.channels[0].len().min(start + 1024);
                // SAFETY: plain calls, which hosts may make around each block.
                unsafe {
                    host.processor.setProcessing(0);
                    host.processor.setProcessing(1);
                }
                host.process(&part(&music.channels, start..end), false);
                found.extend(ear.heard());
            }
            let expected = expected(&music);
            found.extend(ear.heard_at_least(expected.len().saturating_sub(found.len())));
            assert_eq!(osc::difference(&found, &expected, 1e-6), None);
        },
    );
}

/// The mode of a setup counts with that setup: a render that was announced once waits for its meters.
#[test]
fn the_mode_of_a_setup_counts_at_once() {
    alone("vst3_sound::the_mode_of_a_setup_counts_at_once", || {
        let music = music("dance", 6.0);
        let ear = Ear::new();
        let mut host = Vst3::new();
        assert!(host.load_json(&ear.state()));
        let mut setup = setup_of(Setup::rendering(music.rate, 1024));
        // SAFETY: plain calls in the order that the format asks for.
        unsafe {
            assert_eq!(host.processor.setupProcessing(&mut setup), kResultOk);
            assert_eq!(host.component.setActive(1), kResultOk);
            assert_eq!(host.processor.setProcessing(1), kResultOk);
        }
        let expected = expected(&music);
        let mut found = Vec::new();
        for start in (0..music.channels[0].len()).step_by(1024) {
            let end = music.channels[0].len().min(start + 1024);
            host.process(&part(&music.channels, start..end), false);
            found.extend(ear.heard());
            // A tenth of a second each: what is due after this block has come with it, and not some time later.
            let due = end * 10 / music.rate as usize;
            assert!(found.len() >= due, "{} of {due} at {end}", found.len());
        }
        assert_eq!(osc::difference(&found, &expected, 1e-6), None);
    });
}

/// What the controller sets while the plugin processes is in the state that is saved at once, and stays.
#[test]
fn what_the_controller_sets_is_saved_at_once() {
    alone("vst3_sound::what_the_controller_sets_is_saved_at_once", || {
        let mut host = Vst3::new();
        host.activate(Setup::playing(48_000, 64));
        let play = |host: &mut Vst3| drop(host.process(&[&[0.5; 64], &[0.5; 64]], false));
        play(&mut host);
        for on in [1.0, 0.0, 1.0] {
            for (name, id) in [("Freeze", "freeze"), ("Hold Peaks", "hold"), ("Bypass", "bypass")] {
                // SAFETY: a plain call.
                let set = unsafe { host.controller.setParamNormalized(host.id(name), on) };
                assert_eq!(set, kResultOk);
                assert_eq!(host.save_json()["params"][id]["bool"], on > 0.5, "{name}");
                assert_eq!(host.get(name), on, "{name}");
                play(&mut host);
                assert_eq!(host.get(name), on, "{name} after a block");
                assert_eq!(
                    host.save_json()["params"][id]["bool"],
                    on > 0.5,
                    "{name} after a block"
                );
            }
        }
    });
}

/// A bypass that goes on and off with every block passes all audio.
#[test]
fn a_bypass_with_every_block_passes_audio() {
    alone("vst3_sound::a_bypass_with_every_block_passes_audio", || {
        let mut host = Vst3::new();
        host.activate(Setup::playing(48_000, 64));
        let mut random = Random::new(5);
        for block in 0..500 {
            host.set("Bypass", f64::from(block % 2));
            let audio = random.noise(2, 64);
            let played = host.process(&slices(&audio), block % 3 == 0);
            assert_eq!(difference(&slices(&audio), &played.audio), None, "block {block}");
        }
    });
}
