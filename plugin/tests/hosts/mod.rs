//! Hosts that load the plugin's library into this process, as an audio workstation does.
//!
//! The library is a debug build with nice-plug's `assert_process_allocs`: whenever the plugin allocates or frees while
//! it processes, resets or starts, the whole test process is aborted. Every test that plays audio checks that too.

// Each test uses a part of this.
#![allow(dead_code)]

pub(crate) mod audio;
pub(crate) mod clap;
pub(crate) mod osc;
pub(crate) mod system;
pub(crate) mod vst3;
pub(crate) mod vst3_objects;

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::PathBuf;

/// The plugin's library: Cargo puts it beside the tests.
pub(crate) fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.with_file_name(format!("{DLL_PREFIX}echometer_plugin{DLL_SUFFIX}"))
}

/// How audio is processed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) rate: u32,
    /// Longest block.
    pub(crate) longest: usize,
    /// Rendering, as fast as it goes, instead of playing.
    pub(crate) offline: bool,
}

impl Setup {
    pub(crate) fn playing(rate: u32, longest: usize) -> Self {
        Self {
            rate,
            longest,
            offline: false,
        }
    }

    pub(crate) fn rendering(rate: u32, longest: usize) -> Self {
        Self {
            offline: true,
            ..Self::playing(rate, longest)
        }
    }
}

/// A MIDI control change that came out of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Control {
    /// Sample frame in its block.
    pub(crate) offset: u32,
    pub(crate) channel: u8,
    pub(crate) number: u8,
    pub(crate) value: u8,
}

/// What came out of a block.
pub(crate) struct Played {
    pub(crate) audio: Vec<Vec<f32>>,
    pub(crate) controls: Vec<Control>,
}

/// One instance of the plugin and the host around it, in either format.
///
/// Parameters go by their names, their values are 0–1 throughout.
pub(crate) trait Host: Sized {
    /// What the host puts before the state's JSON.
    const STATE_HEADER: fn(&[u8]) -> Vec<u8>;

    fn new() -> Self;

    /// Asks for a layout of so many channels; only while inactive.
    fn set_channels(&mut self, channels: usize);

    fn activate(&mut self, setup: Setup);

    fn deactivate(&mut self);

    fn reset(&mut self);

    /// Plays one block, of one slice a channel, on the spot or from one buffer to another.
    fn process(&mut self, input: &[&[f32]], in_place: bool) -> Played;

    /// Changes a parameter with the next block.
    fn set(&mut self, name: &str, value: f64);

    fn get(&mut self, name: &str) -> f64;

    fn names(&self) -> Vec<String>;

    fn latency(&mut self) -> u32;

    /// Gives the plugin a state as it is; whether the plugin took it.
    fn load(&mut self, bytes: &[u8]) -> bool;

    /// The state as the host would save it.
    fn save(&mut self) -> Vec<u8>;

    /// Loads a state of these parameters and fields, in the form that the plugin saves.
    fn load_json(&mut self, state: &serde_json::Value) -> bool {
        let json = serde_json::to_vec(state).unwrap();
        let mut bytes = Self::STATE_HEADER(&json);
        bytes.extend(json);
        self.load(&bytes)
    }

    fn save_json(&mut self) -> serde_json::Value {
        let bytes = self.save();
        let header = Self::STATE_HEADER(&[]).len();
        serde_json::from_slice(&bytes[header..]).unwrap()
    }

    /// All parameters, by name.
    fn values(&mut self) -> Vec<(String, f64)> {
        let names = self.names().into_iter();
        names.map(|name| (name.clone(), self.get(&name))).collect()
    }

    /// Plays `audio` in blocks of at most `block` frames and returns what came out, with offsets from the start of it.
    fn play(&mut self, audio: &[Vec<f32>], block: usize) -> Played {
        let frames = audio.first().map_or(0, Vec::len);
        let mut all = Played {
            audio: vec![Vec::with_capacity(frames); audio.len()],
            controls: Vec::new(),
        };
        for start in (0..frames).step_by(block) {
            let end = frames.min(start + block);
            let input = audio::part(audio, start..end);
            let played = self.process(&input, false);
            for (all, channel) in all.audio.iter_mut().zip(played.audio) {
                all.extend(channel);
            }
            let moved = |control: Control| Control {
                offset: control.offset + start as u32,
                ..control
            };
            all.controls.extend(played.controls.into_iter().map(moved));
        }
        all
    }
}
