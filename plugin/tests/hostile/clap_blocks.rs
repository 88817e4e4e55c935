//! CLAP: blocks without samples, without room, with events from elsewhere.

use std::ptr;
use std::sync::atomic::Ordering;

use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::events::{
    CLAP_EVENT_MIDI_SYSEX, CLAP_EVENT_NOTE_ON, CLAP_EVENT_PARAM_MOD, CLAP_EVENT_TRANSPORT, clap_event_header,
    clap_event_midi_sysex, clap_event_note, clap_event_param_mod, clap_event_transport, clap_input_events,
    clap_output_events,
};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_plugin_params};
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process};

use crate::alone::alone;
use crate::clap_host::{Events, Raw, ask, block, port, set};

const FRAMES: u32 = 64;

fn zeroed<T>() -> T {
    // SAFETY: used for the format's plain structures only, of which all-zero is a value.
    unsafe { std::mem::zeroed() }
}

/// Whatever is wrong with the samples, the block fails and its parameters count.
#[test]
fn blocks_without_room_are_refused_and_their_events_count() {
    alone(
        "clap_blocks::blocks_without_room_are_refused_and_their_events_count",
        || {
            let host = Raw::new();
            host.activate(48_000.0);
            host.start();
            let (rate, _) = host.param("MIDI Rate");
            let mut samples = vec![vec![0.25f32; FRAMES as usize]; 3];
            let mut doubles = vec![vec![0.25f64; FRAMES as usize]; 2];
            let mut both: Vec<_> = samples.iter_mut().map(Vec::as_mut_ptr).collect();
            let mut wide: Vec<_> = doubles.iter_mut().map(Vec::as_mut_ptr).collect();
            let mut holes = [both[0], ptr::null_mut()];
            let whole = port(&mut both[..2]);
            let mut none = whole;
            none.data32 = ptr::null_mut();
            let mut double = none;
            double.data64 = wide.as_mut_ptr();
            let hole = port(&mut holes);
            let mut mono = whole;
            mono.channel_count = 1;
            let mut nothing = whole;
            nothing.channel_count = 0;
            let bad = [none, double, hole, mono, nothing];
            let mut value = 0.0;
            let mut refused = |process: &dyn Fn(&mut clap_process)| {
                value += 1.0;
                let events = [set(rate, value)];
                let (events, mut output) = (Events::new(&events), whole);
                let list = events.list();
                let mut given = block(FRAMES, &whole, &mut output, &list);
                process(&mut given);
                assert_eq!(host.process(&given), CLAP_PROCESS_ERROR);
                assert_eq!(host.value("MIDI Rate"), value);
            };
            for port in &bad {
                refused(&|process| process.audio_inputs = port);
                refused(&|process| process.audio_outputs = ptr::from_ref(port).cast_mut());
            }
            refused(&|process| process.audio_inputs = ptr::null());
            refused(&|process| process.audio_outputs = ptr::null_mut());
            refused(&|process| process.audio_inputs_count = 0);
            refused(&|process| process.audio_outputs_count = 0);
            // More channels than there are here do no harm.
            let (wider, mut output) = (port(&mut both), whole);
            assert_ne!(
                host.process(&block(FRAMES, &wider, &mut output, ptr::null())),
                CLAP_PROCESS_ERROR
            );
            host.end();
        },
    );
}

/// Channels in each other's place, over each other, a little apart: what comes in goes out, channel by channel.
#[test]
fn channels_that_lie_across_each_other_pass() {
    alone("clap_blocks::channels_that_lie_across_each_other_pass", || {
        let host = Raw::new();
        host.activate(48_000.0);
        host.start();
        let frames = FRAMES as usize;
        // Where the two inputs and the two outputs begin in one memory.
        for (ins, outs) in [
            ([0, 64], [64, 0]),
            ([0, 64], [0, 64]),
            ([0, 64], [8, 128]),
            ([8, 128], [0, 64]),
            ([0, 64], [32, 96]),
            ([0, 0], [0, 64]),
            ([64, 0], [0, 200]),
        ] {
            let mut memory: Vec<f32> = (0..300u16).map(|i| f32::from(i) / 300.0).collect();
            let expected = ins.map(|from| memory[from..from + frames].to_vec());
            // SAFETY: all of them begin where a block has room.
            let [mut inputs, mut outputs] =
                [ins, outs].map(|starts| starts.map(|start| unsafe { memory.as_mut_ptr().add(start) }));
            let (input, mut output) = (port(&mut inputs), port(&mut outputs));
            let events = Events::new::<clap_event_note>(&[]);
            let list = events.list();
            assert_ne!(
                host.process(&block(FRAMES, &input, &mut output, &list)),
                CLAP_PROCESS_ERROR
            );
            for (channel, (start, expected)) in outs.into_iter().zip(expected).enumerate() {
                assert_eq!(
                    memory[start..start + frames],
                    expected,
                    "channel {channel}: {ins:?} to {outs:?}"
                );
            }
        }
        host.end();
    });
}

