//! CLAP: threads that get in each other's way, and stops and starts around each block.

use std::ptr;

use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_plugin_params};
use clap_sys::ext::render::{CLAP_EXT_RENDER, CLAP_RENDER_OFFLINE, clap_plugin_render};

use crate::alone::{alone, while_working};
use crate::clap_host::{Events, Raw, ask, set};
use crate::hosts::audio::{music, part};
use crate::hosts::osc::{Ear, difference, expected};

fn stereo() -> Vec<Vec<f32>> {
    vec![vec![0.25; 64]; 2]
}

/// The meters read the song as if nothing had been stopped; only a reset empties them.
#[test]
fn stops_and_starts_around_each_block_lose_nothing() {
    alone(
        "clap_threads::stops_and_starts_around_each_block_lose_nothing",
        || {
            let music = music("dance", 6.0);
            let ear = Ear::new();
            let host = Raw::new();
            let state = serde_json::to_vec(&ear.state()).unwrap();
            let length = (state.len() as u64).to_le_bytes();
            assert!(host.load(&[&length[..], &state].concat(), usize::MAX));
            let render: *const clap_plugin_render = host.table(CLAP_EXT_RENDER);
            assert!(ask!(render => set(host.plugin, CLAP_RENDER_OFFLINE)));
            let play = || {
                let mut found = Vec::new();
                for start in (0..music.channels[0].len()).step_by(1024) {
                    let end = music.channels[0].len().min(start + 1024);
                    let block = part(&music.channels, start..end);
                    host.start();
                    host.play(
                        &mut block.iter().map(|channel| channel.to_vec()).collect::<Vec<_>>(),
                        &[],
                    );
                    host.stop();
                    found.extend(ear.heard());
                }
                found
            };
            host.activate(f64::from(music.rate));
            let expected = expected(&music);
            assert_eq!(difference(&play(), &expected, 1e-6), None);
            ask!(host.plugin => reset(host.plugin));
            let again = play();
            assert_eq!(difference(&again, &expected, 1e-6), None, "after a reset");
            let full = expected.last().unwrap()["/echometer/coverage"];
            let unbroken = play();
            assert!(
                unbroken.last().unwrap()["/echometer/coverage"] > full,
                "without one"
            );
            host.end();
        },
    );
}

/// Flushes, states, resets and activations from another thread while blocks are played.
#[test]
fn threads_that_get_in_the_way_do_no_harm() {
    alone("clap_threads::threads_that_get_in_the_way_do_no_harm", || {
        let host = Raw::new();
        host.activate(48_000.0);
        host.start();
        let (rate, _) = host.param("MIDI Rate");
        let state = host.save(usize::MAX);
        let params: *const clap_plugin_params = host.table(CLAP_EXT_PARAMS);
        let mut value = 0.0;
        let work = || {
            value = (value + 1.0) % 49.0;
            host.play(&mut stereo(), &[set(rate, value)]);
        };
        while_working(work, || {
            for round in 0..300 {
                let events = [set(rate, f64::from(round % 49))];
                let events = Events::new(&events);
                // Often, so that one meets a block.
                for _ in 0..200 {
                    ask!(params => flush(host.plugin, &events.list(), ptr::null()));
                }
                assert!(host.load(&state, 17));
                host.save(17);
                host.call_back();
                match round % 10 {
                    0 => ask!(host.plugin => deactivate(host.plugin)),
                    1 => drop(ask!(host.plugin => activate(host.plugin, 48_000.0, 1, 1024))),
                    2 => ask!(host.plugin => reset(host.plugin)),
                    3 => drop(ask!(host.plugin => start_processing(host.plugin))),
                    4 => host.stop(),
                    _ => {}
                }
            }
        });
        assert_ne!(host.play(&mut stereo(), &[]), 0);
        host.end();
    });
}
