//! CLAP: indexes, pointers, texts, orders and states that make no sense.

use std::ffi::{CStr, c_void};
use std::ptr;

use clap_sys::ext::audio_ports::{CLAP_EXT_AUDIO_PORTS, clap_audio_port_info, clap_plugin_audio_ports};
use clap_sys::ext::audio_ports_config::{
    CLAP_EXT_AUDIO_PORTS_CONFIG, clap_audio_ports_config, clap_plugin_audio_ports_config,
};
use clap_sys::ext::latency::{CLAP_EXT_LATENCY, clap_plugin_latency};
use clap_sys::ext::note_ports::{CLAP_EXT_NOTE_PORTS, clap_note_port_info, clap_plugin_note_ports};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_param_info, clap_plugin_params};
use clap_sys::ext::remote_controls::{
    CLAP_EXT_REMOTE_CONTROLS, clap_plugin_remote_controls, clap_remote_controls_page,
};
use clap_sys::ext::render::{CLAP_EXT_RENDER, clap_plugin_render};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_plugin_state};
use clap_sys::ext::tail::{CLAP_EXT_TAIL, clap_plugin_tail};
use clap_sys::stream::{clap_istream, clap_ostream};

use crate::alone::alone;
use crate::clap_host::{Raw, ask};

fn zeroed<T>() -> T {
    // SAFETY: used for the format's plain structures only, of which all-zero is a value.
    unsafe { std::mem::zeroed() }
}

/// One past the end, further, and what −1 is.
fn outside(count: u32) -> [u32; 5] {
    [count, count + 1, 1 << 20, i32::MAX as u32, u32::MAX]
}

#[test]
fn indexes_past_the_end_have_nothing() {
    alone("clap_calls::indexes_past_the_end_have_nothing", || {
        let host = Raw::new();
        let plugin = host.plugin;
        let params: *const clap_plugin_params = host.table(CLAP_EXT_PARAMS);
        let configs: *const clap_plugin_audio_ports_config = host.table(CLAP_EXT_AUDIO_PORTS_CONFIG);
        let ports: *const clap_plugin_audio_ports = host.table(CLAP_EXT_AUDIO_PORTS);
        let notes: *const clap_plugin_note_ports = host.table(CLAP_EXT_NOTE_PORTS);
        let pages: *const clap_plugin_remote_controls = host.table(CLAP_EXT_REMOTE_CONTROLS);
        let count = ask!(params => count(plugin));
        assert_eq!(count, 25);
        for index in outside(count) {
            assert!(!ask!(params => get_info(plugin, index, &mut zeroed::<clap_param_info>())));
            assert!(!ask!(params => get_value(plugin, index, &mut 0.0)));
        }
        for index in outside(ask!(configs => count(plugin))) {
            assert!(!ask!(configs => get(plugin, index, &mut zeroed::<clap_audio_ports_config>())));
            assert!(!ask!(configs => select(plugin, index)));
        }
        for is_input in [true, false] {
            for index in outside(ask!(ports => count(plugin, is_input))) {
                assert!(!ask!(ports => get(plugin, index, is_input, &mut zeroed::<clap_audio_port_info>())));
            }
            for index in outside(ask!(notes => count(plugin, is_input))) {
                assert!(!ask!(notes => get(plugin, index, is_input, &mut zeroed::<clap_note_port_info>())));
            }
        }
        for index in outside(ask!(pages => count(plugin))) {
            assert!(!ask!(pages => get(plugin, index, &mut zeroed::<clap_remote_controls_page>())));
        }
        host.end();
    });
}