/// A block that fails gives out what comes in, in samples of either kind.
#[test]
fn what_fails_passes_audio() {
    alone("clap_blocks::what_fails_passes_audio", || {
        let host = Raw::new();
        let play = |data: [bool; 2]| {
            let mut wide = vec![vec![0.5f64; FRAMES as usize]; 4];
            let mut narrow = vec![vec![0.25f32; FRAMES as usize]; 4];
            narrow[2..].iter_mut().for_each(|channel| channel.fill(0.7));
            wide[2..].iter_mut().for_each(|channel| channel.fill(0.7));
            let mut wides: Vec<_> = wide.iter_mut().map(Vec::as_mut_ptr).collect();
            let mut narrows: Vec<_> = narrow.iter_mut().map(Vec::as_mut_ptr).collect();
            let (mut input, mut output) = (port(&mut narrows[..2]), zeroed::<clap_audio_buffer>());
            let [is_wide, has_input] = data;
            if is_wide {
                (input.data32, input.data64) = (ptr::null_mut(), wides.as_mut_ptr());
            }
            output.channel_count = 2;
            // SAFETY: both lists have four channels.
            unsafe {
                if is_wide {
                    output.data64 = wides.as_mut_ptr().add(2);
                } else {
                    output.data32 = narrows.as_mut_ptr().add(2);
                }
            }
            output.constant_mask = u64::MAX;
            let mut process = block(FRAMES, &input, &mut output, ptr::null());
            if !has_input {
                process.audio_inputs = ptr::null();
            }
            let played = host.process(&process);
            assert_eq!(output.constant_mask, 0);
            let out = if is_wide { wide[2][5] as f32 } else { narrow[2][5] };
            (played, out)
        };
        host.activate(48_000.0);
        host.start();
        let (played, out) = play([false, true]);
        assert!(played != CLAP_PROCESS_ERROR && out == 0.25, "nothing fails");
        assert_eq!(play([false, false]), (CLAP_PROCESS_ERROR, 0.0));
        assert_eq!(play([true, true]), (CLAP_PROCESS_ERROR, 0.5));
        assert_eq!(play([true, false]), (CLAP_PROCESS_ERROR, 0.0));
        ask!(host.plugin => deactivate(host.plugin));
        assert_eq!(play([false, true]), (CLAP_PROCESS_ERROR, 0.25), "not active");
        host.end();
    });
}

/// A trigger that acted is off again, and the host is told so on its main thread.
#[test]
fn the_host_hears_that_a_trigger_is_off_again() {
    alone("clap_blocks::the_host_hears_that_a_trigger_is_off_again", || {
        let host = Raw::new();
        host.activate(48_000.0);
        host.start();
        let (reset, _) = host.param("Reset");
        let rescans = || host.face.rescans.load(Ordering::Acquire);
        host.play(&mut [vec![0.0; 64], vec![0.0; 64]], &[set(reset, 0.0)]);
        host.call_back();
        assert_eq!(rescans(), 0);
        host.play(&mut [vec![0.0; 64], vec![0.0; 64]], &[set(reset, 1.0)]);
        assert_eq!((rescans(), host.value("Reset")), (0, 0.0));
        host.call_back();
        assert_eq!(rescans(), 1);
        host.end();
    });
}

/// Blocks of no frames move parameters, with buffers and without.
#[test]
fn blocks_without_frames_move_parameters() {
    alone("clap_blocks::blocks_without_frames_move_parameters", || {
        let host = Raw::new();
        host.activate(48_000.0);
        host.start();
        let (rate, _) = host.param("MIDI Rate");
        assert_ne!(
            host.play(&mut [vec![], vec![]], &[set(rate, 3.0)]),
            CLAP_PROCESS_ERROR
        );
        assert_eq!(host.value("MIDI Rate"), 3.0);
        let events = [set(rate, 5.0)];
        let (events, mut nothing): (_, clap_audio_buffer) = (Events::new(&events), zeroed());
        let list = events.list();
        let mut empty = block(0, ptr::null(), ptr::null_mut(), &list);
        assert_ne!(host.process(&empty), CLAP_PROCESS_ERROR);
        assert_eq!(host.value("MIDI Rate"), 5.0);
        let mut other = nothing;
        empty = block(0, &nothing, &mut other, ptr::null());
        empty.out_events = ptr::null();
        assert_ne!(host.process(&empty), CLAP_PROCESS_ERROR);
        nothing.channel_count = u32::MAX;
        assert_ne!(
            host.process(&block(0, &nothing, &mut other, ptr::null())),
            CLAP_PROCESS_ERROR
        );
        host.end();
    });
}