#[test]
fn null_pointers_are_refused() {
    alone("clap_calls::null_pointers_are_refused", || {
        let host = Raw::new();
        for plugin in [host.plugin, ptr::null()] {
            let params: *const clap_plugin_params = host.table(CLAP_EXT_PARAMS);
            let (id, _) = host.param("MIDI Rate");
            assert!(!ask!(params => get_info(plugin, 0, ptr::null_mut())));
            assert!(!ask!(params => get_value(plugin, id, ptr::null_mut())));
            assert!(!ask!(params => value_to_text(plugin, id, 1.0, ptr::null_mut(), 8)));
            assert!(!ask!(params => text_to_value(plugin, id, ptr::null(), &mut 0.0)));
            assert!(!ask!(params => text_to_value(plugin, id, c"1".as_ptr(), ptr::null_mut())));
            ask!(params => flush(plugin, ptr::null(), ptr::null()));
            let ports: *const clap_plugin_audio_ports = host.table(CLAP_EXT_AUDIO_PORTS);
            assert!(!ask!(ports => get(plugin, 0, true, ptr::null_mut())));
            let configs: *const clap_plugin_audio_ports_config = host.table(CLAP_EXT_AUDIO_PORTS_CONFIG);
            assert!(!ask!(configs => get(plugin, 0, ptr::null_mut())));
            let notes: *const clap_plugin_note_ports = host.table(CLAP_EXT_NOTE_PORTS);
            assert!(!ask!(notes => get(plugin, 0, false, ptr::null_mut())));
            let pages: *const clap_plugin_remote_controls = host.table(CLAP_EXT_REMOTE_CONTROLS);
            assert!(!ask!(pages => get(plugin, 0, ptr::null_mut())));
            let state: *const clap_plugin_state = host.table(CLAP_EXT_STATE);
            assert!(!ask!(state => load(plugin, ptr::null())));
            assert!(!ask!(state => save(plugin, ptr::null())));
            let (mut input, mut output): (clap_istream, clap_ostream) = (zeroed(), zeroed());
            assert!(!ask!(state => load(plugin, &mut input)));
            assert!(!ask!(state => save(plugin, &mut output)));
            let render: *const clap_plugin_render = host.table(CLAP_EXT_RENDER);
            ask!(render => set(plugin, 77));
            let latency: *const clap_plugin_latency = host.table(CLAP_EXT_LATENCY);
            assert_eq!(ask!(latency => get(plugin)), 0);
            let tail: *const clap_plugin_tail = host.table(CLAP_EXT_TAIL);
            assert_eq!(ask!(tail => get(plugin)), 0);
            assert!(ask!(host.plugin => get_extension(plugin, ptr::null())).is_null());
            assert_eq!(ask!(host.plugin => process(plugin, ptr::null())), 0);
        }
        let nobody = ptr::null();
        assert!(!ask!(host.plugin => init(nobody)));
        assert!(!ask!(host.plugin => activate(nobody, 48_000.0, 1, 64)));
        assert!(!ask!(host.plugin => start_processing(nobody)));
        ask!(host.plugin => deactivate(nobody));
        ask!(host.plugin => stop_processing(nobody));
        ask!(host.plugin => reset(nobody));
        ask!(host.plugin => on_main_thread(nobody));
        ask!(host.plugin => destroy(nobody));
        host.end();
    });
}

#[test]
fn values_and_texts_stay_in_their_range() {
    alone("clap_calls::values_and_texts_stay_in_their_range", || {
        let host = Raw::new();
        let params: *const clap_plugin_params = host.table(CLAP_EXT_PARAMS);
        let count = ask!(params => count(host.plugin));
        for index in 0..count {
            let mut info: clap_param_info = zeroed();
            assert!(ask!(params => get_info(host.plugin, index, &mut info)));
            let mut text = [0; 8];
            for value in [0.0, 1.0, -1.0, 1e30, -1e300, f64::NAN, f64::INFINITY, 5e-324] {
                let told = ask!(params => value_to_text(host.plugin, info.id, value, text.as_mut_ptr(), 8));
                assert_eq!(told, value.is_finite(), "{value}");
                assert!(text.contains(&0), "ends within its room");
                assert!(!ask!(params => value_to_text(host.plugin, info.id, value, text.as_mut_ptr(), 0)));
            }
            let long = std::ffi::CString::new("9".repeat(10_000)).unwrap();
            let texts: [&CStr; 9] = [
                c"",
                c"1",
                c"-2147483648",
                c"2147483647",
                c"99999",
                c"1e400",
                c"NaN",
                c"\xFF\xFE",
                &long,
            ];
            for text in texts {
                let mut value = 0.0;
                if ask!(params => text_to_value(host.plugin, info.id, text.as_ptr(), &mut value)) {
                    assert!((0.0..=info.max_value).contains(&value), "{text:?}: {value}");
                }
            }
        }
        let mut value = 0.0;
        let (rate, _) = host.param("MIDI Rate");
        assert!(ask!(params => text_to_value(host.plugin, rate, c"20 Hz".as_ptr(), &mut value)));
        assert_eq!(value.round(), 19.0);
        host.end();
    });
}

#[test]
fn orders_that_make_no_sense_change_nothing() {
    alone("clap_calls::orders_that_make_no_sense_change_nothing", || {
        let host = Raw::bare();
        let plugin = host.plugin;
        let play = |host: &Raw| host.play(&mut vec![vec![0.5; 64]; 2], &[]);
        // Not initialised.
        assert_eq!(play(&host), 0);
        assert!(!ask!(plugin => activate(plugin, 48_000.0, 1, 64)));
        ask!(plugin => reset(plugin));
        ask!(plugin => on_main_thread(plugin));
        assert!(ask!(plugin => init(plugin)) && ask!(plugin => init(plugin)));
        // Not active.
        assert_eq!(play(&host), 0);
        assert!(!ask!(plugin => start_processing(plugin)));
        ask!(plugin => stop_processing(plugin));
        ask!(plugin => reset(plugin));
        ask!(plugin => deactivate(plugin));
        for rate in [f64::NAN, f64::INFINITY, 0.0, -48_000.0, 1e300] {
            assert!(!ask!(plugin => activate(plugin, rate, 1, 64)), "{rate}");
        }
        assert!(!ask!(plugin => activate(plugin, 48_000.0, 0, 0)));
        // Odd, but no nonsense.
        for (rate, least, most) in [(1.0, 1, 1), (4e9, 0, u32::MAX), (48_000.0, 64, 1)] {
            assert!(ask!(plugin => activate(plugin, rate, least, most)));
            assert_ne!(play(&host), 0, "{rate}");
            ask!(plugin => deactivate(plugin));
        }
        // Active twice, and the channels cannot change.
        host.activate(48_000.0);
        assert!(!ask!(plugin => activate(plugin, 44_100.0, 1, 64)));
        let configs: *const clap_plugin_audio_ports_config = host.table(CLAP_EXT_AUDIO_PORTS_CONFIG);
        assert!(!ask!(configs => select(plugin, 1)));
        assert_ne!(play(&host), 0, "without a start");
        host.start();
        host.start();
        assert_ne!(play(&host), 0);
        // It goes while it plays.
        host.end();
    });
}

unsafe extern "C" fn fails(_: *const clap_istream, _: *mut c_void, _: u64) -> i64 {
    -1
}

unsafe extern "C" fn ends(_: *const clap_istream, _: *mut c_void, _: u64) -> i64 {
    0
}

unsafe extern "C" fn claims_more(_: *const clap_istream, _: *mut c_void, size: u64) -> i64 {
    size as i64 + 1_000_000
}

unsafe extern "C" fn claims_the_most(_: *const clap_istream, _: *mut c_void, _: u64) -> i64 {
    i64::MAX
}

/// A length that is believed, and then more bytes than there was room for.
unsafe extern "C" fn claims_more_later(_: *const clap_istream, buffer: *mut c_void, size: u64) -> i64 {
    if size != 8 {
        return size as i64 + 1_000_000;
    }
    // SAFETY: the plugin has room for eight bytes.
    unsafe { buffer.cast::<[u8; 8]>().write(100u64.to_le_bytes()) };
    8
}

#[test]
fn states_come_in_pieces_or_not_at_all() {
    alone("clap_calls::states_come_in_pieces_or_not_at_all", || {
        let host = Raw::new();
        let (id, _) = host.param("MIDI Rate");
        host.activate(48_000.0);
        host.play(&mut vec![vec![0.0; 64]; 2], &[crate::clap_host::set(id, 7.0)]);
        let state = host.save(usize::MAX);
        assert_eq!(host.save(17), state);
        for piece in [1, 17, usize::MAX] {
            host.play(&mut vec![vec![0.0; 64]; 2], &[crate::clap_host::set(id, 30.0)]);
            assert!(host.load(&state, piece));
            assert_eq!(host.value("MIDI Rate"), 7.0, "{piece}");
        }
        for read in [fails, ends, claims_more, claims_the_most, claims_more_later] {
            let stream = clap_istream {
                ctx: ptr::null_mut(),
                read: Some(read),
            };
            assert!(!host.load_from(&stream));
        }
        // Lengths that are not there.
        for length in [0, 1, u64::from(u32::MAX), 268_435_456, i64::MAX as u64, u64::MAX] {
            let mut state = state.clone();
            state[..8].copy_from_slice(&length.to_le_bytes());
            host.load(&state, 17);
        }
        for end in 0..state.len() {
            assert!(!host.load(&state[..end], 17));
        }
        assert_eq!(host.value("MIDI Rate"), 7.0);
        host.end();
    });
}