fn header<T>(kind: u16, time: u32) -> clap_event_header {
    clap_event_header {
        size: size_of::<T>() as u32,
        time,
        space_id: 0,
        type_: kind,
        flags: 0,
    }
}

/// Events out of order, out of the block, of no kind, of no size, of no value, and none at all.
#[test]
fn events_from_elsewhere_do_no_harm() {
    alone("clap_blocks::events_from_elsewhere_do_no_harm", || {
        let host = Raw::new();
        host.activate(48_000.0);
        host.start();
        let (rate, most) = host.param("MIDI Rate");
        let at = |time, value| {
            let mut event = set(rate, value);
            event.header.time = time;
            event
        };
        let values = [
            at(0, 1e300),
            at(7, -1e300),
            at(u32::MAX, f64::NAN),
            at(3, f64::INFINITY),
            at(FRAMES, 12.0),
        ];
        let mut foreign = at(0, 40.0);
        foreign.header.space_id = 9;
        let mut short = at(0, 41.0);
        short.header.size = 16;
        let unknown = set(0x1234_5678, 1.0);
        let transports =
            [0, 5, 20, FRAMES - 1, FRAMES, FRAMES * 2, u32::MAX].map(|time| clap_event_transport {
                header: header::<clap_event_transport>(CLAP_EVENT_TRANSPORT, time),
                tempo: f64::NAN,
                flags: u32::MAX,
                song_pos_beats: i64::MIN,
                song_pos_seconds: i64::MAX,
                ..zeroed()
            });
        let shift = clap_event_param_mod {
            header: header::<clap_event_param_mod>(CLAP_EVENT_PARAM_MOD, 9),
            param_id: rate,
            amount: 1e300,
            ..zeroed()
        };
        let note = clap_event_note {
            header: header::<clap_event_note>(CLAP_EVENT_NOTE_ON, 2),
            ..zeroed()
        };
        let sysex = clap_event_midi_sysex {
            header: header::<clap_event_midi_sysex>(CLAP_EVENT_MIDI_SYSEX, 2),
            port_index: 0,
            buffer: ptr::null(),
            size: u32::MAX,
        };
        let mut all: Vec<*const clap_event_header> = Vec::new();
        for event in &values {
            all.push(&event.header);
        }
        all.extend([&foreign.header, &short.header, &unknown.header, &shift.header].map(ptr::from_ref));
        all.extend([ptr::from_ref(&note.header), &sysex.header, ptr::null()]);
        for transport in &transports {
            all.push(&transport.header);
        }
        let backwards: Vec<_> = all.iter().rev().copied().collect();
        let last = at(1, 6.0);
        for mut events in [all, backwards] {
            events.push(&last.header);
            let events = Events::any(events);
            let mut samples = vec![vec![0.25f32; FRAMES as usize]; 2];
            let mut pointers: Vec<_> = samples.iter_mut().map(Vec::as_mut_ptr).collect();
            let port = port(&mut pointers);
            let list = events.list();
            let mut output = port;
            let mut process = block(FRAMES, &port, &mut output, &list);
            process.transport = &transports[0];
            assert_ne!(host.process(&process), CLAP_PROCESS_ERROR);
            assert!(samples.iter().flatten().all(|sample| *sample == 0.25));
            assert!((0.0..=most).contains(&host.value("MIDI Rate")));
            let params: *const clap_plugin_params = host.table(CLAP_EXT_PARAMS);
            ask!(params => flush(host.plugin, &list, ptr::null()));
        }
        host.end();
    });
}

/// Lists that lack their functions.
#[test]
fn lists_without_functions_are_empty() {
    alone("clap_blocks::lists_without_functions_are_empty", || {
        let host = Raw::new();
        host.activate(48_000.0);
        host.start();
        let (list, out): (clap_input_events, clap_output_events) = (zeroed(), zeroed());
        let mut samples = vec![vec![0.25f32; FRAMES as usize]; 2];
        let mut pointers: Vec<_> = samples.iter_mut().map(Vec::as_mut_ptr).collect();
        let port = port(&mut pointers);
        let mut output = port;
        let mut process = block(FRAMES, &port, &mut output, &list);
        process.out_events = &out;
        assert_ne!(host.process(&process), CLAP_PROCESS_ERROR);
        // Also with something to send.
        let (midi, _) = host.param("Send MIDI CC");
        host.play(&mut samples, &[set(midi, 1.0)]);
        for _ in 0..100 {
            assert_ne!(host.process(&process), CLAP_PROCESS_ERROR);
        }
        let params: *const clap_plugin_params = host.table(CLAP_EXT_PARAMS);
        ask!(params => flush(host.plugin, &list, &out));
        host.end();
    });
}
